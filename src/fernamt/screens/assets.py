"""The built front end, served by the web process itself."""

import mimetypes
from pathlib import Path

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils._os import safe_join
from django.utils.http import http_date, parse_http_date_safe
from django.views.decorators.http import require_safe

from fernamt.screens.access import public

KEPT_SECONDS = 365 * 24 * 60 * 60
"""For addresses that carry the file's version."""
LOOKED_AT_SECONDS = 60
ICON = Path(__file__).parent / "icon.svg"
TYPES = {".js": "text/javascript", ".css": "text/css", ".map": "application/json"}


@public(reason="style sheets and scripts hold nothing of anybody")
@require_safe
def asset(request: HttpRequest, path: str) -> HttpResponse:
    """One file of the front end."""
    file = _find(path)
    modified = int(file.stat().st_mtime)
    known = parse_http_date_safe(request.headers.get("If-Modified-Since", ""))
    if known is not None and modified <= known:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(file.read_bytes(), content_type=_type(file))
    versioned = request.GET.get("v") == version(path)
    age = KEPT_SECONDS if versioned else LOOKED_AT_SECONDS
    response["Cache-Control"] = f"public, max-age={age}" + (", immutable" if versioned else "")
    response["Last-Modified"] = http_date(modified)
    return response


@public(reason="browsers ask for it before anybody has signed in")
@require_safe
def icon(_request: HttpRequest) -> HttpResponse:
    """The sign in the browser's tab."""
    response = HttpResponse(ICON.read_bytes(), content_type="image/svg+xml")
    response["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    return response


def version(path: str) -> str:
    """Return what changes when the file does; empty for a file that is not there."""
    try:
        return format(int(Path(f"{settings.FRONT}/{path}").stat().st_mtime_ns), "x")
    except OSError:
        return ""


def _find(path: str) -> Path:
    try:
        file = Path(safe_join(settings.FRONT, path))
    except (SuspiciousFileOperation, ValueError):
        raise Http404 from None
    if "\0" in path or not file.is_file():
        raise Http404
    return file


def _type(file: Path) -> str:
    guessed = TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0]
    return guessed or "application/octet-stream"
