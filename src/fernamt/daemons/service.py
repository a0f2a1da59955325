"""A program that runs until it is told to stop: its start, its readiness, its end."""

import ctypes
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fernamt.daemons.identity import Credentials

PR_SET_PDEATHSIG = 1
LOOK_AGAIN_SECONDS = 0.05
_prctl = ctypes.CDLL(None, use_errno=True).prctl


def always() -> bool:
    """Return that it is ready as soon as it runs."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One program of an installation."""

    name: str
    command: list[str]
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    credentials: Credentials = field(default_factory=Credentials)
    folder: Path = Path("/")
    """Where it runs."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    """How long it may take to end before it is ended."""
    start_seconds: float = 60
    """How long it may take to be ready."""
    ready: Callable[[], bool] = always
    """Asks it whether it does its work; may take seconds, must not take for ever."""
    alive: Callable[[], bool] = always
    """Asks, once it was ready, whether it still does: a process can hang without ending."""

    def spawn(self, log: Path) -> "subprocess.Popen[bytes]":
        """Start it, its words appended to *log*.

        It ends when we do, even if we are killed; so call this from the main thread,
        because for the kernel it is the thread that is the parent.
        """
        us = os.getpid()
        last_words = int(self.stop_signal)

        def end_with_us() -> None:
            _prctl(PR_SET_PDEATHSIG, last_words)
            if os.getppid() != us:
                os._exit(1)

        with log.open("ab") as words:
            return subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches us alone: we end the others in order
                preexec_fn=end_with_us,  # noqa: PLW1509 only system calls, and no thread holds a lock
                **self.credentials,
            )

    def stop(self, process: "subprocess.Popen[bytes]") -> int:
        """Tell *process* to end, wait, and end it if it does not; return its exit code."""
        if process.poll() is None:
            process.send_signal(self.stop_signal)
            try:
                process.wait(self.stop_seconds)
            except subprocess.TimeoutExpired:
                kill_group(process.pid)
        return process.wait()

    @contextmanager
    def running(self, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
        """Run it for the length of the block; the block waits until it is ready."""
        process = self.spawn(log)
        try:
            yield process
        finally:
            self.stop(process)

    def wait_until_ready(self, process: "subprocess.Popen[bytes]") -> bool:
        """Return True once it is ready, False if it ends before, or takes too long."""
        deadline = time.monotonic() + self.start_seconds
        with open_process(process.pid) as handle:
            while time.monotonic() < deadline:
                if self.ready():
                    return True
                ended, _, _ = select.select([handle], [], [], LOOK_AGAIN_SECONDS)
                if ended:
                    return False
        return False


@contextmanager
def open_process(pid: int) -> Iterator[int]:
    """Hold a descriptor that becomes readable when the process *pid* ends.

    Raises:
        ProcessLookupError: If there is no such process.
    """
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


def kill_group(pid: int) -> None:
    """End a process and all that it has started, at once."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it has ended by itself


def started_at(pid: int) -> str:
    """Return when *pid* was started, in the kernel's ticks; empty if it does not run.

    A number may be given to another process later; number and start together may not.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
