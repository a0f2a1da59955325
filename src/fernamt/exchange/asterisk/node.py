"""One Asterisk node: its events become what happened to calls, commands become requests.

Requests are sent in order and not waited for: the node takes them up in that order,
and what comes of them is heard as events, or logged with the call's id.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from fernamt.core.errors import TelephonyFault
from fernamt.exchange.asterisk.agents import AT_ONCE, Telephones, dial_string
from fernamt.exchange.asterisk.ari import events as ari
from fernamt.exchange.asterisk.ari import models, requests
from fernamt.exchange.asterisk.arrival import read_arrival
from fernamt.exchange.asterisk.connection import Connection, NodeUnreachable, RequestRefused
from fernamt.exchange.asterisk.dialplan import HEARD as NOTED
from fernamt.exchange.asterisk.dialplan import MUSIC, SERVED, SOUNDS
from fernamt.exchange.asterisk.held import AgentLeg, HeldCall, new_leg, read_leg
from fernamt.exchange.asterisk.journal import call_id
from fernamt.exchange.asterisk.request import Request
from fernamt.exchange.asterisk.settings import APPLICATION, NodeAddress
from fernamt.exchange.device import DeviceKind
from fernamt.exchange.edge import DeviceOf, Hear, Seen
from fernamt.exchange.life.commands import (
    AnswerCaller,
    ConnectAgent,
    HangUpAgent,
    HangUpCaller,
    PlayAnnouncement,
    PlayMusic,
    RefuseCaller,
    RingAgent,
    StopRinging,
    TelephonyCommand,
)
from fernamt.exchange.life.events import (
    AgentAnswered,
    AgentDeclined,
    AgentHungUp,
    AgentId,
    AgentLegLost,
    AgentReturned,
    AgentUnreachable,
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallFailed,
    CallId,
)
from fernamt.reception.rules import Lines

log = logging.getLogger(__name__)

HEARD = (
    "ApplicationReplaced",
    "ChannelDestroyed",
    "ChannelHangupRequest",
    "ContactStatusChange",
    "PlaybackFinished",
    "RESTResponse",
    "StasisEnd",
    "StasisStart",
)
"""The events Asterisk is asked to send; the others would only cost. Answers to
requests are events, too: a filter without them silences Asterisk for good."""
GRACE = timedelta(seconds=30)
"""How long a node may be out of reach before its calls count as failed."""
DECLINED = {17, 19, 21}
"""Q.850: busy, no answer (480: a browser's way to decline), rejected."""
MEDIA_LOST = 44
"""Q.850 as Asterisk uses it: no sound came in any more."""
UNALLOCATED, NO_ANSWER, REJECTED = "1", "19", "21"
"""Q.850; in SIP 404, 480 and 403."""
LONGEST_RING = 120
"""Seconds after which a leg ends that nobody looks after any more."""
REMEMBERED = 2000
"""Calls whose SIP Call-ID is kept in mind."""
GONE = 404
NOT_THERE = {GONE, 409, 412, 422}
"""HTTP: the channel is gone, or not where it was. Its end is news of its own."""


class Node:
    """The calls of one Asterisk."""

    def __init__(
        self,
        address: NodeAddress,
        *,
        hear: Hear,
        seen: Seen,
        device_of: DeviceOf,
        connected: Callable[["Node"], Awaitable[None]],
    ) -> None:
        """Prepare for a node.

        Args:
            address: Where it is.
            hear: Told what happens to calls.
            seen: Told which telephones can be rung.
            device_of: Says which device an agent works with now.
            connected: Begins what is to be done after each connecting.
        """
        self.address = address
        self.held: dict[CallId, HeldCall] = {}
        self.lines: Lines | None = None
        self.is_settled = False
        """Whether what is there was compared with what should be, since connecting."""
        self.connection = Connection(
            address,
            user=APPLICATION,
            hear=self._take,
            connected=partial(self._arrive, connected),
            lost=self._lost,
        )
        self.telephones = Telephones(
            self.connection, media_address=address.media_address, changed=self._telephone_changed
        )
        self._hear = hear
        self._seen = seen
        self._device_of = device_of
        self._channels: dict[str, HeldCall] = {}
        self._playbacks: dict[str, HeldCall] = {}
        self._sip_calls: OrderedDict[str, None] = OrderedDict()
        self._giving_up: asyncio.TimerHandle | None = None

    # Commands

    async def perform(self, command: TelephonyCommand) -> None:
        """Carry *command* out, for a call that this node holds.

        Raises:
            NodeUnreachable: If there is no connection.
        """
        held = self.held[command.call]
        if not held.is_noted:
            held.is_noted = True
            await self._tell(held, _noted(held.channel))
        match command:
            case AnswerCaller():
                await self._tell(held, requests.channels_answer(channel_id=held.channel))
            case PlayAnnouncement(announcement=announcement):
                await self._play(held, announcement)
            case PlayMusic():
                await self.play_music(held)
            case RingAgent(agent=agent, at_once=at_once):
                await self._ring(held, agent, AT_ONCE if at_once else {})
            case ConnectAgent(agent=agent):
                await self.connect(held, agent)
            case StopRinging(agent=agent) | HangUpAgent(agent=agent):
                await self._end_legs(held, agent)
            case RefuseCaller(reason=reason):
                known = reason != "unknown_number"
                await self._end_caller(held, NO_ANSWER if known else UNALLOCATED)
            case HangUpCaller():
                await self._end_caller(held, None)

    async def play_music(self, held: HeldCall) -> None:
        """Let the caller hear music, alone."""
        if held.is_over:
            return
        await self._leave_conversation(held)
        await self._stop_announcement(held)
        held.has_music = True
        await self._tell(
            held, requests.channels_start_moh(channel_id=held.channel, moh_class=MUSIC)
        )

    async def connect(self, held: HeldCall, agent: AgentId) -> None:
        """Let the caller and the agent hear each other."""
        leg = next((leg for leg in held.legs_of(agent) if leg.is_up), None)
        if leg is None or held.is_over:
            return  # the end of the one or the other is on its way as news
        await self._stop_announcement(held)
        if not held.is_bridged:
            held.is_bridged = True
            await self._tell(
                held, requests.bridges_create_with_id(bridge_id=held.bridge, type="mixing")
            )
        if held.has_music:
            held.has_music = False
            await self._tell(held, requests.channels_stop_moh(channel_id=held.channel))
        await self._tell(
            held,
            requests.bridges_add_channel(
                bridge_id=held.bridge, channel=[held.channel, leg.channel]
            ),
        )

    async def _play(self, held: HeldCall, announcement: str) -> None:
        if held.is_over:
            return
        if held.has_music:
            held.has_music = False
            await self._tell(held, requests.channels_stop_moh(channel_id=held.channel))
        held.playback = f"say.{held.call}"
        self._playbacks[held.playback] = held
        await self._tell(
            held,
            requests.channels_play_with_id(
                channel_id=held.channel,
                playback_id=held.playback,
                media=[f"sound:{SOUNDS}/{announcement}"],
            ),
            failed=partial(self._not_played, held),
        )

    def _not_played(self, held: HeldCall, fault: Exception) -> None:
        if isinstance(fault, RequestRefused) and fault.status == GONE:
            return  # the caller has hung up: that news is on its way
        if held.playback:
            self._playbacks.pop(held.playback, None)
            held.playback = ""
            self._hear(AnnouncementEnded(call=held.call, at=_now()))

    async def _stop_announcement(self, held: HeldCall) -> None:
        playback, held.playback = held.playback, ""
        if self._playbacks.pop(playback, None):
            await self._tell(held, requests.playbacks_stop(playback_id=playback))

    async def _ring(self, held: HeldCall, agent: AgentId, headers: dict[str, str]) -> None:
        device = self._device_of(agent)
        if held.is_over:
            return
        if device is None or not self.telephones.is_there(device):
            reason = "not_signed_in" if device is None else "not_registered"
            self._hear(AgentUnreachable(call=held.call, at=_now(), agent=agent, reason=reason))
            return
        leg = AgentLeg(
            agent=agent,
            channel=new_leg(held.call, agent),
            device=device,
            contact=self.telephones.contact(device),
        )
        self.keep_leg(held, leg)
        by_sip = device.kind is not DeviceKind.ROBOT
        try:
            await self._tell(
                held,
                requests.channels_originate_with_id(
                    channel_id=leg.channel,
                    endpoint=dial_string(device, trunk=self.address.trunk),
                    app=APPLICATION,
                    app_args="agent",
                    caller_id=f"<{held.dialled}>",
                    timeout=LONGEST_RING,
                    originator=held.channel,
                    variables=headers if by_sip else None,
                ),
                failed=partial(self._not_rung, held, leg),
            )
        except NodeUnreachable as fault:
            self._not_rung(held, leg, fault)

    def _not_rung(self, held: HeldCall, leg: AgentLeg, fault: Exception) -> None:
        if held.legs.pop(leg.channel, None) is None:
            return
        self._channels.pop(leg.channel, None)
        if not leg.is_ours_to_end and not held.is_over:
            reason = f"status_{fault.status}" if isinstance(fault, RequestRefused) else "silent"
            self._hear(AgentUnreachable(call=held.call, at=_now(), agent=leg.agent, reason=reason))

    async def _end_legs(self, held: HeldCall, agent: AgentId) -> None:
        held.lost.pop(agent, None)
        for leg in held.legs_of(agent):
            await self.end_leg(held, leg)

    async def end_leg(self, held: HeldCall, leg: AgentLeg) -> None:
        """Hang up an agent's leg."""
        leg.is_ours_to_end = True
        await self._tell(
            held,
            requests.channels_hangup(channel_id=leg.channel, reason="normal"),
            failed=lambda _: self.lose_leg(held, leg),
        )

    async def _end_caller(self, held: HeldCall, cause: str | None) -> None:
        if held.is_over:
            return
        held.is_over = True
        await self._tell(
            held,
            requests.channels_hangup(
                channel_id=held.channel, reason_code=cause, reason=None if cause else "normal"
            ),
            failed=lambda _: self.lose(held),
        )

    async def _leave_conversation(self, held: HeldCall) -> None:
        if held.is_bridged:
            held.is_bridged = False
            await self._tell(held, requests.bridges_destroy(bridge_id=held.bridge))

    async def _tell(
        self,
        held: HeldCall,
        request: Request[object],
        *,
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        answer = await self.connection.send(request)
        answer.add_done_callback(partial(self._look_after, held, failed))

    def _look_after(
        self,
        held: HeldCall,
        failed: Callable[[Exception], None] | None,
        answer: "asyncio.Future[object]",
    ) -> None:
        fault = None if answer.cancelled() else answer.exception()
        if fault is None:
            return
        if isinstance(fault, RequestRefused) and fault.status in NOT_THERE:
            log.debug("call %s: %s", held.call, fault)
        else:
            log.warning("call %s: %s", held.call, fault)
        if failed is not None and isinstance(fault, Exception):
            failed(fault)

    # Events

    def _take(self, event: ari.Event) -> None:
        match event:
            case ari.StasisStart(args=["caller", *facts], channel=channel):
                self.caller_arrived(channel, facts)
            case ari.StasisStart(args=["agent", *_], channel=channel):
                self._agent_answered(channel)
            case ari.ChannelHangupRequest(channel=channel, soft=soft):
                self._hung_up(channel.id, by_us=bool(soft))
            case ari.StasisEnd(channel=channel):
                self._caller_gone(channel.id, None)
            case ari.ChannelDestroyed(channel=channel, cause=cause):
                self._destroyed(channel.id, cause)
            case ari.PlaybackFinished(playback=playback):
                self._played(playback.id)
            case ari.ContactStatusChange():
                self.telephones.hear(event)
            case ari.ApplicationReplaced():
                log.error("Node %s: another conductor has taken over", self.address.name)
            case _:
                pass

    def caller_arrived(self, channel: models.Channel, facts: list[str]) -> None:
        """Take note of a caller who waits for being treated."""
        if channel.id in self._channels:
            return
        if self._is_on_the_line(channel.protocol_id):
            log.info("Node %s: a second INVITE of a call was refused", self.address.name)
            self._send_soon(_noted(channel.id))
            self._send_soon(requests.channels_hangup(channel_id=channel.id, reason_code=REJECTED))
            return  # the same call again: a broken telephone, or somebody who tries us
        arrival = read_arrival(facts)
        held = HeldCall(
            call=call_id(self.address.name, channel.id),
            channel=channel.id,
            dialled=arrival.number(self.lines),
            sip_call_id=channel.protocol_id,
        )
        self.keep(held)
        self._hear(
            CallArrived(
                call=held.call,
                at=_now(),
                dialled=held.dialled,
                caller=arrival.caller,
                node=self.address.name,
                channel=channel.id,
            )
        )

    def _is_on_the_line(self, sip_call_id: str) -> bool:
        if not sip_call_id or sip_call_id not in self._sip_calls:
            return False
        return any(
            held.sip_call_id == sip_call_id and not held.is_over for held in self.held.values()
        )

    def _agent_answered(self, channel: models.Channel) -> None:
        held = self._channels.get(channel.id)
        leg = held.legs.get(channel.id) if held else None
        if held is None and not self.is_settled:
            return  # of an earlier process: reconciling will find it
        if held is None or leg is None or leg.is_ours_to_end or held.is_over:
            self._send_soon(requests.channels_hangup(channel_id=channel.id))
            return
        if leg.is_up:
            return
        leg.is_up = True
        held.lost.pop(leg.agent, None)
        self._hear(AgentAnswered(call=held.call, at=_now(), agent=leg.agent))

    def _hung_up(self, channel: str, *, by_us: bool) -> None:
        """Hear of a BYE or CANCEL at once; what Asterisk itself ends comes as destroyed."""
        held = self._channels.get(channel)
        if held is None or by_us:
            return
        if channel == held.channel:
            self._caller_gone(channel, None)
        elif (leg := held.legs.get(channel)) and leg.is_up:
            self._leg_gone(held, channel, 0)

    def _destroyed(self, channel: str, cause: int) -> None:
        held = self._channels.get(channel)
        if held is None:
            return
        if channel == held.channel:
            self._caller_gone(channel, cause)
        else:
            self._leg_gone(held, channel, cause)

    def _caller_gone(self, channel: str, cause: int | None) -> None:
        held = self._channels.get(channel)
        if held is None or channel != held.channel:
            return
        was_over, held.is_over = held.is_over, True
        self._channels.pop(channel, None)
        self._release(held)
        if was_over:
            return
        if cause == MEDIA_LOST:
            self._hear(CallFailed(call=held.call, at=_now(), reason="media_lost"))
        else:
            self._hear(CallerHungUp(call=held.call, at=_now()))

    def _leg_gone(self, held: HeldCall, channel: str, cause: int) -> None:
        leg = held.legs.pop(channel, None)
        self._channels.pop(channel, None)
        self._release(held)
        if leg is None or leg.is_ours_to_end or held.is_over:
            return
        call, agent, at = held.call, leg.agent, _now()
        if leg.is_up and cause == MEDIA_LOST:
            self._leg_lost(held, leg)
        elif leg.is_up:
            self._hear(AgentHungUp(call=call, at=at, agent=agent))
        elif cause in DECLINED:
            self._hear(AgentDeclined(call=call, at=at, agent=agent))
        else:
            self._hear(AgentUnreachable(call=call, at=at, agent=agent, reason=f"cause_{cause}"))

    def _leg_lost(self, held: HeldCall, leg: AgentLeg) -> None:
        device = leg.device or self._device_of(leg.agent)
        held.lost[leg.agent] = device.address if device else ""
        self._hear(AgentLegLost(call=held.call, at=_now(), agent=leg.agent))
        if device is not None and self.telephones.is_there(device):
            self._hear(AgentReturned(call=held.call, at=_now(), agent=leg.agent))

    def _telephone_changed(self, address: str, gone: str) -> None:
        self._seen(address, not gone)
        for held in list(self.held.values()):
            if not gone:
                for agent in [agent for agent, lost in held.lost.items() if lost == address]:
                    del held.lost[agent]
                    self._hear(AgentReturned(call=held.call, at=_now(), agent=agent))
                continue
            for leg in list(held.legs.values()):
                if _rang_there(leg, address, gone) and not leg.is_ours_to_end:
                    self._telephone_gone(held, leg)

    def _telephone_gone(self, held: HeldCall, leg: AgentLeg) -> None:
        leg.is_ours_to_end = True
        self._send_soon(requests.channels_hangup(channel_id=leg.channel))
        if held.is_over:
            return
        if leg.is_up:
            self._leg_lost(held, leg)
        else:
            self._hear(
                AgentUnreachable(
                    call=held.call, at=_now(), agent=leg.agent, reason="connection_lost"
                )
            )

    def _played(self, playback: str) -> None:
        held = self._playbacks.pop(playback, None)
        if held is not None and held.playback == playback and not held.is_over:
            held.playback = ""
            self._hear(AnnouncementEnded(call=held.call, at=_now()))

    # What is kept

    def keep(self, held: HeldCall) -> None:
        """Hold a call from now on."""
        self.held[held.call] = held
        self._channels[held.channel] = held
        self.remember_sip_call(held.sip_call_id)
        if held.playback:
            self._playbacks[held.playback] = held

    def keep_leg(self, held: HeldCall, leg: AgentLeg) -> None:
        """Take note of an agent's leg."""
        held.legs[leg.channel] = leg
        self._channels[leg.channel] = held

    def remember_sip_call(self, call_id: str) -> None:
        """Keep in mind that there was a call with this SIP Call-ID."""
        self._sip_calls[call_id] = None
        while len(self._sip_calls) > REMEMBERED:
            self._sip_calls.popitem(last=False)

    def knows_sip_call(self, call_id: str) -> bool:
        """Return whether there is, or just was, a call with this SIP Call-ID."""
        return call_id in self._sip_calls

    def lose(self, held: HeldCall) -> None:
        """Forget the caller's channel: it is not there any more."""
        held.is_over = True
        self._channels.pop(held.channel, None)
        self._release(held)

    def lose_leg(self, held: HeldCall, leg: AgentLeg) -> None:
        """Forget an agent's leg: it is not there any more."""
        held.legs.pop(leg.channel, None)
        self._channels.pop(leg.channel, None)
        self._release(held)

    def _release(self, held: HeldCall) -> None:
        """Let go of a call all of whose legs are gone."""
        if not held.is_over or held.legs or held.channel in self._channels:
            return
        self._playbacks.pop(held.playback, None)
        self.held.pop(held.call, None)
        if held.is_bridged:
            self._send_soon(requests.bridges_destroy(bridge_id=held.bridge))

    def _send_soon(self, request: Request[object]) -> None:
        task = asyncio.ensure_future(self.connection.send(request))
        task.add_done_callback(_look_at)

    # The connection

    async def _arrive(self, connected: Callable[["Node"], Awaitable[None]]) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None
        await connected(self)

    def _lost(self) -> None:
        self.is_settled = False
        self.telephones.forget_contacts()
        if self._giving_up is None and self.held:
            loop = asyncio.get_running_loop()
            self._giving_up = loop.call_later(GRACE.total_seconds(), self._give_up, _now())

    def _give_up(self, since: datetime) -> None:
        log.error("Node %s: out of reach, its calls have failed", self.address.name)
        self._giving_up = None
        for held in list(self.held.values()):
            self.forget(held)
            self._hear(CallFailed(call=held.call, at=since, reason="node_lost"))

    def forget(self, held: HeldCall) -> None:
        """Hold a call no longer, whatever becomes of its channels."""
        held.is_over = True
        self.held.pop(held.call, None)
        self._playbacks.pop(held.playback, None)
        for channel in (held.channel, *held.legs):
            self._channels.pop(channel, None)


def _rang_there(leg: AgentLeg, address: str, contact: str) -> bool:
    """Return whether *leg* leads to the contact of *address* that is gone; in doubt it does."""
    if leg.device is None:
        owner = read_leg(leg.channel)
        return owner is not None and address.endswith(owner[1])
    return leg.device.address == address and leg.contact in {contact, "", "?"}


def _look_at(task: "asyncio.Future[asyncio.Future[object]]") -> None:
    if task.cancelled() or isinstance(task.exception(), TelephonyFault):
        return
    task.result().add_done_callback(_ignore)


def _ignore(answer: "asyncio.Future[object]") -> None:
    if not answer.cancelled():
        answer.exception()


def _now() -> datetime:
    return datetime.now(UTC)


def _noted(channel: str) -> Request[None]:
    """Tell the dialplan that the call of *channel* is ours to count."""
    return requests.channels_set_channel_var(channel_id=channel, variable=SERVED, value=NOTED)
