"""The jobs process: what nobody waits for."""

import asyncio
import os
from contextlib import suppress
from typing import cast

import django

from fernamt.core.live import Live
from fernamt.daemons.configuration import Configuration

AT_ONCE = 2
"""Jobs under way at the same time."""
CHANGED = "reception_changed"


def main(configuration: Configuration) -> int:
    """Work until told to end; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fernamt.daemons.settings")
    django.setup()
    asyncio.run(_work(configuration))
    return 0


async def _work(configuration: Configuration) -> None:
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.django_connector import DjangoConnector

    connector = cast("DjangoConnector", app.connector).get_worker_connector()
    with app.replace_connector(connector) as worker:
        async with worker.open_async():
            tasks = [
                asyncio.create_task(speak_when_lines_change(configuration.dsn), name="lines"),
                asyncio.create_task(
                    worker.run_worker_async(concurrency=AT_ONCE, install_signal_handlers=True),
                    name="worker",
                ),
            ]
            done, running = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in running:
                task.cancel()
            for task in done:
                task.result()


async def speak_when_lines_change(dsn: str) -> None:
    """Order the announcements at the start and after every change of a line."""
    from procrastinate.exceptions import AlreadyEnqueued

    from fernamt.daemons.chores import speak_announcements

    live = Live(lambda: dsn, channels=(CHANGED,))
    listening = asyncio.create_task(live.run())
    try:
        with live.subscribe(CHANGED) as subscription:
            while True:
                if await subscription.news(patience=60):
                    with suppress(AlreadyEnqueued):
                        await speak_announcements.defer_async()
    finally:
        listening.cancel()
