"""The agent's desk: its page, its state, its stream, its commands, its telephone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_GET, require_POST

from fernamt.core.errors import DomainError
from fernamt.core.reading import read
from fernamt.exchange import queries, services
from fernamt.exchange.models import DeskCommand
from fernamt.people.models import Agent
from fernamt.reception.models import Line
from fernamt.screens.access import agent_of, for_agents
from fernamt.screens.agent.requests import Asked, InvalidCommand, read_command
from fernamt.screens.agent.stream import follow, fresh_state
from fernamt.screens.live import live_news
from fernamt.screens.messages import message_of

PATIENCE_SECONDS = 3.0
"""How long a desk waits for the conductor's answer."""
LOOK_AGAIN_SECONDS = 0.5
"""Also without news: the listener may be away just now."""
AUTO_ANSWER_HEADER = "X-Fernamt-At-Once"
SIP_DOMAIN = "fernamt"


@for_agents()
@require_GET
async def desk(request: HttpRequest) -> HttpResponse:
    """The page that carries the desk."""
    context = {"settings": await read(_settings, get_token(request), agent_of(request))}
    return await sync_to_async(render)(request, "screens/desk.html", context)


@for_agents()
@require_GET
async def state(request: HttpRequest) -> JsonResponse:
    """The desk's state as of now."""
    return _unstored(JsonResponse(await fresh_state(agent_of(request).pk)))


@for_agents()
@require_GET
async def events(request: HttpRequest) -> HttpResponseBase:
    """The desk's state and its changes, as server-sent events."""
    response = StreamingHttpResponse(_stream(request), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


@for_agents()
@require_POST
async def commands(request: HttpRequest) -> JsonResponse:
    """Take a command, wait a little for what the conductor says, and pass that on."""
    agent = agent_of(request)
    try:
        asked = read_command(request.body)
        refusal = await _ask(asked, agent.pk)
    except InvalidCommand as invalid:
        return _refused(invalid.code, status=400, field=invalid.field, allowed=invalid.allowed)
    except DomainError as error:
        return _refused(error.code, status=409)
    if refusal is None:
        return _refused("exchange-silent", status=503)
    return _refused(refusal, status=409) if refusal else JsonResponse({"accepted": True})


@for_agents()
@require_GET
async def telephone(request: HttpRequest) -> JsonResponse:
    """Where the agent's own telephone registers, and as whom."""
    account = await read(queries.telephone_of, agent_of(request).pk)
    if account is None:
        return _refused("no-telephone", status=409)
    user, password = account
    configuration = settings.CONFIGURATION
    answer = {
        "uri": f"sip:{user}@{SIP_DOMAIN}",
        "user": user,
        "password": password,
        "ws": configuration.websocket_url,
        "sip": f"{configuration.media_address}:{configuration.sip_port}",
        "auto_answer_header": AUTO_ANSWER_HEADER,
    }
    return _unstored(JsonResponse(answer))


async def _stream(request: HttpRequest) -> AsyncIterator[bytes]:
    # Who asks is known by now: give back the connection that this request has used so far.
    await sync_to_async(connections.close_all)()
    key = request.session.session_key
    store = type(request.session)

    async def still_signed_in() -> bool:
        return key is not None and await read(_holds, store, key)

    agent_id = agent_of(request).pk
    async for event in follow(agent_id, live_news(), may_go_on=still_signed_in):
        yield event


def _holds(store: Any, key: str) -> bool:
    return bool(store().exists(key))


async def _ask(asked: Asked, agent_id: UUID) -> str | None:
    """Return the code of the refusal, empty if accepted, None if nobody answered in time."""
    with live_news().subscribe(f"command:{asked.id}") as subscription:
        given = await read(_give, asked, agent_id)
        clock = asyncio.get_running_loop().time
        give_up_at = clock() + PATIENCE_SECONDS
        while given.handled_at is None and (left := give_up_at - clock()) > 0:
            await subscription.news(patience=min(left, LOOK_AGAIN_SECONDS))
            given = await read(_given, asked.id)
    return None if given.handled_at is None else given.refusal


def _give(asked: Asked, agent_id: UUID) -> DeskCommand:
    return services.give_command(
        command_id=asked.id, agent_id=agent_id, kind=asked.kind, facts=asked.facts
    )


def _given(command_id: UUID) -> DeskCommand:
    return DeskCommand.objects.get(pk=command_id)


def _settings(csrf: str, agent: Agent) -> dict[str, Any]:
    lines = Line.objects.filter(is_live=True).select_related("authority")
    return {
        "urls": {
            "state": reverse("desk-state"),
            "events": reverse("desk-events"),
            "commands": reverse("desk-commands"),
            "telephone": reverse("desk-telephone"),
        },
        "csrf": csrf,
        "language": get_language() or settings.LANGUAGE_CODE,
        "mode": settings.CONFIGURATION.mode,
        "service_centre": settings.CONFIGURATION.service_centre,
        "sign_out_url": reverse("sign-out"),
        "agent": agent.name,
        "lines": [
            {
                "number": line.number,
                "written": line.written,
                "name": line.name,
                "authority": line.authority.name,
                "colour": line.authority.colour,
            }
            for line in lines
        ],
    }


def _refused(code: str, *, status: int, field: str = "", allowed: str = "") -> JsonResponse:
    message = message_of(code)
    if field:
        words = gettext("Field “%(field)s”: %(allowed)s.") % {"field": field, "allowed": allowed}
        message = f"{message} {words}"
    elif allowed:
        message = f"{message} ({allowed})"
    answer = {"accepted": False, "code": code, "message": message}
    if field:
        answer |= {"field": field, "allowed": allowed}
    return _unstored(JsonResponse(answer, status=status))


def _unstored(response: JsonResponse) -> JsonResponse:
    response["Cache-Control"] = "no-store"
    return response
