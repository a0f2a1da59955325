"""The desk's state, and how it changes: whole at first, then what differs.

Folding the changes into the first state gives what a fresh fetch gives.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError

from fernamt.core.live import CLOSED, RESUMED, Live
from fernamt.core.reading import read
from fernamt.exchange import queries
from fernamt.screens.live import RECEPTION_CHANGED, WAITING, ReadOnce

logger = logging.getLogger(__name__)

State = dict[str, Any]
CHECK_SECONDS = 60.0
HEARTBEAT_SECONDS = 10.0
ALWAYS_NEW = "now"
"""The one key that differs without anything having changed."""


async def _waiting() -> queries.WaitingView:
    return await read(queries.waiting)


_waiting_now = ReadOnce(_waiting)


def desk_state(own: queries.OwnView, waiting: queries.WaitingView) -> State:
    """Return the whole state of one desk."""
    return {
        **own,
        "mode": settings.CONFIGURATION.mode,
        "waiting": waiting,
        ALWAYS_NEW: datetime.now(UTC).isoformat(),
    }


async def fresh_state(agent_id: UUID) -> State:
    """Return the desk's state as of now."""
    return desk_state(await read(queries.own_state, agent_id), await read(queries.waiting))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> State:
    """Return the top-level keys of *after* that differ; nothing if only time has passed."""
    differing = {key: value for key, value in after.items() if before.get(key) != value}
    return differing if differing.keys() - {ALWAYS_NEW} else {}


async def follow(
    agent_id: UUID, live: Live, *, may_go_on: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    """Yield the desk's server-sent events, until this process ends or the listener goes.

    Args:
        agent_id: Whose desk.
        live: Says when to read again.
        may_go_on: Asked every minute: whether the session still holds.
    """
    try:
        async for event in _events(agent_id, live, may_go_on):
            yield event
    except DatabaseError as fault:
        logger.warning("a desk's stream ends, its page will ask again: %s", fault)


async def _events(
    agent_id: UUID, live: Live, may_go_on: Callable[[], Awaitable[bool]]
) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    check_at = clock() + CHECK_SECONDS
    with live.subscribe(f"desk:{agent_id}", WAITING, RECEPTION_CHANGED) as subscription:
        state = await _read(agent_id, live)
        yield _event("state", state)
        while True:
            news = await subscription.news(patience=HEARTBEAT_SECONDS)
            if CLOSED in news:
                return
            if clock() >= check_at:
                if not await may_go_on():
                    return
                check_at = clock() + CHECK_SECONDS
            if not news:
                yield b": still here\n\n"
                continue
            after = await _read(agent_id, live, known=None if news - {WAITING} else state)
            if RESUMED in news:
                yield _event("state", after)
            elif differing := changes(state, after):
                yield _event("change", {"version": after["version"], "changes": differing})
            state = after


async def _read(agent_id: UUID, live: Live, *, known: State | None = None) -> State:
    """Read what has news: the agent's own part only if that may have changed."""
    waiting = await _waiting_now.get(live, WAITING)
    if known is not None:
        return {**known, "waiting": waiting, ALWAYS_NEW: datetime.now(UTC).isoformat()}
    return desk_state(await read(queries.own_state, agent_id), waiting)


def _event(name: str, payload: Mapping[str, Any]) -> bytes:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    return f"event: {name}\ndata: {text}\n\n".encode()
