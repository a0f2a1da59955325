"""How a call is treated, by the line that was dialled and the clock on the wall."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fernamt.core.calendar import closed_days
from fernamt.reception.rules import (
    HOLIDAY,
    LineRules,
    Lines,
    Opening,
    announcement_key,
    is_open,
    treat,
)
from fernamt.reception.treatment import Announce, LineFacts, PutInQueue, Refuse

BERLIN = ZoneInfo("Europe/Berlin")
MOMENTS = st.datetimes(
    min_value=datetime(2025, 1, 2),  # noqa: DTZ001 - the zone follows
    max_value=datetime(2026, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
)
WORKING_WEEK = tuple(Opening(weekday=day, opens=time(7), closes=time(18)) for day in range(5))
AROUND_THE_CLOCK = tuple(
    Opening(weekday=day, opens=time(0), closes=time(0)) for day in (*range(7), HOLIDAY)
)
REGISTRATION = LineRules(
    authority="landkreis-gifhorn",
    number="+49537182370",
    greeting="Service Center Landkreis Gifhorn",
    closed_announcement="Wir sind morgen wieder da",
    priority=3,
    skills={"kfz": 2},
    widen_after=timedelta(seconds=30),
    ring_for=timedelta(seconds=15),
    wrap_up=timedelta(seconds=45),
    hours=WORKING_WEEK,
)
SUPPORT = LineRules(
    authority="stadt-wolfsburg",
    number="+495361280",
    closed_announcement="Zu",
    hours=AROUND_THE_CLOCK,
)
UNFINISHED = LineRules(
    authority="gemeinde-uetze", number="+4951739700", closed_announcement="Zu", is_live=False
)
LINES = Lines(
    lines={line.number: line for line in (REGISTRATION, SUPPORT, UNFINISHED)},
    holidays=closed_days([2025, 2026]),
    timezone=BERLIN,
)
MONDAY_AT_TEN = datetime(2026, 5, 4, 10, tzinfo=BERLIN)
FACTS = LineFacts(authority="landkreis-gifhorn", line="+49537182370")


def local(*when: int, fold: int = 0) -> datetime:
    return datetime(*when, tzinfo=BERLIN, fold=fold)  # type: ignore[arg-type, misc]


def opened(at: datetime, line: LineRules = REGISTRATION) -> bool:
    return is_open(line, at=at, holidays=LINES.holidays, timezone=BERLIN)


def test_a_caller_in_service_hours_is_greeted_and_queued_by_the_lines_rules() -> None:
    assert treat(LINES, "05371 82-370", MONDAY_AT_TEN) == PutInQueue(
        facts=FACTS,
        greeting=announcement_key("Service Center Landkreis Gifhorn"),
        priority=3,
        skills={"kfz": 2},
        widen_after=timedelta(seconds=30),
        ring_for=timedelta(seconds=15),
        wrap_up=timedelta(seconds=45),
    )


def test_a_caller_outside_the_hours_hears_the_announcement() -> None:
    assert treat(LINES, "+49537182370", local(2026, 5, 4, 19)) == Announce(
        facts=FACTS, announcement=announcement_key("Wir sind morgen wieder da")
    )


@pytest.mark.parametrize("dialled", ["0537199999", "anonymous", "", "x" * 2000, "0\x00"])
def test_a_number_that_is_nobodys_is_refused(dialled: str) -> None:
    assert treat(LINES, dialled, MONDAY_AT_TEN) == Refuse(reason="unknown_number")


def test_a_line_that_is_not_yet_in_service_refuses() -> None:
    assert treat(LINES, "05173 970-0", MONDAY_AT_TEN) == Refuse(reason="not_in_service")


def test_a_line_that_greets_nobody_has_no_announcement() -> None:
    treatment = treat(LINES, "05361 28-0", MONDAY_AT_TEN)

    assert isinstance(treatment, PutInQueue)
    assert treatment.greeting == ""


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (local(2026, 5, 4, 6, 59, 59), False),
        (local(2026, 5, 4, 7), True),
        (local(2026, 5, 4, 17, 59, 59), True),
        (local(2026, 5, 4, 18), False),
        (local(2026, 5, 9, 10), False),  # Saturday
        (local(2026, 5, 14, 10), False),  # Ascension
        (local(2025, 10, 31, 10), False),  # Reformation Day, a Friday
        (local(2026, 12, 24, 10), False),  # by local policy, a Thursday
        (local(2026, 12, 31, 10), False),
        (local(2026, 12, 23, 10), True),
    ],
)
def test_service_hours_are_those_of_the_calendar(at: datetime, *, expected: bool) -> None:
    assert opened(at) is expected


def test_hours_follow_the_clock_on_the_wall_at_both_clock_changes() -> None:
    winter, summer = datetime(2026, 3, 27, 6, tzinfo=UTC), datetime(2026, 3, 30, 5, tzinfo=UTC)
    summer_again, winter_again = (
        datetime(2026, 10, 23, 5, tzinfo=UTC),
        datetime(2026, 10, 26, 6, tzinfo=UTC),
    )

    for opening in (winter, summer, summer_again, winter_again):
        assert opened(opening)
        assert not opened(opening - timedelta(seconds=1))


def test_the_hour_that_comes_twice_is_served_twice() -> None:
    at_night = LineRules(
        authority="a",
        number="+491",
        closed_announcement="Zu",
        hours=(Opening(weekday=6, opens=time(2), closes=time(3)),),
    )

    assert opened(local(2026, 10, 25, 2, 30), at_night)
    assert opened(local(2026, 10, 25, 2, 30, fold=1), at_night)
    assert not opened(local(2026, 10, 25, 3), at_night)


def test_hours_agreed_for_holidays_count_on_holidays_only() -> None:
    line = LineRules(
        authority="a",
        number="+491",
        closed_announcement="Zu",
        hours=(Opening(weekday=HOLIDAY, opens=time(10), closes=time(12)),),
    )

    assert opened(local(2025, 10, 31, 11), line)
    assert not opened(local(2025, 10, 30, 11), line)


@given(MOMENTS)
def test_around_the_clock_means_always(at: datetime) -> None:
    assert opened(at, SUPPORT)


@given(
    st.text(max_size=30),
    MOMENTS,
)
def test_every_call_is_treated_in_some_way(dialled: str, at: datetime) -> None:
    assert isinstance(treat(LINES, dialled, at), PutInQueue | Announce | Refuse)


@given(
    MOMENTS,
    st.sampled_from([UTC, BERLIN, ZoneInfo("America/New_York")]),
)
def test_the_answer_does_not_depend_on_the_zone_the_time_is_told_in(
    at: datetime, zone: ZoneInfo
) -> None:
    moment = at

    assert opened(moment) == opened(moment.astimezone(zone))


def test_reformation_day_is_a_holiday_and_so_are_the_two_days_of_december() -> None:
    days = closed_days([2026])

    assert {date(2026, 10, 31), date(2026, 12, 24), date(2026, 12, 31)} <= days
    assert date(2026, 11, 2) not in days


def test_the_same_words_have_the_same_sound_whatever_the_line_breaks() -> None:
    assert announcement_key("Guten  Tag\n") == announcement_key("Guten Tag")
    assert announcement_key("Guten Tag") != announcement_key("Guten Abend")
    assert announcement_key(" ") == ""
