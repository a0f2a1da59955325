"""``fernamt test``: all checks and all tests. The tests bring their own installation."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from fernamt.core.errors import FernamtError
from fernamt.daemons.configuration import CHECKOUT, Configuration
from fernamt.daemons.environment import Environment
from fernamt.daemons.front_end import FrontEnd
from fernamt.daemons.progress import Progress
from fernamt.daemons.toolbox import Toolbox

AT_ONCE = 2
REQUIREMENTS = ("export", "--frozen", "--no-dev", "--no-emit-project", "--no-header")
"""How uv writes requirements.lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one check has found."""

    name: str
    passed: bool
    words: str
    seconds: float


def run_checks(configuration: Configuration, arguments: list[str]) -> int:
    """Run all checks and all tests, or with arguments for pytest only those; return its status."""
    _leave_the_installation_alone(configuration)
    progress = Progress()
    toolbox = Toolbox(configuration, progress)
    environment = Environment(CHECKOUT, configuration.home, toolbox, progress)
    front = FrontEnd(CHECKOUT, configuration.home, toolbox, progress)
    # The node that playwright brings needs a library that a bare machine lacks; ours does not.
    os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(front.node(environment).path))
    passed = True
    if not arguments:
        passed = _all_passed(_checks(configuration, environment, front), progress)
    chosen = arguments or ["-n", str(AT_ONCE), "--dist", "loadgroup"]
    cache = ["-o", f"cache_dir={_caches(configuration) / 'pytest'}"]
    command = [sys.executable, "-m", "pytest", *cache, *chosen]
    done = subprocess.run(command, cwd=CHECKOUT, check=False)
    return done.returncode or (0 if passed else 1)


def _leave_the_installation_alone(configuration: Configuration) -> None:
    """Let checks and tests use a home and caches of their own; the programs are shared."""
    home, caches = configuration.home / "test", _caches(configuration)
    caches.mkdir(parents=True, exist_ok=True)
    os.environ |= {
        "FERNAMT_HOME": str(home),
        "FERNAMT_TOOLS": str(configuration.tools),
        "FERNAMT_FRONT": str(configuration.front),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(caches / "hypothesis"),
        "MYPY_CACHE_DIR": str(caches / "mypy"),
        "RUFF_CACHE_DIR": str(caches / "ruff"),
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""))),
    }
    os.environ |= {f"FERNAMT_{name.upper()}": path for name, path in configuration.programs.items()}


def _caches(configuration: Configuration) -> Path:
    return configuration.home / "test" / "cache"


def _checks(
    configuration: Configuration, environment: Environment, front: FrontEnd
) -> dict[str, Callable[[], str]]:
    """Return all checks by name; each returns what it complains of, or nothing."""
    sources = (
        "src",
        "tests",
        "fernamt",
        *(name for name in ("bench",) if Path(CHECKOUT, name).exists()),
    )
    imports = str(_caches(configuration) / "imports")
    return {
        "types": lambda: _complaint("mypy"),
        "style": lambda: _complaint("ruff", "check", *sources),
        "layout": lambda: _complaint("ruff", "format", "--check", *sources),
        "imports": lambda: _complaint("lint-imports", "--cache-dir", imports),
        "templates": lambda: _complaint("djlint", "src", "--check", "--lint", "--quiet"),
        "front end": lambda: _front_complaint(front, environment),
        "requirements.lock": lambda: _requirements_complaint(environment),
    }


def _all_passed(checks: dict[str, Callable[[], str]], progress: Progress) -> bool:
    def run(name: str) -> Outcome:
        began = time.monotonic()
        with progress.task(f"Checking {name}"):
            words = checks[name]()
        seconds = time.monotonic() - began
        return Outcome(name=name, passed=not words, words=words, seconds=seconds)

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        outcomes = list(pool.map(run, checks))
    for outcome in outcomes:
        if not outcome.passed:
            progress.say(f"\n✗ {outcome.name}:\n{outcome.words}")
    return all(outcome.passed for outcome in outcomes)


def _complaint(*command: str) -> str:
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout or f"exit status {done.returncode}"


def _front_complaint(front: FrontEnd, environment: Environment) -> str:
    try:
        front.check(environment)
    except FernamtError as error:
        return str(error)
    return ""


def _requirements_complaint(environment: Environment) -> str:
    wanted = subprocess.run(
        environment.uv().command(*REQUIREMENTS),
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if wanted.returncode != 0:
        return wanted.stderr
    found = (CHECKOUT / "requirements.lock").read_text(encoding="utf-8")
    command = " ".join(("uv", *REQUIREMENTS, "-o", "requirements.lock"))
    return "" if found == wanted.stdout else f"It is not what uv.lock says. Run: {command}"
