"""A clock that jumps from one happening to the next."""

import heapq
from collections.abc import Callable
from datetime import datetime
from itertools import count


class VirtualTimer:
    """Something that will happen on a virtual clock, unless cancelled."""

    __slots__ = ("action",)

    def __init__(self, action: Callable[[], None]) -> None:
        """Hold *action* until it is due."""
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Let it not happen."""
        self.action = None


class VirtualClock:
    """Time that passes only when told to; what falls on one moment keeps its order."""

    def __init__(self, start: datetime) -> None:
        """Begin at *start*, aware."""
        self._now = start
        self._due: list[tuple[datetime, int, VirtualTimer]] = []
        self._order = count()

    def now(self) -> datetime:
        """The moment it is."""
        return self._now

    def call_at(self, when: datetime, action: Callable[[], None]) -> VirtualTimer:
        """Do *action* at *when*; next, if that is past."""
        timer = VirtualTimer(action)
        heapq.heappush(self._due, (max(when, self._now), next(self._order), timer))
        return timer

    def run(self, until: datetime | None = None) -> None:
        """Let everything due happen, up to *until* or until nothing is left to happen."""
        while self._due and (until is None or self._due[0][0] <= until):
            self._now, _, timer = heapq.heappop(self._due)
            if timer.action is not None:
                timer.action()
        if until is not None:
            self._now = max(self._now, until)
