"""How many calls a second the rehearsal plays on the virtual clock.

    ./fernamt shell bench/rehearsal.py        or: python bench/rehearsal.py [--calls N]

Every run plays one working day: the calls spread by the hour as callers do, with
as many agents as keep up. Printed: median and range of the runs.
"""

import argparse
import statistics
import time
from datetime import UTC, datetime, timedelta
from random import Random

from fernamt.exchange.rehearsal.callers import Caller
from fernamt.exchange.rehearsal.play import Played, Rehearsal
from fernamt.reception.treatment import LineFacts, PutInQueue, Treatment

SEVEN = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
BY_HOUR = (5, 10, 16, 17, 14, 9, 7, 8, 7, 5, 2)
"""Share of the day's calls in each hour from 7 to 18: half of them between 9 and 12."""
CALLS_AN_AGENT = 120
"""Calls a day that one agent takes."""


def main() -> None:
    """Play the day several times and print how fast."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    for count in arguments.calls:
        callers = list(day_of(count))
        seconds = []
        for _ in range(arguments.runs):
            begin = time.perf_counter()
            played = play(callers)
            seconds.append(time.perf_counter() - begin)
        assert len(played.ended) == count
        events = sum(map(len, played.histories.values()))
        middle = statistics.median(seconds)
        print(
            f"{count:>7} calls, {events} events: median {middle:.3f} s"
            f" ({min(seconds):.3f}–{max(seconds):.3f}, {arguments.runs} runs),"
            f" {count / middle:,.0f} calls/s"
        )


def play(callers: list[Caller]) -> Played:
    """Let the day pass."""
    agents = [f"agent{number}" for number in range(max(2, len(callers) // CALLS_AN_AGENT))]
    return Rehearsal(treat=_treat, start=SEVEN).play(callers, agents)


def day_of(count: int) -> list[Caller]:
    """Return the callers of a day, in no particular order."""
    chance = Random(2019)
    hours = chance.choices(range(len(BY_HOUR)), BY_HOUR, k=count)
    return [
        Caller(
            call=f"call{number}",
            at=SEVEN + timedelta(hours=hour + chance.random()),
            dialled="+49537182370",
            number=None,
            patience=timedelta(seconds=chance.uniform(30, 600)),
            stays=timedelta(seconds=chance.uniform(30, 240)) if chance.random() < 0.3 else None,
        )
        for number, hour in enumerate(hours)
    ]


def _treat(_dialled: str, _at: datetime) -> Treatment:
    facts = LineFacts(authority="gifhorn", line="+49537182370")
    return PutInQueue(facts=facts, greeting="hello")


if __name__ == "__main__":
    main()
