"""Whether this installation is well, for those who watch over it."""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from fernamt.core.reading import read
from fernamt.exchange.queries import conductor_last_seen
from fernamt.screens.access import public

SILENT_AFTER = timedelta(seconds=10)
"""A conductor that leads says so every few seconds."""


@public(reason="balancers and watchdogs do not sign in; it tells nothing of anybody")
@require_safe
async def health(_request: HttpRequest) -> JsonResponse:
    """Database and conductor; 503 if the database cannot be reached."""
    try:
        seen = await read(conductor_last_seen)
    except DatabaseError:
        return _unstored({"database": "unreachable", "ready": False}, status=503)
    age = datetime.now(UTC) - seen if seen else None
    leads = age is not None and age < SILENT_AFTER
    return _unstored(
        {
            "database": "ok",
            "conductor": "ok" if leads else "silent",
            "conductor_age_seconds": round(age.total_seconds(), 1) if age else None,
            "mode": settings.CONFIGURATION.mode,
            "ready": leads,
        },
        status=200,
    )


def _unstored(answer: dict[str, object], *, status: int) -> JsonResponse:
    response = JsonResponse(answer, status=status)
    response["Cache-Control"] = "no-store"
    return response
