"""German for everybody, English for those who choose it."""

from collections.abc import Awaitable, Callable

from asgiref.sync import markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from fernamt.screens.access import public

YEAR_SECONDS = 365 * 24 * 60 * 60


class LanguageMiddleware:
    """Speak the language chosen on this browser; what the browser itself prefers does not count.

    A workplace is set up once for whoever sits there, often with a browser in another language.
    """

    async_capable = True
    sync_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]]) -> None:
        """Stand before the views."""
        self.get_response = get_response
        markcoroutinefunction(self)

    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Set the language for this request."""
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = await self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


@public(reason="the sign-in page can be read in either language")
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language on this browser and go back to the page."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    response = redirect(back)
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            max_age=YEAR_SECONDS,
            httponly=True,
            samesite="Lax",
        )
    return response
