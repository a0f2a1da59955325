"""A private apt: fetches packages and unpacks them into a folder, without being root.

It has its own state and cache, so nothing of the machine is changed. With the
machine's own list of installed packages it fetches what is missing; with an empty
one it fetches everything, down to the C library.
"""

import contextlib
import os
import shutil
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fernamt.core.errors import WorldFault
from fernamt.daemons.locks import locked

MACHINE_STATUS = Path("/var/lib/dpkg/status")
LISTS_LAST_SECONDS = 6 * 3600
"""How long the lists of packages are good."""
C_LIBRARY = ("libc6_", "libc-bin_", "libc-l10n_", "locales_")
"""Never unpacked beside the machine's own: a program would not survive two of them."""
SETTINGS = """\
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear Acquire::IndexTargets::deb::DEP-11;
#clear Acquire::IndexTargets::deb::DEP-11-icons;
#clear Acquire::IndexTargets::deb::DEP-11-icons-small;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large;
#clear Acquire::IndexTargets::deb::DEP-11-icons-hidpi;
#clear Acquire::IndexTargets::deb::DEP-11-icons-large-hidpi;
Dir::State "{folder}/state";
Dir::State::status "{status}";
Dir::Cache "{folder}/cache";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "{user}";
APT::Install-Recommends "false";
APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Debug::NoLocking "true";
"""


class AptMissing(WorldFault):
    """This machine has no apt to fetch programs with."""

    code = "apt-missing"


class PackagesUnreachable(WorldFault):
    """Packages could not be fetched; is there a network?"""

    code = "packages-unreachable"


class Apt:
    """One private apt."""

    def __init__(self, folder: Path, *, status: Path = MACHINE_STATUS, source: str = "") -> None:
        """Keep state in *folder*.

        Args:
            folder: Its own; made when needed.
            status: The list of installed packages.
            source: A line for ``sources.list``; empty: the machine's own sources.
        """
        self.folder = folder
        self._status = status
        self._source = source
        self._lock = threading.Lock()
        self._failure: PackagesUnreachable | None = None

    def fetch(
        self, packages: Iterable[str], *, into: Path, says: Callable[[str], None]
    ) -> tuple[str, ...]:
        """Fetch *packages* and what they need, and unpack all of it into *into*.

        Returns:
            The names of the package files unpacked.

        Raises:
            AptMissing: If there is no apt.
            PackagesUnreachable: If apt cannot fetch them; with apt's own words.
        """
        with self._lock, locked(self.folder / "lock"):
            self._prepare(says)
            archives = self.folder / "cache" / "archives"
            shutil.rmtree(archives, ignore_errors=True)
            (archives / "partial").mkdir(parents=True)
            says("is downloaded")
            command = ("install", "--yes", "--download-only", *packages)
            self._run(command, says=says, packages=" ".join(packages))
            found = sorted(archives.glob("*.deb"))
            if self._status == MACHINE_STATUS:
                found = [path for path in found if not path.name.startswith(C_LIBRARY)]
            says("is unpacked")
            unpack(found, into)
            shutil.rmtree(archives, ignore_errors=True)
            return tuple(path.name for path in found)

    def candidate(self, package: str, *, says: Callable[[str], None]) -> str:
        """Return the version that would be fetched; empty if there is none."""
        with self._lock, locked(self.folder / "lock"):
            self._prepare(says)
        command = ["apt-cache", "-c", str(self.folder / "apt.conf"), "policy", package]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        for line in answer.stdout.splitlines():
            name, _, value = line.strip().partition(": ")
            if name == "Candidate" and value != "(none)":
                return value
        return ""

    def _prepare(self, says: Callable[[str], None]) -> None:
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            raise AptMissing
        lists = self.folder / "state" / "lists"
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        (self.folder / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        self._write_settings()
        stamp = self.folder / "updated"
        with contextlib.suppress(FileNotFoundError):
            if time.time() - stamp.stat().st_mtime < LISTS_LAST_SECONDS:
                return
        if self._failure is not None:
            raise self._failure  # it has just been tried
        says("lists are fetched")
        failure = None
        try:
            self._run(("update",), says=says)
        except PackagesUnreachable as error:
            failure = error  # one of many sources may be down: others may do
        if not any(lists.glob("*_Packages*")):
            self._failure = failure or PackagesUnreachable(apt="there are no lists of packages")
            raise self._failure
        if failure is None:
            stamp.touch()

    def _write_settings(self) -> None:
        settings = SETTINGS.format(
            folder=self.folder, status=self._status, user="root" if os.geteuid() == 0 else ""
        )
        if self._source:
            (self.folder / "sources.list").write_text(self._source + "\n", encoding="utf-8")
            settings += f'Dir::Etc::sourcelist "{self.folder}/sources.list";\n'
            settings += 'Dir::Etc::sourceparts "/dev/null";\n'
        (self.folder / "apt.conf").write_text(settings, encoding="utf-8")

    def _run(self, command: tuple[str, ...], *, says: Callable[[str], None], **facts: str) -> None:
        words: deque[str] = deque(maxlen=40)
        with subprocess.Popen(
            ["apt-get", "-c", str(self.folder / "apt.conf"), "-o", "APT::Status-Fd=1", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=_environment(),
        ) as process:
            for line in process.stdout or ():
                if line.startswith("dlstatus:"):
                    says(f"{float(line.split(':')[2]):.0f} %")
                else:
                    words.append(line.rstrip())
        if process.returncode != 0:
            errors = [word for word in words if word.startswith(("E:", "W:", "Err:"))]
            raise PackagesUnreachable(**facts, apt=" | ".join((errors or list(words))[-4:]))


def unpack(archives: Iterable[Path], into: Path) -> None:
    """Unpack Debian packages into a folder, two at a time."""
    into.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
        for done in pool.map(lambda archive: _unpack_one(archive, into), archives):
            assert done  # noqa: S101 raises what a thread has raised


def _unpack_one(archive: Path, into: Path) -> bool:
    done = subprocess.run(
        ["dpkg-deb", "--extract", archive, into], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PackagesUnreachable(package=archive.name, dpkg=done.stderr.strip()[-300:])
    return True


def _environment() -> Mapping[str, str]:
    return os.environ | {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
