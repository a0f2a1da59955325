"""One WebSocket to one Asterisk: its events come in, requests go out and are answered.

    connection = Connection(node, user=APPLICATION, hear=hear)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(connection.run())
        channels = await connection.ask(requests.channels_list())

Many requests may be under way; Asterisk takes them up in the order in which they
were sent. So whoever needs only the order sends all and waits for none.
"""

import asyncio
import base64
import itertools
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, NoReturn, TypeVar, cast

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from fernamt.core.errors import TelephonyFault
from fernamt.exchange.asterisk.ari.events import Event, RESTResponse
from fernamt.exchange.asterisk.request import Request
from fernamt.exchange.asterisk.settings import NodeAddress

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
PATIENCE = timedelta(seconds=5)
"""How long an answer may take; on an idle machine it takes a millisecond."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(milliseconds=100), timedelta(seconds=5)
"""Between attempts to connect, doubling."""


class NodeUnreachable(TelephonyFault):
    """There is no connection to the Asterisk node."""

    code = "node-unreachable"


class NodeSilent(TelephonyFault):
    """The Asterisk node did not answer in time."""

    code = "node-silent"


class RequestRefused(TelephonyFault):
    """The Asterisk node did not do what it was asked to do."""

    code = "request-refused"

    def __init__(self, *, status: int, request: str, reason: str) -> None:
        """Keep the HTTP status, what was asked, and what Asterisk said to it."""
        super().__init__(status=status, request=request, reason=reason)
        self.status = status


class _Sent(msgspec.Struct, frozen=True):
    type: str
    transaction_id: str
    request_id: str
    method: str
    uri: str
    query_strings: list[dict[str, str]]
    content_type: str
    message_body: str


class _Kind(msgspec.Struct, frozen=True):
    type: str = ""


_events: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
_kind = msgspec.json.Decoder(_Kind)
_encoder = msgspec.json.Encoder()


async def _nothing() -> None:
    return None


def _ignore(_event: Event) -> None:
    return None


class Connection:
    """A connection to one node that comes back by itself when it breaks."""

    def __init__(
        self,
        node: NodeAddress,
        *,
        user: str,
        hear: Callable[[Event], None] = _ignore,
        connected: Callable[[], Awaitable[None]] = _nothing,
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare a connection as *user*, whose Stasis application has the same name.

        Args:
            node: Where to connect to.
            user: Of ``ari.conf``.
            hear: Told every event, in order; must not block.
            connected: Awaited after each connecting, while events already come in.
            lost: Told whenever the connection broke.
        """
        self.node = node
        self._user = user
        self._hear = hear
        self._connected = connected
        self._lost = lost
        self._socket: ClientConnection | None = None
        self._numbers = itertools.count(1)
        self._pending: dict[str, tuple[Request[Any], asyncio.Future[Any]]] = {}
        self._usable = asyncio.Event()

    @property
    def is_usable(self) -> bool:
        """Whether requests can be sent now."""
        return self._socket is not None

    async def usable(self) -> None:
        """Wait until requests can be sent."""
        await self._usable.wait()

    async def ask(self, request: Request[Answer], *, patience: timedelta = PATIENCE) -> Answer:
        """Send *request* and return its answer.

        Raises:
            NodeUnreachable: If there is no connection, or it breaks meanwhile.
            NodeSilent: If the answer takes too long.
            RequestRefused: If the status is 400 or more.
        """
        answer = await self.send(request)
        try:
            async with asyncio.timeout(patience.total_seconds()):
                return await answer
        except TimeoutError:
            raise NodeSilent(node=self.node.name, request=_name(request)) from None

    async def send(self, request: Request[Answer]) -> "asyncio.Future[Answer]":
        """Send *request*; the answer, or the error instead, comes in the future.

        Raises:
            NodeUnreachable: If there is no connection.
        """
        if self._socket is None:
            raise NodeUnreachable(node=self.node.name)
        number = str(next(self._numbers))
        message = _Sent(
            type="RESTRequest",
            transaction_id=number,
            request_id=number,
            method=request.method,
            uri=request.path,
            query_strings=request.query_pairs(),
            content_type="application/json",
            message_body=_encoder.encode(request.body).decode() if request.body else "",
        )
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pending[number] = (request, answer)
        answer.add_done_callback(lambda _: self._pending.pop(number, None))
        try:
            await self._socket.send(_encoder.encode(message), text=True)
        except (WebSocketException, OSError) as error:
            answer.cancel()
            raise NodeUnreachable(node=self.node.name) from error
        return answer

    async def run(self) -> NoReturn:
        """Keep the connection, until cancelled."""
        pause = FIRST_PAUSE
        while True:
            try:
                async with connect(
                    self._address(),
                    additional_headers={"Authorization": self._credentials()},
                    compression=None,
                    max_size=None,
                    open_timeout=PATIENCE.total_seconds(),
                    ping_interval=5,
                    ping_timeout=10,
                    close_timeout=1,
                ) as socket:
                    pause = FIRST_PAUSE
                    await self._serve(socket)
            except (WebSocketException, OSError, TimeoutError) as error:
                log.warning("Node %s: no connection (%s)", self.node.name, _reason(error))
            await asyncio.sleep(pause.total_seconds() * random.uniform(0.8, 1.2))
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _serve(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._usable.set()
        log.info("Node %s: connected", self.node.name)
        arrival = asyncio.create_task(self._arrive())
        try:
            while True:
                self._take(await socket.recv(decode=False))
        finally:
            self._socket = None
            self._usable.clear()
            for _, answer in list(self._pending.values()):
                _fail(answer, NodeUnreachable(node=self.node.name))
            arrival.cancel()
            await asyncio.wait([arrival])
            self._lost()

    async def _arrive(self) -> None:
        try:
            await self._connected()
        except TelephonyFault as fault:
            log.warning("Node %s: %s; connecting anew", self.node.name, fault)
            if self._socket is not None:
                await self._socket.close()
        except Exception:
            log.exception("Node %s: what follows connecting failed", self.node.name)

    def _take(self, message: bytes) -> None:
        try:
            event = _events.decode(message)
        except msgspec.DecodeError as error:
            self._survive(message, error)
            return
        if isinstance(event, RESTResponse):
            self._answer(event)
            return
        try:
            self._hear(event)
        except Exception:
            log.exception("Node %s: %s was not understood", self.node.name, type(event).__name__)

    def _survive(self, message: bytes, error: Exception) -> None:
        """Most of what does not decode is an event that nobody here needs."""
        try:
            kind = _kind.decode(message).type
        except msgspec.DecodeError:
            kind = ""
        if kind in KNOWN or not kind:
            log.warning("Node %s: %s is malformed: %s", self.node.name, kind or "an event", error)

    def _answer(self, response: RESTResponse) -> None:
        request, answer = self._pending.get(response.request_id, (None, None))
        if request is None or answer is None or answer.done():
            return
        if response.status_code >= 400:
            _fail(answer, _refusal(request, response))
        elif request.answer is None:
            answer.set_result(None)
        else:
            try:
                answer.set_result(
                    msgspec.json.decode(response.message_body or "null", type=request.answer)
                )
            except msgspec.DecodeError as error:
                _fail(answer, _misunderstood(request, response, error))

    def _address(self) -> str:
        return f"{self.node.http.replace('http', 'ws', 1)}/ari/events?app={self._user}"

    def _credentials(self) -> str:
        pair = f"{self._user}:{self.node.password}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"


KNOWN = frozenset(cast("str", kind.__struct_config__.tag) for kind in cast("Any", Event).__args__)


def settle(answer: "asyncio.Future[Any]") -> None:
    """Take up *answer*'s error, so that nobody is told that it was never looked at."""
    if not answer.cancelled():
        answer.exception()


def _fail(answer: "asyncio.Future[Any]", error: Exception) -> None:
    if not answer.done():
        answer.add_done_callback(settle)
        answer.set_exception(error)


def _refusal(request: Request[Any], response: RESTResponse) -> RequestRefused:
    reason = response.reason_phrase
    try:
        said = msgspec.json.decode(response.message_body or "{}", type=dict[str, Any])
        reason = str(said.get("message") or said.get("error") or reason)
    except msgspec.DecodeError:
        pass
    return RequestRefused(status=response.status_code, request=_name(request), reason=reason)


def _misunderstood(
    request: Request[Any], response: RESTResponse, error: Exception
) -> RequestRefused:
    return RequestRefused(
        status=response.status_code, request=_name(request), reason=f"malformed answer: {error}"
    )


def _name(request: Request[Any]) -> str:
    return f"{request.method} {request.path}"


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
