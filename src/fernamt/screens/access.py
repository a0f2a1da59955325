"""Who may open which address: every view says so, and one that does not is closed to everybody."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

from asgiref.sync import markcoroutinefunction
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect

from fernamt.core.errors import OurError
from fernamt.people.models import Account, Agent, Role
from fernamt.screens.messages import message_of

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Who may open a view."""

    roles: frozenset[Role] = frozenset()
    """Any of these roles."""
    is_public: bool = False
    needs_agent: bool = False
    """Whether the account has to be an agent's, whatever its role."""
    reason: str = ""
    """Why it is public."""


class AccessUndeclared(OurError):
    """A view does not say who may open it."""

    code: ClassVar[str] = "access-undeclared"


def public(*, reason: str) -> Callable[[View], View]:
    """Let everybody open the view, signed in or not, for a *reason*."""
    return _declare(Access(is_public=True, reason=reason))


def for_roles(*roles: Role) -> Callable[[View], View]:
    """Let accounts with one of the *roles* open the view."""
    return _declare(Access(roles=frozenset(roles)))


def for_agents() -> Callable[[View], View]:
    """Let every account that is an agent's open the view."""
    return _declare(Access(roles=frozenset(Role), needs_agent=True))


def access_of(view: Callable[..., Any]) -> Access | None:
    """Return what *view* declares; None if it does not."""
    found = getattr(view, "fernamt_access", None)
    return found if isinstance(found, Access) else None


class AccessMiddleware:
    """Hold every view to its declaration."""

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        """Stand before the views."""
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on; the decision falls when the view is known."""
        return await self.get_response(request)

    async def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_: object
    ) -> HttpResponse | None:
        """Return the refusal, or None to go on.

        Raises:
            AccessUndeclared: If the view says nothing.
            PermissionDenied: If the account's role does not suffice.
        """
        access = access_of(view)
        if access is None:
            raise AccessUndeclared(view=getattr(view, "__qualname__", repr(view)))
        if access.is_public:
            return None
        account = await request.auser()
        if not isinstance(account, Account):
            return _sign_in_first(request)
        if account.role not in access.roles:
            raise PermissionDenied
        if access.needs_agent:
            request.agent = await _agent(account)  # type: ignore[attr-defined]
        return None


def agent_of(request: HttpRequest) -> Agent:
    """Return the agent who asks; only in views that are for agents."""
    agent: Agent = request.agent  # type: ignore[attr-defined]
    return agent


def wants_json(request: HttpRequest) -> bool:
    """Tell whether a program asks, to which a page would say nothing."""
    return not request.accepts("text/html") or request.content_type == "application/json"


async def _agent(account: Account) -> Agent:
    agent = await Agent.objects.filter(account=account).afirst()
    if agent is None:
        raise PermissionDenied
    return agent


def _sign_in_first(request: HttpRequest) -> HttpResponse:
    if wants_json(request):
        code = "session-expired"
        answer = {"accepted": False, "code": code, "message": message_of(code)}
        return JsonResponse(answer, status=401)
    return redirect(f"{settings.LOGIN_URL}?next={quote(request.get_full_path())}")


def _declare(access: Access) -> Callable[[View], View]:
    def declare(view: View) -> View:
        view.fernamt_access = access  # type: ignore[attr-defined]
        return view

    return declare
