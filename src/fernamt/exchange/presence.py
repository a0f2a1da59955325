"""Who of the agents can take a call: the presence of one agent, pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fernamt.exchange.device import Device
from fernamt.exchange.life.events import AgentId, CallId


class Presence(StrEnum):
    """What an agent is doing."""

    SIGNED_OUT = "signed_out"
    AVAILABLE = "available"
    RINGING = "ringing"
    TALKING = "talking"
    WRAPPING_UP = "wrapping_up"
    PAUSED = "paused"


BUSY = (Presence.RINGING, Presence.TALKING, Presence.WRAPPING_UP)
"""The presences that belong to a call."""


class PauseReason(StrEnum):
    """Why an agent is paused; the last three the exchange sets by itself."""

    BREAK = "break"
    BACK_OFFICE = "back_office"
    TRAINING = "training"
    SIGNED_IN = "signed_in"
    MISSED_CALLS = "missed_calls"
    UNREACHABLE = "unreachable"


CHOSEN_PAUSES = (PauseReason.BREAK, PauseReason.BACK_OFFICE, PauseReason.TRAINING)
"""The reasons an agent can give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An agent as the exchange knows them."""

    id: AgentId
    presence: Presence = Presence.SIGNED_OUT
    since: datetime
    """Since when the presence holds; for the available the order of being offered calls."""
    reason: str = ""
    """Of a pause."""
    call: CallId | None = None
    """The one call that occupies the agent; set exactly when the presence is BUSY."""
    pause_wanted: str = ""
    """Reason of the pause that begins when the call is done."""
    misses: int = 0
    """Offers not answered in a row."""
    device: Device | None = None
    skills: dict[str, int] = field(default_factory=dict)
    """Skill -> level, 1 to 5."""
