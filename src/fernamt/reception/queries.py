"""What the exchange asks of reception."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone, translation
from django.utils.translation import gettext

from fernamt.core.calendar import LOCAL, closed_days
from fernamt.reception.models import Line, ServiceHours
from fernamt.reception.rules import LineRules, Lines, Opening


def snapshot() -> Lines:
    """Return all lines with their hours as of now.

    NOTIFY ``reception_changed`` says when to ask again; the calendar in it reaches from last
    year to the year after next.
    """
    this_year = timezone.localdate().year
    hours = list(ServiceHours.objects.all())
    lines = Line.objects.select_related("authority")
    return Lines(
        lines={line.number: _rules(line, hours) for line in lines},
        holidays=closed_days(range(this_year - 1, this_year + 3)),
        timezone=LOCAL,
    )


def apology() -> str:
    """Return what callers hear whom nobody can take, in German."""
    with translation.override("de"):
        return gettext(
            "We are sorry, nobody can take your call at the moment. Please try again later."
        )


def _rules(line: Line, hours: Iterable[ServiceHours]) -> LineRules:
    own = [row for row in hours if row.line_id == line.pk]
    common = [row for row in hours if row.line_id is None and row.authority_id == line.authority_id]
    widen = line.widen_after_seconds
    return LineRules(
        authority=line.authority.key,
        number=line.number,
        greeting=line.greeting,
        closed_announcement=line.closed_announcement or _closed(line),
        priority=line.priority,
        skills=line.skills,
        widen_after=None if widen is None else timedelta(seconds=widen),
        ring_for=timedelta(seconds=line.ring_seconds),
        wrap_up=timedelta(seconds=line.wrap_up_seconds),
        is_live=line.is_live,
        fallback_number=line.fallback_number,
        hours=tuple(
            Opening(weekday=row.weekday, opens=row.opens, closes=row.closes)
            for row in own or common
        ),
    )


def _closed(line: Line) -> str:
    """The announcement of a line that has none of its own: never silence."""
    with translation.override("de"):
        text = gettext(
            "Service Center %(authority)s. You are calling outside our service hours. "
            "Please call again during our service hours. Goodbye."
        )
    return text % {"authority": line.authority.spoken_name}
