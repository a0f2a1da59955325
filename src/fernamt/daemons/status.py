"""``fernamt status``, ``down`` and ``logs``: for an installation that runs elsewhere.

Standard library only, so that they work at once and change nothing.
"""

import json
import os
import select
import signal
import sys
import time
from pathlib import Path

from fernamt.daemons import state
from fernamt.daemons.configuration import Configuration
from fernamt.daemons.health import health
from fernamt.daemons.leftovers import end_leftovers
from fernamt.daemons.locks import hold
from fernamt.daemons.service import open_process

NOT_RUNNING = 3
"""Exit status, as init scripts have it."""
END_SECONDS = 90
LAST_LINES = 50
LOOK_AGAIN_SECONDS = 0.3


def status(configuration: Configuration, *, as_json: bool) -> int:
    """Print how the installation is; return 0 if it is ready."""
    known = state.read(configuration) if state.is_running(configuration) else None
    ready = known is not None and known.ready and health(configuration).get("ready") is True
    processes = {
        name: {
            "pid": each.pid,
            "condition": each.condition,
            "since": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(each.since)),
            "restarts": each.restarts,
        }
        for name, each in (known.processes.items() if known else ())
    }
    told = {
        "running": known is not None,
        "ready": ready,
        "mode": known.mode if known else configuration.mode,
        "web": known.web if known else configuration.web_url,
        "sip": known.sip if known else configuration.nodes[0].sip,
        "websocket": configuration.websocket_url,
        "home": str(configuration.home),
        "processes": processes,
    }
    print(json.dumps(told, indent=2) if as_json else _for_people(told))
    if known is None:
        return NOT_RUNNING
    return 0 if ready else 1


def down(configuration: Configuration) -> int:
    """End the installation and wait until it has ended; return the exit status."""
    known = state.read(configuration)
    lock = hold(state.lock_path(configuration))
    if lock is not None:
        ended = end_leftovers(configuration)
        os.close(lock)
        left = f"; ended what was left over: {', '.join(ended)}" if ended else ""
        print(f"Nothing is running in {configuration.home}{left}.")
        return 0
    if known is None or known.supervisor.pid is None:
        print("fernamt: it is just starting or ending; try again in a moment", file=sys.stderr)
        return 1
    try:
        with open_process(known.supervisor.pid) as handle:
            if known.supervisor.is_alive:
                os.kill(known.supervisor.pid, signal.SIGTERM)
                if not select.select([handle], [], [], END_SECONDS)[0]:
                    print(f"fernamt: not ended after {END_SECONDS} seconds", file=sys.stderr)
                    return 1
    except ProcessLookupError:
        pass  # it has ended meanwhile
    print("Everything has ended.")
    return 0


def logs(configuration: Configuration, *, name: str | None, lines: int, follow: bool) -> int:
    """Print the end of the logs, and with *follow* what is added; return the exit status."""
    paths = _log_files(configuration)
    if name is not None:
        if name not in paths:
            known = ", ".join(sorted(paths)) or "none yet"
            print(f"fernamt: there is no log named {name}; there are: {known}", file=sys.stderr)
            return 2
        paths = {name: paths[name]}
    places = {}
    for each, path in sorted(paths.items()):
        content = path.read_bytes()
        places[each] = len(content)
        for line in content.decode(errors="replace").splitlines()[-lines:]:
            _print_line(each, line, alone=name is not None)
    try:
        while follow:
            sys.stdout.flush()
            time.sleep(LOOK_AGAIN_SECONDS)
            for each, path in paths.items():
                places[each] = _print_added(each, path, places[each], alone=name is not None)
    except KeyboardInterrupt:
        pass  # that is how following ends
    return 0


def _for_people(told: dict[str, object]) -> str:
    condition = "ready" if told["ready"] else "not ready" if told["running"] else "not running"
    lines = [f"{condition} ({told['mode']})", f"web  {told['web']}", f"sip  {told['sip'] or '–'}"]
    processes = told["processes"]
    if isinstance(processes, dict):
        for name, each in processes.items():
            again = f", started again {each['restarts']} times" if each["restarts"] else ""
            lines.append(f"{name:<10} {each['condition']} (process {each['pid']}{again})")
    return "\n".join(lines)


def _log_files(configuration: Configuration) -> dict[str, Path]:
    found = {path.stem: path for path in configuration.logs.glob("*.log")}
    messages = configuration.asterisk_home / "log" / "messages.log"
    if messages.exists():
        found["asterisk-messages"] = messages
    return found


def _print_line(name: str, line: str, *, alone: bool) -> None:
    print(line if alone else f"{name:<10} {line}")


def _print_added(name: str, path: Path, place: int, *, alone: bool) -> int:
    """Print what was added to *path* after *place*; return the new place."""
    size = path.stat().st_size
    if size < place:
        place = 0  # it was begun anew
    with path.open("rb") as file:
        file.seek(place)
        added = file.read(size - place)
    whole = added.rpartition(b"\n")[0]
    if whole:
        for line in whole.decode(errors="replace").splitlines():
            _print_line(name, line, alone=alone)
        place += len(whole) + 1
    return place
