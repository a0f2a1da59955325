"""Play a stretch of time of a service centre: callers in, histories of calls out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import Random

from fernamt.exchange.conductor import Conductor
from fernamt.exchange.life.events import AgentId, CallId, Event
from fernamt.exchange.life.states import Ended
from fernamt.exchange.rehearsal.agents import Habits, RehearsedAgents
from fernamt.exchange.rehearsal.callers import Caller, RehearsedTelephony
from fernamt.exchange.rehearsal.clock import VirtualClock
from fernamt.exchange.switchboard import House, Switchboard, Treat, Turn


@dataclass(slots=True)
class Played:
    """What a rehearsal leaves behind."""

    histories: dict[CallId, list[Event]] = field(default_factory=dict)
    """Every event of every call, in order: the call log."""
    ended: dict[CallId, Ended] = field(default_factory=dict)
    """How each call ended."""


class Rehearsal:
    """A service centre on a virtual clock."""

    def __init__(
        self,
        *,
        treat: Treat,
        start: datetime,
        house: House | None = None,
        habits: Habits | None = None,
        seed: int = 0,
    ) -> None:
        """Open at *start* with nobody there; the same *seed* plays the same day."""
        self.played = Played()
        self.clock = VirtualClock(start)
        self.switchboard = Switchboard(treat, house)
        self.conductor = Conductor(
            switchboard=self.switchboard, clock=self.clock, outbox=self._take
        )
        self.telephony = RehearsedTelephony(self.clock, self.conductor.hear)
        self.agents = RehearsedAgents(
            self.clock,
            self.conductor.obey,
            habits or Habits(),
            Random(seed),
        )

    def play(
        self, callers: Iterable[Caller], agents: Iterable[AgentId], until: datetime | None = None
    ) -> Played:
        """Let *agents* work and *callers* call, until *until* or until all is quiet."""
        for agent in agents:
            self.agents.sign_in(agent)
        for caller in callers:
            self.telephony.call(caller)
        self.clock.run(until)
        return self.played

    def _take(self, turn: Turn) -> None:
        for entry in turn.entries:
            self.played.histories.setdefault(entry.event.call, []).append(entry.event)
            if isinstance(entry.state, Ended):
                self.played.ended[entry.event.call] = entry.state
        now = self.clock.now()
        for agent in turn.agents.values():
            self.clock.call_at(now, partial(self.agents.see, agent))
        for command in turn.commands:
            self.clock.call_at(now, partial(self.telephony.perform_now, command))
