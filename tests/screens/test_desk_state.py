"""The desk shows what the exchange knows, and its stream says the same as a fresh fetch."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test import AsyncClient
from tests.screens.conftest import AT, write_call, write_presence, written

from fernamt.core.live import Live
from fernamt.people.models import Agent
from fernamt.reception.models import Line
from fernamt.screens.live import live_news

pytestmark = pytest.mark.django_db(transaction=True)
State = dict[str, Any]


async def fetch(desk: AsyncClient) -> State:
    response = await desk.get("/arbeitsplatz/stand")
    assert response.status_code == 200
    state: State = response.json()
    return state


async def stream(desk: AsyncClient) -> AsyncIterator[tuple[str, State]]:
    response = await desk.get("/arbeitsplatz/ereignisse")
    assert response["Content-Type"] == "text/event-stream"
    async for part in response.streaming_content:
        text = part.decode()
        if not text.startswith(":"):
            name, data = text.removesuffix("\n\n").split("\n")
            yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


class Fold:
    """A screen: it knows only what the stream has said."""

    def __init__(self, desk: AsyncClient) -> None:
        self.state: State = {}
        self.heard: list[str] = []
        self._stream = stream(desk)

    async def hear(self) -> None:
        async with asyncio.timeout(5):
            name, data = await anext(self._stream)
        self.heard.append(name)
        if name == "state":
            self.state = data
        else:
            assert data["version"] >= self.state["version"]
            self.state |= data["changes"]

    async def close(self) -> None:
        await self._stream.aclose()  # type: ignore[attr-defined]


def without_clock(state: State) -> State:
    return {key: value for key, value in state.items() if key != "now"}


async def test_a_desk_that_nobody_has_signed_in_at(desk: AsyncClient, mia: Agent) -> None:
    state = await fetch(desk)

    assert without_clock(state) == {
        "version": 0,
        "mode": "live",
        "agent": {"id": str(mia.pk), "name": "Mia Muster"},
        "presence": {"state": "signed_out", "since": None, "reason": "", "pause_wanted": False},
        "device": {"kind": None, "address": "", "connected": False},
        "call": None,
        "waiting": {"count": 0, "longest_since": None},
    }


async def test_a_ringing_call_shows_whose_it_is_and_what_to_say(
    desk: AsyncClient, mia: Agent, gifhorn: Line
) -> None:
    call = await written(partial(write_call, gifhorn, state="ringing", agent=mia))
    await written(
        partial(
            write_presence,
            mia,
            state="ringing",
            since=AT + timedelta(seconds=12),
            call=call,
            device_kind="external",
            device_address="+49170123",
        )
    )

    state = await fetch(desk)

    assert state["call"] == {
        "id": str(call.pk),
        "state": "ringing",
        "authority": {"name": "Landkreis Gifhorn", "short_name": "Gifhorn", "colour": "#00622d"},
        "line": {"name": "Kfz-Zulassung", "written": "05371 82-370"},
        "sentence": "Service Center Landkreis Gifhorn, mein Name ist Mia Muster",
        "caller": "05371 550000",
        "arrived_at": AT.isoformat(),
        "waited_seconds": 12.0,
        "answered_at": None,
        "caller_gone_at": None,
        "wrapup_until": None,
        "outcome": None,
    }
    assert state["device"] == {"kind": "external", "address": "+49170123", "connected": True}


async def test_a_suppressed_number_is_null(desk: AsyncClient, mia: Agent, gifhorn: Line) -> None:
    call = await written(partial(write_call, gifhorn, state="talking", agent=mia, caller=None))
    await written(partial(write_presence, mia, state="talking", call=call))

    state = await fetch(desk)

    assert state["call"]["caller"] is None


async def test_a_call_that_somebody_else_has_is_not_at_this_desk(
    desk: AsyncClient, mia: Agent, gifhorn: Line
) -> None:
    other = await written(partial(Agent.objects.create, name="Jonas"))
    call = await written(partial(write_call, gifhorn, state="talking", agent=other))
    await written(partial(write_presence, mia, state="talking", call=call))

    assert (await fetch(desk))["call"] is None


async def test_the_state_is_never_kept_by_a_cache(desk: AsyncClient) -> None:
    for address in ("stand", "ereignisse"):
        response = await desk.get(f"/arbeitsplatz/{address}")

        assert response["Cache-Control"] == "no-store"


async def test_a_stream_says_the_same_as_a_fresh_fetch_whatever_happens(
    desk: AsyncClient, mia: Agent, gifhorn: Line
) -> None:
    chance = Random(115)
    screen = Fold(desk)
    await screen.hear()
    for second in range(60):  # until the listener, which has only just begun, tells changes
        since = AT + timedelta(seconds=second)
        await written(partial(write_presence, mia, state="paused", reason="break", since=since))
        await screen.hear()
        if "change" in screen.heard:
            break

    def something_happens() -> None:
        match chance.randrange(4):
            case 0:
                write_call(gifhorn, queued_at=AT - timedelta(seconds=chance.randrange(99)))
            case 1:
                call = write_call(gifhorn, state="ringing", agent=mia)
                write_presence(mia, state="ringing", since=AT, call=call)
            case 2:
                write_presence(mia, state="paused", reason="break", call=None, since=AT)
            case _:
                gifhorn.sentence = f"Guten Tag {chance.random()}, {{name}}"
                gifhorn.save()

    for _ in range(25):
        await written(something_happens)
    for _ in range(200):
        if without_clock(screen.state) == without_clock(await fetch(desk)):
            break
        await screen.hear()
    await screen.close()

    assert without_clock(screen.state) == without_clock(await fetch(desk))
    assert screen.heard[0] == "state"
    assert "change" in screen.heard


async def test_a_change_tells_only_what_differs(desk: AsyncClient, mia: Agent) -> None:
    events = stream(desk)
    await anext(events)

    await written(partial(write_presence, mia, state="paused", reason="break"))

    async with asyncio.timeout(5):
        name, data = await anext(events)
        while name == "state":  # the listener had only just begun
            name, data = await anext(events)
    assert name == "change"
    assert set(data["changes"]) == {"version", "presence", "now"}
    await events.aclose()  # type: ignore[attr-defined]


async def test_after_a_lost_listener_the_whole_state_comes_again(
    desk: AsyncClient, live: Live
) -> None:
    await asyncio.wait_for(live.connected.wait(), 5)
    screen = Fold(desk)
    await screen.hear()

    def cut() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'fernamt live'"
            )

    await written(cut)
    await screen.hear()
    await screen.close()

    assert screen.heard == ["state", "state"]


async def test_streams_end_when_the_process_does(desk: AsyncClient) -> None:
    events = stream(desk)
    await anext(events)

    live_news.close()

    async with asyncio.timeout(5):
        async for _ in events:
            pass


async def test_many_streams_hold_no_connection(desk: AsyncClient, live: Live) -> None:
    await asyncio.wait_for(live.connected.wait(), 5)
    screens = [Fold(desk) for _ in range(40)]
    for screen in screens:
        await screen.hear()

    def connections() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname=current_database()")
            return int(cursor.fetchone()[0])

    count = await written(connections)
    for screen in screens:
        await screen.close()

    assert count < 12
