"""What a running installation tells other processes of itself: ``run/state.json``.

The supervisor holds a lock as long as it lives; without it the file is old news.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from fernamt.daemons.configuration import Configuration
from fernamt.daemons.locks import held
from fernamt.daemons.service import started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """One process."""

    pid: int | None
    started: str
    """In the kernel's ticks, to tell it from a later process of the same number."""
    condition: str
    since: float
    """Seconds since 1970."""
    restarts: int

    @property
    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return self.pid is not None and bool(self.started) and started_at(self.pid) == self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One installation."""

    supervisor: ProcessState
    mode: str
    ready: bool
    web: str
    sip: str
    """``host:port``."""
    processes: Mapping[str, ProcessState] = field(default_factory=dict)


def lock_path(configuration: Configuration) -> Path:
    """Return the file that the supervisor locks."""
    return configuration.run / "lock"


def is_running(configuration: Configuration) -> bool:
    """Return whether a supervisor runs."""
    return held(lock_path(configuration))


def read(configuration: Configuration) -> State | None:
    """Return what was last told; None if nothing was, or it is not to be read."""
    try:
        found = json.loads(_path(configuration).read_text(encoding="utf-8"))
        processes = {name: ProcessState(**each) for name, each in found.pop("processes").items()}
        supervisor = ProcessState(**found.pop("supervisor"))
        return State(supervisor=supervisor, processes=processes, **found)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def write(state: State, configuration: Configuration) -> None:
    """Tell others."""
    draft = configuration.run / ".state.json"
    draft.write_text(json.dumps(asdict(state), indent=1), encoding="utf-8")
    draft.replace(_path(configuration))


def forget(configuration: Configuration) -> None:
    """Tell others nothing any more."""
    _path(configuration).unlink(missing_ok=True)


def _path(configuration: Configuration) -> Path:
    return configuration.run / "state.json"
