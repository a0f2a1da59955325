"""Which waiting call is offered to which free agent: pure.

Priority first, then the longest wait across all authorities. Among the agents
who may take the call the one who has been free longest. A call waits for its
skills until it is widened; an agent who did not take a call is left out for a
while, the caller keeps their place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fernamt.exchange.life.events import AgentId, CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A call in the queue, as dispatch sees it."""

    call: CallId
    priority: int
    """Higher goes first."""
    since: datetime
    skills: Mapping[str, int] = field(default_factory=dict)
    """Skill needed -> least level."""
    widen_at: datetime | None = None
    """From here on the skills no longer count; None: they always do."""
    left_out: Mapping[AgentId, datetime] = field(default_factory=dict)
    """Agents who did not take this call -> until when they are not offered it again."""

    @property
    def turn(self) -> tuple[int, datetime, CallId]:
        """Sort key of the queue: first come those served first."""
        return (-self.priority, self.since, self.call)


@dataclass(frozen=True, slots=True, kw_only=True)
class Free:
    """An agent who can be offered a call."""

    agent: AgentId
    since: datetime
    skills: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One call for one agent."""

    call: CallId
    agent: AgentId


def dispatch(queue: Iterable[Waiting], agents: Iterable[Free], at: datetime) -> list[Offer]:
    """Pair waiting calls with free agents.

    Args:
        queue: In order of their turn.
        agents: In any order.
        at: Now; decides about widening and about who is still left out.

    Returns:
        Offers in which no call and no agent appears twice. No caller is passed
        over for a later one unless no free agent may take the earlier call.
    """
    free = sorted(agents, key=lambda agent: (agent.since, agent.agent))
    offers = []
    for waiting in queue:
        if not free:
            break
        chosen = next((agent for agent in free if may_take(waiting, agent, at)), None)
        if chosen is not None:
            free.remove(chosen)
            offers.append(Offer(call=waiting.call, agent=chosen.agent))
    return offers


def may_take(waiting: Waiting, agent: Free, at: datetime) -> bool:
    """Tell whether *agent* may be offered the call at this time."""
    left_out_until = waiting.left_out.get(agent.agent)
    if left_out_until is not None and at < left_out_until:
        return False
    if waiting.widen_at is not None and at >= waiting.widen_at:
        return True
    return all(agent.skills.get(skill, 0) >= level for skill, level in waiting.skills.items())


def look_again_at(queue: Sequence[Waiting], at: datetime) -> datetime | None:
    """Return when time alone can make a new pair possible; None if it cannot."""
    times = [
        time
        for waiting in queue
        for time in (waiting.widen_at, *waiting.left_out.values())
        if time is not None and time > at
    ]
    return min(times, default=None)
