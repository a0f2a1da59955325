"""What reception answers when the exchange asks: how do we treat this call now?"""

from datetime import timedelta

from msgspec import Struct, field


class LineFacts(Struct, frozen=True, kw_only=True):
    """What the exchange and the desk need to know of the line that was dialled."""

    authority: str
    """Key of the authority whose call this is."""
    line: str
    """The number of the line, E.164."""


class PutInQueue(Struct, frozen=True, kw_only=True, tag_field="kind", tag="put_in_queue"):
    """Greet the caller in the authority's name, then let them wait for an agent."""

    facts: LineFacts
    greeting: str = ""
    """Key of the announcement played first; empty if the line greets nobody."""
    priority: int = 0
    """Higher goes first; within a priority the longest waiting."""
    skills: dict[str, int] = field(default_factory=dict)
    """Skill needed -> least level, 1 to 5."""
    widen_after: timedelta | None = None
    """After this wait the skills no longer count; None: they always do."""
    ring_for: timedelta = timedelta(seconds=20)
    """How long an agent's telephone rings before the call is offered to another."""
    wrap_up: timedelta = timedelta(seconds=60)
    """How long an agent may take to classify a call that has ended."""


class Announce(Struct, frozen=True, kw_only=True, tag_field="kind", tag="announce"):
    """Say why nobody answers now (the line is closed), then hang up."""

    facts: LineFacts
    announcement: str
    """Key of the announcement."""


class Refuse(Struct, frozen=True, kw_only=True, tag_field="kind", tag="refuse"):
    """Turn the call away at once: the number belongs to nobody here."""

    reason: str
    """Why, as the outcome's detail: ``unknown_number`` and the like."""


Treatment = PutInQueue | Announce | Refuse
