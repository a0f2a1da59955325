"""News reaches whoever waits, over one connection, and a lost connection heals."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.db import connection

from fernamt.core.live import CLOSED, RESUMED, Live, Subscription

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def dsn(transactional_db: None) -> str:
    parameters = connection.get_connection_params()
    wanted = ("host", "dbname", "user", "password")
    return psycopg.conninfo.make_conninfo(**{name: parameters[name] for name in wanted})


@pytest.fixture
async def live(dsn: str) -> AsyncIterator[Live]:
    live = Live(lambda: dsn, channels=("reception_changed",), at_most_every={"waiting": 0.3})
    task = asyncio.create_task(live.run())
    async with asyncio.timeout(5):
        await live.connected.wait()
    yield live
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def tell(dsn: str, **notice: Any) -> None:
    await say(dsn, "live", json.dumps(notice))


async def say(dsn: str, channel: str, payload: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as teller:
        await teller.execute("SELECT pg_notify(%s, %s)", [channel, payload])


async def next_news(subscription: Subscription) -> frozenset[str]:
    news = await subscription.news(patience=5)
    assert news, "nothing came"
    return news


async def test_news_reaches_those_whom_it_concerns_and_nobody_else(live: Live, dsn: str) -> None:
    with live.subscribe("desk:mia") as mia, live.subscribe("desk:jonas") as jonas:
        await tell(dsn, topic="desk", id="mia", version=3)

        assert await next_news(mia) == {"desk:mia"}
        assert await jonas.news(patience=0.1) == frozenset()


async def test_news_of_other_channels_goes_by_their_name(live: Live, dsn: str) -> None:
    with live.subscribe("reception_changed") as subscription:
        await say(dsn, "reception_changed", "")

        assert await next_news(subscription) == {"reception_changed"}


async def test_what_nobody_understands_harms_nobody(live: Live, dsn: str) -> None:
    with live.subscribe("desk:mia") as subscription:
        for payload in ("", "{", "[]", '{"topic": 3}', "null", '"desk"'):
            await say(dsn, "live", payload)
        await tell(dsn, topic="desk", id="mia")

        assert await next_news(subscription) == {"desk:mia"}


async def test_news_that_comes_often_is_told_at_a_bearable_rate_and_never_lost(
    live: Live, dsn: str
) -> None:
    times = []
    clock = asyncio.get_running_loop().time
    with live.subscribe("waiting") as subscription:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as teller:
            for _ in range(50):
                await teller.execute("SELECT pg_notify('live', '{\"topic\": \"waiting\"}')")
            while await subscription.news(patience=0.5):
                times.append(clock())

    assert 2 <= len(times) <= 3
    assert times[1] - times[0] > 0.2


async def test_a_lost_connection_is_made_again_and_everybody_told_to_read_afresh(
    live: Live, dsn: str
) -> None:
    with live.subscribe("desk:mia") as subscription:
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as killer:
            await killer.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'fernamt live'"
            )
        assert await next_news(subscription) == {RESUMED}
        await tell(dsn, topic="desk", id="mia")

        assert await next_news(subscription) == {"desk:mia"}


async def test_the_end_of_the_process_is_told_to_all_even_to_those_who_come_late(
    live: Live,
) -> None:
    with live.subscribe("desk:mia") as early:
        live.close()

        assert CLOSED in await next_news(early)
    with live.subscribe("desk:mia") as late:
        assert CLOSED in await next_news(late)


async def test_who_has_left_costs_nothing_more(live: Live) -> None:
    with live.subscribe("desk:mia"):
        pass

    assert live._subscriptions == {}
