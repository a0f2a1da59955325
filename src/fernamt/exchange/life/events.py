"""What happens to a call, in the past tense. Each event carries its time."""

from datetime import datetime

from msgspec import Struct

from fernamt.exchange.life.outcome import Outcome
from fernamt.reception.treatment import Treatment

CallId = str
"""A UUID as text."""
AgentId = str
"""The agent's key as text."""


class Happened(Struct, frozen=True, kw_only=True, tag=True):
    """Common to all events."""

    call: CallId
    at: datetime
    """Aware, UTC."""


class CallArrived(Happened, frozen=True, kw_only=True, tag=True):
    """A caller dialled one of our numbers; nobody has said anything yet."""

    dialled: str
    """The number first dialled, as the carrier sent it."""
    caller: str | None
    """The caller's number; None when suppressed."""
    node: str
    """Name of the Asterisk node that holds the caller."""
    channel: str
    """The caller's channel there."""


class TreatmentChosen(Happened, frozen=True, kw_only=True, tag=True):
    """Reception answered how to treat the call, by its rules of this moment."""

    treatment: Treatment


class AnnouncementEnded(Happened, frozen=True, kw_only=True, tag=True):
    """The greeting or the announcement was played to its end (or could not be played)."""


class AgentReserved(Happened, frozen=True, kw_only=True, tag=True):
    """The dispatch gave the call to an agent, whose telephone is to ring now."""

    agent: AgentId


class AgentAnswered(Happened, frozen=True, kw_only=True, tag=True):
    """The agent took the call."""

    agent: AgentId


class AgentDeclined(Happened, frozen=True, kw_only=True, tag=True):
    """The agent turned the call away, at the desk or at the telephone."""

    agent: AgentId


class RingInterrupted(Happened, frozen=True, kw_only=True, tag=True):
    """We stopped ringing for a reason of our own: a restart. Nobody missed anything."""

    agent: AgentId


class AgentUnreachable(Happened, frozen=True, kw_only=True, tag=True):
    """The agent's telephone could not be rung, or stopped ringing by a fault."""

    agent: AgentId
    reason: str


class RingTimedOut(Happened, frozen=True, kw_only=True, tag=True):
    """The agent's telephone rang as long as it may and nobody answered."""

    agent: AgentId


class CallerHungUp(Happened, frozen=True, kw_only=True, tag=True):
    """The caller's leg ended from the caller's side."""


class AgentHungUp(Happened, frozen=True, kw_only=True, tag=True):
    """The agent ended the conversation."""

    agent: AgentId


class AgentLegLost(Happened, frozen=True, kw_only=True, tag=True):
    """The agent's leg broke although nobody hung up: a reload, a lost network."""

    agent: AgentId


class AgentReturned(Happened, frozen=True, kw_only=True, tag=True):
    """The agent's telephone can be reached again after its leg was lost."""

    agent: AgentId


class AgentGaveUp(Happened, frozen=True, kw_only=True, tag=True):
    """The agent's leg did not come back in time: the caller returns to the queue."""

    agent: AgentId


class OutcomeChosen(Happened, frozen=True, kw_only=True, tag=True):
    """The agent said how the call ended; may be said again until the wrap-up is finished."""

    agent: AgentId
    outcome: Outcome


class WrapUpFinished(Happened, frozen=True, kw_only=True, tag=True):
    """The agent is done with the call."""

    agent: AgentId


class WrapUpTimedOut(Happened, frozen=True, kw_only=True, tag=True):
    """The time for the wrap-up ran out."""


class CallFailed(Happened, frozen=True, kw_only=True, tag=True):
    """Telephony failed the caller: their node died, their channel is gone."""

    reason: str


class FellBack(Happened, frozen=True, kw_only=True, tag=True):
    """Nobody of ours listened: the dialplan itself rang the line's fallback number.

    Told when the call is long over; it is the only event of its call.
    """

    arrival: CallArrived
    treatment: Treatment | None = None
    """What reception would have done; None: the switchboard asks it."""
    ended_at: datetime
    reached: bool
    """Whether somebody answered at the fallback number."""


class CallerLeftUnheard(Happened, frozen=True, kw_only=True, tag=True):
    """The caller came and went while nobody of ours listened, and nobody served them.

    Told when the call is over; it is the only event of its call.
    """

    arrival: CallArrived
    treatment: Treatment | None = None
    """What reception would have done; None: the switchboard asks it."""


Event = (
    CallArrived
    | TreatmentChosen
    | AnnouncementEnded
    | AgentReserved
    | AgentAnswered
    | AgentDeclined
    | AgentUnreachable
    | RingInterrupted
    | RingTimedOut
    | CallerHungUp
    | AgentHungUp
    | AgentLegLost
    | AgentReturned
    | AgentGaveUp
    | OutcomeChosen
    | WrapUpFinished
    | WrapUpTimedOut
    | CallFailed
    | FellBack
    | CallerLeftUnheard
)
