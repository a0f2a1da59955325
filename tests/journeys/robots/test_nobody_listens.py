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


@contextmanager
def _without_a_conductor(centre: Installation) -> Iterator[int]:
    """Kill the conductor, and keep the supervisor from starting it again."""
    known = state.read(centre.configuration)
    assert known is not None
    supervisor, conductor = known.supervisor.pid, known.processes["conductor"].pid
    assert supervisor is not None
    assert conductor is not None
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(conductor, signal.SIGKILL)
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
