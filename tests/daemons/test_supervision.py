"""Real processes are started, started again, and ended in order."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fernamt.daemons.logs import trim
from fernamt.daemons.service import Service, open_process, started_at
from fernamt.daemons.supervisor import Announce, Child, ServiceNotStarted, Supervisor

WAITS = (
    "trap 'echo {name} >> {order}; exit 0' TERM; touch {ready}; while :; do sleep 60 & wait; done"
)
PATIENCE_SECONDS = 20


class Watch:
    """Hears what a supervisor announces, and waits for it."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._changed = asyncio.Event()
        self.announce = Announce(say=self.words.append, changed=self._changed.set)

    async def until(self, child: Child, condition: str, *, restarts: int = 0) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (child.condition, child.restarts) != (condition, restarts):
                self._changed.clear()
                await self._changed.wait()


def waiting(name: str, folder: Path) -> Service:
    """A service that is ready when its file is there, and notes when it is told to end."""
    ready = folder / f"{name}.ready"
    script = WAITS.format(name=name, order=folder / "order", ready=ready)

    def is_ready() -> bool:
        if not ready.exists():
            return False
        ready.unlink()
        return True

    return Service(name=name, command=["/bin/sh", "-c", script], ready=is_ready)


def ends(pid: int) -> bool:
    """Whether the process ends, waited for."""
    try:
        with open_process(pid) as handle:
            return bool(select.select([handle], [], [], PATIENCE_SECONDS)[0])
    except ProcessLookupError:
        return True


async def test_a_service_that_dies_is_started_again(tmp_path: Path) -> None:
    watch = Watch()
    supervisor = Supervisor(tmp_path / "log", watch.announce)
    await supervisor.start(waiting("web", tmp_path))
    (web,) = supervisor.children
    first = web.pid

    os.kill(first or 0, signal.SIGKILL)
    await watch.until(web, "running", restarts=1)

    assert web.pid not in (None, first)
    assert "web was ended by signal 9" in watch.words[0]
    await supervisor.stop()


async def test_a_service_that_hangs_is_ended_and_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fernamt.daemons.supervisor.HANGS_AFTER_SECONDS", 0.3)
    monkeypatch.setattr("fernamt.daemons.supervisor.LOOK_SECONDS", 0.05)
    watch = Watch()
    supervisor = Supervisor(tmp_path / "log", watch.announce)
    hangs = tmp_path / "hangs"
    await supervisor.start(replace(waiting("web", tmp_path), alive=lambda: not hangs.exists()))
    (web,) = supervisor.children
    first = web.pid

    os.kill(first or 0, signal.SIGSTOP)
    hangs.touch()
    await watch.until(web, "starting", restarts=1)
    hangs.unlink()
    await watch.until(web, "running", restarts=1)

    assert web.pid not in (None, first)
    assert watch.words[0] == "web hangs"
    await supervisor.stop()


async def test_services_are_ended_in_order_the_last_one_started_first(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "log", Watch().announce)
    await supervisor.start(waiting("database", tmp_path))
    await supervisor.start(waiting("conductor", tmp_path), waiting("web", tmp_path))
    pids = [child.pid for child in supervisor.children]

    await supervisor.stop()

    assert (tmp_path / "order").read_text().split() == ["web", "conductor", "database"]
    assert [started_at(pid or 0) for pid in pids] == ["", "", ""]
    assert [child.condition for child in supervisor.children] == ["stopped"] * 3


async def test_a_service_that_does_not_want_to_end_is_ended(tmp_path: Path) -> None:
    watch = Watch()
    supervisor = Supervisor(tmp_path / "log", watch.announce)
    ready = tmp_path / "ready"
    stubborn = Service(
        name="stubborn",
        command=["/bin/sh", "-c", f"trap '' TERM; touch {ready}; while :; do sleep 60; done"],
        ready=ready.exists,
        stop_seconds=0.1,
    )
    await supervisor.start(stubborn)
    pid = supervisor.children[0].pid

    await supervisor.stop()

    assert started_at(pid or 0) == ""
    assert "stubborn does not end, so it is ended" in watch.words


async def test_a_service_that_cannot_start_is_told_with_its_last_words(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "log", Watch().announce)
    broken = Service(
        name="broken", command=["/bin/sh", "-c", "echo no such table; exit 7"], ready=lambda: False
    )

    with pytest.raises(ServiceNotStarted, match=r"exit code 7.*no such table"):
        await supervisor.start(broken)

    await supervisor.stop()


async def test_a_service_that_is_not_ready_in_time_is_told(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "log", Watch().announce)
    silent = Service(name="silent", command=["sleep", "60"], ready=lambda: False, start_seconds=0.2)

    with pytest.raises(ServiceNotStarted, match="not ready in time"):
        await supervisor.start(silent)
    pid = supervisor.children[0].pid
    await supervisor.stop()

    assert started_at(pid or 0) == ""


async def test_stopping_does_not_wait_for_a_pause_to_end(tmp_path: Path) -> None:
    watch = Watch()
    supervisor = Supervisor(tmp_path / "log", watch.announce)
    await supervisor.start(waiting("web", tmp_path))
    (web,) = supervisor.children
    os.kill(web.pid or 0, signal.SIGKILL)
    await watch.until(web, "pausing", restarts=1)

    async with asyncio.timeout(PATIENCE_SECONDS):
        await supervisor.stop()

    assert web.pid is None


def test_services_end_even_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from fernamt.daemons.service import Service;"
        "service = Service(name='orphan', command=['sleep', '300']);"
        f"print(service.spawn(Path({str(tmp_path / 'log')!r})).pid, flush=True);"
        "sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as supervisor:
        assert supervisor.stdout is not None
        orphan = int(supervisor.stdout.readline())
        assert started_at(orphan)

        supervisor.kill()

    assert ends(orphan)


def test_a_process_is_told_from_a_later_one_of_the_same_number() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        first = started_at(process.pid)
        process.kill()

    assert first.isdecimal()
    assert started_at(process.pid) != first


def test_a_log_that_has_grown_too_large_is_begun_anew_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "web.log"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"before\n" * 10)

        trim(tmp_path, largest=20)
        writer.write(b"after\n")

    assert path.read_bytes() == b"after\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"before\n" * 10
