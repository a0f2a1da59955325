"""An agent's telephone for tests: real SIP, over WebSocket as a browser speaks it."""

import asyncio
import hashlib
import itertools
import re
import secrets
from contextlib import suppress
from types import TracebackType
from typing import Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

FINGERPRINT = ":".join(["AB"] * 32)


class Message:
    """One SIP message, taken apart as far as a telephone needs it."""

    def __init__(self, text: str) -> None:
        head, _, self.body = text.partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers = [
            (name.strip(), value.strip())
            for name, _, value in (line.partition(":") for line in lines)
        ]

    def __getitem__(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def is_request(self) -> bool:
        return not self.first.startswith("SIP/2.0")

    @property
    def method(self) -> str:
        return self.first.split()[0] if self.is_request else self["CSeq"].split()[1]

    @property
    def status(self) -> int:
        return 0 if self.is_request else int(self.first.split()[1])


class BrowserTelephone:
    """Registers, rings, and does what the test tells it; it sends no media."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url, self._user, self._password = url, user, password
        self._host = f"{secrets.token_hex(6)}.invalid"
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._numbers = itertools.count(1)
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self.rings: asyncio.Queue[Message] = asyncio.Queue()
        """The INVITEs that came in."""
        self.requests: list[Message] = []
        """Everything that came in."""

    async def __aenter__(self) -> Self:
        self._socket = await connect(self._url, subprotocols=[Subprotocol("sip")], compression=None)
        self._reader = asyncio.create_task(self._read())
        try:
            await self.register()
        except BaseException:
            await self.drop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.drop()

    async def register(self) -> None:
        call_id, answer = secrets.token_hex(8), ""
        for _ in range(2):
            await self._send_request(
                "REGISTER",
                "sip:fernamt",
                call_id=call_id,
                extra=[
                    f"Contact: <sip:{self._user}@{self._host};transport=ws>;expires=300",
                    *([f"Authorization: {answer}"] if answer else []),
                ],
            )
            async with asyncio.timeout(5):
                reply = await self._answers.get()
            if reply.status == 200:
                return
            if reply.status != 401:
                break
            answer = self._digest(reply["WWW-Authenticate"])
        raise AssertionError(f"not registered: {reply.first}")

    async def ring(self) -> Message:
        async with asyncio.timeout(5):
            return await self.rings.get()

    async def answer(self, invite: Message) -> None:
        await self._reply(invite, "200 OK", body=_answer_to(invite.body))

    async def decline(self, invite: Message, status: str = "486 Busy Here") -> None:
        await self._reply(invite, status)

    async def hang_up(self, invite: Message) -> None:
        target = re.search(r"<(.*?)>", invite["Contact"])
        assert target
        await self._send_request(
            "BYE",
            target[1],
            call_id=invite["Call-ID"],
            dialog=(f"{invite['To']};tag={self._host[:8]}", invite["From"]),
        )

    async def drop(self) -> None:
        """Lose the network: no BYE, no unregistration."""
        if self._socket:
            self._socket.transport.abort()
            await self._socket.wait_closed()
        if self._reader:
            self._reader.cancel()
            await asyncio.wait([self._reader])

    async def _read(self) -> None:
        assert self._socket
        with suppress(ConnectionClosed):
            await self._read_from(self._socket)

    async def _read_from(self, socket: ClientConnection) -> None:
        async for text in socket:
            message = Message(text if isinstance(text, str) else text.decode())
            if not message.is_request:
                if message.method == "REGISTER" and message.status >= 200:
                    self._answers.put_nowait(message)
                continue
            self.requests.append(message)
            if message.method == "INVITE":
                await self._reply(message, "180 Ringing")
                self.rings.put_nowait(message)
            elif message.method == "CANCEL":
                await self._reply(message, "200 OK")
                invite = next(
                    each
                    for each in self.requests
                    if each.method == "INVITE" and each["Call-ID"] == message["Call-ID"]
                )
                await self._reply(invite, "487 Request Terminated")
            elif message.method != "ACK":
                await self._reply(message, "200 OK")

    async def _reply(self, request: Message, status: str, body: str = "") -> None:
        to = request["To"] if "tag=" in request["To"] else f"{request['To']};tag={self._host[:8]}"
        lines = [
            f"SIP/2.0 {status}",
            *(f"Via: {via}" for via in request.all("Via")),
            f"From: {request['From']}",
            f"To: {to}",
            f"Call-ID: {request['Call-ID']}",
            f"CSeq: {request['CSeq']}",
            f"Contact: <sip:{self._user}@{self._host};transport=ws>",
        ]
        if body:
            lines.append("Content-Type: application/sdp")
        await self._send(lines, body)

    async def _send_request(
        self,
        method: str,
        uri: str,
        *,
        call_id: str,
        extra: list[str] | None = None,
        dialog: tuple[str, str] | None = None,
    ) -> None:
        own = f"<sip:{self._user}@fernamt>"
        sender, receiver = dialog or (f"{own};tag={self._host[:8]}", own)
        await self._send(
            [
                f"{method} {uri} SIP/2.0",
                f"Via: SIP/2.0/WS {self._host};branch=z9hG4bK{secrets.token_hex(8)}",
                "Max-Forwards: 70",
                f"From: {sender}",
                f"To: {receiver}",
                f"Call-ID: {call_id}",
                f"CSeq: {next(self._numbers)} {method}",
                *(extra or []),
            ],
            "",
        )

    async def _send(self, lines: list[str], body: str) -> None:
        assert self._socket
        lines.append(f"Content-Length: {len(body)}")
        await self._socket.send("\r\n".join([*lines, "", body]))

    def _digest(self, challenge: str) -> str:
        asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        one = md5(f"{self._user}:{asked['realm']}:{self._password}")
        two = md5("REGISTER:sip:fernamt")
        response = md5(f"{one}:{asked['nonce']}:00000001:c0ffee:auth:{two}")
        return (
            f'Digest username="{self._user}", realm="{asked["realm"]}",'
            f' nonce="{asked["nonce"]}", uri="sip:fernamt", response="{response}",'
            f' algorithm=MD5, qop=auth, nc=00000001, cnonce="c0ffee",'
            f' opaque="{asked.get("opaque", "")}"'
        )


def _answer_to(offer: str) -> str:
    """Answer an offer for WebRTC audio; nobody is there to complete ICE and DTLS."""
    formats = next(line for line in offer.splitlines() if line.startswith("m=audio")).split()[3:]
    names = [line for line in offer.splitlines() if line.startswith("a=rtpmap:")]
    mid = next((line for line in offer.splitlines() if line.startswith("a=mid:")), "a=mid:0")
    return "\r\n".join(
        [
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE 0",
            f"m=audio 9 UDP/TLS/RTP/SAVPF {formats[0]}",
            "c=IN IP4 127.0.0.1",
            mid,
            *(name for name in names if name.startswith(f"a=rtpmap:{formats[0]} ")),
            "a=rtcp-mux",
            "a=setup:active",
            f"a=fingerprint:sha-256 {FINGERPRINT}",
            "a=ice-ufrag:abcd",
            "a=ice-pwd:abcdefghijklmnopqrstuvwx",
            "a=candidate:1 1 UDP 2130706431 127.0.0.1 9 typ host",
            "a=sendrecv",
            "",
        ]
    )
