"""People of a small service centre, and the conductor's pen."""

import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import AsyncClient

from fernamt.core.live import Live
from fernamt.core.reading import read
from fernamt.exchange.models import AgentPresence, Call, DeskCommand
from fernamt.people.models import Account, Agent, Role
from fernamt.reception.models import Authority, Line
from fernamt.screens.live import live_news

AT = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


@pytest.fixture
def gifhorn(db: None) -> Line:
    authority = Authority.objects.create(
        key="landkreis-gifhorn",
        name="Landkreis Gifhorn",
        spoken_name="Landkreis Gifhorn",
        short_name="Gifhorn",
        colour="#00622d",
    )
    return Line.objects.create(
        authority=authority,
        number="+49537182370",
        written="05371 82-370",
        name="Kfz-Zulassung",
        sentence="Service Center Landkreis Gifhorn, mein Name ist {name}",
        is_live=True,
    )


@pytest.fixture
def mia(db: None) -> Agent:
    account = Account.objects.create_user("mia", "ein langes Passwort", name="Mia Muster")
    return Agent.objects.create(account=account, name="Mia Muster")


@pytest.fixture
def supervisor(db: None) -> Account:
    return Account.objects.create_user(
        "leitung", "ein langes Passwort", name="Petra Voss", role=Role.SUPERVISOR
    )


def account_of(agent: Agent) -> Account:
    assert agent.account is not None
    return agent.account


@pytest.fixture
async def live() -> AsyncIterator[Live]:
    async with live_news.running() as live:
        yield live


@pytest.fixture
async def desk(mia: Agent, live: Live) -> AsyncClient:
    """A browser in which Mia has signed in."""
    client = AsyncClient()
    await client.aforce_login(account_of(mia))
    return client


def write_presence(agent: Agent, **values: Any) -> None:
    """Write an agent's presence and tell of it, as the conductor does."""
    with transaction.atomic(), connection.cursor() as cursor:
        presence, _ = AgentPresence.objects.get_or_create(agent=agent)
        presence.version += 1
        for name, value in values.items():
            setattr(presence, name, value)
        presence.save()
        cursor.execute(
            "SELECT pg_notify('live', json_build_object('topic', 'desk', 'id', %s::text)::text)",
            [str(agent.pk)],
        )


def write_call(line: Line | None, **values: Any) -> Call:
    """Write a call and tell that the queue changed, as the conductor does."""
    facts: dict[str, Any] = {
        "id": uuid.uuid4(),
        "dialled": "0537182370",
        "caller": "+495371550000",
        "state": "queued",
        "arrived_at": AT,
        "queued_at": AT,
        "line": line,
        "authority": line.authority if line else None,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        call = Call(**(facts | values))
        call.save()
        cursor.execute("SELECT pg_notify('live', '{\"topic\": \"waiting\"}')")
    return call


def answer_command(command_id: str, refusal: str = "") -> None:
    """Answer a desk's command, as the conductor does."""
    with transaction.atomic(), connection.cursor() as cursor:
        DeskCommand.objects.filter(pk=command_id).update(
            handled_at=datetime.now(UTC), refusal=refusal
        )
        cursor.execute(
            "SELECT pg_notify('live', json_build_object('topic', 'command', 'id', %s::text)::text)",
            [command_id],
        )


async def written(write: Callable[[], Any]) -> Any:
    """Write from an asynchronous test."""
    return await read(write)
