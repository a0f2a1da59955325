"""What ``./fernamt`` does before it hands over: everything that a command needs is there.

Standard library only. What does not depend on each other is fetched at the same time.
"""

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

from fernamt.core.errors import FernamtError
from fernamt.daemons.configuration import CHECKOUT, Configuration, load
from fernamt.daemons.environment import Environment
from fernamt.daemons.front_end import FrontEnd
from fernamt.daemons.progress import Progress
from fernamt.daemons.telling import for_people
from fernamt.daemons.toolbox import Toolbox

WITHOUT_ENVIRONMENT = ("status", "down", "logs")
"""Commands that need nothing but the standard library, so nothing is fetched for them."""
CANNOT_BEGIN = 2
"""Exit code when something that a person has to bring is missing."""


def main(arguments: list[str]) -> int:
    """Prepare what *arguments* ask for, then become the installed command."""
    command = next((word for word in arguments if not word.startswith("-")), "")
    helping = not command or "--help" in arguments or "-h" in arguments
    if helping or command in WITHOUT_ENVIRONMENT:
        from fernamt.daemons.command import main as run_here

        return run_here(arguments)
    progress = Progress()
    try:
        configuration = load()
        os.environ["FERNAMT_HOME"] = str(configuration.home)
        python = prepare(command, arguments, configuration, progress)
    except FernamtError as error:
        progress.say(for_people(error))
        return CANNOT_BEGIN
    except KeyboardInterrupt:
        progress.say(
            "fernamt: stopped; what was complete is kept, the next start goes on from there"
        )
        return 130
    except OSError as error:
        progress.say(f"fernamt: {error}")
        return CANNOT_BEGIN
    return _become(str(python), "-P", "-m", "fernamt.daemons.command", *arguments)


def _become(*command: str) -> NoReturn:
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 the launcher ends here


def prepare(
    command: str, arguments: Iterable[str], configuration: Configuration, progress: Progress
) -> os.PathLike[str]:
    """See to it that all that *command* needs is there; return the environment's Python.

    Raises:
        FernamtError: For the first thing that cannot be had; all others are told.
    """
    toolbox = Toolbox(configuration, progress)
    environment = Environment(CHECKOUT, configuration.home, toolbox, progress)
    front = FrontEnd(CHECKOUT, configuration.home, toolbox, progress)
    packages: Callable[[], object] = lambda: environment.ensure("product")  # noqa: E731
    if command == "test":
        packages = lambda: environment.ensure("product and checks")  # noqa: E731
    parts: list[Callable[[], object]] = [packages]
    if command in ("up", "test"):
        parts += [toolbox.postgres, lambda: front.ensure(configuration.front, environment)]
        live = configuration.mode == "live" and "--rehearsal" not in arguments
        if live or command == "test":
            parts += [toolbox.asterisk, toolbox.espeak]
    if command == "test":
        parts += [toolbox.chromium, toolbox.sipp]
    _all_at_once(parts, progress)
    return environment.python


def _all_at_once(parts: list[Callable[[], object]], progress: Progress) -> None:
    with ThreadPoolExecutor(max_workers=len(parts)) as pool:
        futures = [pool.submit(part) for part in parts]
        errors = [error for future in futures if (error := future.exception())]
    for error in errors[1:]:
        if isinstance(error, FernamtError):
            progress.say(for_people(error))
    if errors:
        raise errors[0]
