"""What a new installation shows: three authorities, their lines, and people who work there.

The texts are content, as the service centre's own editors would write them: German.
"""

import json
import os
import secrets
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path

from django.db import transaction

from fernamt.daemons.configuration import Configuration
from fernamt.people.models import Account, Agent, Role
from fernamt.reception.models import Authority, Day, Line, ServiceHours

WORKING_DAYS = (Day.MONDAY, Day.TUESDAY, Day.WEDNESDAY, Day.THURSDAY, Day.FRIDAY)
SEVEN, SIX_IN_THE_EVENING, MIDNIGHT = time(7), time(18), time(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoLine:
    """One line of the demonstration."""

    number: str
    written: str
    name: str
    subject: str = ""
    fallback: str
    skills: dict[str, int] = field(default_factory=dict)
    widen_after_seconds: int | None = None
    keeps_real_hours: bool = False
    """Monday to Friday 7 to 18; the others answer around the clock, so that one can try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAuthority:
    """One authority of the demonstration."""

    key: str
    name: str
    short_name: str
    colour: str
    lines: tuple[DemoLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """One account of the demonstration."""

    username: str
    name: str
    role: Role
    skills: dict[str, int] = field(default_factory=dict)


AUTHORITIES = (
    DemoAuthority(
        key="landkreis-gifhorn",
        name="Landkreis Gifhorn",
        short_name="Gifhorn",
        colour="#00622d",
        lines=(
            DemoLine(
                number="+495371820",
                written="05371 82-0",
                name="Zentrale",
                fallback="+495371821",
            ),
            DemoLine(
                number="+49537182370",
                written="05371 82-370",
                name="Kfz-Zulassung",
                subject="Kfz-Zulassung",
                fallback="+49537182371",
                skills={"kfz": 1},
                widen_after_seconds=20,
            ),
            DemoLine(
                number="+49537182450",
                written="05371 82-450",
                name="Bauaufsicht",
                subject="Bauaufsicht",
                fallback="+49537182451",
                keeps_real_hours=True,
            ),
        ),
    ),
    DemoAuthority(
        key="stadt-wolfsburg",
        name="Stadt Wolfsburg",
        short_name="Wolfsburg",
        colour="#005ca9",
        lines=(
            DemoLine(
                number="+495361280",
                written="05361 28-0",
                name="Zentrale",
                fallback="+495361281",
            ),
        ),
    ),
    DemoAuthority(
        key="gemeinde-uetze",
        name="Gemeinde Uetze",
        short_name="Uetze",
        colour="#8a3b12",
        lines=(
            DemoLine(
                number="+4951739700",
                written="05173 970-0",
                name="Zentrale",
                fallback="+4951739701",
            ),
        ),
    ),
)
PEOPLE = (
    DemoPerson(username="mia", name="Mia Muster", role=Role.AGENT, skills={"kfz": 3}),
    DemoPerson(username="jonas", name="Jonas Behrens", role=Role.AGENT, skills={"kfz": 2}),
    DemoPerson(username="aylin", name="Aylin Demir", role=Role.AGENT),
    DemoPerson(username="leitung", name="Petra Voss", role=Role.SUPERVISOR, skills={"kfz": 5}),
    DemoPerson(username="system", name="Systembetreuung", role=Role.OPERATOR),
)


def load(configuration: Configuration) -> bool:
    """Fill a new database; return whether it was new.

    The passwords are made here and written to the installation's ``accounts.json``, which only
    its owner can read.
    """
    with transaction.atomic():
        if Authority.objects.exists() or Account.objects.exists():
            return False
        for demo in AUTHORITIES:
            _authority(demo)
        accounts = [_account(person) for person in PEOPLE]
        # Last, and before the commit: no accounts without a file that tells their passwords.
        _write(configuration.accounts, accounts)
    return True


def _authority(demo: DemoAuthority) -> None:
    authority = Authority.objects.create(
        key=demo.key,
        name=demo.name,
        spoken_name=demo.name,
        short_name=demo.short_name,
        colour=demo.colour,
    )
    _hours(authority, None, tuple(Day), opens=MIDNIGHT, closes=MIDNIGHT)
    for row in demo.lines:
        line = Line.objects.create(
            authority=authority,
            number=row.number,
            written=row.written,
            name=row.name,
            subject=row.subject,
            greeting=_greeting(demo, row),
            closed_announcement=_closed(demo),
            sentence=_sentence(demo),
            fallback_number=row.fallback,
            skills=row.skills,
            widen_after_seconds=row.widen_after_seconds,
            is_live=True,
        )
        if row.keeps_real_hours:
            _hours(authority, line, WORKING_DAYS, opens=SEVEN, closes=SIX_IN_THE_EVENING)


def _hours(
    authority: Authority, line: Line | None, days: tuple[Day, ...], *, opens: time, closes: time
) -> None:
    ServiceHours.objects.bulk_create(
        ServiceHours(authority=authority, line=line, weekday=day, opens=opens, closes=closes)
        for day in days
    )


def _account(person: DemoPerson) -> dict[str, str]:
    password = secrets.token_urlsafe(12)
    account = Account.objects.create_user(
        person.username, password, name=person.name, role=person.role
    )
    if person.role is not Role.OPERATOR:
        Agent.objects.create(account=account, name=person.name, skills=person.skills)
    return {
        "username": person.username,
        "password": password,
        "name": person.name,
        "role": person.role.value,
    }


def _write(path: Path, accounts: list[dict[str, str]]) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"accounts": accounts}, file, ensure_ascii=False, indent=2)
        file.write("\n")
    draft.replace(path)


def _greeting(demo: DemoAuthority, line: DemoLine) -> str:
    subject = f", {line.subject}" if line.subject else ""
    return f"Service Center {demo.name}{subject}. Guten Tag. Wir sind gleich für Sie da."


def _closed(demo: DemoAuthority) -> str:
    return (
        f"Service Center {demo.name}. Guten Tag. Sie rufen außerhalb unserer Servicezeiten an. "
        "Sie erreichen uns montags bis freitags von sieben bis achtzehn Uhr. Auf Wiederhören."
    )


def _sentence(demo: DemoAuthority) -> str:
    return f"Service Center {demo.name}, mein Name ist {{name}}. Was kann ich für Sie tun?"
