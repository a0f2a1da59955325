"""What the exchange is told of the lines in the tables."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from fernamt.reception.models import Authority, Day, Line, ServiceHours
from fernamt.reception.queries import snapshot
from fernamt.reception.rules import treat
from fernamt.reception.treatment import Announce, PutInQueue


@pytest.fixture
def gifhorn(db: None) -> Authority:
    return Authority.objects.create(
        key="gifhorn",
        name="Landkreis Gifhorn",
        spoken_name="Landkreis Gifhorn",
        short_name="Gifhorn",
        colour="#00622d",
    )


def a_line(authority: Authority, **values: object) -> Line:
    facts: dict[str, object] = {
        "number": "+49537182370",
        "written": "05371 82-370",
        "name": "Kfz-Zulassung",
        "is_live": True,
    }
    return Line.objects.create(authority=authority, **(facts | values))


def test_a_line_keeps_the_hours_of_its_authority(gifhorn: Authority) -> None:
    a_line(gifhorn)
    ServiceHours.objects.create(
        authority=gifhorn, weekday=Day.MONDAY, opens=time(7), closes=time(18)
    )

    treatment = treat(snapshot(), "0537182370", datetime(2026, 5, 4, 8, tzinfo=UTC))

    assert isinstance(treatment, PutInQueue)


def test_hours_of_its_own_replace_those_of_the_authority(gifhorn: Authority) -> None:
    line = a_line(gifhorn)
    ServiceHours.objects.create(
        authority=gifhorn, weekday=Day.MONDAY, opens=time(7), closes=time(18)
    )
    ServiceHours.objects.create(
        authority=gifhorn, line=line, weekday=Day.TUESDAY, opens=time(7), closes=time(18)
    )

    treatment = treat(snapshot(), "0537182370", datetime(2026, 5, 4, 8, tzinfo=UTC))

    assert isinstance(treatment, Announce)


def test_a_line_without_an_announcement_of_its_own_is_never_silent(gifhorn: Authority) -> None:
    a_line(gifhorn)

    lines = snapshot()
    treatment = treat(lines, "0537182370", datetime(2026, 5, 4, 8, tzinfo=UTC))

    assert isinstance(treatment, Announce)
    assert "Landkreis Gifhorn" in lines.announcements()[treatment.announcement]
    assert "Servicezeit" in lines.announcements()[treatment.announcement]


def test_seconds_in_the_table_are_durations_in_the_rules(gifhorn: Authority) -> None:
    a_line(gifhorn, widen_after_seconds=20, ring_seconds=12, wrap_up_seconds=30)

    rules = snapshot().lines["+49537182370"]

    assert (rules.widen_after, rules.ring_for, rules.wrap_up) == (
        timedelta(seconds=20),
        timedelta(seconds=12),
        timedelta(seconds=30),
    )


@pytest.mark.django_db(transaction=True)
async def test_a_change_of_a_line_is_told_to_whoever_listens() -> None:
    parameters = connection.get_connection_params()
    dsn = {name: parameters[name] for name in ("host", "dbname", "user", "password")}
    async with await psycopg.AsyncConnection.connect(**dsn, autocommit=True) as listener:
        await listener.execute("LISTEN reception_changed")

        await Authority.objects.acreate(
            key="a", name="A", spoken_name="A", short_name="A", colour="#000000"
        )

        async with asyncio.timeout(5):
            notice = await anext(listener.notifies())
    assert notice.channel == "reception_changed"
    assert settings.CONFIGURATION.database in connection.settings_dict["NAME"]
