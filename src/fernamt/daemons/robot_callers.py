"""Robot callers: they call a line from the carrier's side, at an even rate."""

import asyncio
import sys
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import ClassVar
from uuid import uuid4

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from fernamt.core.errors import DomainError, TelephonyFault
from fernamt.daemons import telephony
from fernamt.daemons.configuration import Configuration
from fernamt.exchange.asterisk.connection import Connection
from fernamt.exchange.asterisk.demo import place_test_call
from fernamt.exchange.asterisk.settings import DEMO_USER
from fernamt.reception.numbers import readings

STAY = timedelta(minutes=10)
"""How long a robot stays at most; usually the agent hangs up."""
FIRST_NUMBER = 49_30_23125_000
"""Robots call from numbers that are reserved for invention (030 23125 000 to 999)."""
CONNECT = 5.0
"""Seconds that reaching Asterisk may take."""
GIVE = "INSERT INTO exchange_deskcommand (id, kind, facts) VALUES (%s, 'test_call', %s)"


class NumberNotUnderstood(DomainError):
    """--line takes a telephone number: 05371 82-370, 0537182370 or +49537182370."""

    code: ClassVar[str] = "number-not-understood"


class RobotCallers:
    """So many callers, so many a second."""

    def __init__(
        self, configuration: Configuration, *, line: str, how_many: int, rate: float
    ) -> None:
        """Call *line*, however it is written; `call` begins.

        Raises:
            NumberNotUnderstood: If *line* is no telephone number.
        """
        found = readings(line)
        if not found:
            raise NumberNotUnderstood(line=line)
        self._configuration = configuration
        self._line = found[0].e164
        self._how_many = how_many
        self._rate = rate
        self._called = 0

    async def call(self, stop: asyncio.Event) -> int:
        """Let them call, until all have or *stop*; return how many called.

        Raises:
            TelephonyFault: If Asterisk cannot be reached.
        """
        if self._configuration.mode == "rehearsal":
            await self._rehearse(stop)
        else:
            await self._call(stop)
        return self._called

    async def _call(self, stop: asyncio.Event) -> None:
        nodes = telephony.addresses(
            self._configuration, password=self._configuration.secrets.demo_ari
        )
        connection = Connection(nodes[0], user=DEMO_USER)
        keeping = asyncio.create_task(connection.run())
        try:
            async with asyncio.timeout(CONNECT):
                await connection.usable()
        except TimeoutError:
            raise TelephonyFault(
                reason="Asterisk does not answer; is the installation up?"
            ) from None
        else:
            numbers = count(FIRST_NUMBER)
            async with asyncio.TaskGroup() as tasks:
                while await self._next(stop):
                    caller = f"+{next(numbers)}"
                    tasks.create_task(
                        place_test_call(connection, self._line, caller=caller, hold_for=STAY)
                    )
        finally:
            keeping.cancel()

    async def _rehearse(self, stop: asyncio.Event) -> None:
        dsn = self._configuration.dsn
        async with await AsyncConnection.connect(dsn, autocommit=True) as table:
            while await self._next(stop):
                await table.execute(GIVE, [uuid4(), Jsonb({"line": self._line})])

    async def _next(self, stop: asyncio.Event) -> bool:
        """Wait for the next caller's turn; tell whether there is one."""
        if self._called:
            with suppress(TimeoutError):
                async with asyncio.timeout(1 / self._rate):
                    await stop.wait()
        if stop.is_set() or self._called >= self._how_many:
            return False
        self._called += 1
        if sys.stderr.isatty():
            words = f"{self._called} of {self._how_many} robots have called"
            print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)
        return True
