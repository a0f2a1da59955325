"""What the exchange tells: an agent's desk, who waits, the calls with their steps."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypedDict
from uuid import UUID

from django.db.models import Count, Min, QuerySet

from fernamt.exchange.device import DeviceKind
from fernamt.exchange.models import AgentPresence, Call, CallEvent, CallState, Heartbeat
from fernamt.exchange.presence import Presence
from fernamt.people.models import Agent
from fernamt.reception.numbers import written

AT_THE_DESK = (
    CallState.RINGING,
    CallState.TALKING,
    CallState.RECONNECTING,
    CallState.WRAPPING_UP,
)
"""The states in which a call is one agent's."""
NEVER_REGISTER = (DeviceKind.EXTERNAL, DeviceKind.ROBOT, DeviceKind.REHEARSAL)
"""Devices that count as reachable without ever telling us so."""
SERVICE_CENTRE = "the service centre answers for every authority"
"""Why agents and supervisors see across the fence: one team, all authorities."""


class PresenceView(TypedDict):
    """What the agent is doing."""

    state: str
    since: str | None
    reason: str
    pause_wanted: bool


class DeviceView(TypedDict):
    """What the agent takes calls with."""

    kind: str | None
    address: str
    connected: bool


class AuthorityView(TypedDict):
    """Whose call it is."""

    name: str
    short_name: str
    colour: str


class LineView(TypedDict):
    """The line that was dialled."""

    name: str
    written: str


class CallView(TypedDict):
    """The one call at the desk."""

    id: str
    state: str
    authority: AuthorityView | None
    line: LineView | None
    sentence: str
    caller: str | None
    arrived_at: str
    waited_seconds: float
    answered_at: str | None
    caller_gone_at: str | None
    wrapup_until: str | None
    outcome: str | None


class WaitingView(TypedDict):
    """The queue as everybody sees it."""

    count: int
    longest_since: str | None


class OwnView(TypedDict):
    """What is the agent's alone, and where it stands in the row of its versions."""

    version: int
    agent: dict[str, str]
    presence: PresenceView
    device: DeviceView
    call: CallView | None


def own_state(agent_id: UUID) -> OwnView:
    """Return the agent's own part of the desk's state, all of it from one moment.

    Raises:
        Agent.DoesNotExist: If there is no such agent.
    """
    at_once = ("presence__call__authority", "presence__call__line")
    agent = Agent.objects.select_related(*at_once).get(pk=agent_id)
    presence: AgentPresence | None = getattr(agent, "presence", None)
    if presence is None:
        return _never_seen(agent)
    return OwnView(
        version=presence.version,
        agent={"id": str(agent.pk), "name": agent.name},
        presence=PresenceView(
            state=presence.state,
            since=_iso(presence.since),
            reason=presence.reason,
            pause_wanted=bool(presence.pause_wanted),
        ),
        device=DeviceView(
            kind=presence.device_kind or None,
            address=presence.device_address,
            connected=presence.device_connected or presence.device_kind in NEVER_REGISTER,
        ),
        call=_call_at_the_desk(agent, presence),
    )


def waiting() -> WaitingView:
    """Return how many callers wait for an agent, and since when the first of them."""
    found = (
        Call.objects.unfenced(reason=SERVICE_CENTRE)
        .filter(state=CallState.QUEUED, closed_at=None)
        .aggregate(count=Count("pk"), longest_since=Min("queued_at"))
    )
    return WaitingView(count=found["count"], longest_since=_iso(found["longest_since"]))


def conductor_last_seen() -> datetime | None:
    """Return when the leading conductor last said that it lives."""
    beat = Heartbeat.objects.filter(is_leader=True).order_by("-at").first()
    return beat.at if beat else None


def telephone_of(agent_id: UUID) -> tuple[str, str] | None:
    """Return SIP user name and password of the agent's own browser or desk telephone."""
    presence = AgentPresence.objects.filter(
        pk=agent_id, device_kind__in=[DeviceKind.BROWSER, DeviceKind.TELEPHONE]
    ).first()
    return (presence.device_address, presence.device_secret) if presence else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happened to a call."""

    at: datetime
    type: str
    agent: str | None
    """Name of the agent it has to do with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call with everything that happened to it."""

    call: Call
    """With authority, line and agent."""
    steps: tuple[Step, ...]


def calls(
    *,
    authorities: Iterable[str] | None = None,
    since: datetime | None = None,
    newest_first: bool = False,
    limit: int | None = None,
    chunk: int = 1000,
) -> Iterator[CallRecord]:
    """Yield calls with their steps, in the order of their arrival.

    However many there are: a chunk at a time is read.

    Args:
        authorities: Keys of those whose calls are meant; None for the whole service centre,
            including the calls that are nobody's.
        since: Calls that arrived then or later.
        newest_first: Turn the order round.
        limit: At most so many.
        chunk: Calls read at once.
    """
    found = _within(authorities).select_related("authority", "line", "agent")
    if since is not None:
        found = found.filter(arrived_at__gte=since)
    found = found.order_by(*(["-arrived_at", "-pk"] if newest_first else ["arrived_at", "pk"]))
    names = {str(key): name for key, name in Agent.objects.values_list("pk", "name")}
    rows = iter(found[:limit] if limit else found.iterator(chunk_size=chunk))
    while part := list(islice(rows, chunk)):
        steps = _steps(part, names)
        for call in part:
            yield CallRecord(call=call, steps=tuple(steps.get(call.pk, ())))


def _within(authorities: Iterable[str] | None) -> QuerySet[Call]:
    if authorities is None:
        return Call.objects.unfenced(reason=SERVICE_CENTRE)
    return Call.objects.of(authorities)


def _steps(part: list[Call], names: dict[str, str]) -> dict[UUID, list[Step]]:
    steps: dict[UUID, list[Step]] = {}
    events = CallEvent.objects.unfenced(reason="their calls have passed the fence")
    for event in events.filter(call_id__in=[call.pk for call in part]).order_by("call_id", "seq"):
        agent = names.get(str(event.facts.get("agent")))
        steps.setdefault(event.call_id, []).append(Step(at=event.at, type=event.type, agent=agent))
    return steps


def _never_seen(agent: Agent) -> OwnView:
    return OwnView(
        version=0,
        agent={"id": str(agent.pk), "name": agent.name},
        presence=PresenceView(state=Presence.SIGNED_OUT, since=None, reason="", pause_wanted=False),
        device=DeviceView(kind=None, address="", connected=False),
        call=None,
    )


def _call_at_the_desk(agent: Agent, presence: AgentPresence) -> CallView | None:
    call = presence.call
    if call is None or call.agent_id != agent.pk or call.state not in AT_THE_DESK:
        return None
    return _view(call, agent=agent, presence=presence)


def _view(call: Call, *, agent: Agent, presence: AgentPresence) -> CallView:
    authority, line = call.authority, call.line
    waited_until = presence.since if call.state == CallState.RINGING else call.answered_at
    return CallView(
        id=str(call.pk),
        state=call.state,
        authority=AuthorityView(
            name=authority.name, short_name=authority.short_name, colour=authority.colour
        )
        if authority
        else None,
        line=LineView(name=line.name, written=line.written) if line else None,
        sentence=line.sentence.replace("{name}", agent.name) if line else "",
        caller=written(call.caller) if call.caller else None,
        arrived_at=call.arrived_at.isoformat(),
        waited_seconds=_seconds(call.queued_at or call.arrived_at, waited_until),
        answered_at=_iso(call.answered_at),
        caller_gone_at=_iso(call.ended_at),
        wrapup_until=_iso(call.wrapup_until),
        outcome=call.outcome,
    )


def _seconds(start: datetime, end: datetime | None) -> float:
    return max(timedelta(), end - start).total_seconds() if end else 0.0


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
