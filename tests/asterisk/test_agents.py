"""Agents' telephones: pushed at run time, rung, lost and found again."""

import asyncio

import pytest

from fernamt.exchange.asterisk.edge import AsteriskEdge
from fernamt.exchange.device import Device, DeviceKind
from fernamt.exchange.life.commands import (
    AnswerCaller,
    ConnectAgent,
    HangUpCaller,
    PlayMusic,
    RingAgent,
    StopRinging,
)
from fernamt.exchange.life.events import (
    AgentAnswered,
    AgentDeclined,
    AgentHungUp,
    AgentLegLost,
    AgentReturned,
    AgentUnreachable,
)

from .conftest import Ear, Exchange, eventually, free_port
from .telephone import BrowserTelephone, Message

pytestmark = pytest.mark.asterisk

BROWSER = Device(kind=DeviceKind.BROWSER, address="agent-mia", secret="only for now")


@pytest.fixture
def mia(ear: Ear) -> Device:
    ear.devices["mia"] = BROWSER
    return BROWSER


async def test_a_browser_that_is_not_there_is_not_rung(
    exchange: Exchange, ear: Ear, mia: Device
) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("stays"):
        call = await _answered(edge, ear)
        await edge.perform(RingAgent(call=call, agent="mia"))

        unreachable = await ear.until(AgentUnreachable)
        await edge.perform(HangUpCaller(call=call))

    assert unreachable.reason == "not_registered"


@pytest.mark.parametrize("status", ["486 Busy Here", "480 Temporarily Unavailable", "603 Decline"])
async def test_an_agent_declines_in_the_browser(
    exchange: Exchange, ear: Ear, mia: Device, status: str
) -> None:
    async with ear.edge(exchange) as edge, _browser(exchange) as browser, exchange.sip("stays"):
        call = await _answered(edge, ear)
        await edge.perform(RingAgent(call=call, agent="mia"))
        await browser.decline(await browser.ring(), status)

        declined = await ear.until(AgentDeclined)
        await edge.perform(HangUpCaller(call=call))

    assert declined.agent == "mia"


async def test_an_agent_answers_and_hangs_up(exchange: Exchange, ear: Ear, mia: Device) -> None:
    async with ear.edge(exchange) as edge, _browser(exchange) as browser, exchange.sip("stays"):
        call = await _answered(edge, ear)
        invite = await _talking(edge, ear, browser, call)
        await browser.hang_up(invite)

        await ear.until(AgentHungUp)
        await edge.perform(HangUpCaller(call=call))

    assert "0537182370" in invite["From"]
    assert not ear.all(AgentLegLost)


async def test_ringing_stops_when_we_say_so(exchange: Exchange, ear: Ear, mia: Device) -> None:
    async with ear.edge(exchange) as edge, _browser(exchange) as browser, exchange.sip("stays"):
        call = await _answered(edge, ear)
        await edge.perform(RingAgent(call=call, agent="mia"))
        await browser.ring()
        await edge.perform(StopRinging(call=call, agent="mia"))

        await eventually(lambda: any(each.method == "CANCEL" for each in browser.requests))
        await edge.perform(HangUpCaller(call=call))

    assert not ear.all(AgentDeclined)


async def test_a_browser_lost_in_conversation_is_rung_again_to_answer_at_once(
    exchange: Exchange, ear: Ear, mia: Device
) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("stays"):
        async with _browser(exchange) as browser:
            call = await _answered(edge, ear)
            await _talking(edge, ear, browser, call)
        await ear.until(AgentLegLost)
        await edge.perform(PlayMusic(call=call))

        async with _browser(exchange) as browser:
            await ear.until(AgentReturned)
            await edge.perform(RingAgent(call=call, agent="mia", at_once=True))
            invite = await browser.ring()
            await browser.answer(invite)
            await ear.until(AgentAnswered, count=2)
            await edge.perform(ConnectAgent(call=call, agent="mia"))
            await edge.perform(HangUpCaller(call=call))

    assert invite["X-Fernamt-At-Once"] == "1"
    assert len(ear.all(AgentLegLost)) == 1
    assert not ear.all(AgentHungUp)


async def test_a_browser_lost_while_it_rings_is_unreachable(
    exchange: Exchange, ear: Ear, mia: Device
) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("stays"):
        async with _browser(exchange) as browser:
            call = await _answered(edge, ear)
            await edge.perform(RingAgent(call=call, agent="mia"))
            await browser.ring()

        unreachable = await ear.until(AgentUnreachable)
        await edge.perform(HangUpCaller(call=call))

    assert unreachable.reason == "connection_lost"


async def test_a_second_window_takes_the_place_of_the_first(
    exchange: Exchange, ear: Ear, mia: Device
) -> None:
    async with (
        ear.edge(exchange) as edge,
        _browser(exchange) as first,
        _browser(exchange) as second,
        exchange.sip("stays"),
    ):
        await first.drop()
        call = await _answered(edge, ear)
        await edge.perform(RingAgent(call=call, agent="mia"))
        await second.ring()
        await edge.perform(HangUpCaller(call=call))

    assert not ear.all(AgentUnreachable)


async def test_an_agent_who_signed_out_cannot_register(
    exchange: Exchange, ear: Ear, mia: Device
) -> None:
    async with ear.edge(exchange) as edge:
        await edge.withdraw(mia)

        with pytest.raises((AssertionError, TimeoutError)):
            async with _browser(exchange):
                pass


async def test_a_desk_telephone_registers_and_is_rung(exchange: Exchange, ear: Ear) -> None:
    desk = Device(kind=DeviceKind.TELEPHONE, address="telephone-mia", secret="typed in once")
    ear.devices["mia"], port = desk, free_port()
    async with ear.edge(exchange) as edge:
        async with exchange.sip("telephone", service=desk.address, password=desk.secret, port=port):
            pass
        async with (
            exchange.sip("telephone_answers", port=port, stay=300),
            exchange.sip("stays"),
        ):
            call = await _answered(edge, ear)
            await edge.perform(RingAgent(call=call, agent="mia"))
            await ear.until(AgentAnswered)
            await edge.perform(ConnectAgent(call=call, agent="mia"))

            await ear.until(AgentHungUp)
            await edge.perform(HangUpCaller(call=call))


async def test_an_external_number_is_rung_through_the_carrier(exchange: Exchange, ear: Ear) -> None:
    ear.devices["mia"] = Device(kind=DeviceKind.EXTERNAL, address="+4917012345")
    async with (
        ear.edge(exchange) as edge,
        exchange.sip("carrier", port=exchange.carrier_port),
        exchange.sip("stays"),
    ):
        call = await _answered(edge, ear)
        await edge.perform(RingAgent(call=call, agent="mia"))
        await ear.until(AgentAnswered)
        await edge.perform(ConnectAgent(call=call, agent="mia"))
        await asyncio.sleep(0.3)
        for command in (HangUpCaller(call=call), StopRinging(call=call, agent="mia")):
            await edge.perform(command)

    assert not ear.all(AgentHungUp)


def _browser(exchange: Exchange) -> BrowserTelephone:
    return BrowserTelephone(exchange.websocket, BROWSER.address, BROWSER.secret)


async def _answered(edge: AsteriskEdge, ear: Ear) -> str:
    call = (await ear.arrival()).call
    await edge.perform(AnswerCaller(call=call))
    await edge.perform(PlayMusic(call=call))
    return call


async def _talking(edge: AsteriskEdge, ear: Ear, browser: BrowserTelephone, call: str) -> Message:
    await edge.perform(RingAgent(call=call, agent="mia"))
    invite = await browser.ring()
    await browser.answer(invite)
    await ear.until(AgentAnswered)
    await edge.perform(ConnectAgent(call=call, agent="mia"))
    return invite
