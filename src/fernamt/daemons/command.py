"""The command line: ``fernamt <command>``, one function each.

``./fernamt`` prepares the environment and ends here. What a command needs is
imported only when it is asked for, so that status and logs need nothing.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from fernamt.core.errors import FernamtError
from fernamt.daemons.configuration import Configuration, load
from fernamt.daemons.telling import for_people

PROCESSES = ("conductor", "web", "jobs")
"""Each is a module of this package with a ``main(configuration)``."""
CANNOT_BEGIN = 2

Command = Callable[[Configuration, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what *arguments* say; return the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = _parser()
    options, rest = parser.parse_known_args(given)
    options.rest = rest
    if rest and options.command not in ("test", "shell"):
        parser.error(f"unknown: {' '.join(rest)}")
    command: Command = options.function
    try:
        configuration = load()
        os.environ["FERNAMT_HOME"] = str(configuration.home)
        return command(configuration, options) or 0
    except FernamtError as error:
        print(for_people(error), file=sys.stderr)
        return CANNOT_BEGIN
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fernamt",
        description="The system behind shared municipal service centres.",
        epilog="State is kept in var/, or in the folder that FERNAMT_HOME names.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, function: Command, words: str | None) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = (
            commands.add_parser(name, help=words, description=words)
            if words
            else commands.add_parser(name)  # ours alone: not in the list of commands
        )
        added.set_defaults(function=function)
        return added

    up = add("up", _up, "start everything and keep it running")
    up.add_argument("--detach", action="store_true", help="return when everything is ready")
    up.add_argument("--rehearsal", action="store_true", help="robots call, no Asterisk is needed")
    add("down", _down, "end what runs")
    status = add("status", _status, "tell whether it runs, and where")
    status.add_argument("--json", action="store_true", help="for programs")
    logs = add("logs", _logs, "print what the processes say")
    logs.add_argument("name", nargs="?", help="one process only")
    logs.add_argument("--lines", "-n", type=int, default=50, help="how many of the last (50)")
    logs.add_argument("--follow", "-f", action="store_true", help="go on until Ctrl-C")
    calls = add("calls", _calls, "list calls with every step and their outcome")
    calls.add_argument("--json", action="store_true", help="for programs")
    calls.add_argument("--since", help="only calls since then: 15m, 2h, 1d, today, 2026-05-04")
    _add_demo(add("demo", _demo, "robot agents and robot callers"))
    add("shell", _shell, "open a Python shell with the tables")
    add("test", _test, "run all checks and tests; arguments go to pytest")
    for name in PROCESSES:
        add(name, _process, None)
    add("furnish", _furnish, None)
    return parser


def _add_demo(demo: argparse.ArgumentParser) -> None:
    kinds = demo.add_subparsers(dest="kind", required=True, metavar="KIND")
    agents = kinds.add_parser("agents", help="agents who sign in and answer")
    agents.add_argument("--count", type=int, default=5, help="how many (5)")
    agents.add_argument("--talk", type=float, default=20, help="seconds of a conversation (20)")
    callers = kinds.add_parser("callers", help="callers from the carrier's side")
    callers.add_argument("--line", required=True, help="the number they dial")
    callers.add_argument("--count", type=int, default=10, help="how many (10)")
    callers.add_argument("--rate", type=float, default=1, help="calls a second (1)")


def _up(configuration: Configuration, options: argparse.Namespace) -> int:
    from fernamt.daemons import detaching, up
    from fernamt.daemons.progress import Progress

    if options.rehearsal:
        os.environ["FERNAMT_MODE"] = "rehearsal"
        configuration = load()
    if options.detach:
        flags = ["--rehearsal"] if options.rehearsal else []
        return detaching.start_detached(configuration, ["up", *flags])
    stream = detaching.watched_stream()
    progress = Progress(stream)
    try:
        return up.run(configuration, progress, when_ready=detaching.tell_ready(stream, progress))
    except FernamtError as error:
        progress.say(for_people(error))
        return CANNOT_BEGIN


def _down(configuration: Configuration, _options: argparse.Namespace) -> int:
    from fernamt.daemons.status import down

    return down(configuration)


def _status(configuration: Configuration, options: argparse.Namespace) -> int:
    from fernamt.daemons.status import status

    return status(configuration, as_json=options.json)


def _logs(configuration: Configuration, options: argparse.Namespace) -> int:
    from fernamt.daemons.status import logs

    return logs(configuration, name=options.name, lines=options.lines, follow=options.follow)


def _calls(configuration: Configuration, options: argparse.Namespace) -> int:
    return _run("calls", configuration, options)


def _demo(configuration: Configuration, options: argparse.Namespace) -> int:
    return _run("demo", configuration, options)


def _process(configuration: Configuration, options: argparse.Namespace) -> int:
    return _run(options.command, configuration)


def _furnish(configuration: Configuration, _options: argparse.Namespace) -> int:
    return _run("furnishing", configuration)


def _shell(_configuration: Configuration, options: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fernamt.daemons.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(["fernamt", "shell", *options.rest])
    return 0


def _test(configuration: Configuration, options: argparse.Namespace) -> int:
    from fernamt.daemons.checks import run_checks

    return run_checks(configuration, options.rest)


def _run(name: str, *arguments: object) -> int:
    outcome = import_module(f"fernamt.daemons.{name}").main(*arguments)
    return outcome if isinstance(outcome, int) else 0


if __name__ == "__main__":
    sys.exit(main())
