"""How long it takes from a caller's INVITE to the INVITE at the agent's telephone.

    python -m bench.call_setup [--calls 100] [--runs 3]

It starts an installation of its own, lets one caller at a time call a line without
a greeting, and one agent with a desk telephone take the call: an idle machine and an
idle centre. Times are taken at the two telephones, both in this process. Of the whole,
*ours* is what lies between hearing of the call and having sent the command to ring,
the write into the call log included; the rest is Asterisk's, and the network's.
"""

import argparse
import asyncio
import os
import re
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.journeys.installation import CallLog, Installation
from tests.sip.peer import Peer

from fernamt.daemons.configuration import home_folder
from fernamt.exchange.presence import Presence

LINE, DIALLED = "+495361280", "05361280"
AGENT = "Mia Muster"
WARM_UP = 10
SENT = re.compile(r"call (\S+): RingAgent sent after ([0-9.]+) ms")


def main() -> None:
    """Measure, and print median and 95th percentile of each run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100, help="a run (100)")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    with _installation() as centre:
        runs = asyncio.run(_measure(centre, arguments.calls, arguments.runs))
        ours = [float(ms) for _, ms in SENT.findall(_said(centre))][WARM_UP:]
    print(f"INVITE in -> INVITE out, ms, {arguments.calls} calls a run, one at a time")
    for number, run in enumerate(runs, 1):
        print(f"  run {number}: p50 {_median(run):5.1f}   p95 {_p95(run):5.1f}")
    whole = [ms for run in runs for ms in run]
    print(f"  all  : p50 {_median(whole):5.1f}   p95 {_p95(whole):5.1f}")
    print(f"  ours : p50 {_median(ours):5.1f}   p95 {_p95(ours):5.1f}   ({len(ours)} calls)")


@contextmanager
def _installation() -> Iterator[Installation]:
    usual = home_folder()
    os.environ.setdefault("FERNAMT_TOOLS", str(usual / "tools"))
    os.environ.setdefault("FERNAMT_FRONT", str(usual / "front"))
    with tempfile.TemporaryDirectory(prefix="fernamt-bench-") as home:
        Path(home).chmod(0o711)  # PostgreSQL runs as another user where we are root
        centre = Installation(Path(home), log_level="debug")
        centre.up()
        try:
            centre.execute(
                "UPDATE reception_line SET greeting = '', skills = '{}' WHERE number = %s", LINE
            )
            yield centre
        finally:
            centre.down()


async def _measure(centre: Installation, calls: int, runs: int) -> list[list[float]]:
    sip = centre.configuration.nodes[0].sip
    async with (
        centre.telephone_of(AGENT) as (user, password),
        centre.log() as log,
        Peer.open(sip) as telephone,
        Peer.open(sip) as caller,
    ):
        await telephone.register(user, password)
        await centre.order(AGENT, "ready")
        for _ in range(WARM_UP):
            await _call(centre, log, caller, telephone)
        return [
            [await _call(centre, log, caller, telephone) for _ in range(calls)] for _ in range(runs)
        ]


async def _call(centre: Installation, log: CallLog, caller: Peer, telephone: Peer) -> float:
    """Let one call happen from beginning to end; return the milliseconds until it rang."""
    call = await caller.call(DIALLED)
    ring = await telephone.ring()
    assert ring.invite is not None
    await ring.answer()
    await log.until_agents(lambda agents: agents[AGENT] == Presence.TALKING)
    call.hang_up()
    await ring.ended()
    await centre.order(AGENT, "classify", outcome="answered")
    await centre.order(AGENT, "next")
    return (ring.invite.at - call.sent_at) * 1000


def _said(centre: Installation) -> str:
    return (centre.configuration.logs / "conductor.log").read_text(encoding="utf-8")


def _median(values: list[float]) -> float:
    return statistics.median(values)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main()
