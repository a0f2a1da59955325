"""Everything live at one moment: all calls and all agents, without any I/O.

The switchboard hears events and orders, keeps calls and agents in step with one
another, and offers waiting calls to free agents. The conductor gives it real
events, the rehearsal imagined ones; what it decides is the same.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import cast

from msgspec.structs import replace as replace_fact

from fernamt.exchange.dispatch import Free, Offer, Waiting, dispatch, look_again_at
from fernamt.exchange.life.commands import Command, Remind, TelephonyCommand
from fernamt.exchange.life.events import (
    AgentGaveUp,
    AgentId,
    AgentReserved,
    AgentUnreachable,
    CallArrived,
    CallerLeftUnheard,
    CallId,
    Event,
    FellBack,
    OutcomeChosen,
    RingTimedOut,
    TreatmentChosen,
)
from fernamt.exchange.life.states import (
    Arrived,
    Ended,
    Queued,
    Ringing,
    State,
    Talking,
    Unheard,
    WrappingUp,
    agent_of,
    arrival_of,
)
from fernamt.exchange.life.step import ImpossibleEvent, step
from fernamt.exchange.meaning import meaning_of
from fernamt.exchange.orders import (
    CallUnderWay,
    GetReady,
    NotSignedIn,
    Order,
    Pause,
    SignIn,
    SignOut,
    UnknownPauseReason,
)
from fernamt.exchange.presence import BUSY, CHOSEN_PAUSES, Agent, PauseReason, Presence
from fernamt.reception.treatment import Treatment

Treat = Callable[[str, datetime], Treatment]
"""Reception's answer to the one question: (number dialled, when) -> treatment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The house's rules for offering calls."""

    misses_allowed: int = 2
    """After this many unanswered offers in a row the agent is paused."""
    left_out_for: timedelta = timedelta(seconds=30)
    """How long an agent is not offered again the call they did not take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the call log, and the state that it led to."""

    event: Event
    state: State


@dataclass(slots=True)
class Turn:
    """What came of one event or order: to be logged first, then carried out."""

    entries: list[Entry] = field(default_factory=list)
    agents: dict[AgentId, Agent] = field(default_factory=dict)
    """The agents who changed, as they are afterwards."""
    commands: list[TelephonyCommand] = field(default_factory=list)


class Switchboard:
    """All live calls and all signed-in agents."""

    def __init__(self, treat: Treat, house: House | None = None) -> None:
        """Start empty."""
        self.treat = treat
        self.house = house or House()
        self.calls: dict[CallId, State] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.reminders: dict[CallId, Event] = {}
        """At most one a call: what happens to it at a known time if nothing else does."""
        self.look_at: datetime | None = None
        """When the queue is to be looked at again although nothing happened."""
        self._queue: list[Waiting] = []
        self._waiting: dict[CallId, Waiting] = {}
        self._left_out: dict[CallId, dict[AgentId, datetime]] = {}
        self._free: dict[AgentId, Free] = {}

    @property
    def waiting(self) -> tuple[Waiting, ...]:
        """The queue, first come those served first."""
        return tuple(self._queue)

    def hear(self, event: Event) -> Turn:
        """Let *event* happen, and all that follows from it at once.

        Raises:
            ImpossibleEvent: If it cannot happen; then nothing has changed.
        """
        turn = Turn()
        self._happen(event, turn)
        self._offer(event.at, turn)
        return turn

    def look(self, at: datetime) -> Turn:
        """Offer calls that time alone has made possible to offer."""
        turn = Turn()
        self._offer(at, turn)
        return turn

    def obey(self, order: Order, at: datetime) -> Turn:
        """Do what an agent asks.

        Raises:
            DomainError: If it cannot be done now; then nothing has changed.
        """
        turn = Turn()
        match order:
            case SignIn():
                self._sign_in(order, at, turn)
            case GetReady():
                self._get_ready(self._signed_in(order.agent), at, turn)
            case Pause(reason=reason):
                self._pause(self._signed_in(order.agent), reason, at, turn)
            case SignOut():
                self._sign_out(self._signed_in(order.agent), at, turn)
            case _:
                agent = self._signed_in(order.agent)
                state = self.calls.get(agent.call) if agent.call else None
                self._happen(meaning_of(order, agent=agent, state=state, at=at), turn)
        self._offer(at, turn)
        return turn

    def restore(self, histories: Iterable[Iterable[Event]], agents: Iterable[Agent]) -> None:
        """Take over live calls from their log, and the agents as they were last seen."""
        for agent in agents:
            self._keep(replace(agent, call=None) if agent.presence in BUSY else agent)
        for history in histories:
            state, call = cast("State", Unheard()), ""
            for event in history:
                call = event.call
                before, (state, commands) = state, step(state, event)
                self._remember(event, before, state)
                self._rearm(event.call, before, state, commands)
            self._place(call, state)
        self._settle_agents()

    # What happens to a call

    def _happen(self, event: Event, turn: Turn) -> None:
        before = self.calls.get(event.call, Unheard())
        if isinstance(before, Unheard) and not isinstance(
            event, CallArrived | FellBack | CallerLeftUnheard
        ):
            return  # late news of a call that has ended and is forgotten
        if isinstance(event, FellBack | CallerLeftUnheard) and event.treatment is None:
            arrival = event.arrival
            event = replace_fact(event, treatment=self.treat(arrival.dialled, arrival.at))
        after, commands = step(before, event)
        if after is before and not commands:
            return
        turn.entries.append(Entry(event=event, state=after))
        self._remember(event, before, after)
        self._rearm(event.call, before, after, commands)
        turn.commands += [command for command in commands if not isinstance(command, Remind)]
        self._place(event.call, after)
        self._move_agent(before, after, event, turn)
        if isinstance(after, Arrived) and isinstance(event, CallArrived):
            treatment = self.treat(event.dialled, event.at)
            self._happen(TreatmentChosen(call=event.call, at=event.at, treatment=treatment), turn)

    def _remember(self, event: Event, before: State, after: State) -> None:
        if isinstance(before, Ringing) and isinstance(after, Queued):
            until = event.at + self.house.left_out_for
            self._left_out.setdefault(event.call, {})[before.agent] = until
        if isinstance(after, Ended):
            self._left_out.pop(event.call, None)

    def _rearm(
        self, call: CallId, before: State, after: State, commands: tuple[Command, ...]
    ) -> None:
        if type(after) is not type(before):
            self.reminders.pop(call, None)
        for command in commands:
            if isinstance(command, Remind):
                self.reminders[call] = command.event

    def _place(self, call: CallId, state: State) -> None:
        waiting = self._waiting.pop(call, None)
        if waiting is not None:
            del self._queue[bisect_left(self._queue, waiting.turn, key=_turn)]
        if isinstance(state, Ended):
            self.calls.pop(call, None)
            return
        self.calls[call] = state
        if isinstance(state, Queued):
            self._waiting[call] = waiting = _as_waiting(state, self._left_out.get(call, {}))
            insort(self._queue, waiting, key=_turn)

    # What it means for the agents

    def _move_agent(self, before: State, after: State, event: Event, turn: Turn) -> None:
        was, now = agent_of(before), agent_of(after)
        if was is not None and was != now:
            self._release(self.agents[was], event, turn)
        if now is not None and type(after) is not type(before):
            agent = self.agents[now]
            misses = 0 if isinstance(after, Talking) else agent.misses
            self._change(
                replace(
                    agent,
                    presence=_presence_in(after),
                    since=event.at,
                    reason="",
                    call=event.call,
                    misses=misses,
                ),
                turn,
            )
        elif now is not None and isinstance(event, OutcomeChosen):
            self._change(self.agents[now], turn)

    def _release(self, agent: Agent, event: Event, turn: Turn) -> None:
        misses = agent.misses + 1 if isinstance(event, RingTimedOut) else agent.misses
        if isinstance(event, AgentUnreachable | AgentGaveUp):
            reason: str = PauseReason.UNREACHABLE
        elif misses >= self.house.misses_allowed:
            reason, misses = PauseReason.MISSED_CALLS, 0
        else:
            reason = agent.pause_wanted
        presence = Presence.PAUSED if reason else Presence.AVAILABLE
        self._change(
            replace(
                agent,
                presence=presence,
                since=event.at,
                reason=reason,
                call=None,
                pause_wanted="",
                misses=misses,
            ),
            turn,
        )

    def _change(self, agent: Agent, turn: Turn) -> None:
        self._keep(agent)
        turn.agents[agent.id] = agent

    def _keep(self, agent: Agent) -> None:
        self.agents[agent.id] = agent
        self._free.pop(agent.id, None)
        if agent.presence is Presence.AVAILABLE:
            self._free[agent.id] = Free(agent=agent.id, since=agent.since, skills=agent.skills)

    def _settle_agents(self) -> None:
        """Make agents agree with the calls that were restored, whatever was stored of them."""
        occupied = {agent_of(state): call for call, state in self.calls.items()}
        for id_, call in occupied.items():
            if id_ is not None and id_ not in self.agents:
                self._keep(Agent(id=id_, since=_arrived_at(self.calls[call])))
        for id_, agent in list(self.agents.items()):
            if id_ in occupied:
                call = occupied[id_]
                presence = _presence_in(self.calls[call])
                self._keep(replace(agent, presence=presence, call=call))
            elif agent.presence in BUSY:
                self._keep(replace(agent, presence=Presence.AVAILABLE, call=None))

    # Offers

    def _offer(self, at: datetime, turn: Turn) -> None:
        offers = dispatch(self._queue, self._free.values(), at) if self._free else []
        for offer in offers:
            self._reserve(offer, at, turn)
        undecided = self._queue and self._free
        self.look_at = look_again_at(self._queue, at) if undecided else None

    def _reserve(self, offer: Offer, at: datetime, turn: Turn) -> None:
        self._happen(AgentReserved(call=offer.call, agent=offer.agent, at=at), turn)

    # What agents ask for

    def _signed_in(self, id_: AgentId) -> Agent:
        agent = self.agents.get(id_)
        if agent is None or agent.presence is Presence.SIGNED_OUT:
            raise NotSignedIn
        return agent

    def _sign_in(self, order: SignIn, at: datetime, turn: Turn) -> None:
        agent = self.agents.get(order.agent) or Agent(id=order.agent, since=at)
        if agent.presence is Presence.SIGNED_OUT:
            agent = replace(
                agent,
                presence=Presence.PAUSED,
                reason=PauseReason.SIGNED_IN,
                since=at,
                misses=0,
                pause_wanted="",
            )
        self._change(replace(agent, device=order.device, skills=order.skills), turn)

    def _get_ready(self, agent: Agent, at: datetime, turn: Turn) -> None:
        if agent.presence is Presence.PAUSED:
            agent = replace(agent, presence=Presence.AVAILABLE, since=at, reason="", misses=0)
        self._change(replace(agent, pause_wanted=""), turn)

    def _pause(self, agent: Agent, reason: str, at: datetime, turn: Turn) -> None:
        if reason not in CHOSEN_PAUSES:
            raise UnknownPauseReason(reason=reason)
        if agent.presence in BUSY:
            agent = replace(agent, pause_wanted=reason)
        else:
            agent = replace(agent, presence=Presence.PAUSED, since=at, reason=reason)
        self._change(agent, turn)

    def _sign_out(self, agent: Agent, at: datetime, turn: Turn) -> None:
        if agent.presence in BUSY:
            raise CallUnderWay
        signed_out = replace(
            agent, presence=Presence.SIGNED_OUT, since=at, reason="", pause_wanted=""
        )
        self._change(replace(signed_out, device=None), turn)


def _presence_in(state: State) -> Presence:
    match state:
        case Ringing():
            return Presence.RINGING
        case WrappingUp():
            return Presence.WRAPPING_UP
        case _:
            return Presence.TALKING


def _turn(waiting: Waiting) -> tuple[int, datetime, CallId]:
    return waiting.turn


def _as_waiting(state: Queued, left_out: dict[AgentId, datetime]) -> Waiting:
    treatment = state.treatment
    widen_at = state.since + treatment.widen_after if treatment.widen_after else None
    return Waiting(
        call=state.arrival.call,
        priority=treatment.priority,
        since=state.since,
        skills=treatment.skills,
        widen_at=widen_at,
        left_out=dict(left_out),
    )


def _arrived_at(state: State) -> datetime:
    arrival = arrival_of(state)
    if arrival is None:
        raise ImpossibleEvent(state=type(state).__name__, event="restore")
    return arrival.at
