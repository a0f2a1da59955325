"""The one listener of this web process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Generic, TypeVar

from django.db import connection
from psycopg.conninfo import make_conninfo

from fernamt.core.live import Live

T = TypeVar("T")

RECEPTION_CHANGED = "reception_changed"
WAITING = "waiting"
MOST_OFTEN_SECONDS = 0.25
"""How often at most the numbers of the queue change on a screen."""


class LiveNews:
    """Starts listening with the process's event loop, or when somebody first asks."""

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._live: Live | None = None
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __call__(self) -> Live:
        """Return the listener of the running loop, started."""
        loop = asyncio.get_running_loop()
        if self._live is None or self._loop is not loop:
            self._loop = loop
            self._live = Live(
                _dsn,
                channels=(RECEPTION_CHANGED,),
                at_most_every={WAITING: MOST_OFTEN_SECONDS},
            )
            self._task = loop.create_task(self._live.run(), name="live news")
        return self._live

    def close(self) -> None:
        """Let all streams end, so that the process can."""
        if self._live is not None:
            self._live.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Live]:
        """Listen inside the block."""
        live = self()
        try:
            yield live
        finally:
            live.close()
            await self._stop()

    async def _stop(self) -> None:
        task, self._task, self._live = self._task, None, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


class ReadOnce(Generic[T]):
    """What many streams need at the same time is read once a turn of its news."""

    def __init__(self, question: Callable[[], Awaitable[T]]) -> None:
        """Ask *question* when it is needed."""
        self._question = question
        self._turn: tuple[Live, int] | None = None
        self._answer: asyncio.Task[T] | None = None

    async def get(self, live: Live, *topics: str) -> T:
        """Return the answer that is true since the last news on any of the *topics*."""
        if not live.connected.is_set():
            return await self._question()
        turn = (live, sum(live.turn(topic) for topic in topics))
        failed = self._answer is not None and self._answer.done() and self._answer.exception()
        if self._answer is None or self._turn != turn or failed:
            self._turn = turn
            self._answer = asyncio.create_task(_call(self._question))
        return await asyncio.shield(self._answer)


live_news = LiveNews()


async def _call(question: Callable[[], Awaitable[T]]) -> T:
    return await question()


def _dsn() -> str:
    parameters: dict[str, Any] = connection.get_connection_params()
    wanted = ("dbname", "user", "password", "host", "port")
    return make_conninfo(**{name: parameters[name] for name in wanted if parameters.get(name)})
