"""The main journey: somebody calls, an agent answers in the browser, one outcome."""

import pytest
from tests.journeys.desk import OpenBrowser, a_desk
from tests.journeys.installation import WITHOUT_GREETING, CallLog, Installation
from tests.sip.player import sipp
from tests.sip.sound import AGENT_TONE, CALLER_TONE, Voice

from fernamt.daemons.toolbox import Toolbox

pytestmark = pytest.mark.journey
KFZ = "0537182370"


async def test_a_caller_and_an_agent_in_the_browser_hear_each_other(
    centre: Installation, log: CallLog, browser: OpenBrowser, toolbox: Toolbox
) -> None:
    voice = await Voice(CALLER_TONE).open()
    call = sipp(
        toolbox.sipp(),
        centre.configuration.nodes[0].sip,
        "talks",
        dials=KFZ,
        folder=centre.home,
        speech=str(voice.port),
    )
    async with browser() as chromium, a_desk(chromium, centre) as desk:
        await desk.page.goto("/")
        await desk.has_no_barrier()
        await desk.sign_in(centre.people()["mia"])
        await desk.has_no_barrier()
        await desk.get_ready()
        await desk.has_no_barrier()

        async with call:
            await voice.until_hears_something()
            await desk.until("ringing", within=20)
            await desk.shows("Landkreis Gifhorn")
            await desk.shows("Kfz-Zulassung")
            await desk.shows("Service Center Landkreis Gifhorn, mein Name ist Mia Muster.")
            await desk.has_no_barrier()
            await desk.press("Enter")
            await desk.until("talking")
            await desk.until_hears(CALLER_TONE)
            await voice.until_hears(AGENT_TONE)
            await desk.has_no_barrier()
            await desk.press("x")
            await desk.until("wrapping_up")
            await desk.has_no_barrier()
        await desk.press("1")
        await desk.press("Enter")
        await desk.leave()
    voice.close()

    (row,) = await log.calls()
    said = centre.call(row["id"])
    assert said["authority"] == "landkreis-gifhorn"
    assert said["line"] == "+49537182370"
    assert said["caller"] == "+49536112345"
    assert (said["outcome"], said["agent"]) == ("answered", "Mia Muster")
    assert [step["type"] for step in said["steps"]] == [
        "CallArrived",
        "TreatmentChosen",
        "AnnouncementEnded",
        "AgentReserved",
        "AgentAnswered",
        "AgentHungUp",
        "OutcomeChosen",
        "WrapUpFinished",
    ]


async def test_a_newcomer_takes_a_test_call(
    centre: Installation, log: CallLog, browser: OpenBrowser
) -> None:
    async with browser() as chromium, a_desk(chromium, centre) as desk:
        await desk.sign_in(centre.people()["jonas"])
        await desk.get_ready()

        await desk.ask_for_a_test_call(WITHOUT_GREETING)
        await desk.until("ringing")
        await desk.shows("anonym")
        await desk.press("Enter")
        await desk.until("talking")
        await desk.until_hears(AGENT_TONE)  # the robot says what it hears
        await desk.press("x")
        await desk.until("wrapping_up")
        await desk.press("1")
        await desk.press("Enter")
        await desk.leave()

    (row,) = await log.calls()
    assert (row["outcome"], row["agent"], row["caller"]) == ("answered", "Jonas Behrens", None)
