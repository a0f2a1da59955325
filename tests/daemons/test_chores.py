"""What the jobs process does when nobody looks."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from psycopg.conninfo import make_conninfo

from fernamt.core.reading import read
from fernamt.daemons import chores
from fernamt.daemons.jobs import speak_when_lines_change
from fernamt.exchange.models import DeskCommand
from fernamt.reception.models import Authority


@pytest.mark.django_db
def test_commands_of_desks_are_forgotten_after_a_day() -> None:
    now = timezone.now()
    old, young = (
        DeskCommand.objects.create(id=uuid.uuid4(), kind="ready", created_at=now - age)
        for age in (timedelta(hours=25), timedelta(hours=23))
    )

    deleted = chores.delete_handled_commands(0)

    assert deleted == 1
    assert DeskCommand.objects.get() == young
    assert old != young


@pytest.mark.django_db
def test_sessions_that_have_expired_are_forgotten() -> None:
    expired, valid = SessionStore(), SessionStore()
    expired.set_expiry(-60)
    for session in (expired, valid):
        session.create()

    chores.clear_sessions(0)

    assert [session.session_key for session in Session.objects.all()] == [valid.session_key]


@asynccontextmanager
async def listening() -> AsyncIterator[None]:
    parameters = connection.get_connection_params()
    wanted = ("host", "dbname", "user", "password")
    dsn = make_conninfo(**{name: parameters[name] for name in wanted})
    task = asyncio.create_task(speak_when_lines_change(dsn))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.mark.django_db(transaction=True)
async def test_announcements_are_ordered_at_the_start_and_when_a_line_changes() -> None:
    async def ordered(count: int) -> None:
        async with asyncio.timeout(10):
            while await read(ProcrastinateJob.objects.count) < count:
                await asyncio.sleep(0.05)

    def done() -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE procrastinate_jobs SET status = 'succeeded'")

    create = partial(
        Authority.objects.create,
        key="a",
        name="A",
        spoken_name="A",
        short_name="A",
        colour="#000000",
    )
    async with listening():
        await ordered(1)
        await read(done)

        await read(create)

        await ordered(2)
    names = await read(lambda: set(ProcrastinateJob.objects.values_list("task_name", flat=True)))
    assert names == {"speak_announcements"}


def test_every_chore_has_its_time() -> None:
    import_paths_are_read = app.perform_import_paths()

    periodic = {task.task.name for task in app.periodic_registry.periodic_tasks.values()}

    assert import_paths_are_read is None
    assert {"delete_handled_commands", "clear_sessions", "delete_old_jobs"} <= periodic
