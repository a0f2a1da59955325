"""``./fernamt`` itself, started as a person starts it."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

from fernamt.daemons.configuration import CHECKOUT, load

LAUNCHER = CHECKOUT / "fernamt"


def launched(*arguments: str, home: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FERNAMT_")}
    return subprocess.run(
        [sys.executable, str(LAUNCHER), *arguments],
        env=kept | {"FERNAMT_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_old_python_can_still_read_why_it_is_too_old() -> None:
    ast.parse(LAUNCHER.read_text(encoding="utf-8"), feature_version=(3, 6))


def test_help_and_status_need_no_environment(tmp_path: Path) -> None:
    helped = launched("--help", home=tmp_path / "home")
    status = launched("status", "--json", home=tmp_path / "home")
    told = json.loads(status.stdout)

    assert helped.returncode == 0
    assert "up" in helped.stdout
    assert status.returncode == 3
    assert (told["ready"], told["processes"]) == (False, {})
    assert told["web"] == "http://127.0.0.1:8010"
    assert not (tmp_path / "home" / "venv").exists()


def test_an_unknown_command_is_an_error(tmp_path: Path) -> None:
    assert launched("down", "--quickly", home=tmp_path).returncode == 2


def test_a_wrong_setting_is_told_without_a_traceback(tmp_path: Path) -> None:
    told = launched("up", home=tmp_path, FERNAMT_WEB_PORT="many")

    assert told.returncode == 2
    assert "FERNAMT_WEB_PORT" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_machine_without_apt_and_network_is_told_what_to_install(tmp_path: Path) -> None:
    nothing = tmp_path / "path"
    nothing.mkdir()

    told = launched(
        *("up", "--detach"),
        home=tmp_path / "home",
        PATH=str(nothing),
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS="",
        PIP_CONFIG_FILE=os.devnull,
    )

    assert told.returncode == 2
    assert "install Asterisk 22.5 or later" in told.stderr
    assert "install Node.js 20 or later" in told.stderr
    assert "Traceback" not in told.stderr


def test_nothing_to_end_is_no_error(tmp_path: Path) -> None:
    told = launched("down", home=tmp_path)

    assert told.returncode == 0
    assert "Nothing is running" in told.stdout


def test_a_log_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    configuration = load({"FERNAMT_HOME": str(tmp_path)})
    configuration.logs.mkdir()
    (configuration.logs / "web.log").write_text("one\ntwo\nthree\n", encoding="utf-8")

    unknown = launched("logs", "wep", home=tmp_path)
    known = launched("logs", "web", "--lines", "2", home=tmp_path)

    assert unknown.returncode == 2
    assert "there are: web" in unknown.stderr
    assert known.stdout == "two\nthree\n"
