"""The agent's page or network goes away in conversation: the caller does not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser
from tests.journeys.desk import Desk, OpenBrowser, a_desk
from tests.journeys.installation import WITHOUT_GREETING, CallLog, Installation
from tests.sip.peer import Call, Peer
from tests.sip.sound import AGENT_TONE, CALLER_TONE

pytestmark = pytest.mark.journey
GIVES_UP_AFTER = 30
"""Seconds that a caller hears music for an agent who does not come back."""


async def test_a_reloaded_page_is_in_the_same_conversation_again(
    centre: Installation, log: CallLog, browser: OpenBrowser
) -> None:
    async with browser() as chromium, _conversation(centre, chromium) as (desk, call):
        await desk.page.reload()
        await desk.until("talking")
        call.voice.forget()

        await desk.until_hears(CALLER_TONE)
        await call.voice.until_hears(AGENT_TONE)
        await desk.shows("Stadt Wolfsburg")
        assert not call.is_over
        call.hang_up()
        await desk.until("wrapping_up")
        await desk.press("2")
        await desk.press("Enter")
        await desk.leave()

    (row,) = await log.calls()
    assert (row["outcome"], row["agent"]) == ("transferred", "Mia Muster")
    steps = [step["type"] for step in centre.call(row["id"])["steps"]]
    assert steps[-5:] == [
        "AgentReturned",
        "AgentAnswered",
        "CallerHungUp",
        "OutcomeChosen",
        "WrapUpFinished",
    ]


async def test_a_caller_hears_music_until_a_lost_page_is_back(
    centre: Installation, log: CallLog, browser: OpenBrowser
) -> None:
    async with browser() as chromium, _conversation(centre, chromium) as (desk, call):
        await desk.page.close()
        await log.until(lambda rows: rows[0]["state"] == "reconnecting")
        call.voice.forget()
        await call.voice.until_hears_something(but=AGENT_TONE)

        await desk.open_again()
        await desk.until("talking")

        await call.voice.until_hears(AGENT_TONE)
        await desk.until_hears(CALLER_TONE)
        await desk.press("x")
        await desk.until("wrapping_up")
        await desk.press("1")
        await desk.press("Enter")
        await desk.leave()

    (row,) = await log.calls()
    assert row["outcome"] == "answered"


async def test_a_caller_whose_agent_does_not_come_back_is_served_by_another(
    centre: Installation, log: CallLog, browser: OpenBrowser
) -> None:
    async with (
        browser() as chromium,
        _conversation(centre, chromium) as (desk, call),
        centre.demo("agents", "--count", "1", "--talk", "600"),
    ):
        await log.until_agents(lambda agents: agents.get("Robot 1") == "available")
        await desk.page.close()
        await log.until(lambda rows: rows[0]["state"] == "reconnecting")

        (row,) = await log.until(
            lambda rows: rows[0]["agent"] == "Robot 1", within=GIVES_UP_AFTER + 10
        )
        agents = await log.until_agents(lambda agents: agents["Robot 1"] == "talking")
        await call.voice.until_hears_something(but=AGENT_TONE)
        call.hang_up()
        await log.until(lambda rows: rows[0]["closed_at"] is not None)

    assert row["state"] in {"ringing", "talking"}
    assert agents["Mia Muster"] == "paused"


@asynccontextmanager
async def _conversation(
    centre: Installation, chromium: Browser
) -> AsyncIterator[tuple[Desk, Call]]:
    async with (
        a_desk(chromium, centre) as desk,
        Peer.open(centre.configuration.nodes[0].sip) as peer,
    ):
        await desk.sign_in(centre.people()["mia"])
        await desk.get_ready()
        call = await peer.call(WITHOUT_GREETING, speaks=CALLER_TONE)
        await desk.until("ringing")
        await desk.press("Enter")
        await desk.until("talking")
        await desk.until_hears(CALLER_TONE)
        await call.voice.until_hears(AGENT_TONE)
        yield desk, call
