"""What callers meet, on a real Asterisk with real SIP."""

import asyncio

import pytest

from fernamt.exchange.asterisk.ari import requests
from fernamt.exchange.life.commands import (
    AnswerCaller,
    ConnectAgent,
    HangUpAgent,
    HangUpCaller,
    PlayAnnouncement,
    PlayMusic,
    RefuseCaller,
    RingAgent,
    StopRinging,
)
from fernamt.exchange.life.events import (
    AgentAnswered,
    AgentDeclined,
    AgentUnreachable,
    AnnouncementEnded,
    CallerHungUp,
    FellBack,
)
from fernamt.reception.rules import announcement_key

from .conftest import GREETING, Ear, Exchange, robot

pytestmark = pytest.mark.asterisk


async def test_a_caller_arrives_with_both_numbers(exchange: Exchange, ear: Ear) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("caller"):
        arrival = await ear.arrival()
        await edge.perform(AnswerCaller(call=arrival.call))

        await ear.until(CallerHungUp)

    assert (arrival.dialled, arrival.caller) == ("0537182370", "+49536112345")
    assert len(ear.events) == 2


@pytest.mark.parametrize(
    ("header", "dialled"),
    [
        ("Diversion: <sip:+495371820@10.0.0.1>;reason=unconditional", "+495371820"),
        (
            "History-Info: <sip:05371820@10.0.0.1>;index=1,<sip:053798@10.0.0.1>;index=1.1",
            "05371820",
        ),
        ("X-None: 1", "0537182370"),
    ],
)
async def test_the_number_first_dialled_counts(
    exchange: Exchange, ear: Ear, header: str, dialled: str
) -> None:
    called = {"service": "0537998", "to": "0537182370", "header": header}
    async with ear.edge(exchange) as edge, exchange.sip("caller", **called):
        arrival = await ear.arrival()
        await edge.perform(AnswerCaller(call=arrival.call))

    assert arrival.dialled == dialled


@pytest.mark.parametrize(
    ("caller", "header"),
    [
        ("anonymous", "X-None: 1"),
        ("0536112345", "Privacy: id"),
        ("anonymous", "P-Asserted-Identity: <sip:+49536112345@127.0.0.1>\r\nPrivacy: id"),
    ],
)
async def test_a_suppressed_number_is_not_known(
    exchange: Exchange, ear: Ear, caller: str, header: str
) -> None:
    async with (
        ear.edge(exchange) as edge,
        exchange.sip("caller", caller=caller, header=header, name="Anonymous"),
    ):
        arrival = await ear.arrival()
        await edge.perform(AnswerCaller(call=arrival.call))

    assert arrival.caller is None


async def test_an_unknown_number_is_refused_with_404(exchange: Exchange, ear: Ear) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("refused", service="0999", to="0999"):
        arrival = await ear.arrival()

        await edge.perform(RefuseCaller(call=arrival.call, reason="unknown_number"))

    assert arrival.dialled == "0999"
    assert len(ear.events) == 1


async def test_a_greeting_is_played_to_its_end(exchange: Exchange, ear: Ear) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("stays"):
        call = (await ear.arrival()).call
        await edge.perform(AnswerCaller(call=call))
        await edge.perform(PlayAnnouncement(call=call, announcement=announcement_key(GREETING)))

        ended = await ear.until(AnnouncementEnded)
        await edge.perform(HangUpCaller(call=call))

    assert ended.call == call
    assert not ear.all(CallerHungUp)


async def test_a_missing_announcement_ends_at_once(exchange: Exchange, ear: Ear) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("caller", stay=300):
        call = (await ear.arrival()).call
        await edge.perform(AnswerCaller(call=call))
        await edge.perform(PlayAnnouncement(call=call, announcement="nowhere"))

        await ear.until(AnnouncementEnded, within=1)


async def test_a_caller_who_gives_up_is_heard(exchange: Exchange, ear: Ear) -> None:
    async with ear.edge(exchange), exchange.sip("gives_up"):
        arrival = await ear.arrival()

        gone = await ear.until(CallerHungUp)

    assert gone.call == arrival.call


async def test_caller_and_agent_hear_each_other(exchange: Exchange, ear: Ear) -> None:
    ear.devices["mia"] = robot()
    async with ear.edge(exchange) as edge, exchange.sip("caller", stay=500):
        call = (await ear.arrival()).call
        for command in (
            AnswerCaller(call=call),
            PlayMusic(call=call),
            RingAgent(call=call, agent="mia"),
        ):
            await edge.perform(command)
        await ear.until(AgentAnswered)
        await edge.perform(ConnectAgent(call=call, agent="mia"))
        bridges = await _bridges(exchange, call)

        await ear.until(CallerHungUp)
        await edge.perform(HangUpAgent(call=call, agent="mia"))
        cleared = await _nothing_is_left(exchange)

    assert [len(channels) for channels in bridges] == [2]
    assert cleared


async def test_an_agent_who_is_busy_declines(exchange: Exchange, ear: Ear) -> None:
    ear.devices["mia"] = robot("busy")
    async with ear.edge(exchange) as edge, exchange.sip("caller", stay=300):
        call = (await ear.arrival()).call
        await edge.perform(AnswerCaller(call=call))
        await edge.perform(RingAgent(call=call, agent="mia"))

        declined = await ear.until(AgentDeclined)

    assert declined.agent == "mia"


async def test_nothing_is_heard_of_an_agent_whom_we_stop_ringing(
    exchange: Exchange, ear: Ear
) -> None:
    ear.devices["mia"] = robot("silent")
    async with ear.edge(exchange) as edge, exchange.sip("caller", stay=500):
        call = (await ear.arrival()).call
        await edge.perform(AnswerCaller(call=call))
        await edge.perform(RingAgent(call=call, agent="mia"))
        await edge.perform(StopRinging(call=call, agent="mia"))

        await ear.until(CallerHungUp)
        cleared = await _nothing_is_left(exchange)

    assert len(ear.events) == 2
    assert cleared


async def test_an_agent_without_a_telephone_is_unreachable(exchange: Exchange, ear: Ear) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("caller", stay=300):
        call = (await ear.arrival()).call
        await edge.perform(AnswerCaller(call=call))
        await edge.perform(RingAgent(call=call, agent="mia"))

        unreachable = await ear.until(AgentUnreachable)

    assert unreachable.reason == "not_signed_in"


async def test_commands_for_a_call_that_is_gone_do_nothing(exchange: Exchange, ear: Ear) -> None:
    async with ear.edge(exchange) as edge:
        async with exchange.sip("caller"):
            call = (await ear.arrival()).call
            await edge.perform(AnswerCaller(call=call))
            await ear.until(CallerHungUp)

        await edge.perform(PlayMusic(call=call))
        await edge.perform(HangUpCaller(call=call))

    assert len(ear.events) == 2


async def test_codecs_that_nobody_speaks_are_refused_and_counted_once(
    exchange: Exchange, ear: Ear
) -> None:
    async with ear.edge(exchange), exchange.sip("not_acceptable", codecs="18"):
        refused = await ear.until(FellBack)

    assert (refused.arrival.dialled, refused.arrival.caller) == ("0537182370", "+49536112345")
    assert len(ear.events) == 1


async def test_an_invitation_without_an_offer_is_a_call(exchange: Exchange, ear: Ear) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("no_offer"):
        arrival = await ear.arrival()
        await edge.perform(AnswerCaller(call=arrival.call))

        await ear.until(CallerHungUp)


@pytest.mark.parametrize("name", [f'"{"x" * 2000}"', '"Jörg \u4e16\u754c"', '"\\", ;,=${EXTEN}"'])
async def test_absurd_names_do_no_harm(exchange: Exchange, ear: Ear, name: str) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("caller", name=name):
        arrival = await ear.arrival()
        await edge.perform(AnswerCaller(call=arrival.call))

    assert (arrival.dialled, arrival.caller) == ("0537182370", "+49536112345")
    assert "36112345" not in (exchange.settings.home / "log" / "messages.log").read_text()


async def test_a_second_invitation_in_the_call_is_answered(exchange: Exchange, ear: Ear) -> None:
    async with ear.edge(exchange) as edge, exchange.sip("invites_again"):
        arrival = await ear.arrival()
        await edge.perform(AnswerCaller(call=arrival.call))

        await ear.until(CallerHungUp)

    assert len(ear.events) == 2


async def _bridges(exchange: Exchange, call: str) -> list[list[str]]:
    """Return the channels in each bridge of the call, asked for through the robots' door."""
    async with exchange.asked() as connection:
        for _ in range(50):
            bridges = await connection.ask(requests.bridges_list())
            ours = [bridge.channels for bridge in bridges if bridge.id == f"talk.{call}"]
            if ours and len(ours[0]) == 2:
                break
            await asyncio.sleep(0.02)
        return ours


async def _nothing_is_left(exchange: Exchange) -> bool:
    async with exchange.asked() as connection:
        for _ in range(100):
            channels = await connection.ask(requests.channels_list())
            bridges = await connection.ask(requests.bridges_list())
            if not channels and not bridges:
                return True
            await asyncio.sleep(0.02)
    return False
