"""The outcomes of a call: every call ends with exactly one."""

from enum import StrEnum


class Outcome(StrEnum):
    """How a call ended. The counts of all outcomes add up to the calls."""

    ANSWERED = "answered"
    TRANSFERRED = "transferred"
    CALLBACK_TICKET = "callback_ticket"
    REFERRED_ELSEWHERE = "referred_elsewhere"
    WRONG_NUMBER = "wrong_number"
    CALLER_HUNG_UP = "caller_hung_up"
    ABANDONED = "abandoned"
    AFTER_HOURS = "after_hours"
    OVERFLOWED = "overflowed"
    REFUSED = "refused"
    TECHNICAL_FAILURE = "technical_failure"
    UNCLASSIFIED = "unclassified"


CHOSEN_BY_AGENTS = (
    Outcome.ANSWERED,
    Outcome.TRANSFERRED,
    Outcome.CALLBACK_TICKET,
    Outcome.REFERRED_ELSEWHERE,
    Outcome.WRONG_NUMBER,
    Outcome.CALLER_HUNG_UP,
)
"""What an agent may choose, in the order of the keys 1 to 6; the others set themselves."""


class Place(StrEnum):
    """Where a caller was who hung up before an agent was connected."""

    GREETING = "in_greeting"
    QUEUE = "in_queue"
    RINGING = "while_ringing"
