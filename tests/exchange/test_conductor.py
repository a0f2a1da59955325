"""The conductor and its outbox: the log first, then the command; reminders; what cannot be."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from fernamt.core.errors import TelephonyFault
from fernamt.exchange.conductor import Conductor
from fernamt.exchange.device import Device, DeviceKind
from fernamt.exchange.life.commands import (
    AnswerCaller,
    PlayMusic,
    RingAgent,
    StopRinging,
    TelephonyCommand,
)
from fernamt.exchange.life.events import (
    AgentAnswered,
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
)
from fernamt.exchange.life.outcome import Outcome
from fernamt.exchange.life.states import Ended
from fernamt.exchange.orders import GetReady, SignIn
from fernamt.exchange.outbox import Item, Outbox
from fernamt.exchange.rehearsal.clock import VirtualClock
from fernamt.exchange.switchboard import Switchboard, Turn
from fernamt.reception.treatment import LineFacts, PutInQueue

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NO_GREETING = PutInQueue(facts=LineFacts(authority="gifhorn", line="+49537182370"))


def arrived(call: str = "call", at: datetime = NINE) -> CallArrived:
    return CallArrived(call=call, at=at, dialled="370", caller=None, node="n", channel=call)


class Stage:
    """A conductor on a virtual clock, whose turns are kept."""

    def __init__(self) -> None:
        self.clock = VirtualClock(NINE)
        self.turns: list[Turn] = []
        self.switchboard = Switchboard(lambda _dialled, _at: NO_GREETING)
        self.conductor = Conductor(
            switchboard=self.switchboard, clock=self.clock, outbox=self.turns.append
        )

    def sign_in(self, agent: str) -> None:
        device = Device(kind=DeviceKind.ROBOT, address=agent)
        self.conductor.obey(SignIn(agent=agent, device=device))
        self.conductor.obey(GetReady(agent=agent))

    @property
    def commands(self) -> list[TelephonyCommand]:
        return [command for turn in self.turns for command in turn.commands]


def test_a_telephone_that_nobody_answers_stops_ringing_by_the_clock() -> None:
    stage = Stage()
    stage.sign_in("mia")
    stage.conductor.hear(arrived())

    stage.clock.run(until=NINE + timedelta(seconds=19))
    assert stage.commands[-1] == RingAgent(call="call", agent="mia")
    stage.clock.run(until=NINE + timedelta(seconds=20))

    assert stage.commands[-1] == StopRinging(call="call", agent="mia")


def test_a_call_is_offered_again_to_the_same_agent_when_nobody_else_came() -> None:
    stage = Stage()
    stage.sign_in("mia")
    stage.conductor.hear(arrived())

    stage.clock.run(until=NINE + timedelta(seconds=55))

    rings = [command for command in stage.commands if isinstance(command, RingAgent)]
    assert len(rings) == 2


def test_what_is_no_longer_due_does_not_happen() -> None:
    stage = Stage()
    stage.sign_in("mia")
    stage.conductor.hear(arrived())
    stage.conductor.hear(AgentAnswered(call="call", agent="mia", at=NINE + timedelta(seconds=3)))

    stage.clock.run(until=NINE + timedelta(minutes=5))

    assert not any(isinstance(command, StopRinging) for command in stage.commands)


def test_an_impossible_event_is_logged_with_the_calls_id_and_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    stage.conductor.hear(arrived())
    before = dict(stage.switchboard.calls)

    with caplog.at_level(logging.WARNING):
        stage.conductor.hear(arrived())

    assert stage.switchboard.calls == before
    assert "call call" in caplog.text
    assert "CallArrived" in caplog.text


def test_news_of_a_call_that_ended_long_ago_is_survived() -> None:
    stage = Stage()
    stage.conductor.hear(arrived())
    stage.conductor.hear(CallerHungUp(call="call", at=NINE + timedelta(seconds=5)))
    count = len(stage.turns)

    stage.conductor.hear(AnnouncementEnded(call="call", at=NINE + timedelta(seconds=6)))
    stage.conductor.hear(CallerHungUp(call="never heard of", at=NINE))

    assert len(stage.turns) == count
    ended = stage.turns[-1].entries[-1].state
    assert isinstance(ended, Ended)
    assert (ended.outcome, ended.detail) == (Outcome.ABANDONED, "in_queue")


class Recorder:
    """A log and a telephony that note in which order they are used."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.may_write = asyncio.Event()
        self.slow = asyncio.Event()
        self.slow_call = ""
        self.fault: Exception | None = None

    async def append(self, batch: Sequence[Item]) -> None:
        await self.may_write.wait()
        calls = [
            entry.event.call for item in batch if isinstance(item, Turn) for entry in item.entries
        ]
        self.done.append("log " + " ".join(calls))

    async def perform(self, command: TelephonyCommand) -> None:
        if command.call == self.slow_call:
            await self.slow.wait()
        self.done.append(f"{type(command).__name__} {command.call}")
        if self.fault is not None:
            raise self.fault


def turn_of(call: str) -> Turn:
    commands: list[TelephonyCommand] = [AnswerCaller(call=call), PlayMusic(call=call)]
    switchboard = Switchboard(lambda _dialled, _at: NO_GREETING)
    turn = switchboard.hear(arrived(call))
    assert turn.commands == commands
    return turn


async def until_idle(outbox: Outbox) -> None:
    async with asyncio.timeout(5):
        while not outbox.idle:
            await asyncio.sleep(0)


async def test_nothing_is_commanded_before_it_is_in_the_log() -> None:
    recorder = Recorder()
    outbox = Outbox(recorder)
    task = asyncio.create_task(outbox.run(recorder))

    outbox.put(turn_of("a"))
    for _ in range(20):
        await asyncio.sleep(0)
    assert recorder.done == []
    recorder.may_write.set()
    await until_idle(outbox)

    assert recorder.done == ["log a a", "AnswerCaller a", "PlayMusic a"]
    task.cancel()


async def test_what_comes_while_the_log_is_written_is_written_together() -> None:
    recorder = Recorder()
    outbox = Outbox(recorder)
    task = asyncio.create_task(outbox.run(recorder))
    outbox.put(turn_of("a"))
    await asyncio.sleep(0)
    outbox.put(turn_of("b"))
    outbox.put(turn_of("c"))

    recorder.may_write.set()
    await until_idle(outbox)

    assert [line for line in recorder.done if line.startswith("log")] == ["log a a", "log b b c c"]
    task.cancel()


async def test_a_call_whose_telephony_is_slow_does_not_hold_up_another() -> None:
    recorder = Recorder()
    recorder.may_write.set()
    recorder.slow_call = "slow"
    outbox = Outbox(recorder)
    task = asyncio.create_task(outbox.run(recorder))

    outbox.put(turn_of("slow"))
    outbox.put(turn_of("quick"))
    async with asyncio.timeout(5):
        while "PlayMusic quick" not in recorder.done:
            await asyncio.sleep(0)
    assert "AnswerCaller slow" not in recorder.done
    recorder.slow.set()
    await until_idle(outbox)

    assert recorder.done[-2:] == ["AnswerCaller slow", "PlayMusic slow"]
    task.cancel()


@pytest.mark.parametrize("fault", [TelephonyFault(reason="gone"), RuntimeError("a bug")])
async def test_a_command_that_fails_is_logged_with_the_calls_id_and_the_next_still_goes_out(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    recorder.may_write.set()
    recorder.fault = fault
    outbox = Outbox(recorder)
    task = asyncio.create_task(outbox.run(recorder))

    outbox.put(turn_of("a"))
    await until_idle(outbox)

    assert recorder.done[-2:] == ["AnswerCaller a", "PlayMusic a"]
    assert "call a: AnswerCaller" in caplog.text
    task.cancel()
