"""The pages for what went wrong, in plain words. Django calls them with what it has."""

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from fernamt.screens.access import wants_json
from fernamt.screens.messages import message_of

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """400: the browser sent something that cannot be read."""
    return _page(
        request,
        status=400,
        code="invalid-command",
        title=_("That could not be read"),
        advice=_("Please go back and try again."),
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """403: signed in, but not for this."""
    return _page(
        request,
        status=403,
        code="not-allowed",
        title=_("Your account may not open this page"),
        advice=_("If you need it for your work, ask your team leader or the operator."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """404: there is nothing under this address."""
    return _page(
        request,
        status=404,
        code="not-found",
        title=_("There is nothing at this address"),
        advice=_("Perhaps a letter is missing, or the page has moved."),
    )


def broken(request: HttpRequest) -> HttpResponse:
    """500: ours."""
    return _page(
        request,
        status=500,
        code="error",
        title=_("Something went wrong on our side"),
        advice=_("It was written down. Calls under way go on. Please load the page again."),
    )


def request_not_ours(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """403: the form was not one of ours, or too old."""
    return _page(
        request,
        status=403,
        code="request-not-ours",
        title=_("The page was open for too long"),
        advice=_("Please go back, load the page again and repeat what you did."),
    )


def _page(
    request: HttpRequest, *, status: int, code: str, title: "Words", advice: "Words"
) -> HttpResponse:
    if wants_json(request):
        answer = {"accepted": False, "code": code, "message": message_of(code)}
        return JsonResponse(answer, status=status)
    context = {"title": title, "advice": advice, "status": status}
    return render(request, "screens/error.html", context, status=status)
