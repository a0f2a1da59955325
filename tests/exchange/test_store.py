"""The call log in PostgreSQL: written once, folded, restored; one leader at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from fernamt.daemons.configuration import load
from fernamt.exchange.device import Device, DeviceKind
from fernamt.exchange.life.events import AgentAnswered, CallArrived, CallerHungUp
from fernamt.exchange.life.outcome import Outcome
from fernamt.exchange.models import AgentPresence, Call, CallEvent, DeskCommand, PresenceChange
from fernamt.exchange.orders import Classify, GetReady, Next, SignIn
from fernamt.exchange.outbox import Reply
from fernamt.exchange.presence import Presence
from fernamt.exchange.store import PostgresCallLog
from fernamt.exchange.switchboard import Switchboard
from fernamt.people.models import Agent
from fernamt.reception.models import Authority, Line
from fernamt.reception.treatment import LineFacts, PutInQueue

pytestmark = pytest.mark.django_db(transaction=True)

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
QUEUE = PutInQueue(facts=LineFacts(authority="gifhorn", line="+49537182370"))


@pytest.fixture(autouse=True)
async def no_connection_stays_open() -> AsyncIterator[None]:
    yield
    await sync_to_async(connections.close_all)()


def dsn() -> str:
    return replace(load(), database=connection.settings_dict["NAME"]).dsn


@pytest.fixture
def mia() -> Agent:
    gifhorn = Authority.objects.create(
        key="gifhorn",
        name="Landkreis Gifhorn",
        spoken_name="Gifhorn",
        short_name="GF",
        colour="#004b76",
    )
    Line.objects.create(
        authority=gifhorn, number="+49537182370", written="05371 82-370", name="Kfz", is_live=True
    )
    return Agent.objects.create(name="Mia", skills={"kfz": 3})


@asynccontextmanager
async def leading() -> AsyncIterator[tuple[PostgresCallLog, Switchboard]]:
    async with PostgresCallLog.leading(dsn()) as log:
        switchboard = Switchboard(lambda _dialled, _at: QUEUE)
        restored = await log.restore()
        switchboard.restore(restored.histories, restored.agents)
        yield log, switchboard


async def let_a_call_be_answered(
    log: PostgresCallLog, switchboard: Switchboard, agent: str, call: str
) -> None:
    device = Device(kind=DeviceKind.ROBOT, address="mia")
    for order in (SignIn(agent=agent, device=device, skills={"kfz": 3}), GetReady(agent=agent)):
        await log.append([switchboard.obey(order, NINE)])
    arrived = CallArrived(
        call=call, at=NINE, dialled="370", caller="+495371550001", node="n", channel="1"
    )
    answered = AgentAnswered(call=call, agent=agent, at=NINE + timedelta(seconds=4))
    await log.append([switchboard.hear(arrived), switchboard.hear(answered)])


async def test_what_happened_is_in_the_log_and_what_is_true_now_is_folded_from_it(
    mia: Agent,
) -> None:
    call = str(uuid4())

    async with leading() as (log, switchboard):
        await let_a_call_be_answered(log, switchboard, str(mia.id), call)

    def look() -> None:
        row = Call.objects.unfenced(reason="test").get(pk=call)
        assert row.authority is not None
        assert (row.authority.key, row.state, row.agent_id) == ("gifhorn", "talking", mia.id)
        assert (row.queued_at, row.answered_at) == (NINE, NINE + timedelta(seconds=4))
        events = CallEvent.objects.unfenced(reason="test").filter(call_id=call).order_by("seq")
        assert [(event.seq, event.type) for event in events] == [
            (1, "CallArrived"),
            (2, "TreatmentChosen"),
            (3, "AgentReserved"),
            (4, "AgentAnswered"),
        ]
        presence = AgentPresence.objects.get(pk=mia.id)
        assert (presence.state, str(presence.call_id)) == ("talking", call)
        changes = PresenceChange.objects.filter(agent=mia).order_by("pk")
        assert [change.state for change in changes] == ["paused", "available", "ringing", "talking"]

    await sync_to_async(look)()


async def test_another_conductor_goes_on_where_the_first_one_was(mia: Agent) -> None:
    call, agent = str(uuid4()), str(mia.id)
    async with leading() as (log, first):
        await let_a_call_be_answered(log, first, agent, call)

    async with leading() as (log, second):
        assert (second.calls, second.agents) == (first.calls, first.agents)
        over = NINE + timedelta(seconds=60)
        await log.append([second.hear(CallerHungUp(call=call, at=over))])
        await log.append([second.obey(Classify(agent=agent, outcome=Outcome.ANSWERED), over)])
        await log.append([second.obey(Next(agent=agent), over + timedelta(seconds=9))])

    def look() -> None:
        row = Call.objects.unfenced(reason="test").get(pk=call)
        assert (row.outcome, row.ended_at, row.closed_at) == (
            "answered",
            over,
            over + timedelta(seconds=9),
        )
        assert row.agent_id == mia.id
        events = CallEvent.objects.unfenced(reason="test").filter(call_id=call).order_by("seq")
        assert [event.seq for event in events] == [1, 2, 3, 4, 5, 6, 7]
        assert AgentPresence.objects.get(pk=mia.id).state == Presence.AVAILABLE

    await sync_to_async(look)()


async def test_only_one_conductor_leads_and_the_next_takes_over_at_once() -> None:
    order: list[str] = []

    async def stand_by() -> None:
        async with PostgresCallLog.leading(dsn()):
            order.append("second")

    async with PostgresCallLog.leading(dsn()):
        waiting = asyncio.create_task(stand_by())
        done, _ = await asyncio.wait([waiting], timeout=0.3)
        assert not done
        order.append("first leaves")
    async with asyncio.timeout(5):
        await waiting

    assert order == ["first leaves", "second"]


async def test_a_write_that_breaks_off_is_written_again_and_only_once(mia: Agent) -> None:
    call, agent = str(uuid4()), str(mia.id)
    async with leading() as (log, switchboard):
        device = Device(kind=DeviceKind.ROBOT, address="mia")
        await log.append([switchboard.obey(SignIn(agent=agent, device=device), NINE)])

        def cut_the_line() -> None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks"
                    " JOIN pg_database ON database = pg_database.oid"
                    " WHERE locktype = 'advisory' AND datname = current_database()"
                )

        await sync_to_async(cut_the_line)()
        arrived = CallArrived(call=call, at=NINE, dialled="370", caller=None, node="n", channel="1")
        await log.append([switchboard.hear(arrived)])

    def look() -> None:
        events = CallEvent.objects.unfenced(reason="test").filter(call_id=call)
        assert events.count() == 2

    await sync_to_async(look)()


async def test_the_log_cannot_be_rewritten(mia: Agent) -> None:
    async with leading() as (log, switchboard):
        await let_a_call_be_answered(log, switchboard, str(mia.id), str(uuid4()))

    def rewrite(statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)

    for statement in (
        "UPDATE exchange_callevent SET type = 'Nothing'",
        "DELETE FROM exchange_callevent",
        "DELETE FROM exchange_presencechange",
    ):
        with pytest.raises(Exception, match="append-only"):
            await sync_to_async(rewrite)(statement)


async def test_a_desk_is_answered_in_the_write_that_holds_what_it_led_to(mia: Agent) -> None:
    command = uuid4()
    await DeskCommand.objects.acreate(id=command, agent=mia, kind="ready")
    async with await psycopg.AsyncConnection.connect(dsn(), autocommit=True) as listener:
        await listener.execute("LISTEN live")

        async with leading() as (log, switchboard):
            device = Device(kind=DeviceKind.ROBOT, address="mia")
            turn = switchboard.obey(SignIn(agent=str(mia.id), device=device), NINE)
            await log.append([turn, Reply(command=str(command), refusal="call-gone")])

        heard = [notice.payload async for notice in listener.notifies(timeout=5, stop_after=2)]

    assert f'{{"topic" : "desk", "id" : "{mia.id}", "version" : 1}}' in heard
    assert f'{{"topic" : "command", "id" : "{command}"}}' in heard
    answered = await DeskCommand.objects.aget(pk=command)
    assert answered.handled_at is not None
    assert answered.refusal == "call-gone"


async def test_what_cannot_be_written_holds_nothing_else_up(
    mia: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    odd, plain = str(uuid4()), str(uuid4())
    with_nul = CallArrived(
        call=odd, at=NINE, dialled="3\x0070", caller="\x00", node="n", channel="1"
    )
    nobodys = SignIn(agent=str(uuid4()), device=Device(kind=DeviceKind.ROBOT, address="x"))
    usual = CallArrived(call=plain, at=NINE, dialled="370", caller=None, node="n", channel="2")

    async with leading() as (log, switchboard):
        turns = [
            switchboard.obey(nobodys, NINE),
            switchboard.hear(with_nul),
            switchboard.hear(usual),
        ]
        await log.append(turns)

    assert nobodys.agent in caplog.text
    calls = Call.objects.unfenced(reason="test").order_by("channel")
    assert [(call.dialled, call.caller) async for call in calls] == [("370", ""), ("370", None)]
