"""Whose call is it, and how do we treat it now? Pure: the lines and the time come in."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from fernamt.reception.numbers import readings
from fernamt.reception.treatment import Announce, LineFacts, PutInQueue, Refuse, Treatment

HOLIDAY = 7
"""The "weekday" of a public holiday, whichever day it falls on."""
END_OF_DAY = time(0)
"""As a closing time: midnight at the end of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One stretch of service hours on one day, in local time."""

    weekday: int
    """0 Monday to 6 Sunday; 7 for public holidays."""
    opens: time
    closes: time
    """Exclusive; 00:00 is the end of the day."""

    def covers(self, at: time) -> bool:
        """Tell whether the line is served at this local time of this day."""
        return self.opens <= at and (self.closes == END_OF_DAY or at < self.closes)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRules:
    """What was agreed for one line."""

    authority: str
    number: str
    """E.164."""
    greeting: str = ""
    """What the caller hears first, as text; empty for nothing."""
    closed_announcement: str
    """What the caller hears outside the service hours, as text."""
    priority: int = 0
    skills: Mapping[str, int] = field(default_factory=dict)
    widen_after: timedelta | None = None
    ring_for: timedelta = timedelta(seconds=20)
    wrap_up: timedelta = timedelta(seconds=60)
    is_live: bool = True
    fallback_number: str = ""
    hours: tuple[Opening, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """All lines, and the calendar by which they are served."""

    lines: Mapping[str, LineRules]
    """By number, E.164."""
    holidays: frozenset[date]
    """Public holidays and days closed by local policy."""
    timezone: ZoneInfo

    def announcements(self) -> dict[str, str]:
        """Return every text that callers may hear, by its key."""
        texts = (
            text
            for line in self.lines.values()
            for text in (line.greeting, line.closed_announcement)
        )
        return {announcement_key(text): text for text in texts if text}


def treat(lines: Lines, dialled: str, at: datetime) -> Treatment:
    """Return what is done with a call to *dialled* at the aware time *at*.

    A number that belongs to nobody here, or to a line that is not yet in service, is refused;
    outside the service hours the caller hears the announcement; else they are put in the queue.
    """
    line = find(lines, dialled)
    if line is None:
        return Refuse(reason="unknown_number")
    if not line.is_live:
        return Refuse(reason="not_in_service")
    facts = LineFacts(authority=line.authority, line=line.number)
    if not is_open(line, at=at, holidays=lines.holidays, timezone=lines.timezone):
        return Announce(facts=facts, announcement=announcement_key(line.closed_announcement))
    return PutInQueue(
        facts=facts,
        greeting=announcement_key(line.greeting),
        priority=line.priority,
        skills=dict(line.skills),
        widen_after=line.widen_after,
        ring_for=line.ring_for,
        wrap_up=line.wrap_up,
    )


def find(lines: Lines, dialled: str) -> LineRules | None:
    """Return the line that *dialled* belongs to, however the carrier writes it."""
    for number in readings(dialled):
        if line := lines.lines.get(number.e164):
            return line
    return None


def is_open(
    line: LineRules, *, at: datetime, holidays: frozenset[date], timezone: ZoneInfo
) -> bool:
    """Tell whether *line* is served at the aware time *at*.

    Hours are local time: at both clock changes the line opens when the clock on the wall says so.
    On a holiday only hours agreed for holidays count.
    """
    local = at.astimezone(timezone)
    day = HOLIDAY if local.date() in holidays else local.weekday()
    return any(opening.covers(local.time()) for opening in line.hours if opening.weekday == day)


def announcement_key(text: str) -> str:
    """Return the name of the sound of *text*: same words, same sound; empty for no words."""
    words = " ".join(text.split())
    return hashlib.sha256(words.encode()).hexdigest()[:24] if words else ""
