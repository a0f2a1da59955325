"""No conductor at all: the dialplan greets and rings the fallback number, never silence."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.journeys.installation import CallLog, Installation
from tests.sip.peer import Peer

from fernamt.daemons import state

pytestmark = pytest.mark.journey
KFZ, ITS_FALLBACK = "0537182370", "49537182371"
CLERK_TONE = 700.0
ESTABLISHED, HALF_CLOSED = "01", "08"
"""As the kernel writes them."""


async def test_without_a_conductor_the_fallback_number_rings_and_the_call_is_known_afterwards(
    centre: Installation, log: CallLog, carrier_port: int
) -> None:
    sip = centre.configuration.nodes[0].sip
    async with Peer.open(sip, port=carrier_port) as carrier, Peer.open(sip) as peer:
        carrier.speaks = CLERK_TONE
        with _without_a_conductor(centre) as killed:
            await _asterisk_has_noticed(centre)
            call = await peer.call(KFZ, caller="0536177777")
            await call.answered()
            await call.voice.until_hears_something()
            ring = await carrier.ring(within=20)
            await ring.answer()
            await call.voice.until_hears(CLERK_TONE)
            call.hang_up()
            await ring.ended()
        await centre.until_led(but=killed)
        (row,) = await log.until(lambda rows: len(rows) == 1)

    assert ring.invite is not None
    assert f"{ITS_FALLBACK}@" in ring.invite.first
    said = centre.call(row["id"])
    assert (said["outcome"], said["outcome_detail"]) == ("overflowed", "fallback_reached")
    assert (said["line"], said["caller"]) == ("+49537182370", "+49536177777")
    assert [step["type"] for step in said["steps"]] == ["FellBack"]


async def test_a_conductor_that_hangs_is_replaced_and_its_callers_are_served(
    centre: Installation, log: CallLog
) -> None:
    sip = centre.configuration.nodes[0].sip
    async with centre.demo("agents", "--count", "1", "--talk", "600"), Peer.open(sip) as peer:
        await log.until_agents(lambda agents: agents.get("Robot 1") == "available")
        hanging = centre.status()["processes"]["conductor"]["pid"]

        os.kill(hanging, signal.SIGSTOP)
        call = await peer.call(KFZ)
        await centre.until_led(but=hanging)
        await log.until(lambda rows: [row["state"] for row in rows] == ["talking"], within=30)
        call.hang_up()
        (row,) = await log.until(lambda rows: all(row["closed_at"] for row in rows))

    assert row["agent"] == "Robot 1"


async def test_a_caller_who_comes_and_goes_while_the_conductor_is_dead_is_known_afterwards(
    centre: Installation, log: CallLog
) -> None:
    sip = centre.configuration.nodes[0].sip
    async with Peer.open(sip) as peer:
        with _supervisor_stopped(centre) as dead:
            os.kill(dead, signal.SIGSTOP)
            call = await peer.call(KFZ, caller="0536188888")
            await asyncio.sleep(0.5)  # offered to the application, which says nothing
            call.give_up()
            await call.settled()
            os.kill(dead, signal.SIGKILL)
        await centre.until_led(but=dead)
        (row,) = await log.until(lambda rows: len(rows) == 1)

    assert (row["outcome"], row["detail"]) == ("abandoned", "in_greeting")
    assert row["caller"] == "+49536188888"


@contextmanager
def _without_a_conductor(centre: Installation) -> Iterator[int]:
    """Kill the conductor, and keep the supervisor from starting it again."""
    with _supervisor_stopped(centre) as conductor:
        os.kill(conductor, signal.SIGKILL)
        yield conductor


@contextmanager
def _supervisor_stopped(centre: Installation) -> Iterator[int]:
    """Let nobody look after the conductor, whose process is given, while the body runs."""
    known = state.read(centre.configuration)
    assert known is not None
    supervisor, conductor = known.supervisor.pid, known.processes["conductor"].pid
    assert supervisor is not None
    assert conductor is not None
    os.kill(supervisor, signal.SIGSTOP)
    try:
        yield conductor
    finally:
        os.kill(supervisor, signal.SIGCONT)


async def _asterisk_has_noticed(centre: Installation) -> None:
    """Wait until Asterisk has closed its end of the conductor's connection."""
    ours = f":{centre.configuration.http_port:04X}"
    async with asyncio.timeout(5):
        while _open_connections(ours):
            await asyncio.sleep(0.02)


def _open_connections(local_port: str) -> int:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(local_port) and row[3] in {ESTABLISHED, HALF_CLOSED} for row in rows)
