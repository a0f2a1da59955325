"""A training room: imagined callers in real time, for people at real desks."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from uuid import uuid4

from fernamt.exchange.clock import Clock
from fernamt.exchange.rehearsal.callers import Caller, RehearsedTelephony

BETWEEN_CALLS = timedelta(seconds=40)
"""Mean time between two callers; they come by chance, as callers do."""
PATIENCE = timedelta(seconds=180)
"""Mean time a caller waits."""
STAYS = timedelta(seconds=240)
"""Mean time after which a caller who was not said goodbye to hangs up."""
TELLS_NUMBER = 0.8
"""Share of callers who do not suppress their number."""


class Training:
    """Lets imagined callers call while somebody is there to practise."""

    def __init__(
        self,
        *,
        telephony: RehearsedTelephony,
        clock: Clock,
        lines: Callable[[], Sequence[str]],
        anybody_there: Callable[[], bool],
        chance: Random,
    ) -> None:
        """Call one of *lines* (E.164) at a time."""
        self._telephony = telephony
        self._clock = clock
        self._lines = lines
        self._anybody_there = anybody_there
        self._chance = chance

    async def run(self) -> None:
        """Let callers come until cancelled."""
        while True:
            pause = self._chance.expovariate(1 / BETWEEN_CALLS.total_seconds())
            await asyncio.sleep(pause)
            lines = self._lines()
            if lines and self._anybody_there():
                self.call(self._chance.choice(lines))

    def call(self, line: str) -> None:
        """Let one caller call *line* now."""
        chance = self._chance
        number = f"+495371{chance.randint(550000, 559999)}"
        self._telephony.call(
            Caller(
                call=str(uuid4()),
                at=self._clock.now(),
                dialled=line,
                number=number if chance.random() < TELLS_NUMBER else None,
                patience=PATIENCE * chance.uniform(0.5, 1.5),
                stays=STAYS * chance.uniform(0.5, 1.5),
            )
        )
