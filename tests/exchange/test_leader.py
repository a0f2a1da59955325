"""A whole conductor on PostgreSQL, with a rehearsal in place of Asterisk."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections
from django.utils import timezone
from psycopg import AsyncConnection

from fernamt.daemons.configuration import load
from fernamt.exchange.conductor import Conductor
from fernamt.exchange.edge import Edge
from fernamt.exchange.leader import Leader
from fernamt.exchange.models import AgentPresence, Call, DeskCommand
from fernamt.exchange.outbox import Outbox
from fernamt.exchange.rehearsal.edge import RehearsalEdge
from fernamt.exchange.store import PostgresCallLog
from fernamt.people.models import Agent
from fernamt.reception.models import Authority, Line, ServiceHours
from fernamt.reception.queries import snapshot
from fernamt.reception.rules import Lines

pytestmark = pytest.mark.django_db(transaction=True)

KFZ = "+49537182370"


@pytest.fixture(autouse=True)
async def no_connection_stays_open() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


@pytest.fixture
def mia() -> Agent:
    gifhorn = Authority.objects.create(
        key="gifhorn", name="Landkreis Gifhorn", spoken_name="Gifhorn", short_name="GF",
        colour="#004b76",
    )  # fmt: skip
    Line.objects.create(
        authority=gifhorn, number=KFZ, written="05371 82-370", name="Kfz", is_live=True
    )
    for day in range(8):
        ServiceHours.objects.create(authority=gifhorn, weekday=day, opens="00:00", closes="00:00")
    return Agent.objects.create(name="Mia")


def _edge(*, conductor: Conductor, outbox: Outbox, leader: Leader) -> Edge:
    return RehearsalEdge(
        clock=leader.clock,
        hear=conductor.hear,
        live_calls=lambda: leader.switchboard.calls,
        anybody_there=lambda: False,
        chance=Random(1),
    )


class Desk:
    """Gives commands as a web process does, and waits for what the conductor tells."""

    def __init__(self, agent: Agent, heard: "asyncio.Queue[dict[str, object]]") -> None:
        self.agent = agent
        self.heard = heard

    async def command(self, kind: str, **facts: object) -> str:
        command = await DeskCommand.objects.acreate(
            id=uuid4(), agent=self.agent, kind=kind, facts=facts
        )
        await self.told(topic="command", id=str(command.pk))
        await command.arefresh_from_db()
        assert command.handled_at is not None
        return command.refusal

    async def state(self, wanted: str) -> AgentPresence:
        presence = await AgentPresence.objects.aget(pk=self.agent.pk)
        while presence.state != wanted:
            await self.told(topic="desk", id=str(self.agent.pk))
            await presence.arefresh_from_db()
        return presence

    async def told(self, **what: str) -> None:
        async with asyncio.timeout(10):
            while not what.items() <= (await self.heard.get()).items():
                pass


@asynccontextmanager
async def open_centre(
    agent: Agent, *, read_lines: Callable[[], Awaitable[Lines]] | None = None
) -> AsyncIterator[Desk]:
    dsn = replace(load(), database=connection.settings_dict["NAME"]).dsn
    connect = partial(AsyncConnection.connect, dsn, autocommit=True)
    async with await connect() as listener, PostgresCallLog.leading(dsn) as log:
        await listener.execute("LISTEN live")
        leader = Leader(
            log=log,
            read_lines=read_lines or sync_to_async(snapshot),
            connect=connect,
            make_edge=_edge,
            telephone_key="key",
        )
        heard: asyncio.Queue[dict[str, object]] = asyncio.Queue()
        tasks = [asyncio.create_task(leader.run()), asyncio.create_task(listen(listener, heard))]
        yield Desk(agent, heard)
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def listen(
    listener: AsyncConnection[tuple[object, ...]], heard: "asyncio.Queue[dict[str, object]]"
) -> None:
    async for notice in listener.notifies():
        heard.put_nowait(json.loads(notice.payload))


async def test_an_agent_signs_in_takes_a_test_call_and_classifies_it(mia: Agent) -> None:
    async with open_centre(mia) as desk:
        assert await desk.command("sign_in", device={"kind": "rehearsal", "address": ""}) == ""
        assert await desk.command("ready") == ""
        assert await desk.command("test_call", line=KFZ) == ""
        call = (await desk.state("ringing")).call_id
        assert await desk.command("answer") == ""
        assert await desk.command("next") == "call-under-way"
        assert await desk.command("hang_up") == ""
        assert await desk.command("next") == "outcome-missing"
        assert await desk.command("classify", outcome="abandoned") == "outcome-not-allowed"
        assert await desk.command("classify", outcome="answered") == ""
        assert await desk.command("next") == ""
        await desk.state("available")

    ended = await Call.objects.unfenced(reason="test").aget(pk=call)
    assert (ended.outcome, ended.state) == ("answered", "ended")


async def test_a_command_out_of_turn_is_refused_and_changes_nothing(mia: Agent) -> None:
    async with open_centre(mia) as desk:
        assert await desk.command("ready") == "not-signed-in"
        assert await desk.command("sign_in", device={"kind": "fax", "address": ""}) == (
            "command-unreadable"
        )
        await desk.command("sign_in", device={"kind": "rehearsal", "address": ""})
        assert await desk.command("answer") == "call-gone"
        assert await desk.command("hang_up") == "call-gone"
        assert await desk.command("pause", reason="fishing") == "unknown-pause-reason"
        assert await desk.command("no_such_thing") == "command-unreadable"
        assert (await desk.state("paused")).reason == "signed_in"


async def test_a_command_that_lay_too_long_is_refused(mia: Agent) -> None:
    old = await DeskCommand.objects.acreate(id=uuid4(), agent=mia, kind="ready")
    await DeskCommand.objects.filter(pk=old.pk).aupdate(
        created_at=timezone.now() - timedelta(minutes=1)
    )

    async with open_centre(mia) as desk:
        await desk.told(topic="command", id=str(old.pk))

    await old.arefresh_from_db()
    assert old.refusal == "exchange-silent"


async def test_a_line_taken_out_of_service_is_known_to_the_conductor_at_once(mia: Agent) -> None:
    async with open_centre(mia) as desk:
        await desk.command("sign_in", device={"kind": "rehearsal", "address": ""})
        await desk.command("ready")
        async with asyncio.timeout(10):
            while True:
                await Line.objects.filter(number=KFZ).aupdate(is_live=False)
                await desk.command("test_call", line=KFZ)
                calls = Call.objects.unfenced(reason="test").filter(outcome="refused")
                if await calls.aexists():
                    break
                await desk.command("decline")

    assert (await calls.afirst()).outcome_detail == "not_in_service"  # type: ignore[union-attr]


async def test_a_line_changed_while_the_conductor_begins_is_known_to_it(mia: Agent) -> None:
    async def read_and_change() -> Lines:
        lines = await sync_to_async(snapshot)()
        await Line.objects.filter(number=KFZ, is_live=True).aupdate(is_live=False)
        return lines

    async with open_centre(mia, read_lines=read_and_change) as desk:
        await desk.command("sign_in", device={"kind": "rehearsal", "address": ""})
        calls = Call.objects.unfenced(reason="test").filter(outcome="refused")
        async with asyncio.timeout(10):
            while not await calls.aexists():
                await desk.command("test_call", line=KFZ)
                await desk.told(topic="waiting")
