"""What leaves the conductor: first into the log, then out to telephony.

Turns that come while a write is under way are written together in the next one
(group commit). The commands of one call go out one after another; calls do not
wait for each other.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from fernamt.core.errors import TelephonyFault
from fernamt.exchange.conductor import Telephony
from fernamt.exchange.life.commands import TelephonyCommand
from fernamt.exchange.life.events import CallId
from fernamt.exchange.switchboard import Turn

logger = logging.getLogger(__name__)

PATIENCE_WITH_TELEPHONY = 10.0
"""Seconds that one command may take before it counts as failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of a desk's command; told after what it led to is in the log."""

    command: str
    refusal: str = ""
    """Code of the error; empty when the command was obeyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A telephone can be rung from now on, or no longer."""

    address: str
    """Of the device."""
    is_there: bool


Item = Turn | Reply | Contact
"""What is written and told."""


class CallLog(Protocol):
    """The port to where calls are written down for ever."""

    async def append(self, batch: Sequence[Item]) -> None:
        """Write what happened, in order, all or nothing; return when it is safe.

        Raises:
            WorldFault: If it cannot be written by this conductor any more.
        """


class Outbox:
    """Logs turns in order and performs their commands afterwards."""

    def __init__(self, log: CallLog) -> None:
        """Take turns from now on; `run` does the work."""
        self._log = log
        self._batch: asyncio.Queue[tuple[float, Item]] = asyncio.Queue()
        self._last: dict[CallId, asyncio.Task[None]] = {}
        self._unwritten = 0
        self._all_written = asyncio.Event()
        self._all_written.set()

    def put(self, item: Item) -> None:
        """Take *item*; returns at once."""
        self._unwritten += 1
        self._all_written.clear()
        self._batch.put_nowait((time.perf_counter(), item))

    @property
    def idle(self) -> bool:
        """Whether everything is written and performed."""
        return self._unwritten == 0 and not self._last

    async def written(self) -> None:
        """Wait until everything put so far is in the log."""
        await self._all_written.wait()

    async def run(self, telephony: Telephony) -> None:
        """Write, then let *telephony* perform, until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                batch = [await self._batch.get()]
                while not self._batch.empty():
                    batch.append(self._batch.get_nowait())
                await self._log.append([item for _, item in batch])
                self._unwritten -= len(batch)
                if self._unwritten == 0:
                    self._all_written.set()
                for decided, item in batch:
                    if isinstance(item, Turn):
                        self._send(item, decided, telephony, group)

    def _send(
        self, turn: Turn, decided: float, telephony: Telephony, group: asyncio.TaskGroup
    ) -> None:
        by_call: dict[CallId, list[TelephonyCommand]] = {}
        for command in turn.commands:
            by_call.setdefault(command.call, []).append(command)
        for call, commands in by_call.items():
            task = group.create_task(_perform(commands, decided, telephony, self._last.get(call)))
            self._last[call] = task
            task.add_done_callback(partial(self._forget, call))

    def _forget(self, call: CallId, done: asyncio.Task[None]) -> None:
        if self._last.get(call) is done:
            del self._last[call]


async def _perform(
    commands: list[TelephonyCommand],
    decided: float,
    telephony: Telephony,
    before: asyncio.Task[None] | None,
) -> None:
    if before is not None:
        await asyncio.wait([before])
    for command in commands:
        name = type(command).__name__
        try:
            async with asyncio.timeout(PATIENCE_WITH_TELEPHONY):
                await telephony.perform(command)
        except (TelephonyFault, TimeoutError) as fault:
            logger.warning("call %s: %s failed: %s", command.call, name, fault)
        except Exception:
            logger.exception("call %s: %s broke", command.call, name)
        else:
            since = (time.perf_counter() - decided) * 1000
            logger.debug("call %s: %s sent after %.2f ms", command.call, name, since)
