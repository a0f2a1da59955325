"""Processes whose supervisor was killed: they are ended before the next start."""

import os
import select
import signal

from fernamt.daemons.configuration import Configuration
from fernamt.daemons.service import kill_group, open_process
from fernamt.daemons.state import ProcessState, forget, read

PATIENCE_SECONDS = 20
ENDING = {"postgres": signal.SIGINT}
"""How each is told to end, if not by SIGTERM."""


def end_leftovers(configuration: Configuration) -> tuple[str, ...]:
    """End what still runs of the last start; return the names.

    Only for one who holds the installation's lock.
    """
    state = read(configuration)
    if state is None:
        return ()
    alive = {name: each for name, each in state.processes.items() if each.is_alive}
    for name, process in alive.items():
        _end(process, ENDING.get(name, signal.SIGTERM))
    forget(configuration)
    return tuple(alive)


def _end(process: ProcessState, told: signal.Signals) -> None:
    if process.pid is None:
        return
    try:
        with open_process(process.pid) as handle:
            if not process.is_alive:
                return
            os.kill(process.pid, told)
            ended, _, _ = select.select([handle], [], [], PATIENCE_SECONDS)
            if not ended:
                kill_group(process.pid)
                select.select([handle], [], [], PATIENCE_SECONDS)
    except ProcessLookupError:
        return
