"""The web application, with the listener that lives as long as it."""

import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fernamt.daemons.web_settings")
django.setup(set_prefix=False)

from django.core.handlers.asgi import ASGIHandler  # noqa: E402 - Django has to be set up first

from fernamt.screens.live import live_news  # noqa: E402

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_django = ASGIHandler()


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Answer one connection, or live through the process's own beginning and end."""
    if scope["type"] != "lifespan":
        await _django(scope, receive, send)  # type: ignore[arg-type]
        return
    await receive()
    async with live_news.running():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
