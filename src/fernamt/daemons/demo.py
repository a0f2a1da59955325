"""``fernamt demo agents`` and ``fernamt demo callers``: robots, until done or told to stop."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import ClassVar

from psycopg import OperationalError

from fernamt.core.errors import DomainError, WorldFault
from fernamt.daemons.configuration import Configuration
from fernamt.daemons.robot_agents import RobotAgents
from fernamt.daemons.robot_callers import RobotCallers

MOST = 2000
"""Robots at once; more than one machine bears."""


class OptionRefused(DomainError):
    """The option has a value that is not allowed."""

    code: ClassVar[str] = "option-refused"


class NoDatabase(WorldFault):
    """There is no database; is the installation up? Start it with ./fernamt up."""

    code: ClassVar[str] = "no-database"


def main(configuration: Configuration, options: argparse.Namespace) -> int:
    """Let robots work; return the exit status.

    Raises:
        OptionRefused: If a number is out of its bounds.
        NoDatabase: If the installation is not up.
    """
    _check("--count", options.count, least=1, most=MOST)
    if options.kind == "agents":
        _check("--talk", options.talk, least=0.1, most=3600)
        talk = timedelta(seconds=options.talk)
        agents = RobotAgents(configuration, count=options.count, talk=talk)
        print(f"{options.count} robot agents at work; Ctrl-C lets them finish and sign out.")
        taken = _until_told(agents.work)
        print(f"\n{taken} calls taken." if sys.stderr.isatty() else f"{taken} calls taken.")
        return 0
    _check("--rate", options.rate, least=0.01, most=200)
    callers = RobotCallers(
        configuration, line=options.line, how_many=options.count, rate=options.rate
    )
    called = _until_told(callers.call)
    print(f"\n{called} calls placed." if sys.stderr.isatty() else f"{called} calls placed.")
    return 0


def _until_told(work: Callable[[asyncio.Event], Awaitable[int]]) -> int:
    async def run() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for told in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(told, stop.set)
        return await work(stop)

    try:
        return asyncio.run(run())
    except OperationalError as error:
        raise NoDatabase from error


def _check(option: str, value: float, *, least: float, most: float) -> None:
    if not least <= value <= most:
        raise OptionRefused(option=option, value=value, allowed=f"{least} to {most}")
