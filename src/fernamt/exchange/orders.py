"""What an agent asks of the exchange at the desk, and what it may refuse."""

from typing import ClassVar

from msgspec import Struct

from fernamt.core.errors import DomainError
from fernamt.exchange.device import Device
from fernamt.exchange.life.events import AgentId
from fernamt.exchange.life.outcome import Outcome


class Ask(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Common to all orders of a desk."""

    agent: AgentId


class SignIn(Ask, frozen=True, kw_only=True, tag="sign_in"):
    """Start work with this device; the agent is paused until ready."""

    device: Device
    skills: dict[str, int] = {}


class GetReady(Ask, frozen=True, kw_only=True, tag="ready"):
    """Take calls from now on, or again."""


class Pause(Ask, frozen=True, kw_only=True, tag="pause"):
    """Take no further call: at once, or after the one under way."""

    reason: str = "break"


class SignOut(Ask, frozen=True, kw_only=True, tag="sign_out"):
    """Leave the workplace."""


class Answer(Ask, frozen=True, kw_only=True, tag="answer"):
    """Take the offered call by a key of the desk (where no telephone rings)."""


class Decline(Ask, frozen=True, kw_only=True, tag="decline"):
    """Turn the offered call away."""


class HangUp(Ask, frozen=True, kw_only=True, tag="hang_up"):
    """End the conversation."""


class Classify(Ask, frozen=True, kw_only=True, tag="classify"):
    """Say how the call ended; may be said again until the call is done."""

    outcome: Outcome


class Next(Ask, frozen=True, kw_only=True, tag="next"):
    """Be done with the call."""


class Reconnect(Ask, frozen=True, kw_only=True, tag="reconnect"):
    """Ring the agent's telephone again and join the call under way."""


Order = (
    SignIn | GetReady | Pause | SignOut | Answer | Decline | HangUp | Classify | Next | Reconnect
)


class NotSignedIn(DomainError):
    """The agent has not signed in to a workplace."""

    code: ClassVar[str] = "not-signed-in"


class CallGone(DomainError):
    """The call is no longer there, or no longer with this agent."""

    code: ClassVar[str] = "call-gone"


class CallUnderWay(DomainError):
    """This cannot be done while a call is under way."""

    code: ClassVar[str] = "call-under-way"


class OutcomeMissing(DomainError):
    """The call needs an outcome first."""

    code: ClassVar[str] = "outcome-missing"


class OutcomeNotAllowed(DomainError):
    """An agent cannot choose this outcome; it sets itself."""

    code: ClassVar[str] = "outcome-not-allowed"


class AnswerAtTelephone(DomainError):
    """The call is answered at the telephone that rings."""

    code: ClassVar[str] = "answer-at-telephone"


class UnknownPauseReason(DomainError):
    """There is no such reason for a pause."""

    code: ClassVar[str] = "unknown-pause-reason"
