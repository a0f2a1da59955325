"""A conductor that leads: the conductor with its log, its edge, and the desks' commands."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from fernamt.exchange.clock import LoopClock
from fernamt.exchange.conductor import Conductor
from fernamt.exchange.desk_commands import DeskCommands
from fernamt.exchange.device import Device, DeviceKind, telephone_of
from fernamt.exchange.edge import Edge
from fernamt.exchange.life.events import AgentId
from fernamt.exchange.outbox import Outbox
from fernamt.exchange.store import PostgresCallLog
from fernamt.exchange.switchboard import Switchboard
from fernamt.reception.rules import Lines, treat
from fernamt.reception.treatment import Treatment

CALENDAR_KEEPS = 12 * 3600.0
"""Seconds after which the lines are read anew although they are the same: their calendar
of holidays reaches only so far."""
PEOPLE = "SELECT id::text FROM people_agent WHERE account_id IS NOT NULL"
"""The agents who are persons; robots have no account and no desk."""
RECEPTION_CHANGED = "reception_changed"
"""Channel of PostgreSQL's NOTIFY that lines or hours are different now."""


class MakeEdge(Protocol):
    """Makes the edge of a conductor."""

    def __call__(self, *, conductor: Conductor, outbox: Outbox, leader: "Leader") -> Edge:
        """Return an edge that tells *conductor*, whose words *outbox* writes."""


class Leader:
    """Puts the parts together and keeps them running."""

    def __init__(
        self,
        *,
        log: PostgresCallLog,
        read_lines: Callable[[], Awaitable[Lines]],
        connect: Callable[[], Awaitable[AsyncConnection[TupleRow]]],
        make_edge: MakeEdge,
        telephone_key: str,
        leads: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare to lead; `run` begins.

        Args:
            log: With the lock of the leader.
            read_lines: Reads all lines as of now.
            connect: Opens another connection to the database, in autocommit.
            make_edge: Makes the edge once the conductor stands.
            telephone_key: From which passwords of desk telephones are derived.
            leads: Told when everything was taken over, and callers and desks are heard.
        """
        self._log = log
        self._read_lines = read_lines
        self._connect = connect
        self._make_edge = make_edge
        self._telephone_key = telephone_key
        self._leads = leads
        self._lines = Lines(lines={}, holidays=frozenset(), timezone=ZoneInfo("UTC"))
        self.clock = LoopClock()
        self.switchboard = Switchboard(self._treat)

    def device_of(self, agent: AgentId) -> Device | None:
        """Return the device *agent* works with; None if signed out."""
        known = self.switchboard.agents.get(agent)
        return known.device if known else None

    def anybody_there(self) -> bool:
        """Tell whether any agent is signed in."""
        return any(agent.device for agent in self.switchboard.agents.values())

    async def run(self) -> None:
        """Take over, then lead until cancelled.

        Raises:
            LeadershipLost: If another conductor has taken the lead.
        """
        self._lines = await self._read_lines()
        restored = await self._log.restore()
        self.switchboard.restore(restored.histories, restored.agents)
        outbox = Outbox(self._log)
        conductor = Conductor(switchboard=self.switchboard, clock=self.clock, outbox=outbox.put)
        edge = self._make_edge(conductor=conductor, outbox=outbox, leader=self)
        await edge.learn(self._lines)
        for device in await self._devices():
            await edge.provide(device)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(outbox.run(edge))
            tasks.create_task(edge.run())
            await edge.settled()
            conductor.resume()
            tasks.create_task(self._hear_desks(conductor, outbox, edge))
            tasks.create_task(self._follow_reception(edge))
            self._leads()

    def _treat(self, dialled: str, at: datetime) -> Treatment:
        return treat(self._lines, dialled, at)

    async def _devices(self) -> list[Device]:
        """Return what may register: every agent's desk telephone, every signed-in browser."""
        at_desks = [agent.device for agent in self.switchboard.agents.values() if agent.device]
        browsers = [device for device in at_desks if device.kind is DeviceKind.BROWSER]
        async with await self._connect() as table:
            people = await (await table.execute(PEOPLE)).fetchall()
        return browsers + [telephone_of(agent, key=self._telephone_key) for (agent,) in people]

    async def _hear_desks(self, conductor: Conductor, outbox: Outbox, edge: Edge) -> None:
        async with await self._connect() as bell, await self._connect() as table:
            commands = DeskCommands(
                bell=bell,
                table=table,
                conductor=conductor,
                put=outbox.put,
                edge=edge,
                telephone_key=self._telephone_key,
            )
            await commands.run()

    async def _follow_reception(self, edge: Edge) -> None:
        async with await self._connect() as bell:
            await bell.execute(f"LISTEN {RECEPTION_CHANGED}")
            while True:  # first read again: there may have been a change since the beginning
                self._lines = await self._read_lines()
                await edge.learn(self._lines)
                async for _ in bell.notifies(timeout=CALENDAR_KEEPS, stop_after=1):
                    pass
