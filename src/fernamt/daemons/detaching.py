"""``fernamt up --detach``: a process of its own, watched until it is ready."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from io import TextIOWrapper

from fernamt.daemons.configuration import Configuration
from fernamt.daemons.progress import Progress

WATCHED = "FERNAMT_WATCHED"
"""Names the pipe on which the process tells how far it is."""
READY = "\x06"


def start_detached(configuration: Configuration, arguments: list[str]) -> int:
    """Start the installation in a session of its own; return when it is ready, or has failed.

    Args:
        configuration: Of the installation.
        arguments: The command line without ``--detach``.

    Returns:
        0 when it is ready, else its exit status.
    """
    configuration.logs.mkdir(parents=True, exist_ok=True)
    reading, writing = os.pipe()
    with (configuration.logs / "up.log").open("ab") as words:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "fernamt.daemons.command", *arguments],
            env=os.environ | {WATCHED: str(writing)},
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            pass_fds=[writing],
            start_new_session=True,
        )
    os.close(writing)
    try:
        with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.rstrip("\n") == READY:
                    return 0
                sys.stderr.write(line)
                sys.stderr.flush()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGTERM)
        process.wait()
        return 130
    return process.wait() or 1


def watched_stream() -> TextIOWrapper | None:
    """Return where to tell how far we are, if somebody watches."""
    descriptor = os.environ.pop(WATCHED, "")
    if not descriptor.isdecimal():
        return None
    os.set_inheritable(int(descriptor), False)  # noqa: FBT003 as os has it
    return os.fdopen(int(descriptor), "w", encoding="utf-8")


def tell_ready(stream: TextIOWrapper | None, progress: Progress) -> Callable[[], None]:
    """Return what tells the watcher that everything runs; after it, words go to the log."""

    def tell() -> None:
        if stream is not None:
            progress.say(READY)
            progress.continue_on(sys.stderr)
            stream.close()

    return tell
