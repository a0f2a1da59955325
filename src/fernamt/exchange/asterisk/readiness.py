"""Whether an Asterisk that was just started takes calls and requests."""

import asyncio
import base64
import secrets
from contextlib import suppress
from datetime import timedelta

from fernamt.core.errors import WorldFault
from fernamt.exchange.asterisk.settings import APPLICATION, AsteriskSettings

AGAIN = 0.1
"""Seconds between two looks."""


class AsteriskNotReady(WorldFault):
    """Asterisk was started, but does not answer."""

    code = "asterisk-not-ready"


async def wait_until_ready(
    settings: AsteriskSettings, *, patience: timedelta = timedelta(seconds=30)
) -> None:
    """Wait until Asterisk answers both SIP and requests.

    An Asterisk that was started while the one before it still had the port runs
    without a SIP socket and says nothing of it: so SIP is asked, too.

    Raises:
        AsteriskNotReady: If it takes longer than *patience*.
    """
    try:
        async with asyncio.timeout(patience.total_seconds()):
            while not await is_ready(settings):  # noqa: ASYNC110 - another process
                await asyncio.sleep(AGAIN)
    except TimeoutError:
        raise AsteriskNotReady(
            node=settings.node, sip=settings.sip_port, http=settings.http_port
        ) from None


async def is_ready(settings: AsteriskSettings) -> bool:
    """Return whether Asterisk answers both SIP and requests now."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(2):
            return await _answers_requests(settings) and await _answers_sip(settings)
    return False


async def _answers_requests(settings: AsteriskSettings) -> bool:
    reader, writer = await asyncio.open_connection(_host(settings), settings.http_port)
    try:
        pair = base64.b64encode(f"{APPLICATION}:{settings.ari_password}".encode()).decode()
        writer.write(
            b"GET /ari/asterisk/ping HTTP/1.1\r\nHost: fernamt\r\nConnection: close\r\n"
            + f"Authorization: Basic {pair}\r\n\r\n".encode()
        )
        return b" 200 " in await reader.readline()
    finally:
        writer.close()


async def _answers_sip(settings: AsteriskSettings) -> bool:
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[None] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Answer(answered), remote_addr=(_host(settings), settings.sip_port)
    )
    try:
        host, port = transport.get_extra_info("sockname")[:2]
        host = f"[{host}]" if ":" in host else host
        transport.sendto(
            "\r\n".join(
                [
                    f"OPTIONS sip:{_host(settings)}:{settings.sip_port} SIP/2.0",
                    f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{secrets.token_hex(8)}",
                    "Max-Forwards: 70",
                    f"From: <sip:ready@{host}>;tag={secrets.token_hex(4)}",
                    f"To: <sip:ready@{host}>",
                    f"Call-ID: {secrets.token_hex(8)}",
                    "CSeq: 1 OPTIONS",
                    "Content-Length: 0",
                    "",
                    "",
                ]
            ).encode()
        )
        async with asyncio.timeout(1):
            await answered
    finally:
        transport.close()
    return True


class _Answer(asyncio.DatagramProtocol):
    def __init__(self, answered: "asyncio.Future[None]") -> None:
        self._answered = answered

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - any answer
        if not self._answered.done():
            self._answered.set_result(None)

    def error_received(self, exc: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(exc)


def _host(settings: AsteriskSettings) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.listen, settings.listen)  # noqa: S104 - compared
