"""After connecting: what the log says is compared with what the node really holds.

Bridges and channels outlive a crashed conductor, so conversations go on and music
plays on. What happened meanwhile is told as events, as if it happened now; what
belongs to nobody any more is cleared away.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from fernamt.exchange.asterisk.ari import models, requests
from fernamt.exchange.asterisk.connection import PATIENCE
from fernamt.exchange.asterisk.held import AgentLeg, HeldCall, bridge_of, read_leg
from fernamt.exchange.asterisk.node import Node
from fernamt.exchange.asterisk.request import Request
from fernamt.exchange.asterisk.settings import APPLICATION
from fernamt.exchange.edge import DeviceOf, Hear
from fernamt.exchange.life.events import (
    AgentAnswered,
    AgentLegLost,
    AgentReturned,
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallFailed,
    CallId,
    Event,
    RingInterrupted,
)
from fernamt.exchange.life.states import (
    Announced,
    Arrived,
    Greeted,
    Queued,
    Reconnecting,
    Ringing,
    State,
    Talking,
    arrival_of,
)

log = logging.getLogger(__name__)

ON_THE_LINE = Arrived | Announced | Greeted | Queued | Ringing | Talking | Reconnecting
"""States in which there is a caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a node holds."""

    channels: Mapping[str, models.Channel]
    bridges: Mapping[str, models.Bridge]
    started_at: datetime | None
    """When this Asterisk was started."""


async def reconcile(
    node: Node, calls: Mapping[CallId, State], *, hear: Hear, device_of: DeviceOf
) -> None:
    """Make the node and the log agree.

    Args:
        node: Just connected.
        calls: Live by the log, at this moment.
        hear: Told what happened meanwhile.
        device_of: Says which device an agent works with.

    Raises:
        TelephonyFault: If the node does not say what it holds.
    """
    ours = {call: state for call, state in calls.items() if _is_held_by(node, state)}
    before = list(node.held.values())
    found = await _look(node)
    news: list[Event] = []
    for call, state in ours.items():
        news += await _compare(node, call, state, found=found, device_of=device_of)
    for held in before:
        if held.call not in ours and held.channel not in found.channels:
            node.forget(held)
    node.is_settled = True
    await _clear_away(node, found, finished=_channels_of_finished(node, calls))
    for event in news:
        hear(event)


async def _look(node: Node) -> Found:
    ask = node.connection.ask
    channels, bridges, about = await asyncio.gather(
        ask(requests.channels_list()),
        ask(requests.bridges_list()),
        ask(requests.asterisk_get_info(only=["status"])),
    )
    started = about.status.startup_time if about.status else None
    return Found(
        channels={channel.id: channel for channel in channels},
        bridges={bridge.id: bridge for bridge in bridges},
        started_at=datetime.fromisoformat(started) if started else None,
    )


async def _compare(
    node: Node, call: CallId, state: State, *, found: Found, device_of: DeviceOf
) -> list[Event]:
    arrival = arrival_of(state)
    if arrival is None:
        return []
    held = node.held.get(call)
    if held is not None and held.is_over:
        return []
    if arrival.channel not in found.channels:
        return [_gone(node, arrival, held, found)]
    if held is None:
        channel = found.channels[arrival.channel]
        held = HeldCall(
            call=call,
            channel=arrival.channel,
            dialled=arrival.dialled,
            sip_call_id=channel.protocol_id,
        )
        node.keep(held)
    _find_legs(node, held, found, device_of)
    return await _continue(node, held, state, found=found, device_of=device_of)


def _gone(node: Node, arrival: CallArrived, held: HeldCall | None, found: Found) -> Event:
    if held is not None:
        node.forget(held)
    if found.started_at is not None and found.started_at > arrival.at:
        return CallFailed(call=arrival.call, at=_now(), reason="node_restarted")
    return CallerHungUp(call=arrival.call, at=_now())


def _find_legs(node: Node, held: HeldCall, found: Found, device_of: DeviceOf) -> None:
    """Bring the call's legs in line with the channels that are there."""
    for leg in list(held.legs.values()):
        if leg.channel not in found.channels:
            node.lose_leg(held, leg)
    for channel in found.channels.values():
        owner = read_leg(channel.id)
        if owner is not None and owner[0] == held.call and channel.id not in held.legs:
            device = device_of(owner[1])
            contact = node.telephones.contact(device) if device else ""
            leg = AgentLeg(agent=owner[1], channel=channel.id, device=device, contact=contact)
            node.keep_leg(held, leg)
    for known in held.legs.values():
        known.is_up = found.channels[known.channel].state == "Up"
    bridge = found.bridges.get(held.bridge)
    held.is_bridged = bridge is not None


async def _continue(
    node: Node, held: HeldCall, state: State, *, found: Found, device_of: DeviceOf
) -> list[Event]:
    """Take the call up where it is; return what happened to it meanwhile."""
    call, at = held.call, _now()
    agent = _agent_of(state)
    for other in list(held.legs.values()):
        if other.agent != agent and not other.is_ours_to_end:
            await node.end_leg(held, other)
    leg = next(iter(held.legs_of(agent)), None) if agent else None
    match state:
        case Greeted() | Announced() if not held.playback:
            return [AnnouncementEnded(call=call, at=at)]
        case Queued() if not held.has_music:
            await node.play_music(held)
        case Ringing(agent=agent) if leg is None:
            return [RingInterrupted(call=call, at=at, agent=agent)]
        case Ringing(agent=agent) | Reconnecting(talking=Talking(agent=agent)) if (
            leg is not None and leg.is_up
        ):
            return [AgentAnswered(call=call, at=at, agent=agent)]
        case Talking(agent=agent) if leg is None or not leg.is_up:
            device = device_of(agent)
            held.lost[agent] = device.address if device else ""
            lost: list[Event] = [AgentLegLost(call=call, at=at, agent=agent)]
            return lost + _returned(node, held, agent, device_of)
        case Talking(agent=agent):
            if not _talk(held, leg, found):
                await node.connect(held, agent)
        case Reconnecting(talking=Talking(agent=agent)) if leg is None:
            device = device_of(agent)
            held.lost[agent] = device.address if device else ""
            await node.play_music(held)
            return _returned(node, held, agent, device_of)
        case _:
            pass
    return []


def _returned(node: Node, held: HeldCall, agent: str, device_of: DeviceOf) -> list[Event]:
    device = device_of(agent)
    if device is None or not node.telephones.is_there(device):
        return []
    held.lost.pop(agent, None)
    return [AgentReturned(call=held.call, at=_now(), agent=agent)]


def _talk(held: HeldCall, leg: AgentLeg | None, found: Found) -> bool:
    bridge = found.bridges.get(held.bridge)
    return (
        leg is not None and bridge is not None and {held.channel, leg.channel} <= {*bridge.channels}
    )


async def _clear_away(node: Node, found: Found, *, finished: set[str]) -> None:
    """Hang up legs and destroy bridges of no live call; greet callers who are not in the log."""
    stray: list[Request[object]] = []
    kept = {leg for held in node.held.values() for leg in held.legs}
    for channel in found.channels.values():
        owner = read_leg(channel.id)
        if owner is not None and channel.id not in kept:
            stray.append(requests.channels_hangup(channel_id=channel.id))
        elif channel.id in finished:
            stray.append(requests.channels_hangup(channel_id=channel.id, reason="normal"))
        elif (facts := _caller_facts(channel)) is not None:
            node.caller_arrived(channel, facts)
    stray += [
        requests.bridges_destroy(bridge_id=bridge)
        for bridge in found.bridges
        if bridge.startswith(bridge_of("")) and bridge.removeprefix(bridge_of("")) not in node.held
    ]
    answers = [await node.connection.send(request) for request in stray]
    async with asyncio.timeout(PATIENCE.total_seconds()):
        await asyncio.gather(*answers, return_exceptions=True)
    if stray:
        log.info("Node %s: %d strays cleared away", node.address.name, len(stray))


def _caller_facts(channel: models.Channel) -> list[str] | None:
    """Return what the dialplan handed over with a caller who is in our application."""
    place = channel.dialplan
    if place.app_name != "Stasis" or not place.app_data.startswith(f"{APPLICATION},caller"):
        return None
    return place.app_data.split(",")[2:]


def _channels_of_finished(node: Node, calls: Mapping[CallId, State]) -> set[str]:
    """Return the channels of callers who should be gone by the log."""
    arrivals = (arrival_of(state) for state in calls.values() if not isinstance(state, ON_THE_LINE))
    return {
        arrival.channel for arrival in arrivals if arrival and arrival.node == node.address.name
    }


def _is_held_by(node: Node, state: State) -> bool:
    arrival = arrival_of(state)
    return (
        isinstance(state, ON_THE_LINE) and arrival is not None and arrival.node == node.address.name
    )


def _agent_of(state: State) -> str | None:
    match state:
        case Ringing(agent=agent) | Talking(agent=agent):
            return agent
        case Reconnecting(talking=Talking(agent=agent)):
            return agent
        case _:
            return None


def _now() -> datetime:
    return datetime.now(UTC)
