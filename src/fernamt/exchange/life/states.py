"""Where a call can be. Each state holds only what is true then.

    Unheard -> Arrived -> Greeted -> Queued -> Ringing -> Talking -> WrappingUp -> Ended
                  |                    ^___________|      |    ^
                  |-> Announced        ^________ Reconnecting _|
                  '-> Ended (refused)

The full picture is ``docs/call-life.md``, drawn from the transition table.
"""

from dataclasses import dataclass
from datetime import datetime

from fernamt.exchange.life.events import AgentId, CallArrived, CallId
from fernamt.exchange.life.outcome import Outcome
from fernamt.reception.treatment import LineFacts, PutInQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Unheard:
    """Nothing is known of the call yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """The caller's leg has reached us; reception is being asked."""

    arrival: CallArrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """The caller hears why nobody answers now."""

    arrival: CallArrived
    facts: LineFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeted:
    """The caller hears the greeting in the authority's name."""

    arrival: CallArrived
    treatment: PutInQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """The caller waits and hears music."""

    arrival: CallArrived
    treatment: PutInQueue
    since: datetime
    """Kept across unanswered offers, so that nobody loses their place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """One agent's telephone rings; the caller still hears music."""

    queued: Queued
    """Nested, not copied: going back is returning it."""
    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Talking:
    """Caller and agent hear each other."""

    queued: Queued
    agent: AgentId
    answered_at: datetime
    chosen: Outcome | None = None
    """What the agent has said so far of how the call ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnecting:
    """The agent's leg broke in conversation; the caller hears music until it is back."""

    talking: Talking
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappingUp:
    """The caller is gone; the agent classifies the call."""

    talking: Talking
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The call is over and has its one outcome."""

    arrival: CallArrived
    facts: LineFacts | None
    """None where the dialled number belongs to no line."""
    ended_at: datetime
    """When the caller's leg ended."""
    closed_at: datetime
    """When the outcome was final."""
    outcome: Outcome
    detail: str = ""
    agent: AgentId | None = None


State = (
    Unheard
    | Arrived
    | Announced
    | Greeted
    | Queued
    | Ringing
    | Talking
    | Reconnecting
    | WrappingUp
    | Ended
)


def queued_part(state: State) -> Queued | None:
    """Return the waiting that *state* came out of, if the call has waited."""
    match state:
        case Queued():
            return state
        case Ringing(queued=queued) | Talking(queued=queued):
            return queued
        case Reconnecting(talking=talking) | WrappingUp(talking=talking):
            return talking.queued
        case _:
            return None


def arrival_of(state: State) -> CallArrived | None:
    """Return how the call began; None before anything was heard of it."""
    match state:
        case Unheard():
            return None
        case (
            Arrived(arrival=arrival)
            | Announced(arrival=arrival)
            | Greeted(arrival=arrival)
            | Queued(arrival=arrival)
            | Ended(arrival=arrival)
        ):
            return arrival
        case _:
            queued = queued_part(state)
            return queued.arrival if queued else None


def agent_of(state: State) -> AgentId | None:
    """Return the agent whom the call occupies now; None if it occupies nobody."""
    match state:
        case Ringing(agent=agent) | Talking(agent=agent):
            return agent
        case Reconnecting(talking=talking) | WrappingUp(talking=talking):
            return talking.agent
        case _:
            return None


def call_of(state: State) -> CallId | None:
    """Return the call's id; None before anything was heard of it."""
    arrival = arrival_of(state)
    return arrival.call if arrival else None
