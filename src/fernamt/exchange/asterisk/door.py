"""Calls that Asterisk turns away before they are calls: for them there is no channel.

An INVITE with codecs that nobody speaks is answered with 488 by the SIP stack
itself, and no application hears of it. So that it is counted all the same, Asterisk
sends a copy of its SIP messages (HEP version 3) to a UDP port on loopback where the
conductor listens: what ended in a final error, and never was a call, was refused, or
given up by the caller in its very first moment.
"""

import asyncio
import re
import struct
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

NOT_REFUSALS = {401, 407}
"""Asked for a password: the call comes again."""
GAVE_UP = 487
"""The caller has cancelled; so early, perhaps, that the application never heard of it."""
REMEMBERED = 2000
"""Calls under way that are kept in mind."""
PAYLOAD, SOURCE_PORT = 0x0F, 0x07


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A call that never was one."""

    call_id: str
    """SIP's."""
    status: int
    dialled: str
    sender: str
    is_suppressed: bool


class Door(asyncio.DatagramProtocol):
    """Listens to the copies."""

    def __init__(self, *, sip_port: int, hear: Callable[[Refused], None]) -> None:
        """Tell *hear* of every INVITE that our side at *sip_port* answered with an error."""
        self._sip_port = sip_port
        self._hear = hear
        self._invites: OrderedDict[str, str] = OrderedDict()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's
        """Take one copy."""
        chunks = dict(_chunks(data))
        message = chunks.get(PAYLOAD, b"")
        if not message.startswith((b"INVITE ", b"SIP/2.0 4", b"SIP/2.0 5", b"SIP/2.0 6")):
            return
        text = message.decode(errors="replace")
        call_id = _header(text, "call-id", "i")
        if message.startswith(b"INVITE "):
            self._invites[call_id] = text
            while len(self._invites) > REMEMBERED:
                self._invites.popitem(last=False)
            return
        invite = self._invites.pop(call_id, "")
        ours = chunks.get(SOURCE_PORT) == struct.pack(">H", self._sip_port)
        status = int(text[8:11]) if text[8:11].isdigit() else 500
        if invite and ours and status not in NOT_REFUSALS and "INVITE" in _header(text, "cseq"):
            self._hear(_refused(invite, call_id, status))


def _refused(invite: str, call_id: str, status: int) -> Refused:
    return Refused(
        call_id=call_id,
        status=status,
        dialled=_user(_header(invite, "to", "t")) or _user(invite.split("\r\n", 1)[0]),
        sender=_user(_header(invite, "from", "f")),
        is_suppressed="id" in re.split(r"[;\s]+", _header(invite, "privacy").lower()),
    )


def _chunks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (kind, content) of a packet: vendor, kind and length are two bytes each."""
    at = 6 if data.startswith(b"HEP3") else len(data)
    while at + 6 <= len(data):
        _, kind, length = struct.unpack_from(">HHH", data, at)
        if length < 6:
            return
        yield kind, data[at + 6 : at + length]
        at += length


def _header(text: str, *names: str) -> str:
    for line in text.split("\r\n\r\n", 1)[0].split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() in names:
            return value.strip()
    return ""


def _user(address: str) -> str:
    found = re.search(r"(?:sips?|tel):([^@>;\s]+)", address)
    return re.sub(r"[^\w+*#.%-]", "", found[1], flags=re.ASCII)[:64] if found else ""
