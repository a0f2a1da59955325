"""The clock of the exchange: what time it is, and what is to happen later."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Timer(Protocol):
    """Something that will happen, unless cancelled."""

    def cancel(self) -> object:
        """Let it not happen; harmless once it has."""


class Clock(Protocol):
    """Time as the conductor needs it: real in a service centre, virtual in a rehearsal."""

    def now(self) -> datetime:
        """The present, aware, UTC."""

    def call_at(self, when: datetime, action: Callable[[], None]) -> Timer:
        """Do *action* at *when*; as soon as possible if that is past."""


class LoopClock:
    """Real time, by the running asyncio loop."""

    def now(self) -> datetime:
        """The present, aware, UTC."""
        return datetime.now(UTC)

    def call_at(self, when: datetime, action: Callable[[], None]) -> Timer:
        """Do *action* at *when*; as soon as possible if that is past."""
        delay = max(0.0, (when - self.now()).total_seconds())
        return asyncio.get_running_loop().call_later(delay, action)
