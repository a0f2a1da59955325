"""News for live screens: one LISTEN connection a process, fan-out in memory.

    PostgreSQL NOTIFY -> Live -> subscriptions -> whoever waits in this process

News says that something changed, never what: whoever hears it reads it afresh. So news that comes
twice is harmless, a subscription needs no queue, and after a lost connection one word, RESUMED,
makes everybody read everything again.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import psycopg

logger = logging.getLogger(__name__)

RESUMED = "resumed"
"""The connection was lost and is back, or was made: news may have been missed."""
CLOSED = "closed"
"""This process ends: let go."""
CHANNEL = "live"

LONGEST_PAUSE = 5.0
"""Seconds between two attempts to reach the database."""


class Subscription:
    """What one listener has not yet heard."""

    def __init__(self, topics: frozenset[str]) -> None:
        """Hear of *topics*, and always of RESUMED and CLOSED."""
        self.topics = topics
        self._news: set[str] = set()
        self._rang = asyncio.Event()

    def tell(self, topic: str) -> None:
        """Note that *topic* has news."""
        self._news.add(topic)
        self._rang.set()

    async def news(self, *, patience: float) -> frozenset[str]:
        """Return the topics that have news, as soon as any has; none after *patience* seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._rang.wait()
        self._rang.clear()
        news, self._news = frozenset(self._news), set()
        return news


class Live:
    """Listens for the whole process.

    Topics are named ``topic`` or ``topic:id``, as the JSON of the notice has them; a notice on
    another channel has the channel's name as its topic.
    """

    def __init__(
        self,
        dsn: Callable[[], str],
        *,
        channels: tuple[str, ...] = (),
        at_most_every: Mapping[str, float] | None = None,
    ) -> None:
        """Prepare; `run` connects.

        Args:
            dsn: Gives the connection string when it is needed.
            channels: Further channels to listen on, besides ``live``.
            at_most_every: Seconds between two tidings of a topic that changes often.
        """
        self._dsn = dsn
        self._channels = (CHANNEL, *channels)
        self._at_most_every = dict(at_most_every or {})
        self._quiet: dict[str, asyncio.TimerHandle | None] = {}
        self._owed: set[str] = set()
        self._subscriptions: dict[str, set[Subscription]] = {}
        self._turns: dict[str, int] = {}
        self._closed = False
        self.connected = asyncio.Event()

    @contextmanager
    def subscribe(self, *topics: str) -> Iterator[Subscription]:
        """Hear of *topics* from now on. Subscribe first, read afterwards: nothing is missed."""
        subscription = Subscription(frozenset({*topics, RESUMED, CLOSED}))
        for topic in subscription.topics:
            self._subscriptions.setdefault(topic, set()).add(subscription)
        if self._closed:
            subscription.tell(CLOSED)
        try:
            yield subscription
        finally:
            for topic in subscription.topics:
                listeners = self._subscriptions[topic]
                listeners.discard(subscription)
                if not listeners:
                    del self._subscriptions[topic]

    def turn(self, topic: str) -> int:
        """Return how often *topic* has had news: what was read in this turn is still true."""
        return self._turns.get(topic, 0) + self._turns.get(RESUMED, 0)

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is made again."""
        pause = 0.1
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as fault:
                if self.connected.is_set():
                    pause = 0.1
                logger.warning("live news: connection lost, again in %.1f s: %s", pause, fault)
            finally:
                self.connected.clear()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def close(self) -> None:
        """Tell all listeners to let go."""
        self._closed = True
        self._tell(CLOSED)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._dsn(), autocommit=True, application_name="fernamt live", connect_timeout=5
        )
        async with connection:
            for channel in self._channels:
                await connection.execute(f'LISTEN "{channel}"'.encode())
            self.connected.set()
            self._tell(RESUMED)
            async for notice in connection.notifies():
                self._hear(notice.channel, notice.payload)

    def _hear(self, channel: str, payload: str) -> None:
        topic = channel if channel != CHANNEL else _topic(payload)
        if topic is None:
            logger.warning("live news that nobody understands on channel %s", channel)
        elif (interval := self._at_most_every.get(topic)) is None:
            self._tell(topic)
        elif topic in self._quiet:
            self._owed.add(topic)
        else:
            self._tell(topic)
            self._be_quiet(topic, interval)

    def _be_quiet(self, topic: str, interval: float) -> None:
        loop = asyncio.get_running_loop()
        self._quiet[topic] = loop.call_later(interval, self._speak_again, topic, interval)

    def _speak_again(self, topic: str, interval: float) -> None:
        del self._quiet[topic]
        if topic in self._owed:
            self._owed.discard(topic)
            self._tell(topic)
            self._be_quiet(topic, interval)

    def _tell(self, topic: str) -> None:
        if not topic.partition(":")[2]:
            self._turns[topic] = self._turns.get(topic, 0) + 1
        for subscription in tuple(self._subscriptions.get(topic, ())):
            subscription.tell(topic)


def _topic(payload: str) -> str | None:
    try:
        notice = json.loads(payload)
    except ValueError:
        return None
    if not isinstance(notice, dict) or not isinstance(notice.get("topic"), str):
        return None
    key = notice.get("id")
    return f"{notice['topic']}:{key}" if key else str(notice["topic"])
