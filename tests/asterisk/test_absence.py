"""What callers meet while nobody of ours listens, and what we learn of it afterwards."""

import asyncio
from datetime import timedelta

import pytest

from fernamt.exchange.asterisk.ari import requests
from fernamt.exchange.asterisk.demo import place_test_call
from fernamt.exchange.asterisk.readiness import wait_until_ready
from fernamt.exchange.life.commands import (
    AnswerCaller,
    ConnectAgent,
    HangUpAgent,
    HangUpCaller,
    PlayMusic,
    RingAgent,
)
from fernamt.exchange.life.events import (
    AgentAnswered,
    AgentReserved,
    CallArrived,
    CallerHungUp,
    CallFailed,
    FellBack,
    TreatmentChosen,
)
from fernamt.exchange.life.states import State, Unheard
from fernamt.exchange.life.step import step
from fernamt.reception.treatment import LineFacts, PutInQueue

from .conftest import KFZ, Ear, Exchange, eventually, robot, running

pytestmark = pytest.mark.asterisk


async def test_without_a_conductor_the_fallback_number_is_rung_and_noted_once(
    exchange: Exchange, ear: Ear
) -> None:
    async with (
        exchange.sip("carrier", port=exchange.carrier_port),
        exchange.sip("caller", stay=2500),
    ):
        pass

    async with ear.edge(exchange):
        served = await ear.until(FellBack)
        await eventually(lambda: not exchange.journals())
    async with ear.edge(exchange):
        await asyncio.sleep(0.5)

    assert served.reached
    assert (served.arrival.dialled, served.arrival.caller) == ("0537182370", "+49536112345")
    assert served.ended_at - served.arrival.at >= timedelta(seconds=2)
    assert len(ear.all(FellBack)) == 1


async def test_without_a_fallback_number_the_caller_hears_something_and_is_let_go(
    exchange: Exchange, ear: Ear
) -> None:
    async with exchange.sip("stays", service="05371820", to="05371820"):
        pass

    async with ear.edge(exchange):
        served = await ear.until(FellBack)
        await eventually(lambda: not exchange.journals())

    assert not served.reached


async def test_without_a_conductor_an_unknown_number_is_refused_all_the_same(
    exchange: Exchange, ear: Ear
) -> None:
    async with exchange.sip("refused", service="0999", to="0999"):
        pass

    async with ear.edge(exchange):
        refused = await ear.until(FellBack)
        await eventually(lambda: not exchange.journals())

    assert refused.arrival.dialled == "0999"


async def test_a_conversation_outlives_the_conductor(exchange: Exchange, ear: Ear) -> None:
    ear.devices["mia"] = robot()
    async with exchange.sip("caller", stay=3000):
        async with ear.edge(exchange) as edge:
            arrival = await ear.arrival()
            call = arrival.call
            await edge.perform(AnswerCaller(call=call))
            await edge.perform(RingAgent(call=call, agent="mia"))
            answered = await ear.until(AgentAnswered)
            await edge.perform(ConnectAgent(call=call, agent="mia"))
            await asyncio.sleep(0.2)
        before = await _channels(exchange)
        ear.calls[call] = _state_after(arrival, answered)

        async with ear.edge(exchange) as edge:
            after = await _channels(exchange)
            await ear.until(CallerHungUp)
            await edge.perform(HangUpAgent(call=call, agent="mia"))

    assert len(before) == 3
    assert after == before
    assert len(ear.events) == 3


async def test_a_caller_who_waits_is_still_ours_after_a_restart(
    exchange: Exchange, ear: Ear
) -> None:
    ear.devices["mia"] = robot()
    async with exchange.sip("stays"):
        async with ear.edge(exchange) as edge:
            arrival = await ear.arrival()
            call = arrival.call
            await edge.perform(AnswerCaller(call=call))
            await edge.perform(PlayMusic(call=call))
            await asyncio.sleep(0.2)
        ear.calls[call] = _state_after(arrival, None)

        async with ear.edge(exchange) as edge:
            await edge.perform(RingAgent(call=call, agent="mia"))
            await ear.until(AgentAnswered)
            await edge.perform(ConnectAgent(call=call, agent="mia"))
            await edge.perform(HangUpAgent(call=call, agent="mia"))
            await edge.perform(HangUpCaller(call=call))

    assert len(ear.all(CallArrived)) == 1


async def test_a_caller_who_hung_up_meanwhile_is_missed_at_reconciling(
    exchange: Exchange, ear: Ear
) -> None:
    async with exchange.sip("caller", stay=500), ear.edge(exchange) as edge:
        arrival = await ear.arrival()
        await edge.perform(AnswerCaller(call=arrival.call))
        await edge.perform(PlayMusic(call=arrival.call))
        await asyncio.sleep(0.2)
    ear.calls[arrival.call] = _state_after(arrival, None)

    async with ear.edge(exchange):
        gone = await ear.until(CallerHungUp)

    assert gone.call == arrival.call


async def test_legs_of_nobody_are_cleared_away(exchange: Exchange, ear: Ear) -> None:
    ear.devices["mia"] = robot("silent")
    async with exchange.sip("stays"):
        async with ear.edge(exchange) as edge:
            arrival = await ear.arrival()
            await edge.perform(AnswerCaller(call=arrival.call))
            await edge.perform(RingAgent(call=arrival.call, agent="mia"))
            await _until_legs(exchange, there=True)

        async with ear.edge(exchange) as edge:
            again = await ear.arrival(count=2)
            await _until_legs(exchange, there=False)
            await edge.perform(HangUpCaller(call=again.call))

    assert again.channel == arrival.channel


async def test_calls_fail_when_their_node_dies(fragile: Exchange, ear: Ear) -> None:
    with running(fragile) as asterisk:
        await wait_until_ready(fragile.settings)
        async with ear.edge(fragile) as edge, fragile.sip("caller", stay=60_000) as caller:
            arrival = await ear.arrival()
            await edge.perform(AnswerCaller(call=arrival.call))
            ear.calls[arrival.call] = _state_after(arrival, None)
            await asyncio.sleep(1)  # Asterisk knows its own beginning to the second
            asterisk.kill()
            asterisk.wait()
            with running(fragile):
                failed = await ear.until(CallFailed, within=20)
            caller.kill()

    assert (failed.call, failed.reason) == (arrival.call, "node_restarted")


async def test_a_robot_calls_us_as_a_carrier_would(exchange: Exchange, ear: Ear) -> None:
    async with ear.edge(exchange) as edge, exchange.asked() as connection:
        await place_test_call(
            connection, "0537182370", caller="+49536177777", hold_for=timedelta(seconds=1)
        )
        await edge.place_test_call(KFZ)
        for count in (1, 2):
            await edge.perform(AnswerCaller(call=(await ear.arrival(count)).call))
        await ear.until(CallerHungUp)
        hidden = next(each for each in ear.all(CallArrived) if each.caller is None)
        await edge.perform(HangUpCaller(call=hidden.call))

    assert {each.caller for each in ear.all(CallArrived)} == {"+49536177777", None}
    assert {each.dialled for each in ear.all(CallArrived)} == {"0537182370", KFZ}


async def _until_legs(exchange: Exchange, *, there: bool) -> None:
    async with asyncio.timeout(5):
        while any(name.startswith("leg.") for name in await _channels(exchange)) != there:
            await asyncio.sleep(0.02)


async def _channels(exchange: Exchange) -> set[str]:
    async with exchange.asked() as connection:
        return {channel.id for channel in await connection.ask(requests.channels_list())}


def _state_after(arrival: CallArrived, answered: AgentAnswered | None) -> State:
    """Return the state of a call that was put in the queue, and perhaps answered."""
    call, at = arrival.call, arrival.at
    facts = LineFacts(authority="gifhorn", line=KFZ)
    state: State = Unheard()
    for event in (arrival, TreatmentChosen(call=call, at=at, treatment=PutInQueue(facts=facts))):
        state, _ = step(state, event)
    if answered is not None:
        state, _ = step(state, AgentReserved(call=call, at=at, agent=answered.agent))
        state, _ = step(state, answered)
    return state
