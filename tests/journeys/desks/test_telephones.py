"""Agents who take calls with a desk telephone, or with any number, instead of the browser."""

import pytest
from tests.journeys.desk import Desk, OpenBrowser, a_desk
from tests.journeys.installation import WITHOUT_GREETING, CallLog, Installation
from tests.sip.peer import Call, Peer
from tests.sip.sound import AGENT_TONE, CALLER_TONE

pytestmark = pytest.mark.journey


async def test_a_desk_telephone_with_the_account_that_the_desk_shows(
    centre: Installation, log: CallLog, browser: OpenBrowser
) -> None:
    sip = centre.configuration.nodes[0].sip
    async with (
        browser() as chromium,
        a_desk(chromium, centre) as desk,
        Peer.open(sip) as telephone,
        Peer.open(sip) as peer,
    ):
        telephone.speaks = AGENT_TONE
        await desk.sign_in(centre.people()["jonas"])
        await desk.get_ready("telephone")
        server, user, password = await desk.account()
        await telephone.register(user, password)
        await desk.shows("Tischtelefon verbunden")

        call = await peer.call(WITHOUT_GREETING, speaks=CALLER_TONE)
        ring = await telephone.ring()
        await desk.until("ringing")
        await desk.shows("Nehmen Sie am Tischtelefon ab.")
        await _talk(desk, call, ring)
        ring.hang_up()
        await call.ended()
        await _wrap_up(desk)
        await telephone.register(user, password, expires=0)

    assert server == sip
    (row,) = await log.calls()
    assert (row["outcome"], row["agent"]) == ("answered", "Jonas Behrens")


async def test_any_number_rung_through_the_carrier(
    centre: Installation, log: CallLog, browser: OpenBrowser, carrier_port: int
) -> None:
    sip = centre.configuration.nodes[0].sip
    async with (
        browser() as chromium,
        a_desk(chromium, centre) as desk,
        Peer.open(sip, port=carrier_port) as carrier,
        Peer.open(sip) as peer,
    ):
        carrier.speaks = AGENT_TONE
        await desk.sign_in(centre.people()["aylin"])
        await desk.get_ready("external", number="0151 23456789")

        call = await peer.call(WITHOUT_GREETING, speaks=CALLER_TONE)
        ring = await carrier.ring()
        await desk.until("ringing")
        await desk.shows("Nehmen Sie an Ihrem Telefon ab")
        await _talk(desk, call, ring)
        call.hang_up()
        await ring.ended()
        await _wrap_up(desk)

    assert ring.invite is not None
    assert "4915123456789@" in ring.invite.first
    (row,) = await log.calls()
    assert (row["outcome"], row["agent"]) == ("answered", "Aylin Demir")


async def _talk(desk: Desk, call: Call, ring: Call) -> None:
    await ring.answer()
    await desk.until("talking")
    await ring.voice.until_hears(CALLER_TONE)
    await call.voice.until_hears(AGENT_TONE)


async def _wrap_up(desk: Desk) -> None:
    await desk.until("wrapping_up")
    await desk.press("1")
    await desk.press("Enter")
    await desk.leave()
