"""Many callers and robot agents: nobody is lost, not even when the conductor is killed."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import pytest
from tests.journeys.installation import WITHOUT_GREETING, CallLog, Installation, Row
from tests.sip.peer import Call, Peer
from tests.sip.sound import CALLER_TONE

LONGEST_SILENCE = 1.5
"""Seconds; speech comes every 20 ms, unless a busy machine stops us all for a moment."""

pytestmark = pytest.mark.journey


async def test_two_hundred_callers_and_twenty_robots_make_two_hundred_outcomes(
    centre: Installation, log: CallLog
) -> None:
    async with centre.demo("agents", "--count", "20", "--talk", "0.5"):
        await log.until_agents(lambda agents: _count(agents, "available") == 20)

        async with centre.demo(
            "callers", "--line", WITHOUT_GREETING, "--count", "200", "--rate", "10"
        ):
            rows = await log.until(
                lambda calls: len(calls) == 200 and all(call["closed_at"] for call in calls),
                within=60,
            )

    outcomes = Counter(row["outcome"] for row in rows)
    assert outcomes.total() == 200
    assert not outcomes.keys() & {"unclassified", "technical_failure", "abandoned", None}
    assert {"answered", "transferred"} <= outcomes.keys()


async def test_killed_conductors_cut_nobody_off_and_nobody_loses_their_place(
    centre: Installation, log: CallLog
) -> None:
    async with (
        centre.demo("agents", "--count", "20", "--talk", "600"),
        Peer.open(centre.configuration.nodes[0].sip) as peer,
    ):
        await log.until_agents(lambda agents: _count(agents, "available") == 20)
        talking = [await _call(peer, number) for number in range(20)]
        await log.until(lambda rows: _in(rows, "talking") == 20)
        waiting = [await _call(peer, number) for number in range(20, 40)]
        before = await log.until(lambda rows: _in(rows, "queued") == 20)
        await asyncio.gather(*(call.voice.until_hears_something() for call in talking + waiting))
        for call in talking + waiting:
            call.voice.forget()

        killed = centre.status()["processes"]["conductor"]["pid"]
        os.kill(killed, signal.SIGKILL)
        restarted = await centre.until_led(but=killed)
        async with centre.another_conductor() as standby:
            await centre.until_seen(standby.pid)
            os.kill(restarted, signal.SIGKILL)
            await centre.until_led(by=standby.pid)
            cut_off = [call for call in talking + waiting if call.is_over]
            gap = max(call.voice.longest_gap for call in talking + waiting)
            for call in talking:
                call.hang_up()
            await log.until(lambda rows: _in(rows, "talking") == 20 and not _in(rows, "queued"))
            for call in waiting:
                call.hang_up()
            after = await log.until(lambda rows: all(row["closed_at"] for row in rows))

    assert not cut_off
    assert gap < LONGEST_SILENCE
    assert [row["id"] for row in before] == [row["id"] for row in after]
    assert {row["outcome"] for row in after} <= {
        "answered",
        "transferred",
        "callback_ticket",
        "referred_elsewhere",
        "wrong_number",
    }
    told = {call["id"]: call for call in centre.calls()}
    queue = sorted((row for row in before if row["state"] == "queued"), key=_since)
    offered = [_step(told[row["id"]], "AgentReserved") for row in queue]
    assert offered == sorted(offered)


def _count(agents: dict[str, str], state: str) -> int:
    return sum(
        1 for name, presence in agents.items() if name.startswith("Robot") and presence == state
    )


def _in(rows: Iterable[Row], state: str) -> int:
    return sum(row["state"] == state for row in rows)


async def _call(peer: Peer, number: int) -> Call:
    speaks = CALLER_TONE if number % 20 == 0 else None
    return await peer.call(WITHOUT_GREETING, caller=f"0302312500{number:02}", speaks=speaks)


def _since(call: Row) -> tuple[datetime, str]:
    return call["queued_at"], call["id"]


def _step(call: Row, kind: str) -> str:
    return str(next(step["at"] for step in call["steps"] if step["type"] == kind))
