"""Whole installations, in rehearsal: started, disturbed, ended, two side by side."""

import json
import os
import select
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fernamt.daemons.configuration import CHECKOUT, load
from fernamt.daemons.service import open_process, started_at

PATIENCE_SECONDS = 60
LOOK_AGAIN_SECONDS = 0.1


class Installed:
    """One installation, spoken to as a person does."""

    def __init__(self, home: Path) -> None:
        shared = load()
        self.home = home
        kept = {name: each for name, each in os.environ.items() if not name.startswith("FERNAMT_")}
        self._environment = kept | {
            "FERNAMT_HOME": str(home),
            "FERNAMT_TOOLS": str(shared.tools),
            "FERNAMT_FRONT": str(shared.front),
            "PYTHONPATH": str(CHECKOUT / "src"),
        }

    def does(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-P", "-m", "fernamt.daemons.command", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS * 2,
            check=False,
        )

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.does("status", "--json").stdout)
        return told

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not wanted(told := self.status()):
            assert time.monotonic() < deadline, told
            time.sleep(LOOK_AGAIN_SECONDS)
        return told

    def pids(self) -> list[int]:
        processes = self.status()["processes"]
        return [each["pid"] for each in processes.values() if each["pid"]]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installed, Installed]]:
    """Two installations that were started one after the other with nothing set."""
    one, other = (Installed(tmp_path_factory.mktemp(name)) for name in ("one", "other"))
    try:
        for each in (one, other):
            started = each.does("up", "--rehearsal", "--detach")
            assert started.returncode == 0, started.stderr
        yield one, other
    finally:
        for each in (one, other):
            each.does("down")


pytestmark = pytest.mark.xdist_group("installations")


def test_two_installations_run_side_by_side(homes: tuple[Installed, Installed]) -> None:
    told = [each.until(lambda told: told["ready"]) for each in homes]

    assert told[0]["web"] != told[1]["web"]
    assert [each["mode"] for each in told] == ["rehearsal", "rehearsal"]
    assert set(told[0]["processes"]) == {"postgres", "conductor", "jobs", "web"}
    for each in told:
        with urllib.request.urlopen(  # noqa: S310 our own address
            f"{each['web']}/gesund", timeout=10
        ) as answer:
            assert json.load(answer)["mode"] == "rehearsal"


def test_a_second_start_says_that_it_runs_already(homes: tuple[Installed, Installed]) -> None:
    again = homes[0].does("up", "--rehearsal")

    assert again.returncode == 2
    assert "running already" in again.stderr
    assert homes[0].status()["web"] in again.stderr


def test_passwords_of_the_demonstration_are_shown_but_not_logged(
    homes: tuple[Installed, Installed],
) -> None:
    accounts = json.loads((homes[0].home / "accounts.json").read_text(encoding="utf-8"))
    logs = "".join(path.read_text() for path in (homes[0].home / "log").glob("*.log"))

    assert accounts["accounts"]
    assert not [each for each in accounts["accounts"] if each["password"] in logs]


@pytest.mark.parametrize("name", ["web", "conductor", "jobs", "postgres"])
def test_a_process_that_is_killed_is_started_again(
    homes: tuple[Installed, Installed], name: str
) -> None:
    before = homes[0].until(lambda told: told["ready"])["processes"][name]

    os.kill(before["pid"], signal.SIGKILL)
    after = homes[0].until(
        lambda told: told["ready"] and told["processes"][name]["pid"] not in (None, before["pid"])
    )

    assert after["processes"][name]["restarts"] == before["restarts"] + 1
    assert name in homes[0].does("logs", "up").stdout


def test_when_the_supervisor_is_killed_nothing_stays_and_the_next_start_is_well(
    homes: tuple[Installed, Installed],
) -> None:
    one = homes[0]
    one.until(lambda told: told["ready"])
    state = json.loads((one.home / "run" / "state.json").read_text(encoding="utf-8"))
    pids = one.pids()

    os.kill(state["supervisor"]["pid"], signal.SIGKILL)
    started = one.does("up", "--rehearsal", "--detach")

    assert started.returncode == 0, started.stderr
    assert not set(pids) & set(one.pids())
    assert [started_at(pid) for pid in pids] == [""] * len(pids)


def test_term_ends_everything(homes: tuple[Installed, Installed]) -> None:
    other = homes[1]
    pids = other.pids()
    state = json.loads((other.home / "run" / "state.json").read_text(encoding="utf-8"))
    supervisor = state["supervisor"]["pid"]

    with open_process(supervisor) as handle:
        os.kill(supervisor, signal.SIGTERM)
        ended = select.select([handle], [], [], PATIENCE_SECONDS)[0]

    assert ended
    assert [started_at(pid) for pid in pids] == [""] * len(pids)
    assert other.status()["ready"] is False
    assert not (other.home / "run" / "state.json").exists()
