"""The calendar of the service centre: which days are holidays, and where its clock hangs."""

from collections.abc import Iterable
from datetime import date
from zoneinfo import ZoneInfo

import holidays

LOCAL = ZoneInfo("Europe/Berlin")
"""Where the service centre and its callers live."""


def closed_days(years: Iterable[int]) -> frozenset[date]:
    """Return the public holidays of Lower Saxony in *years*, and 24 and 31 December.

    Reformation Day, 31 October, is one since 2018. The two days in December are closed by local
    policy, not by law.
    """
    wanted = list(years)
    public = holidays.country_holidays("DE", subdiv="NI", years=wanted)
    by_policy = {date(year, 12, day) for year in wanted for day in (24, 31)}
    return frozenset(public) | by_policy
