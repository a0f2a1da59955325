"""A SIP telephone for tests: it calls, is called and registers, over UDP, with speech.

    async with Peer.open("127.0.0.1:5070") as peer:
        call = await peer.call("0537182370", speaks=440)
        await call.answered()

No more of SIP than that needs; requests are repeated as SIP wants it, answers are read
strictly enough to see when a call is ended or refused.
"""

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

from tests.sip.sound import Address, Voice

REPEAT_AFTER = (0.5, 1.0, 2.0, 4.0)
"""Seconds after which a request without an answer is sent again."""
PATIENCE = 10.0
"""Seconds that anything may take unless a test says otherwise."""


class Message:
    """One SIP message, taken apart as far as a telephone needs it."""

    def __init__(self, text: str) -> None:
        """Read *text*."""
        head, _, self.body = text.partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.headers = [
            (name.strip().lower(), value.strip())
            for name, _, value in (line.partition(":") for line in lines)
        ]
        self.at = time.perf_counter()
        """When it was read."""

    def __getitem__(self, name: str) -> str:
        """Return the first header of this name; empty if there is none."""
        return next((value for key, value in self.headers if key == name.lower()), "")

    def all(self, name: str) -> list[str]:
        """Return every header of this name."""
        return [value for key, value in self.headers if key == name.lower()]

    @property
    def is_request(self) -> bool:
        """Whether it asks; else it answers."""
        return not self.first.startswith("SIP/2.0")

    @property
    def method(self) -> str:
        """Of the request, or of the one it answers."""
        return self.first.split()[0] if self.is_request else self["CSeq"].split()[1]

    @property
    def status(self) -> int:
        """Of an answer; 0 for a request."""
        return 0 if self.is_request else int(self.first.split()[1])

    @property
    def speech(self) -> Address | None:
        """Where the other side wants to hear us."""
        host = re.search(r"^c=IN IP4 (\S+)", self.body, re.MULTILINE)
        port = re.search(r"^m=audio (\d+)", self.body, re.MULTILINE)
        return (host[1], int(port[1])) if host and port else None


class Call:
    """A call, from the side of whoever placed it or is being called."""

    def __init__(self, peer: "Peer", *, call_id: str, voice: Voice) -> None:
        """Used by `Peer`."""
        self.peer, self.call_id, self.voice = peer, call_id, voice
        self.invite: Message | None = None
        """What came in; None where we call."""
        self.sent_at = 0.0
        """When our INVITE went out."""
        self.statuses: list[int] = []
        """The answers to our INVITE, in order."""
        self.ended_by_them = False
        self.number = 1
        self.local = self.remote = self.target = self.via = ""
        self._settled = asyncio.Event()
        self._answered = asyncio.Event()
        self._ended = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether it was refused or has ended."""
        return self._ended.is_set()

    @property
    def status(self) -> int:
        """The final answer to our INVITE; 0 while there is none."""
        return next((status for status in self.statuses if status >= 200), 0)

    async def settled(self, *, within: float = PATIENCE) -> None:
        """Wait for the final answer to our INVITE, and no longer than that."""
        async with asyncio.timeout(within):
            await self._settled.wait()

    async def answered(self, *, within: float = PATIENCE) -> None:
        """Wait until the call stands."""
        async with asyncio.timeout(within):
            await self._answered.wait()

    async def ended(self, *, within: float = PATIENCE) -> None:
        """Wait until it was refused or has ended."""
        async with asyncio.timeout(within):
            await self._ended.wait()

    async def answer(self) -> None:
        """Take the call that rings here."""
        assert self.invite
        speech = self.invite.speech
        self.peer.reply(self.invite, "200 OK", tag=self.local_tag, voice=self.voice)
        if speech:
            self.voice.speak_to(speech)
        self._answered.set()

    def ring(self) -> None:
        """Say that it rings here."""
        assert self.invite
        self.peer.reply(self.invite, "180 Ringing", tag=self.local_tag)

    def decline(self, status: str = "486 Busy Here") -> None:
        """Turn the call that rings here away."""
        assert self.invite
        self.peer.reply(self.invite, status, tag=self.local_tag)
        self.end()

    def hang_up(self) -> None:
        """Say goodbye."""
        self.number += 1
        self.peer.request("BYE", self.target, call=self)
        self.end()

    def give_up(self) -> None:
        """Cancel our call before it is answered."""
        self.peer.request(
            "CANCEL", self.target, call=self, number=1, via=self.via, to=self.local_to
        )

    @property
    def local_tag(self) -> str:
        """The tag that marks our side."""
        return self.call_id[:8]

    @property
    def local_to(self) -> str:
        """The other side as our INVITE named it."""
        return re.sub(r";tag=.*", "", self.remote)

    def hear(self, status: int) -> None:
        """Note an answer to our INVITE."""
        self.statuses.append(status)
        if status >= 200:
            self._settled.set()

    def stand(self) -> None:
        """Note that the call stands."""
        self._answered.set()

    def end(self) -> None:
        """Note that it is over."""
        self._ended.set()
        self.voice.close()


class Peer(asyncio.DatagramProtocol):
    """A telephone, a carrier, or many callers behind one address."""

    def __init__(self, server: str) -> None:
        """Speak to *server*, ``host:port``; use `open`."""
        host, port = server.rsplit(":", 1)
        self.server: Address = (host, int(port))
        self.calls: dict[str, Call] = {}
        """By SIP Call-ID."""
        self.received: list[Message] = []
        """Every request that came in, and every answer."""
        self.rings: asyncio.Queue[Call] = asyncio.Queue()
        """Calls that come in."""
        self.speaks: float | None = None
        """The tone that calls coming in will hear."""
        self._transport: asyncio.DatagramTransport | None = None
        self._replies: asyncio.Queue[Message] = asyncio.Queue()
        self._strangers: asyncio.Queue[Message] = asyncio.Queue()
        self._waiting: dict[str, list[asyncio.TimerHandle]] = {}
        self._inviting: set[asyncio.Task[None]] = set()
        self._user = "peer"

    @classmethod
    @asynccontextmanager
    async def open(cls, server: str, *, port: int = 0) -> AsyncIterator[Self]:
        """Be there, at *port* or any, until left; then hang up what is left."""
        peer = cls(server)
        peer._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: peer, local_addr=("127.0.0.1", port)
        )
        try:
            yield peer
        finally:
            for call in peer.calls.values():
                if not call.is_over and call._answered.is_set():
                    call.hang_up()
                elif not call.is_over and call.invite is None:
                    call.give_up()
                call.voice.close()
            for timers in peer._waiting.values():
                for timer in timers:
                    timer.cancel()
            peer._transport.close()

    @property
    def port(self) -> int:
        """Our own."""
        assert self._transport
        return int(self._transport.get_extra_info("sockname")[1])

    async def call(
        self,
        number: str,
        *,
        caller: str = "0536112345",
        speaks: float | None = None,
        headers: Sequence[str] = (),
    ) -> Call:
        """Call *number*; the answer is waited for with `Call.answered`."""
        voice = await Voice(speaks).open()
        call = Call(self, call_id=secrets.token_hex(12), voice=voice)
        call.local = f"<sip:{caller}@127.0.0.1:{self.port}>;tag={call.local_tag}"
        call.target = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        call.remote = f"<{call.target}>"
        call.via = self._via()
        self.calls[call.call_id] = call
        call.sent_at = time.perf_counter()
        self.request("INVITE", call.target, call=call, via=call.via, extra=headers, voice=voice)
        return call

    async def register(self, user: str, password: str, *, expires: int = 300) -> None:
        """Register as *user*; calls to it then come in here."""
        self._user = user
        call_id, answer, number = secrets.token_hex(8), "", 1
        while True:
            contact = f"Contact: <sip:{user}@127.0.0.1:{self.port}>;expires={expires}"
            extra = [contact, *([f"Authorization: {answer}"] if answer else [])]
            self._send_request(
                "REGISTER",
                f"sip:{self.server[0]}:{self.server[1]}",
                call_id=call_id,
                number=number,
                sender=f"<sip:{user}@fernamt>;tag={call_id[:8]}",
                receiver=f"<sip:{user}@fernamt>",
                extra=extra,
            )
            async with asyncio.timeout(PATIENCE):
                reply = await self._replies.get()
            if reply.status == 200:
                return
            assert reply.status == 401, f"not registered: {reply.first}"
            assert not answer, "the password is wrong"
            answer = _digest(reply["WWW-Authenticate"], user, password, self.server)
            number += 1

    async def ring(self, *, within: float = PATIENCE) -> Call:
        """Wait for a call to come in, and say that it rings."""
        async with asyncio.timeout(within):
            call = await self.rings.get()
        call.ring()
        return call

    def request(
        self,
        method: str,
        uri: str,
        *,
        call: Call,
        number: int | None = None,
        via: str = "",
        to: str = "",
        extra: Sequence[str] = (),
        voice: Voice | None = None,
    ) -> None:
        """Send a request of *call*, and again while there is no answer."""
        self._send_request(
            method,
            uri,
            call_id=call.call_id,
            number=number or call.number,
            sender=call.local,
            receiver=to or call.remote,
            via=via,
            extra=[f"Contact: <sip:{self._user}@127.0.0.1:{self.port}>", *extra],
            body=_offer(voice) if voice else "",
        )

    def reply(
        self, request: Message, status: str, *, tag: str = "", voice: Voice | None = None
    ) -> None:
        """Answer *request*."""
        to = request["To"] if "tag=" in request["To"] else f"{request['To']};tag={tag or 'x'}"
        lines = [
            f"SIP/2.0 {status}",
            *(f"Via: {via}" for via in request.all("Via")),
            f"From: {request['From']}",
            f"To: {to}",
            f"Call-ID: {request['Call-ID']}",
            f"CSeq: {request['CSeq']}",
            f"Contact: <sip:{self._user}@127.0.0.1:{self.port}>",
        ]
        self._send(lines, _offer(voice) if voice else "")

    async def call_again(self, call: Call) -> int:
        """Invite with the Call-ID of *call* as if it were another call; return the answer."""
        sender = f"<sip:again@127.0.0.1:{self.port}>;tag=again"
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        target = call.local_to.strip("<>") or uri
        via = self._via()
        self._send_request(
            "INVITE",
            target,
            call_id=call.call_id,
            number=1,
            sender=sender,
            receiver=f"<{target}>",
            via=via,
            extra=[f"Contact: <sip:again@127.0.0.1:{self.port}>"],
            body=_offer(call.voice),
        )
        async with asyncio.timeout(PATIENCE):
            reply = await self._strangers.get()
        self._send_request(
            "ACK",
            target,
            call_id=call.call_id,
            number=1,
            sender=sender,
            receiver=reply["To"],
            via=via,
        )
        return reply.status

    def send_raw(self, data: bytes) -> None:
        """Send whatever it is."""
        assert self._transport
        self._transport.sendto(data, self.server)

    def datagram_received(self, data: bytes, addr: Address) -> None:  # noqa: ARG002 - asyncio's
        """Hear a message."""
        text = data.decode(errors="replace")
        if not text.strip():
            return
        message = Message(text)
        self.received.append(message)
        if message.is_request:
            self._asked(message)
        else:
            self._answered(message)

    def error_received(self, exc: Exception) -> None:
        """The other side has closed its port; a test that waits will say so."""

    def _asked(self, message: Message) -> None:
        call = self.calls.get(message["Call-ID"])
        match message.method:
            case "INVITE" if call is None:
                task = asyncio.ensure_future(self._invited(message))
                self._inviting.add(task)
                task.add_done_callback(self._inviting.discard)
            case "INVITE" if call is not None and "tag=" in message["To"]:
                self.reply(message, "200 OK", voice=call.voice)
            case "ACK" | "INVITE":
                pass
            case "CANCEL":
                self.reply(message, "200 OK")
                if call is not None and call.invite is not None:
                    self.reply(call.invite, "487 Request Terminated", tag=call.local_tag)
                    call.ended_by_them = True
                    call.end()
            case "BYE":
                self.reply(message, "200 OK")
                if call is not None:
                    call.ended_by_them = True
                    call.end()
            case _:
                self.reply(message, "200 OK")

    async def _invited(self, message: Message) -> None:
        voice = await Voice(self.speaks).open()
        call = Call(self, call_id=message["Call-ID"], voice=voice)
        call.invite = message
        call.local = f"{message['To']};tag={call.local_tag}"
        call.remote = message["From"]
        found = re.search(r"<(.*?)>", message["Contact"])
        call.target = found[1] if found else ""
        self.calls[call.call_id] = call
        self.reply(message, "100 Trying", tag=call.local_tag)
        self.rings.put_nowait(call)

    def _answered(self, message: Message) -> None:
        for timer in self._waiting.pop(f"{message['Call-ID']} {message['CSeq']}", ()):
            timer.cancel()
        if message.method == "REGISTER" and message.status >= 200:
            self._replies.put_nowait(message)
        call = self.calls.get(message["Call-ID"])
        if call is None and message.method == "INVITE" and message.status >= 200:
            self._strangers.put_nowait(message)
        if call is None or message.method != "INVITE":
            return
        call.hear(message.status)
        if message.status < 200:
            return
        call.remote = message["To"]
        if message.status >= 300:
            self._acknowledge(call, call.target, via=call.via)
            call.end()
            return
        found = re.search(r"<(.*?)>", message["Contact"])
        call.target = found[1] if found else call.target
        self._acknowledge(call, call.target, via="")
        if message.speech:
            call.voice.speak_to(message.speech)
        call.stand()

    def _acknowledge(self, call: Call, uri: str, *, via: str) -> None:
        self._send_request(
            "ACK",
            uri,
            call_id=call.call_id,
            number=1,
            sender=call.local,
            receiver=call.remote,
            via=via,
        )

    def _send_request(
        self,
        method: str,
        uri: str,
        *,
        call_id: str,
        number: int,
        sender: str,
        receiver: str,
        via: str = "",
        extra: Sequence[str] = (),
        body: str = "",
    ) -> None:
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: {via or self._via()}",
            "Max-Forwards: 70",
            f"From: {sender}",
            f"To: {receiver}",
            f"Call-ID: {call_id}",
            f"CSeq: {number} {method}",
            *extra,
        ]
        self._send(lines, body)
        if method != "ACK":
            loop = asyncio.get_running_loop()
            self._waiting[f"{call_id} {number} {method}"] = [
                loop.call_later(after, self._send, lines, body) for after in REPEAT_AFTER
            ]

    def _send(self, lines: list[str], body: str) -> None:
        assert self._transport
        if self._transport.is_closing():
            return
        kind = ["Content-Type: application/sdp"] if body else []
        head = [line for line in lines if not line.startswith("Content-")]
        text = "\r\n".join([*head, *kind, f"Content-Length: {len(body)}", "", body])
        self._transport.sendto(text.encode(), self.server)

    def _via(self) -> str:
        return f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{secrets.token_hex(8)};rport"


def _offer(voice: Voice) -> str:
    return "\r\n".join(
        [
            "v=0",
            "o=peer 1 1 IN IP4 127.0.0.1",
            "s=-",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
            f"m=audio {voice.port} RTP/AVP 8",
            "a=rtpmap:8 PCMA/8000",
            "a=ptime:20",
            "a=sendrecv",
            "",
        ]
    )


def _digest(challenge: str, user: str, password: str, server: Address) -> str:
    asked = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    uri = f"sip:{server[0]}:{server[1]}"

    def md5(text: str) -> str:
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

    one, two = md5(f"{user}:{asked['realm']}:{password}"), md5(f"REGISTER:{uri}")
    response = md5(f"{one}:{asked['nonce']}:00000001:c0ffee:auth:{two}")
    return (
        f'Digest username="{user}", realm="{asked["realm"]}", nonce="{asked["nonce"]}",'
        f' uri="{uri}", response="{response}", algorithm=MD5, qop=auth, nc=00000001,'
        f' cnonce="c0ffee", opaque="{asked.get("opaque", "")}"'
    )
