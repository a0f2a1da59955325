"""A real Asterisk for each worker, and an edge that tells a test what it hears."""

import asyncio
import random
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import pytest

from fernamt.daemons.configuration import load
from fernamt.daemons.progress import Progress
from fernamt.daemons.toolbox import Toolbox
from fernamt.exchange.asterisk import config, sounds
from fernamt.exchange.asterisk.connection import Connection
from fernamt.exchange.asterisk.dialplan import dialplan_lines
from fernamt.exchange.asterisk.edge import AsteriskEdge
from fernamt.exchange.asterisk.readiness import wait_until_ready
from fernamt.exchange.asterisk.settings import (
    DEMO_USER,
    AsteriskSettings,
    NodeAddress,
    Program,
    Trunk,
)
from fernamt.exchange.device import Device, DeviceKind
from fernamt.exchange.life.events import CallArrived, CallerLeftUnheard, CallId, Event
from fernamt.exchange.life.states import State
from fernamt.reception.rules import LineRules, Lines

SCENARIOS = Path(__file__).parents[1] / "sip"
GREETING = "Guten Tag"
KFZ, ZENTRALE = "+49537182370", "+495371820"
LINES = Lines(
    lines={
        KFZ: LineRules(
            authority="gifhorn",
            number=KFZ,
            greeting=GREETING,
            closed_announcement="Geschlossen",
            fallback_number="+49536199",
        ),
        ZENTRALE: LineRules(
            authority="gifhorn", number=ZENTRALE, closed_announcement="Geschlossen"
        ),
    },
    holidays=frozenset(),
    timezone=ZoneInfo("UTC"),
)
Kind = TypeVar("Kind", bound=Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A running Asterisk."""

    settings: AsteriskSettings
    program: Program
    environment: Mapping[str, str]
    carrier_port: int
    """Where its carrier takes calls to external numbers."""
    sipp: tuple[str, ...]

    @property
    def address(self) -> NodeAddress:
        settings = self.settings
        return NodeAddress(
            name=settings.node,
            http=f"http://127.0.0.1:{settings.http_port}",
            password=settings.ari_password,
            media_address=settings.media_address,
            journal=settings.journal,
            sip_port=settings.sip_port,
            capture_port=settings.capture_port,
        )

    @property
    def websocket(self) -> str:
        return f"ws://127.0.0.1:{self.settings.http_port}/ws"

    def journals(self) -> list[Path]:
        """Return what the dialplan has noted and nobody has taken over yet."""
        journal = self.settings.journal
        return list(journal.parent.glob(f"{journal.stem}*"))

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[Connection]:
        """Ask Asterisk as the robots do, beside the conductor."""
        address = replace(self.address, password=self.settings.demo_password)
        connection = Connection(address, user=DEMO_USER)
        running = asyncio.create_task(connection.run())
        try:
            await connection.usable()
            yield connection
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    @asynccontextmanager
    async def sip(self, scenario: str, **keys: object) -> AsyncIterator["Sipp"]:
        """Play a scenario of SIPp while the body runs; it has to end well by itself."""
        defaults = {
            "service": "0537182370",
            "to": "0537182370",
            "caller": "0536112345",
            "name": "",
            "header": "X-None: 1",
            "codecs": "8",
        }
        given = {key: str(value) for key, value in keys.items()}
        settings = defaults | given
        process = await asyncio.create_subprocess_exec(
            *self.sipp,
            f"127.0.0.1:{self.settings.sip_port}",
            *("-sf", str(SCENARIOS / f"{scenario}.xml"), "-m", "1", "-i", "127.0.0.1"),
            *("-p", settings.pop("port", str(free_port()))),
            *("-s", settings["service"], "-au", settings.pop("service")),
            *("-ap", settings.pop("password", ""), "-d", settings.pop("stay", "100")),
            *(part for key, value in settings.items() for part in ("-key", key, value)),
            *("-timeout", "20", "-timeout_error", "-nostdin"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self.settings.home,
        )
        sipp = Sipp(process)
        try:
            yield sipp
            await sipp.ends_well()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


class Sipp:
    """A caller, or a carrier, played by SIPp."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._was_killed = False

    async def ends_well(self) -> None:
        async with asyncio.timeout(20):
            _, complaint = await self._process.communicate()
        assert self._was_killed or self._process.returncode == 0, complaint.decode()[-1500:]

    def kill(self) -> None:
        """Let it vanish from the earth; then its end is no failure."""
        self._was_killed = True
        self._process.kill()


@dataclass
class Ear:
    """What the conductor would hear, and what it would know."""

    events: list[Event] = field(default_factory=list)
    unheard: list[CallerLeftUnheard] = field(default_factory=list)
    calls: dict[CallId, State] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, event: Event) -> None:
        if isinstance(event, CallerLeftUnheard):
            self.unheard.append(event)
            return  # perhaps of an earlier test: none of them takes calls as the conductor does
        self.events.append(event)
        self._news.set()

    async def until(self, kind: type[Kind], *, count: int = 1, within: float = 8) -> Kind:
        """Wait for the *count*-th event of a kind."""
        async with asyncio.timeout(within):
            while len(found := self.all(kind)) < count:
                self._news.clear()
                await self._news.wait()
        return found[count - 1]

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    @asynccontextmanager
    async def edge(self, exchange: Exchange) -> AsyncIterator[AsteriskEdge]:
        edge = AsteriskEdge(
            [exchange.address],
            hear=self.hear,
            live_calls=lambda: self.calls,
            device_of=self.devices.get,
        )
        await edge.learn(LINES)
        running = asyncio.create_task(edge.run())
        try:
            await edge.settled()
            for device in self.devices.values():
                await edge.provide(device)
            yield edge
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    async def arrival(self, count: int = 1) -> CallArrived:
        return await self.until(CallArrived, count=count)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def robot(name: str = "answer") -> Device:
    return Device(kind=DeviceKind.ROBOT, address=name)


def prepared(home: Path) -> Exchange:
    """Write everything for an Asterisk of its own; `running` runs it."""
    toolbox = Toolbox(load(), Progress())
    found = toolbox.asterisk()
    program = Program.below(found.root, command=found.command())
    carrier_port, first = free_port(), random.randrange(30_000, 39_000, 2)
    settings = AsteriskSettings(
        node="node1",
        home=home / "asterisk",
        sounds=home / "sounds",
        listen="127.0.0.1",
        media_address="127.0.0.1",
        sip_port=free_port(),
        http_port=free_port(),
        rtp_ports=(first, first + 400),
        trunks=(
            Trunk(
                name="carrier", addresses=("127.0.0.1",), contact=f"sip:127.0.0.1:{carrier_port}"
            ),
        ),
        ari_password="of a test",
        demo_password="of a robot",
        capture_port=free_port(),
    )
    config.write(settings, dialplan_lines(LINES), program=program)
    speech = toolbox.espeak()
    needs = [f"{name}={value}" for name, value in speech.environment.items()]
    speaker = ["env", *needs, *speech.command(*sounds.ESPEAK[1:])]
    for text in LINES.announcements().values():
        asyncio.run(sounds.render(text, settings.sounds, command=speaker))
    return Exchange(
        settings=settings,
        program=program,
        environment=found.environ(),
        carrier_port=carrier_port,
        sipp=tuple(toolbox.sipp().command()),
    )


@contextmanager
def running(exchange: Exchange) -> Iterator[subprocess.Popen[bytes]]:
    """Run Asterisk while the body runs."""
    process = subprocess.Popen(
        config.command_line(exchange.settings, exchange.program),
        env=exchange.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """Run an Asterisk with nobody connected to it."""
    exchange = prepared(tmp_path_factory.mktemp("exchange"))
    with running(exchange):
        asyncio.run(wait_until_ready(exchange.settings))
        yield exchange


@pytest.fixture(scope="session")
def fragile(tmp_path_factory: pytest.TempPathFactory) -> Exchange:
    """Prepare an Asterisk for tests in which it dies."""
    return prepared(tmp_path_factory.mktemp("fragile"))


@pytest.fixture
def ear() -> Ear:
    return Ear()


Wait = Callable[[], bool]


async def eventually(holds: Wait, *, within: float = 5) -> None:
    """Wait until something that is no event of ours holds."""
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.02)
