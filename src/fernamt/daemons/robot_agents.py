"""Robot agents: they sign in, answer and classify by the same commands as people."""

import asyncio
import json
import sys
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from random import Random
from uuid import uuid4

from msgspec import to_builtins
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from fernamt.daemons.configuration import Configuration
from fernamt.exchange.clock import LoopClock
from fernamt.exchange.device import Device, DeviceKind
from fernamt.exchange.life.events import AgentId
from fernamt.exchange.orders import Order, Pause, SignOut
from fernamt.exchange.presence import BUSY, Agent, Presence
from fernamt.exchange.rehearsal.agents import Habits, RehearsedAgents

WRAP_UP = timedelta(seconds=2)
ANSWER = timedelta(seconds=1)
"""Where no telephone answers by itself."""
LAST_CALLS = 60.0
"""Seconds that the robots take, once told to stop, to finish the calls they have."""

HIRE_ROBOT = """
    INSERT INTO people_agent (id, name, skills)
    SELECT coalesce((SELECT id FROM people_agent WHERE name = %(name)s AND account_id IS NULL),
        gen_random_uuid()), %(name)s, coalesce(jsonb_object_agg(skill, 5), '{}')
    FROM reception_line, jsonb_object_keys(skills) AS skill
    ON CONFLICT (id) DO UPDATE SET skills = EXCLUDED.skills RETURNING id::text
"""
"""A robot of this name, who can whatever any line needs."""
GIVE = """
    INSERT INTO exchange_deskcommand (id, agent_id, kind, facts) VALUES (%s, %s, %s, %s)
"""
PRESENCES = """
    SELECT agent_id::text, state, since, reason, call_id::text
    FROM exchange_agentpresence WHERE agent_id = ANY(%s::uuid[])
"""


class RobotAgents:
    """So many robots at so many desks."""

    def __init__(self, configuration: Configuration, *, count: int, talk: timedelta) -> None:
        """Let *count* robots talk for *talk* on average; `work` begins."""
        self._dsn = configuration.dsn
        self._count = count
        self._telephone = "answer" if configuration.mode == "live" else ""
        self._given: asyncio.Queue[Order] = asyncio.Queue()
        self._told = asyncio.Event()
        self._nobody_busy = asyncio.Event()
        self._now: dict[AgentId, Agent] = {}
        self._calls: set[str] = set()
        habits = Habits(
            answers_after=None if self._telephone else ANSWER, talks_for=talk, wraps_up_for=WRAP_UP
        )
        self._robots = RehearsedAgents(LoopClock(), self._given.put_nowait, habits, Random())

    async def work(self, stop: asyncio.Event) -> int:
        """Work until *stop*, finish the calls under way, sign out; return the calls taken."""
        connect = AsyncConnection.connect
        async with (
            await connect(self._dsn, autocommit=True) as bell,
            await connect(self._dsn, autocommit=True) as table,
            asyncio.TaskGroup() as tasks,
        ):
            robots = [await _hire(table, f"Robot {number + 1}") for number in range(self._count)]
            await bell.execute("LISTEN live")
            helping = [
                tasks.create_task(work)
                for work in (self._give(), self._listen(bell), self._watch(table, robots))
            ]
            kind = DeviceKind.ROBOT if self._telephone else DeviceKind.REHEARSAL
            for robot in robots:
                self._robots.sign_in(robot, Device(kind=kind, address=self._telephone or robot))
            await stop.wait()
            await self._finish(robots)
            for task in helping:
                task.cancel()
        return len(self._calls)

    async def _give(self) -> None:
        async with await AsyncConnection.connect(self._dsn, autocommit=True) as connection:
            while True:
                order = await self._given.get()
                facts = to_builtins(order)
                kind, agent = facts.pop("kind"), facts.pop("agent")
                await connection.execute(GIVE, [uuid4(), agent, kind, Jsonb(facts)])
                self._given.task_done()

    async def _listen(self, bell: AsyncConnection[TupleRow]) -> None:
        async for notice in bell.notifies():
            if json.loads(notice.payload)["topic"] == "desk":
                self._told.set()

    async def _watch(self, table: AsyncConnection[TupleRow], robots: list[AgentId]) -> None:
        while True:
            await self._told.wait()
            self._told.clear()
            rows = await (await table.execute(PRESENCES, [robots])).fetchall()
            for id_, state, since, reason, call in rows:
                agent = Agent(
                    id=id_, presence=Presence(state), since=since, reason=reason, call=call
                )
                self._now[id_] = agent
                if agent.presence is Presence.TALKING and call:
                    self._calls.add(call)
                self._robots.see(agent)
            if any(agent.presence in BUSY for agent in self._now.values()):
                self._nobody_busy.clear()
            else:
                self._nobody_busy.set()
            self._show()

    async def _finish(self, robots: list[AgentId]) -> None:
        for robot in robots:
            self._given.put_nowait(Pause(agent=robot))
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_CALLS):
                await self._given.join()
                await self._nobody_busy.wait()
        for robot in robots:
            self._given.put_nowait(SignOut(agent=robot))
        await self._given.join()

    def _show(self) -> None:
        if sys.stderr.isatty():
            words = self.summary()
            print(f"\r\033[K{words}", end="", file=sys.stderr, flush=True)

    def summary(self) -> str:
        """Say in a line how it goes."""
        count = Counter(agent.presence for agent in self._now.values())
        return (
            f"{self._count} robots: {count[Presence.AVAILABLE]} available,"
            f" {count[Presence.TALKING]} talking, {count[Presence.WRAPPING_UP]} wrapping up,"
            f" {len(self._calls)} calls taken"
        )


async def _hire(table: AsyncConnection[TupleRow], name: str) -> AgentId:
    hired = await table.execute(HIRE_ROBOT, {"name": name})
    return str((await hired.fetchall())[0][0])
