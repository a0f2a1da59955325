"""Random histories of many calls and agents: what must hold whatever happens."""

import contextlib
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fernamt.core.errors import DomainError
from fernamt.exchange.device import Device, DeviceKind
from fernamt.exchange.dispatch import Free, may_take
from fernamt.exchange.life.commands import RingAgent
from fernamt.exchange.life.events import (
    AgentAnswered,
    AgentDeclined,
    AgentHungUp,
    AgentLegLost,
    AgentReserved,
    AgentReturned,
    AgentUnreachable,
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallFailed,
    Event,
    RingInterrupted,
)
from fernamt.exchange.life.outcome import Outcome
from fernamt.exchange.life.record import facts_of, read_event, type_of
from fernamt.exchange.life.states import (
    Ended,
    Queued,
    Ringing,
    State,
    Unheard,
    agent_of,
    queued_part,
)
from fernamt.exchange.life.step import ImpossibleEvent, step
from fernamt.exchange.orders import (
    Classify,
    Decline,
    GetReady,
    HangUp,
    Next,
    Order,
    Pause,
    Reconnect,
    SignIn,
    SignOut,
)
from fernamt.exchange.presence import BUSY, Presence
from fernamt.exchange.switchboard import Switchboard, Turn
from fernamt.reception.treatment import Announce, LineFacts, PutInQueue, Refuse, Treatment

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
AGENTS = ["mia", "tom", "eva"]
GIFHORN = LineFacts(authority="gifhorn", line="+49537182370")
LINES: dict[str, Treatment] = {
    "370": PutInQueue(facts=GIFHORN),
    "0": PutInQueue(facts=GIFHORN, greeting="hello", priority=1),
    "1": PutInQueue(facts=GIFHORN, skills={"turkish": 2}, widen_after=timedelta(seconds=40)),
    "closed": Announce(facts=GIFHORN, announcement="closed"),
    "nobody": Refuse(reason="unknown_number"),
}


class ServiceCentre(RuleBasedStateMachine):
    """A service centre in which anything may happen at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NINE
        self.switchboard = Switchboard(lambda dialled, _at: LINES[dialled])
        self.histories: dict[str, list[Event]] = {}
        self.states: dict[str, State] = {}
        self.endings: Counter[str] = Counter()
        self.first_since: dict[str, datetime] = {}
        self.missed: dict[tuple[str, str], datetime] = {}

    # What callers, agents, telephones and time do

    @rule(seconds=st.integers(1, 45))
    def time_passes(self, seconds: int) -> None:
        until = self.now + timedelta(seconds=seconds)
        while due := self._next_due(until):
            self.now = due
            for call, event in list(self.switchboard.reminders.items()):
                if event.at <= self.now:
                    del self.switchboard.reminders[call]
                    self.take(self.switchboard.hear(event))
            if self.switchboard.look_at is not None and self.switchboard.look_at <= self.now:
                self.take(self.switchboard.look(self.now))
        self.now = until

    @rule(line=st.sampled_from(sorted(LINES)))
    def a_caller_dials(self, line: str) -> None:
        call = f"call{len(self.histories)}"
        self.hear(
            CallArrived(call=call, at=self.now, dialled=line, caller=None, node="n", channel=call)
        )

    @rule(agent=st.sampled_from(AGENTS), skilled=st.booleans())
    def an_agent_signs_in(self, agent: str, skilled: bool) -> None:
        device = Device(kind=DeviceKind.ROBOT, address=agent)
        self.obey(SignIn(agent=agent, device=device, skills={"turkish": 3} if skilled else {}))

    @rule(agent=st.sampled_from(AGENTS))
    def an_agent_gets_ready(self, agent: str) -> None:
        self.obey(GetReady(agent=agent))

    @rule(
        order=st.sampled_from(
            [Pause, SignOut, Decline, HangUp, Next, Reconnect]  # those that carry nothing more
        ),
        agent=st.sampled_from(AGENTS),
    )
    def an_agent_orders_something(self, order: type[Order], agent: str) -> None:
        self.obey(order(agent=agent))  # type: ignore[call-arg]

    @rule(agent=st.sampled_from(AGENTS), outcome=st.sampled_from(Outcome))
    def an_agent_classifies(self, agent: str, outcome: Outcome) -> None:
        self.obey(Classify(agent=agent, outcome=outcome))

    @precondition(lambda self: self.histories)
    @rule(
        data=st.data(),
        news=st.sampled_from([AnnouncementEnded, CallerHungUp, AnnouncementEnded, CallFailed]),
    )
    def something_is_told_of_a_call(self, data: st.DataObject, news: type[Event]) -> None:
        call = data.draw(st.sampled_from(sorted(self.histories)))
        more = {"reason": "node_lost"} if news is CallFailed else {}
        self.hear(news(call=call, at=self.now, **more))  # type: ignore[arg-type]

    @precondition(lambda self: self.histories)
    @rule(
        data=st.data(),
        agent=st.sampled_from(AGENTS),
        news=st.sampled_from(
            [
                AgentAnswered,
                AgentAnswered,
                AgentDeclined,
                AgentHungUp,
                AgentLegLost,
                AgentReturned,
                AgentUnreachable,
                RingInterrupted,
            ]
        ),
    )
    def something_is_told_of_a_leg(
        self, data: st.DataObject, agent: str, news: type[Event]
    ) -> None:
        call = data.draw(st.sampled_from(sorted(self.histories)))
        more = {"reason": "busy"} if news is AgentUnreachable else {}
        self.hear(news(call=call, at=self.now, agent=agent, **more))  # type: ignore[call-arg]

    @rule()
    def the_conductor_is_killed_and_another_takes_over(self) -> None:
        live = [
            [_written_and_read(event) for event in self.histories[call]]
            for call in self.switchboard.calls
        ]
        before = self.switchboard

        self.switchboard = Switchboard(before.treat)
        self.switchboard.restore(live, before.agents.values())

        assert self.switchboard.calls == before.calls
        assert self.switchboard.agents == before.agents
        assert self.switchboard.waiting == before.waiting
        assert self.switchboard.reminders == before.reminders
        self.take(self.switchboard.look(self.now))

    # How it is taken in

    def hear(self, event: Event) -> None:
        with contextlib.suppress(ImpossibleEvent):
            self.take(self.switchboard.hear(event))

    def obey(self, order: Order) -> None:
        with contextlib.suppress(DomainError):
            self.take(self.switchboard.obey(order, self.now))

    def take(self, turn: Turn) -> None:
        for entry in turn.entries:
            call = entry.event.call
            assert not isinstance(self.states.get(call), Ended), "an ended call stays ended"
            before = self.states.get(call)
            self.histories.setdefault(call, []).append(entry.event)
            self.states[call] = entry.state
            if isinstance(before, Ringing) and isinstance(entry.state, Queued):
                self.missed[call, before.agent] = entry.event.at
            if isinstance(entry.state, Ended):
                self.endings[call] += 1
            if isinstance(entry.state, Queued):
                since = self.first_since.setdefault(call, entry.state.since)
                assert entry.state.since == since, "a caller keeps their place"
            if isinstance(entry.event, AgentReserved):
                self._was_next(entry.event)
        rung = [command.agent for command in turn.commands if isinstance(command, RingAgent)]
        assert len(rung) == len(set(rung)), "an agent is never offered two calls"

    def _was_next(self, reserved: AgentReserved) -> None:
        """No call that still waits, and that this agent might take, came before."""
        queued = queued_part(self.states[reserved.call])
        assert queued is not None
        turn = (-queued.treatment.priority, queued.since, reserved.call)
        agent = self.as_free(reserved.agent)
        for waiting in self.switchboard.waiting:
            assert waiting.turn > turn or not may_take(waiting, agent, reserved.at)
        missed = self.missed.get((reserved.call, reserved.agent))
        left_out_for = self.switchboard.house.left_out_for
        assert missed is None or reserved.at >= missed + left_out_for

    def as_free(self, agent: str) -> Free:
        known = self.switchboard.agents[agent]
        return Free(agent=agent, since=known.since, skills=known.skills)

    def _next_due(self, until: datetime) -> datetime | None:
        times = [event.at for event in self.switchboard.reminders.values()]
        if self.switchboard.look_at is not None:
            times.append(self.switchboard.look_at)
        return min((time for time in times if time <= until), default=None)

    # What must hold

    @invariant()
    def every_ended_call_has_one_outcome_and_the_outcomes_add_up(self) -> None:
        assert all(count == 1 for count in self.endings.values())
        assert len(self.histories) == len(self.switchboard.calls) + self.endings.total()

    @invariant()
    def agents_and_calls_agree_and_nobody_has_two_calls(self) -> None:
        occupied = [agent_of(state) for state in self.switchboard.calls.values()]
        occupied = [agent for agent in occupied if agent is not None]
        assert len(occupied) == len(set(occupied))
        for agent in self.switchboard.agents.values():
            assert (agent.presence in BUSY) == (agent.id in occupied)
            if agent.call is not None:
                assert agent_of(self.switchboard.calls[agent.call]) == agent.id
            else:
                assert agent.presence not in BUSY

    @invariant()
    def nobody_waits_while_an_agent_is_free_who_may_take_the_call(self) -> None:
        overdue = self.switchboard.look_at is not None and self.switchboard.look_at <= self.now
        for agent in self.switchboard.agents.values():
            for waiting in self.switchboard.waiting:
                if agent.presence is Presence.AVAILABLE and not overdue:
                    assert not may_take(waiting, self.as_free(agent.id), self.now)

    @invariant()
    def replaying_the_log_gives_the_same_state(self) -> None:
        for call, history in self.histories.items():
            state: State = Unheard()
            for event in history:
                state, _ = step(state, _written_and_read(event))
            assert state == self.states[call]


def _written_and_read(event: Event) -> Event:
    return read_event(call=event.call, at=event.at, type_=type_of(event), facts=facts_of(event))


ServiceCentre.TestCase.settings = settings(max_examples=120, stateful_step_count=60, deadline=None)
test_any_history = ServiceCentre.TestCase
