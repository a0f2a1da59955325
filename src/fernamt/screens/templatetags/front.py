"""What templates need of the front end and of time."""

from datetime import timedelta

from django import template
from django.urls import reverse

from fernamt.screens.assets import version

register = template.Library()


@register.simple_tag
def asset(path: str) -> str:
    """Return the address of a built file, which changes whenever the file does."""
    mark = version(path)
    address = reverse("asset", kwargs={"path": path})
    return f"{address}?v={mark}" if mark else address


@register.filter
def clock(duration: timedelta | None) -> str:
    """Return 47 seconds as 0:47, an hour as 1:00:00; nothing for None."""
    if duration is None:
        return ""
    minutes, seconds = divmod(int(max(duration, timedelta()).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
