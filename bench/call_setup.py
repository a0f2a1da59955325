"""How long a caller's INVITE takes to become the agent's INVITE, and how much of it is ours.

    python -m bench.call_setup [--calls N] [--runs N]      from the checkout's folder

A service centre of its own is started; one caller after another calls a line without
a greeting, and one agent with a desk telephone takes each call. As root the parts are
read from the packets on loopback, by the kernel's own clock: Asterisk before us (INVITE
to StasisStart), we (StasisStart to the request that rings the agent: the decision, and
the call log written before it), Asterisk after us (request to INVITE). As anybody else
the whole is measured by the clock of the two telephones, and our part is what the
conductor itself notes, which costs it a little.
"""

import argparse
import asyncio
import os
import re
import socket
import statistics
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.journeys.installation import WITHOUT_GREETING, CallLog, Installation
from tests.sip.peer import Call, Peer

from fernamt.daemons.configuration import home_folder

AGENT = "Jonas Behrens"
WARM_UP = 20
"""Calls before those that count."""
SEES_PACKETS = os.geteuid() == 0
NOTED = re.compile(r"RingAgent sent after ([0-9.]+) ms")
SETTLE = 0.02
"""Seconds between two calls: one at a time is what is measured."""
PREPARE = """
    UPDATE reception_line SET greeting = '', wrap_up_seconds = 0 WHERE number = %s
"""
"""Without a wrap-up the agent is free for the next caller at once."""
IPV4 = 0x0800
SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("qq")


@dataclass(slots=True)
class Setup:
    """The moments of one call, in seconds."""

    invited: float
    rung: float
    heard: float | None = None
    """When Asterisk told us of it."""
    asked: float | None = None
    """When we asked for the agent to be rung."""


def main() -> None:
    """Measure several runs and print them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    with _installation() as centre:
        runs = asyncio.run(_measure(centre, calls=arguments.calls, runs=arguments.runs))
        noted = [float(ms) / 1000 for ms in NOTED.findall(_said(centre))][WARM_UP:]
    parts = _parts(runs)
    if noted:
        parts["  ours, by the conductor's own clock"] = [noted]
    print(f"{len(runs)} runs of {len(runs[0])} calls; milliseconds: median (range) of the runs")
    print(f"{'':<38}{'p50':>20}{'p95':>20}")
    for name, values in parts.items():
        middles = [statistics.median(run) for run in values]
        late = [statistics.quantiles(run, n=20)[-1] for run in values]
        print(f"{name:<38}{_across(middles):>20}{_across(late):>20}")


@contextmanager
def _installation() -> Iterator[Installation]:
    usual = home_folder()
    os.environ.setdefault("FERNAMT_TOOLS", str(usual / "tools"))
    os.environ.setdefault("FERNAMT_FRONT", str(usual / "front"))
    with tempfile.TemporaryDirectory(prefix="fernamt-bench-") as home:
        Path(home).chmod(0o711)  # PostgreSQL runs as another user where we are root
        centre = Installation(Path(home), log_level="warning" if SEES_PACKETS else "debug")
        centre.up()
        try:
            centre.execute(PREPARE, f"+49{WITHOUT_GREETING[1:]}")
            yield centre
        finally:
            centre.down()


def _said(centre: Installation) -> str:
    return (centre.configuration.logs / "conductor.log").read_text(encoding="utf-8")


async def _measure(installation: Installation, *, calls: int, runs: int) -> list[list[Setup]]:
    sip = installation.configuration.nodes[0].sip
    async with (
        Peer.open(sip) as caller,
        Peer.open(sip) as telephone,
        installation.telephone_of(AGENT) as (user, password),
        installation.log() as log,
    ):
        await telephone.register(user, password)
        await installation.order(AGENT, "ready")
        for _ in range(WARM_UP):
            await _one(caller, telephone, log)  # warm
        measured = []
        for _ in range(runs):
            with _captured(installation) as wire:
                times = [await _one(caller, telephone, log) for _ in range(calls)]
            measured.append([wire.setup(begun, rung) for begun, rung in times])
    return measured


async def _one(caller: Peer, telephone: Peer, log: CallLog) -> tuple[float, float]:
    """Let one call happen; return when it was placed and when it rang."""
    call = await caller.call(WITHOUT_GREETING)
    ring = await telephone.ring()
    assert ring.invite is not None
    times = call.sent_at, ring.invite.at
    await ring.answer()
    await call.answered()
    call.hang_up()
    await ring.ended()
    await log.until_agents(lambda agents: agents[AGENT] == "available")
    _forget(caller, call)
    _forget(telephone, ring)
    await asyncio.sleep(SETTLE)
    return times


def _forget(peer: Peer, call: Call) -> None:
    peer.calls.pop(call.call_id, None)
    peer.received.clear()


@dataclass
class Wire:
    """What was seen on loopback: kind of packet, and when."""

    seen: list[tuple[float, str]] = field(default_factory=list)

    def setup(self, begun: float, rung: float) -> Setup:
        """Return the moments of the call between two times of the telephones' clock."""
        found: dict[str, float] = {}
        for at, kind in self.seen:
            if begun - 0.001 <= at <= rung + 0.001:
                found.setdefault(kind, at)
        return Setup(
            invited=found.get("invite in", begun),
            rung=found.get("invite out", rung),
            heard=found.get("stasis start"),
            asked=found.get("originate"),
        )


@contextmanager
def _captured(installation: Installation) -> Iterator[Wire]:
    """Watch loopback while the body runs, if we may."""
    wire = Wire()
    if not SEES_PACKETS:
        yield wire
        return
    configuration = installation.configuration
    stop = threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4)) as tap:
        tap.bind(("lo", IPV4))
        tap.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        tap.settimeout(0.2)
        ports = configuration.sip_port, configuration.http_port
        watching = threading.Thread(target=_watch, args=(tap, ports, wire, stop))
        watching.start()
        try:
            yield wire
        finally:
            stop.set()
            watching.join()


def _watch(tap: socket.socket, ports: tuple[int, int], wire: Wire, stop: threading.Event) -> None:
    # The telephones' clock is another one than the kernel's of packets: translate.
    ahead = time.time() - time.perf_counter()
    while not stop.is_set():
        try:
            packet, notes, _, _ = tap.recvmsg(65535, 64)
        except TimeoutError:
            continue
        kind = _kind(packet, *ports)
        if kind:
            seconds, nanoseconds = TIMESPEC.unpack(notes[0][2][: TIMESPEC.size])
            wire.seen.append((seconds + nanoseconds / 1e9 - ahead, kind))


def _kind(packet: bytes, sip_port: int, http_port: int) -> str:
    """Return which of the four moments an IPv4 packet is; empty if none."""
    content = packet[(packet[0] & 15) * 4 :]
    source, target = struct.unpack_from(">HH", content)
    if packet[9] == socket.IPPROTO_UDP:
        if content[8:15] == b"INVITE ":
            return "invite out" if source == sip_port else "invite in" * (target == sip_port)
    elif packet[9] == socket.IPPROTO_TCP:
        payload = content[(content[12] >> 4) * 4 :]
        if source == http_port and b'"StasisStart"' in payload and b'"caller"' in payload:
            return "stasis start"
        if target == http_port and any(b"channels/leg." in frame for frame in _frames(payload)):
            return "originate"
    return ""


def _frames(payload: bytes) -> Iterator[bytes]:
    """Yield the masked WebSocket frames that a client has sent."""
    while len(payload) >= 6 and payload[0] & 0x70 == 0 and payload[1] & 0x80:
        length, at = payload[1] & 0x7F, 2
        if length == 126:
            length, at = struct.unpack_from(">H", payload, 2)[0], 4
        elif length == 127:
            length, at = struct.unpack_from(">Q", payload, 2)[0], 10
        mask, coded = payload[at : at + 4], payload[at + 4 : at + 4 + length]
        keys = (mask * (length // 4 + 1))[: len(coded)]
        yield (int.from_bytes(coded, "big") ^ int.from_bytes(keys, "big")).to_bytes(
            len(coded), "big"
        )
        payload = payload[at + 4 + length :]


def _parts(runs: list[list[Setup]]) -> dict[str, list[list[float]]]:
    """Return name of the part -> its seconds, a list each run."""
    parts = {"INVITE in -> INVITE out": [[s.rung - s.invited for s in run] for run in runs]}
    whole = [
        [(s.invited, s.heard, s.asked, s.rung) for s in run if s.heard and s.asked] for run in runs
    ]
    if not all(whole):
        return parts
    return parts | {
        "  Asterisk, INVITE -> StasisStart": [[s[1] - s[0] for s in run] for run in whole],
        "  ours, StasisStart -> ring the agent": [[s[2] - s[1] for s in run] for run in whole],
        "  Asterisk, ring the agent -> INVITE": [[s[3] - s[2] for s in run] for run in whole],
    }


def _across(values: list[float]) -> str:
    milliseconds = sorted(value * 1000 for value in values)
    middle = statistics.median(milliseconds)
    return f"{middle:.1f} ({milliseconds[0]:.1f}–{milliseconds[-1]:.1f})"


if __name__ == "__main__":
    main()
