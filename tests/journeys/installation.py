"""An installation of a test's own: started and stopped by the commands that people use."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from psycopg import AsyncConnection, connect
from psycopg.rows import TupleRow, dict_row
from psycopg.types.json import Jsonb

from fernamt.daemons.configuration import CHECKOUT, Configuration, load

COMMAND = (sys.executable, "-P", "-m", "fernamt.daemons.command")
"""What ``./fernamt`` becomes once the environment is there: ours is."""
WITHOUT_GREETING = "05361280"
"""A line whose callers need not listen first: for journeys in which that only costs time."""
START, STOP = 120, 60
"""Seconds that starting and stopping may take on a machine that does other things, too."""
PATIENCE = 30.0
LIVE_CALLS = """
    SELECT call.id::text, state, outcome, outcome_detail AS detail, caller, dialled, channel,
        agent.name AS agent, arrived_at, queued_at, answered_at, closed_at
    FROM exchange_call call LEFT JOIN people_agent agent ON agent.id = call.agent_id
    ORDER BY arrived_at, call.id
"""
CONDUCTORS = "SELECT name, is_leader FROM exchange_heartbeat WHERE at > %s"
GIVE = """
    INSERT INTO exchange_deskcommand (id, agent_id, kind, facts)
    SELECT %s, id, %s, %s FROM people_agent WHERE name = %s
"""
REFUSAL = "SELECT refusal FROM exchange_deskcommand WHERE id = %s"
ACCOUNT = """
    SELECT device_address, device_secret FROM exchange_agentpresence presence
    JOIN people_agent agent ON agent.id = presence.agent_id WHERE agent.name = %s
"""
AGENTS = """
    SELECT agent.name, state, reason FROM exchange_agentpresence presence
    JOIN people_agent agent ON agent.id = presence.agent_id
"""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A demonstration account."""

    username: str
    password: str
    name: str
    role: str


class Installation:
    """A service centre in a folder of its own."""

    def __init__(self, home: Path, **settings: str) -> None:
        """Live in *home*; *settings* are given by environment, as ``FERNAMT_<NAME>``."""
        self.home = home
        ours = {"FERNAMT_HOME": str(home)} | {
            f"FERNAMT_{name.upper()}": value for name, value in settings.items()
        }
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("FERNAMT_MODE") and name != "DJANGO_SETTINGS_MODULE"
        }
        self.environment: Mapping[str, str] = kept | ours

    @property
    def configuration(self) -> Configuration:
        """As it is now: the ports are known once it has been started."""
        return load(self.environment)

    def run(
        self, *arguments: str, within: float = 30, succeeds: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        """Run ``fernamt`` with *arguments* to its end."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=self.environment,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
            check=False,
        )
        if succeeds:
            assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done

    def up(self, *flags: str) -> float:
        """Start everything; return the seconds it took."""
        begun = time.monotonic()
        self.run("up", "--detach", *flags, within=START)
        return time.monotonic() - begun

    def down(self) -> None:
        """End everything."""
        self.run("down", within=STOP)

    def status(self) -> dict[str, Any]:
        """Return what ``status --json`` says."""
        said: dict[str, Any] = json.loads(self.run("status", "--json", succeeds=False).stdout)
        return said

    def calls(self) -> list[Row]:
        """Return what ``calls --json`` says."""
        said: list[Row] = json.loads(self.run("calls", "--json").stdout)
        return said

    def call(self, id_: str) -> Row:
        """Return one call of ``calls --json``."""
        return next(call for call in self.calls() if call["id"] == id_)

    def words(self) -> str:
        """Return the last words of every process."""
        return self.run("logs", "--lines", "30", succeeds=False).stdout

    def people(self) -> dict[str, Person]:
        """Return the demonstration accounts by user name."""
        content = json.loads(self.configuration.accounts.read_text(encoding="utf-8"))
        return {each["username"]: Person(**each) for each in content["accounts"]}

    def execute(self, statement: str, *values: object) -> None:
        """Change something in the tables, as an editor of the service centre would."""
        with connect(self.configuration.dsn, autocommit=True) as table:
            table.execute(statement, values)

    def processes(self) -> set[int]:
        """Return every process that was started for this home, whoever its parent is now."""
        return {
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/environ")
            if self._is_ours(path)
        }

    def _is_ours(self, environ: Path) -> bool:
        try:
            variables = environ.read_bytes().split(b"\0")
        except OSError:
            return False  # it has ended, or is somebody else's
        home = os.fsencode(self.home)
        return b"FERNAMT_HOME=" + home in variables or self._works_in(environ.parent)

    def _works_in(self, process: Path) -> bool:
        try:
            return os.fsencode(self.home) + b"/" in (process / "cmdline").read_bytes()
        except OSError:
            return False

    @contextmanager
    def nobody_hears(self, process: str) -> Iterator[None]:
        """Let one of the processes stand still while the body runs."""
        pid = self.status()["processes"][process]["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    async def order(self, agent: str, kind: str, **facts: object) -> None:
        """Give a command of *agent*'s desk, and wait until it was obeyed."""
        dsn = self.configuration.dsn
        async with asyncio.timeout(PATIENCE), await AsyncConnection.connect(dsn) as table:
            await table.set_autocommit(True)
            id_ = uuid4()
            await table.execute("LISTEN live")
            await table.execute(GIVE, [id_, kind, Jsonb(facts), agent])
            async for notice in table.notifies():
                if json.loads(notice.payload) == {"topic": "command", "id": str(id_)}:
                    break
            (refusal,) = await (await table.execute(REFUSAL, [id_])).fetchone() or ("lost",)
            assert not refusal, refusal

    @asynccontextmanager
    async def telephone_of(self, agent: str) -> AsyncIterator[tuple[str, str]]:
        """Sign *agent* in with a desk telephone; give its account; sign out at the end."""
        await self.order(agent, "sign_in", device={"kind": "telephone", "address": ""})
        dsn = self.configuration.dsn
        async with await AsyncConnection.connect(dsn, autocommit=True) as table:
            row = await (await table.execute(ACCOUNT, [agent])).fetchone()
        assert row
        yield str(row[0]), str(row[1])
        await self.order(agent, "sign_out")

    async def until_led(self, *, by: int | None = None, but: int | None = None) -> int:
        """Wait until a conductor leads since now; return its process.

        Args:
            by: Wait for this process.
            but: Wait for any other than this process.
        """
        async for process, leads in self._conductors():
            if leads and process != but and by in (None, process):
                return process
        raise AssertionError

    async def until_seen(self, conductor: int) -> None:
        """Wait until this process has said that it lives."""
        async for process, _ in self._conductors():
            if process == conductor:
                return

    async def _conductors(self) -> AsyncIterator[tuple[int, bool]]:
        """Yield the signs of life since now: the process, and whether it leads."""
        since = datetime.now(UTC)
        dsn = self.configuration.dsn
        async with (
            asyncio.timeout(PATIENCE),
            await AsyncConnection.connect(dsn, autocommit=True) as table,
        ):
            while True:
                for name, leads in await (await table.execute(CONDUCTORS, [since])).fetchall():
                    yield int(name.rpartition(":")[2]), leads
                await asyncio.sleep(0.1)  # a sign of life is not announced

    @asynccontextmanager
    async def another_conductor(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """Let a second conductor stand by while the body runs."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "conductor", env=self.environment, cwd=CHECKOUT, stdin=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()

    @asynccontextmanager
    async def log(self) -> AsyncIterator["CallLog"]:
        """Look at what is in the tables, and be told when it changes."""
        dsn = self.configuration.dsn
        async with (
            await AsyncConnection.connect(dsn, autocommit=True) as bell,
            await AsyncConnection.connect(dsn, autocommit=True) as table,
        ):
            log = CallLog(table)
            listening = asyncio.create_task(log.listen(bell))
            try:
                yield log
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening

    @asynccontextmanager
    async def demo(self, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Let robots work while the body runs; tell them to stop at its end."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            "demo",
            *arguments,
            env=self.environment,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), STOP)
                except TimeoutError:
                    process.kill()
                    await process.wait()


class CallLog:
    """The calls and the agents as the conductor writes them down."""

    def __init__(self, table: AsyncConnection[TupleRow]) -> None:
        """Read from *table*; calls that are there already do not count."""
        self._table = table
        self._news = asyncio.Event()
        self._old: set[str] | None = None

    async def listen(self, bell: AsyncConnection[TupleRow]) -> None:
        """Take note of every change."""
        await bell.execute("LISTEN live")
        self._news.set()
        async for _ in bell.notifies():
            self._news.set()

    async def begin(self) -> None:
        """Count calls from now on only."""
        self._old = {row["id"] for row in await self._all()}

    async def calls(self) -> list[Row]:
        """Return the calls since `begin`, in the order of their arrival."""
        return [row for row in await self._all() if row["id"] not in (self._old or ())]

    async def until(
        self, holds: Callable[[list[Row]], bool], *, within: float = PATIENCE
    ) -> list[Row]:
        """Wait until *holds* is true of the calls; return them."""
        calls: list[Row] = []
        try:
            async with asyncio.timeout(within):
                while True:
                    self._news.clear()
                    calls = await self.calls()
                    if holds(calls):
                        return calls
                    await self._news.wait()
        except TimeoutError:
            states = [(call["state"], call["outcome"], call["agent"]) for call in calls]
            raise AssertionError(f"not within {within} s, but: {states}") from None

    async def until_agents(self, holds: Callable[[dict[str, str]], bool]) -> dict[str, str]:
        """Wait until *holds* is true of the agents, name -> presence; return them."""
        agents: dict[str, str] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    self._news.clear()
                    found = await (await self._table.execute(AGENTS)).fetchall()
                    agents = {name: state for name, state, _ in found}
                    if holds(agents):
                        return agents
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not in time, but: {agents}") from None

    async def _all(self) -> list[Row]:
        async with self._table.cursor(row_factory=dict_row) as cursor:
            return await (await cursor.execute(LIVE_CALLS)).fetchall()
