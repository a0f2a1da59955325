"""A new installation shows something that works at any hour."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.contrib.auth import authenticate
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from fernamt.daemons import demonstration
from fernamt.daemons.configuration import Configuration, load
from fernamt.people.models import Account, Agent, Role
from fernamt.reception.models import Authority, Line
from fernamt.reception.queries import snapshot
from fernamt.reception.rules import treat
from fernamt.reception.treatment import Announce, PutInQueue

pytestmark = pytest.mark.django_db
MOMENTS = st.datetimes(
    min_value=datetime(2026, 1, 2),  # noqa: DTZ001 - the zone follows
    max_value=datetime(2027, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    return replace(load(), home=tmp_path)


def test_a_new_database_gets_authorities_lines_and_people(configuration: Configuration) -> None:
    assert demonstration.load(configuration) is True

    assert set(Authority.objects.values_list("name", flat=True)) == {
        "Landkreis Gifhorn",
        "Stadt Wolfsburg",
        "Gemeinde Uetze",
    }
    assert set(Account.objects.values_list("role", flat=True)) == set(Role.values)
    assert Agent.objects.count() >= 3


def test_every_line_is_complete(configuration: Configuration) -> None:
    demonstration.load(configuration)

    for line in Line.objects.select_related("authority"):
        line.full_clean()
        assert line.greeting.startswith(f"Service Center {line.authority.name}")
        assert line.sentence.startswith(f"Service Center {line.authority.name}")
        assert line.fallback_number


def test_the_accounts_are_written_for_their_owner_only(configuration: Configuration) -> None:
    demonstration.load(configuration)

    path = configuration.accounts
    accounts = json.loads(path.read_text(encoding="utf-8"))["accounts"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len({account["password"] for account in accounts}) == len(accounts)
    for account in accounts:
        assert authenticate(
            RequestFactory().post("/"),
            username=account["username"],
            password=account["password"],
        )


def test_a_database_that_is_in_use_is_left_alone(configuration: Configuration) -> None:
    Account.objects.create_user("echt", name="Echt")

    assert demonstration.load(configuration) is False

    assert not configuration.accounts.exists()
    assert not Authority.objects.exists()


def test_one_can_try_at_any_hour_and_hear_the_closed_announcement_too(
    configuration: Configuration,
) -> None:
    demonstration.load(configuration)
    lines = snapshot()

    @given(MOMENTS)
    def at_any_hour(at: datetime) -> None:
        for dialled in ("05371 82-0", "05371 82-370", "05361 28-0"):
            assert isinstance(treat(lines, dialled, at), PutInQueue)

    at_any_hour()
    sunday = datetime(2026, 5, 3, 10, tzinfo=UTC)
    assert isinstance(treat(lines, "05371 82-450", sunday), Announce)
