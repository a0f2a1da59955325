"""Imagined agents: they work by the same orders as people at a desk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from fernamt.core.errors import DomainError
from fernamt.exchange.clock import Clock
from fernamt.exchange.device import Device, DeviceKind
from fernamt.exchange.life.events import AgentId
from fernamt.exchange.life.outcome import Outcome
from fernamt.exchange.orders import Answer, Classify, GetReady, HangUp, Next, Order, SignIn
from fernamt.exchange.presence import Agent, Presence

USUAL_OUTCOMES = {
    Outcome.ANSWERED: 58,
    Outcome.TRANSFERRED: 15,
    Outcome.CALLBACK_TICKET: 15,
    Outcome.REFERRED_ELSEWHERE: 8,
    Outcome.WRONG_NUMBER: 4,
}
"""Outcome -> weight, as a county published its first nine months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How an imagined agent works; times are means, varied by half up and down."""

    answers_after: timedelta | None = timedelta(seconds=4)
    """None: the telephone answers by itself."""
    talks_for: timedelta = timedelta(seconds=150)
    wraps_up_for: timedelta = timedelta(seconds=20)
    misses: float = 0.0
    """Share of offers that are let ring."""
    outcomes: dict[Outcome, int] = field(default_factory=lambda: dict(USUAL_OUTCOMES))


class RehearsedAgents:
    """Sees what happens to the agents, and orders what an agent would order then."""

    def __init__(
        self, clock: Clock, obey: Callable[[Order], None], habits: Habits, chance: Random
    ) -> None:
        """Give orders to *obey*; *chance* varies what agents do."""
        self._clock = clock
        self._obey = obey
        self._habits = habits
        self._chance = chance
        self._now: dict[AgentId, Agent] = {}

    def sign_in(self, agent: AgentId, device: Device | None = None) -> None:
        """Let *agent* come to work and be ready; without a device, with that of a rehearsal."""
        device = device or Device(kind=DeviceKind.REHEARSAL, address=agent)
        self._obey(SignIn(agent=agent, device=device))
        self._obey(GetReady(agent=agent))

    def see(self, agent: Agent) -> None:
        """Take note of how *agent* is now; act in a while where there is something to do."""
        before = self._now.get(agent.id)
        self._now[agent.id] = agent
        if before is not None and (before.presence, before.call) == (agent.presence, agent.call):
            return
        habits = self._habits
        match agent.presence:
            case Presence.RINGING if habits.answers_after is not None:
                if self._chance.random() >= habits.misses:
                    self._later(habits.answers_after, agent, Answer(agent=agent.id))
            case Presence.TALKING:
                self._later(habits.talks_for, agent, HangUp(agent=agent.id))
            case Presence.WRAPPING_UP:
                outcomes, weights = zip(*habits.outcomes.items(), strict=True)
                outcome = self._chance.choices(outcomes, weights)[0]
                classify = Classify(agent=agent.id, outcome=outcome)
                self._later(habits.wraps_up_for, agent, classify, Next(agent=agent.id))
            case Presence.PAUSED if before is not None:
                self._later(habits.wraps_up_for, agent, GetReady(agent=agent.id))
            case _:
                pass

    def _later(self, mean: timedelta, agent: Agent, *orders: Order) -> None:
        when = self._clock.now() + mean * self._chance.uniform(0.5, 1.5)
        self._clock.call_at(when, lambda: self._act(agent, orders))

    def _act(self, agent: Agent, orders: tuple[Order, ...]) -> None:
        now = self._now[agent.id]
        if (now.presence, now.call) != (agent.presence, agent.call):
            return
        for order in orders:
            try:
                self._obey(order)
            except DomainError:
                return  # the caller was quicker
