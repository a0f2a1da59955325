"""How an event is written into the call log, and read again."""

from datetime import datetime
from typing import Any

from msgspec import convert, to_builtins

from fernamt.exchange.life.events import CallId, Event

COLUMNS = ("call", "at", "type")
"""What the log keeps beside the facts."""


def type_of(event: Event) -> str:
    """Return the event's name in the log: its class."""
    return type(event).__name__


def facts_of(event: Event) -> dict[str, Any]:
    """Return what the event says beyond its call, time and type, fit for JSON."""
    facts: dict[str, Any] = to_builtins(event)
    return {name: fact for name, fact in facts.items() if name not in COLUMNS}


def read_event(*, call: CallId, at: datetime, type_: str, facts: dict[str, Any]) -> Event:
    """Return the event that was written so.

    Raises:
        msgspec.ValidationError: If no version of ours has written this.
    """
    event: Event = convert({**facts, "call": call, "at": at, "type": type_}, type=Event)
    return event
