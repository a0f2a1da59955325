"""What stands on every page: the service centre's name, the way around, the mode."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fernamt.people.models import Account, Role

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One page in the navigation."""

    url: str
    name: "Words"
    is_current: bool


PAGES: tuple[tuple[str, "Words", frozenset[Role]], ...] = (
    ("desk", _("Workplace"), frozenset({Role.AGENT, Role.SUPERVISOR})),
    ("calls", _("Calls"), frozenset({Role.SUPERVISOR, Role.OPERATOR})),
)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give every template what the page's frame needs."""
    return {
        "service_centre": settings.CONFIGURATION.service_centre,
        "mode": settings.CONFIGURATION.mode,
        "pages": _pages(request),
    }


def _pages(request: HttpRequest) -> list[Entry]:
    account = getattr(request, "user", None)
    if not isinstance(account, Account):
        return []
    return [
        Entry(url=reverse(view), name=name, is_current=request.path == reverse(view))
        for view, name, roles in PAGES
        if account.role in roles
    ]
