"""A rehearsed day: the exchange's own logic on a virtual clock."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain
from random import Random

from fernamt.exchange.life.events import AgentReserved, RingTimedOut
from fernamt.exchange.life.outcome import Outcome, Place
from fernamt.exchange.life.states import State, Unheard
from fernamt.exchange.life.step import step
from fernamt.exchange.presence import Presence
from fernamt.exchange.rehearsal.agents import Habits
from fernamt.exchange.rehearsal.callers import Caller
from fernamt.exchange.rehearsal.play import Played, Rehearsal
from fernamt.exchange.switchboard import House
from fernamt.reception.treatment import LineFacts, PutInQueue, Treatment

SEVEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
GIFHORN = LineFacts(authority="gifhorn", line="+49537182370")


def greeted(_dialled: str, _at: datetime) -> Treatment:
    return PutInQueue(facts=GIFHORN, greeting="hello", ring_for=timedelta(seconds=15))


def callers(count: int, *, over: timedelta, seed: int = 1) -> list[Caller]:
    chance = Random(seed)
    return [
        Caller(
            call=f"call{number}",
            at=SEVEN + over * chance.random(),
            dialled="+49537182370",
            number=None,
            patience=timedelta(seconds=chance.uniform(30, 600)),
            stays=timedelta(seconds=90) if chance.random() < 0.3 else None,
        )
        for number in range(count)
    ]


def day(seed: int = 1) -> Played:
    rehearsal = Rehearsal(treat=greeted, start=SEVEN, seed=seed)
    return rehearsal.play(
        callers(1000, over=timedelta(hours=11)), [f"agent{number}" for number in range(6)]
    )


def test_a_day_of_a_thousand_calls_ends_with_a_thousand_outcomes() -> None:
    played = day()

    outcomes = Counter(ended.outcome for ended in played.ended.values())
    assert outcomes.total() == len(played.histories) == 1000
    assert outcomes[Outcome.UNCLASSIFIED] == outcomes[Outcome.TECHNICAL_FAILURE] == 0
    assert outcomes[Outcome.ANSWERED] > 500


def test_the_same_seed_plays_the_same_day() -> None:
    assert day().histories == day().histories
    assert day().histories != day(seed=2).histories


def test_the_log_of_the_day_replays_to_the_same_endings() -> None:
    played = day()

    for call, history in played.histories.items():
        state: State = Unheard()
        for event in history:
            state, _ = step(state, event)
        assert state == played.ended[call]


def test_a_caller_without_patience_is_abandoned_where_they_were() -> None:
    rehearsal = Rehearsal(treat=greeted, start=SEVEN)
    impatient = [
        Caller(
            call=f"patience of {patience} s",
            at=SEVEN,
            dialled="+49537182370",
            number=None,
            patience=timedelta(seconds=patience),
        )
        for patience in (2, 20)
    ]

    played = rehearsal.play(impatient, agents=[])

    details = [(ended.outcome, ended.detail) for ended in played.ended.values()]
    assert details == [
        (Outcome.ABANDONED, Place.GREETING),
        (Outcome.ABANDONED, Place.QUEUE),
    ]


def test_a_caller_keeps_their_place_when_the_agent_does_not_answer() -> None:
    house = House(misses_allowed=2, left_out_for=timedelta(seconds=30))
    habits = Habits(misses=1.0, wraps_up_for=timedelta(hours=1))
    rehearsal = Rehearsal(treat=greeted, start=SEVEN, house=house, habits=habits)
    caller = Caller(
        call="first", at=SEVEN, dialled="0", number=None, patience=timedelta(minutes=10)
    )
    later = Caller(
        call="later",
        at=SEVEN + timedelta(seconds=8),
        dialled="0",
        number=None,
        patience=timedelta(minutes=10),
    )

    played = rehearsal.play([caller, later], ["mia"], until=SEVEN + timedelta(minutes=5))

    offers = [
        (event.call, type(event).__name__)
        for event in sorted(
            chain.from_iterable(played.histories.values()), key=lambda event: event.at
        )
        if isinstance(event, AgentReserved | RingTimedOut)
    ]
    assert offers == [
        ("first", "AgentReserved"),
        ("first", "RingTimedOut"),
        ("later", "AgentReserved"),
        ("later", "RingTimedOut"),
    ]
    assert [waiting.call for waiting in rehearsal.switchboard.waiting] == ["first", "later"]
    mia = rehearsal.switchboard.agents["mia"]
    assert (mia.presence, mia.reason) == (Presence.PAUSED, "missed_calls")
