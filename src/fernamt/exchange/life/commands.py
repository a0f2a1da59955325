"""What a call calls for, in the imperative: carried out by telephony and the clock."""

from dataclasses import dataclass
from datetime import datetime

from fernamt.exchange.life.events import AgentId, CallId, Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Common to all commands."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class RefuseCaller(Ordered):
    """Turn the caller away unanswered: SIP 404 for an unknown number, else 480."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCaller(Ordered):
    """Pick up the caller's leg, so that they can hear us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayAnnouncement(Ordered):
    """Play an announcement; its end comes back as AnnouncementEnded."""

    announcement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayMusic(Ordered):
    """Let the caller hear music until something else is played or an agent is connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingAgent(Ordered):
    """Ring the agent's telephone; with *at_once* it answers by itself where it can."""

    agent: AgentId
    at_once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRinging(Ordered):
    """Stop ringing the agent's telephone."""

    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectAgent(Ordered):
    """Let the caller and the agent hear each other."""

    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpCaller(Ordered):
    """End the caller's leg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpAgent(Ordered):
    """End the agent's leg of this call, if there is one."""

    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Remind(Ordered):
    """Deliver *event* at its own time, unless the call has moved on by then.

    A call has at most one reminder: a new one replaces the old, every change of
    state drops it.
    """

    event: Event

    @property
    def at(self) -> datetime:
        """When to deliver."""
        return self.event.at


Command = (
    RefuseCaller
    | AnswerCaller
    | PlayAnnouncement
    | PlayMusic
    | RingAgent
    | StopRinging
    | ConnectAgent
    | HangUpCaller
    | HangUpAgent
    | Remind
)
TelephonyCommand = (
    RefuseCaller
    | AnswerCaller
    | PlayAnnouncement
    | PlayMusic
    | RingAgent
    | StopRinging
    | ConnectAgent
    | HangUpCaller
    | HangUpAgent
)
