"""One whole service centre a worker, shared by its journeys; callers and browsers as needed."""

import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser
from tests.journeys.desk import OpenBrowser, chromium
from tests.journeys.installation import WITHOUT_GREETING, CallLog, Installation
from tests.sip.sound import AGENT_TONE, write_bursts

from fernamt.daemons.configuration import load
from fernamt.daemons.progress import Progress
from fernamt.daemons.toolbox import Toolbox


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the service centre said when a journey fails: its folder will be gone."""
    report = yield
    if report.failed:
        for installation in item.funcargs.values():
            if isinstance(installation, Installation):
                report.sections.append((f"logs of {installation.home}", installation.words()))
    return report


@pytest.fixture(scope="session")
def toolbox() -> Toolbox:
    """Return the programs that the tests need beside the product's own."""
    return Toolbox(load(), Progress())


@pytest.fixture(scope="session")
def new_home() -> Iterator[Callable[[], Path]]:
    """Make folders for installations; leave nothing behind."""
    made: list[Path] = []

    def make() -> Path:
        home = Path(tempfile.mkdtemp(prefix="fernamt-journey-"))
        home.chmod(0o711)  # PostgreSQL runs as another user where we are root
        made.append(home)
        return home

    yield make
    for home in made:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def carrier_port() -> int:
    """Return where the carrier of `centre` takes calls, once a test plays it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def centre(new_home: Callable[[], Path], carrier_port: int) -> Iterator[Installation]:
    """Run a service centre from a folder in which only its carrier is named."""
    installation = Installation(new_home())
    (installation.home / "settings.toml").write_text(
        f"""
        [[carriers]]
        name = "carrier"
        addresses = ["127.0.0.1"]
        contact = "sip:127.0.0.1:{carrier_port}"
        """,
        encoding="utf-8",
    )
    try:
        installation.up()
        installation.execute(
            "UPDATE reception_line SET greeting = '' WHERE number = %s",
            f"+49{WITHOUT_GREETING[1:]}",
        )
        yield installation
    finally:
        installation.down()
    assert not installation.processes()


@pytest.fixture
async def log(centre: Installation) -> AsyncIterator[CallLog]:
    """Follow what happens in this test."""
    async with centre.log() as log:
        await log.begin()
        yield log


@pytest.fixture(scope="session")
def browser(toolbox: Toolbox, tmp_path_factory: pytest.TempPathFactory) -> OpenBrowser:
    """Return what opens a browser whose microphone hears the agent's tone."""
    microphone = tmp_path_factory.mktemp("microphone") / "agent.wav"
    write_bursts(microphone, AGENT_TONE)

    @asynccontextmanager
    async def open_browser() -> AsyncIterator[Browser]:
        async with chromium(toolbox.chromium(), microphone=microphone) as opened:
            yield opened

    return open_browser
