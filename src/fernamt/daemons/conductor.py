"""The conductor's process: stands by until it may lead, then leads."""

import asyncio
import os
import signal
import socket
from contextlib import suppress
from functools import partial
from random import Random

import django
from asgiref.sync import sync_to_async
from psycopg import AsyncConnection, OperationalError
from psycopg.rows import TupleRow

from fernamt.daemons import telephony
from fernamt.daemons.configuration import Configuration
from fernamt.exchange.asterisk.edge import AsteriskEdge
from fernamt.exchange.conductor import Conductor
from fernamt.exchange.edge import Edge
from fernamt.exchange.leader import Leader
from fernamt.exchange.outbox import Contact, Outbox
from fernamt.exchange.rehearsal.edge import RehearsalEdge
from fernamt.exchange.store import PostgresCallLog

HEARTBEAT = 1.0
"""Seconds between two signs of life."""
BEAT = """
    INSERT INTO exchange_heartbeat (name, at, is_leader) VALUES (%s, now(), %s)
    ON CONFLICT (name) DO UPDATE SET at = now(), is_leader = EXCLUDED.is_leader
"""
FORGET_THE_DEAD = "DELETE FROM exchange_heartbeat WHERE at < now() - interval '1 minute'"


def main(configuration: Configuration) -> None:
    """Stand by, lead, until told to stop."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fernamt.daemons.settings")
    django.setup()
    asyncio.run(_until_told_to_stop(configuration))


async def _until_told_to_stop(configuration: Configuration) -> None:
    work = asyncio.ensure_future(_stand_by_and_lead(configuration))
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, work.cancel)
    with suppress(asyncio.CancelledError):
        await work


async def _stand_by_and_lead(configuration: Configuration) -> None:
    from fernamt.reception.queries import snapshot  # needs Django to be set up

    connect = partial(AsyncConnection.connect, configuration.dsn, autocommit=True)
    async with asyncio.TaskGroup() as tasks:
        heart = Heart(configuration.dsn)
        tasks.create_task(heart.beat())
        async with PostgresCallLog.leading(configuration.dsn) as log:
            leader = Leader(
                log=log,
                read_lines=sync_to_async(snapshot),
                connect=connect,
                make_edge=partial(_edge, configuration),
                telephone_key=configuration.secrets.telephones,
                leads=heart.leads,
            )
            await leader.run()


def _edge(
    configuration: Configuration, *, conductor: Conductor, outbox: Outbox, leader: Leader
) -> Edge:
    if configuration.mode == "rehearsal":
        return RehearsalEdge(
            clock=leader.clock,
            hear=conductor.hear,
            live_calls=lambda: leader.switchboard.calls,
            anybody_there=leader.anybody_there,
            chance=Random(),
        )
    return AsteriskEdge(
        telephony.addresses(configuration, password=configuration.secrets.ari),
        hear=conductor.hear,
        live_calls=lambda: leader.switchboard.calls,
        device_of=leader.device_of,
        seen=lambda address, is_there: outbox.put(Contact(address=address, is_there=is_there)),
        written=outbox.written,
    )


class Heart:
    """Says every second that this conductor lives, and whether it leads."""

    def __init__(self, dsn: str) -> None:
        """Begin as one that stands by."""
        self._dsn = dsn
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._is_leader = False
        self._beat_now = asyncio.Event()

    def leads(self) -> None:
        """Say from now on, and at once, that this conductor leads."""
        self._is_leader = True
        self._beat_now.set()

    async def beat(self) -> None:
        """Beat until cancelled; without a database, wait for it."""
        while True:
            with suppress(OperationalError):
                connection = await AsyncConnection.connect(self._dsn, autocommit=True)
                async with connection:
                    await self._beat_on(connection)
            await asyncio.sleep(HEARTBEAT)

    async def _beat_on(self, connection: AsyncConnection[TupleRow]) -> None:
        await connection.execute(FORGET_THE_DEAD)
        while True:
            await connection.execute(BEAT, [self._name, self._is_leader])
            with suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT):
                    await self._beat_now.wait()
            self._beat_now.clear()
