"""Signing in and out."""

import uuid

from django.contrib.auth import logout
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from fernamt.exchange.models import AgentPresence
from fernamt.exchange.presence import Presence
from fernamt.exchange.services import give_command
from fernamt.people.models import Account, Role
from fernamt.screens.access import for_roles, public

FIRST_PAGE = {Role.AGENT: "desk", Role.SUPERVISOR: "calls", Role.OPERATOR: "calls"}


class SignIn(LoginView):
    """The sign-in page."""

    template_name = "screens/sign_in.html"
    redirect_authenticated_user = True


sign_in = public(reason="one signs in here")(never_cache(SignIn.as_view()))


@for_roles(*Role)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Lead everybody to the page of their work."""
    account = request.user
    role = Role(account.role) if isinstance(account, Account) else Role.AGENT
    return redirect(FIRST_PAGE[role])


@public(reason="a session that has expired can be left as well")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session, and the work at the desk if no call is under way."""
    if isinstance(request.user, Account):
        _leave_the_desk(request.user)
    logout(request)
    return redirect("sign-in")


def locked_out(
    request: HttpRequest, _response: HttpResponse | None = None, _credentials: object = None
) -> HttpResponse:
    """429: too many wrong passwords."""
    return render(request, "screens/locked_out.html", status=429)


def _leave_the_desk(account: Account) -> None:
    presence = AgentPresence.objects.filter(agent__account=account).first()
    if presence is not None and presence.state != Presence.SIGNED_OUT:
        give_command(command_id=uuid.uuid4(), agent_id=presence.agent_id, kind="sign_out", facts={})
