"""Keeps services running: starts them, starts them again when they die, ends them in order."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fernamt.core.errors import WorldFault
from fernamt.daemons.service import LOOK_AGAIN_SECONDS, Service, kill_group, open_process

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
SETTLED_SECONDS = 30.0
"""After this long a service has not just been started: its failures are forgotten."""
HANGS_AFTER_SECONDS = 3.0
"""A service that is not alive for so long, by every look, hangs and is ended."""
LOOK_SECONDS = 1.0
ATTEMPTS = 3
"""How often a service may die before it was ever ready."""

Condition = Literal["starting", "running", "pausing", "stopping", "stopped"]


class ServiceNotStarted(WorldFault):
    """A process of the service centre does not start."""

    code = "service-not-started"


class Child:
    """One service, kept running."""

    def __init__(self, service: Service, *, log: Path, announce: "Announce") -> None:
        """Write its words to *log*, and tell *announce* what becomes of it."""
        self.service = service
        self.log = log
        self.condition: Condition = "starting"
        self.restarts = 0
        self.since = time.time()
        self._announce = announce
        self._process: subprocess.Popen[bytes] | None = None
        self._first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._told_to_stop = asyncio.Event()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """Its process, if it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    async def start(self) -> None:
        """Start it and wait until it is ready.

        Raises:
            ServiceNotStarted: If it dies again and again, or is not ready in time.
        """
        self._keeping = asyncio.create_task(self._keep(), name=self.service.name)
        try:
            async with asyncio.timeout(self.service.start_seconds):
                await self._first_ready
        except TimeoutError:
            raise self._not_started("is not ready in time") from None

    async def stop(self) -> None:
        """Tell it to end, and wait until it has."""
        self._told_to_stop.set()
        if self._keeping is not None:
            await self._keeping

    async def _keep(self) -> None:
        failures = 0
        while not self._told_to_stop.is_set():
            began = time.monotonic()
            code = await self._run_once()
            if self._told_to_stop.is_set():
                break
            failures = 1 if time.monotonic() - began > SETTLED_SECONDS else failures + 1
            if not self._first_ready.done() and failures >= ATTEMPTS:
                self._first_ready.set_exception(self._not_started(_ending(code)))
                break
            pause = min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS)
            self.restarts += 1
            self._become("pausing")
            self._announce.say(
                f"{self.service.name} {_ending(code)}; it is started again in {pause:.1f} s"
                f" (see {self.log})"
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told_to_stop.wait(), pause)
        self._become("stopped")

    async def _run_once(self) -> int:
        """Run it until it ends or is told to; return its exit code."""
        process = self.service.spawn(self.log)
        self._process = process
        self._become("starting")
        async with _ended(process) as ended:
            readiness = asyncio.create_task(self._watch_readiness())
            told = asyncio.create_task(self._told_to_stop.wait())
            await asyncio.wait((ended, told), return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                self._become("stopping")
                process.send_signal(self.service.stop_signal)
                await asyncio.wait((ended,), timeout=self.service.stop_seconds)
                if not ended.done():
                    self._announce.say(f"{self.service.name} does not end, so it is ended")
            for task in (readiness, told):
                task.cancel()
            await asyncio.gather(readiness, told, return_exceptions=True)
        kill_group(process.pid)  # also what it has left behind
        return process.wait()

    async def _watch_readiness(self) -> None:
        while not await asyncio.to_thread(self.service.ready):  # noqa: ASYNC110 only asking tells
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        self._become("running")
        if not self._first_ready.done():
            self._first_ready.set_result(None)
        await self._watch_life()

    async def _watch_life(self) -> None:
        """End it when it hangs; that it has ended is then seen as always."""
        seen = time.monotonic()
        while time.monotonic() - seen < HANGS_AFTER_SECONDS:
            await asyncio.sleep(LOOK_SECONDS)
            if await asyncio.to_thread(self.service.alive):
                seen = time.monotonic()
        self._announce.say(f"{self.service.name} hangs")
        if self._process is not None:
            kill_group(self._process.pid)

    def _become(self, condition: Condition) -> None:
        self.condition = condition
        self.since = time.time()
        self._announce.changed()

    def _not_started(self, reason: str) -> ServiceNotStarted:
        words = self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""
        said = " | ".join(line for line in words.splitlines()[-5:] if line.strip())
        return ServiceNotStarted(
            process=self.service.name, reason=reason, said=said[-800:], log=self.log
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """To whom a supervisor tells what happens."""

    say: Callable[[str], None]
    """A sentence for a person."""
    changed: Callable[[], None]
    """A process is in another condition."""


class Supervisor:
    """The processes of one installation."""

    def __init__(self, logs: Path, announce: Announce) -> None:
        """Write each service's words to its own file in *logs*."""
        self._logs = logs
        self._announce = announce
        self.children: list[Child] = []
        """In the order they were started."""

    @property
    def is_whole(self) -> bool:
        """Whether all processes do their work."""
        return all(child.condition == "running" for child in self.children)

    async def start(self, *services: Service) -> None:
        """Start services at the same time and wait until all are ready.

        Raises:
            ServiceNotStarted: For the first one that does not start.
        """
        self._logs.mkdir(parents=True, exist_ok=True)
        begun = [
            Child(service, log=self._logs / f"{service.name}.log", announce=self._announce)
            for service in services
        ]
        self.children += begun
        outcomes = await asyncio.gather(*(child.start() for child in begun), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def stop(self) -> None:
        """End all processes, the last one started first."""
        for child in reversed(self.children):
            await child.stop()


@asynccontextmanager
async def _ended(process: "subprocess.Popen[bytes]") -> AsyncIterator["asyncio.Future[bool]"]:
    """Hold a future that is done when *process* has ended."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[bool] = loop.create_future()

    def note() -> None:
        if not ended.done():
            ended.set_result(True)

    with open_process(process.pid) as handle:
        loop.add_reader(handle, note)
        try:
            yield ended
        finally:
            loop.remove_reader(handle)


def _ending(code: int) -> str:
    return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
