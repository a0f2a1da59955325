"""``fernamt up``: starts everything, keeps it running, ends it in order."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fernamt.core.errors import DomainError, WorldFault
from fernamt.daemons import logs, ports, state
from fernamt.daemons.configuration import Configuration, load
from fernamt.daemons.furnishing import WARNING_MARK
from fernamt.daemons.health import has_a_conductor, health, is_ready
from fernamt.daemons.leftovers import end_leftovers
from fernamt.daemons.locks import hold
from fernamt.daemons.postgres import Cluster
from fernamt.daemons.progress import Progress
from fernamt.daemons.service import Service, started_at
from fernamt.daemons.supervisor import Announce, Child, Supervisor
from fernamt.daemons.toolbox import Toolbox
from fernamt.daemons.welcome import welcome

NAME_SECONDS = 2.0
"""A machine that needs longer to find its own name makes Asterisk stall."""


class AlreadyRunning(DomainError):
    """This installation is running already."""

    code = "already-running"


class NotFurnished(WorldFault):
    """The database or Asterisk's configuration could not be made ready."""

    code = "not-furnished"


def run(configuration: Configuration, progress: Progress, *, when_ready: Callable[[], None]) -> int:
    """Run the installation until told to end; return the exit status.

    Args:
        configuration: Of the installation.
        progress: Shows a person how far it is.
        when_ready: Called once, when everything does its work.

    Raises:
        FernamtError: If it cannot be started; everything begun has been ended then.
    """
    lock = hold(state.lock_path(configuration))
    if lock is None:
        raise AlreadyRunning(
            home=configuration.home,
            web=configuration.web_url,
            remedy="end it with ./fernamt down, or take another FERNAMT_HOME",
        )
    claims = ports.Claims(configuration.listen)
    try:
        for name in end_leftovers(configuration):
            progress.say(f"Ended {name}, which was left over from the last start")
        ports.choose(configuration, claims, telephony=configuration.mode == "live")
        installation = Installation(load(), progress, when_ready=when_ready)
        return asyncio.run(installation.run())
    finally:
        state.forget(configuration)
        claims.release()
        os.close(lock)


class Installation:
    """One installation, being run."""

    def __init__(
        self, configuration: Configuration, progress: Progress, *, when_ready: Callable[[], None]
    ) -> None:
        """Prepare to run it."""
        self._when_ready = when_ready
        self._configuration = configuration
        self._progress = progress
        self._toolbox = Toolbox(configuration, progress)
        self._complete = False
        self._us = state.ProcessState(
            pid=os.getpid(),
            started=started_at(os.getpid()),
            condition="running",
            since=time.time(),
            restarts=0,
        )
        announce = Announce(say=self._say, changed=self._tell_others)
        self._supervisor = Supervisor(configuration.logs, announce)
        self._cluster = Cluster(configuration, self._toolbox)

    async def run(self) -> int:
        """Start, wait until told to end, end."""
        self._tell_others()
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(each, told.set)
        starting = asyncio.create_task(self._start())
        trimming = asyncio.create_task(self._trim_logs())
        ending = asyncio.create_task(told.wait())
        try:
            await asyncio.wait((starting, ending), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await ending
            else:
                starting.cancel()
        finally:
            for task in (ending, trimming):
                task.cancel()
            await asyncio.gather(starting, ending, trimming, return_exceptions=True)
            with self._progress.task("Ending everything"):
                await self._supervisor.stop()
            self._cluster.tidy()
        return 0

    async def _start(self) -> None:
        configuration, progress = self._configuration, self._progress
        live = configuration.mode == "live"
        if live:
            await self._warn_of_a_name_that_does_not_resolve()
        with progress.task("Starting PostgreSQL"):
            await self._supervisor.start(self._cluster.prepare())
            self._cluster.furnish()
        with progress.task("Preparing the database"):
            await self._furnish()
        services = [self._python(name) for name in ("conductor", "jobs", "web")]
        ready, alive = (partial(check, configuration) for check in (is_ready, has_a_conductor))
        services[0] = replace(services[0], ready=ready, alive=alive)
        services[2] = replace(services[2], ready=lambda: bool(health(configuration)))
        if live and any(node.local for node in configuration.nodes):
            from fernamt.daemons import (
                telephony,
            )  # needs Asterisk's part, which a rehearsal does not

            services.insert(0, telephony.service(configuration, self._toolbox.asterisk()))
        with progress.task("Starting the service centre"):
            await self._supervisor.start(*services)
        self._complete = True
        self._tell_others()
        progress.say(welcome(configuration))
        self._when_ready()

    async def _trim_logs(self) -> None:
        while True:
            await asyncio.to_thread(logs.trim, self._configuration.logs)
            await asyncio.sleep(logs.LOOK_AGAIN_SECONDS)

    async def _furnish(self) -> None:
        """Let another process bring tables, data and Asterisk's files up to date."""
        process = await asyncio.create_subprocess_exec(
            *self._python("furnish").command,
            env=self._python("furnish").environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        said: list[str] = []
        try:
            assert process.stdout is not None  # noqa: S101 tells mypy what PIPE means
            async for line in process.stdout:
                said.append(line.decode(errors="replace").rstrip())
                if said[-1].startswith(WARNING_MARK):
                    self._progress.say(f"Warning: {said[-1].removeprefix(WARNING_MARK).strip()}")
            code = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code != 0:
            raise NotFurnished(said=" | ".join(said[-4:])[-800:])

    def _python(self, command: str) -> Service:
        """Return how one of our own processes is run."""
        configuration = self._configuration
        return Service(
            name=command,
            command=[sys.executable, "-P", "-m", "fernamt.daemons.command", command],
            environment=os.environ
            | {
                "FERNAMT_HOME": str(configuration.home),
                "FERNAMT_MODE": configuration.mode,
                "PYTHONUNBUFFERED": "1",
            },
        )

    async def _warn_of_a_name_that_does_not_resolve(self) -> None:
        name = socket.gethostname()
        try:
            async with asyncio.timeout(NAME_SECONDS):
                await asyncio.get_running_loop().getaddrinfo(name, None)
        except (OSError, TimeoutError):
            self._progress.say(
                f"Warning: this machine's own name, {name}, does not resolve: Asterisk will stall"
                f" for seconds in every call. Add the line “127.0.1.1 {name}” to /etc/hosts."
            )

    def _say(self, words: str) -> None:
        self._progress.say(f"{time.strftime('%H:%M:%S')} {words}")

    def _tell_others(self) -> None:
        configuration = self._configuration
        now = state.State(
            supervisor=self._us,
            mode=configuration.mode,
            ready=self._complete and self._supervisor.is_whole,
            web=configuration.web_url,
            sip=configuration.nodes[0].sip if configuration.mode == "live" else "",
            processes={each.service.name: _state_of(each) for each in self._supervisor.children},
        )
        state.write(now, configuration)


def _state_of(child: Child) -> state.ProcessState:
    pid = child.pid
    return state.ProcessState(
        pid=pid,
        started=started_at(pid) if pid else "",
        condition=child.condition,
        since=child.since,
        restarts=child.restarts,
    )
