"""A training room without telephony, beside a service centre that is at work."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.journeys.desk import OpenBrowser, a_desk
from tests.journeys.installation import Installation

pytestmark = pytest.mark.journey
SECOND_START = 20
"""Seconds that it may take beside other tests; alone some 5."""


@pytest.fixture(scope="module")
def rehearsal(new_home: Callable[[], Path]) -> Iterator[Installation]:
    """Run a rehearsal where there is no Asterisk."""
    installation = Installation(new_home(), asterisk="/nowhere/asterisk")
    try:
        installation.up("--rehearsal")
        yield installation
    finally:
        installation.down()


async def test_a_whole_rehearsed_call_without_asterisk(
    rehearsal: Installation, browser: OpenBrowser
) -> None:
    status = rehearsal.status()
    async with (
        rehearsal.log() as log,
        browser() as chromium,
        a_desk(chromium, rehearsal) as desk,
    ):
        await desk.sign_in(rehearsal.people()["mia"])
        await desk.shows("Übung")
        await desk.get_ready("rehearsal")
        await desk.ask_for_a_test_call("05361280")
        await desk.until("ringing", within=20)
        await desk.shows("Übung")
        await desk.press("a")
        await desk.until("talking")
        await desk.press("x")
        await desk.until("wrapping_up")
        await desk.press("3")
        await desk.press("Enter")
        await desk.until("idle")
        rows = await log.calls()

    assert (status["mode"], status["ready"]) == ("rehearsal", True)
    assert "asterisk" not in status["processes"]
    assert ("callback_ticket", "Mia Muster") in {(row["outcome"], row["agent"]) for row in rows}


def test_two_installations_run_side_by_side_and_one_ends_alone(
    centre: Installation, rehearsal: Installation
) -> None:
    assert centre.status()["web"] != rehearsal.status()["web"]
    before = rehearsal.processes()

    rehearsal.down()
    left = rehearsal.processes()
    seconds = rehearsal.up("--rehearsal")

    assert before
    assert not left
    assert seconds < SECOND_START
    assert rehearsal.status()["ready"]
    assert centre.status()["ready"]
