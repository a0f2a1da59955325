"""Which ports an installation takes: those a person named, else those that are free.

A busy port that a person named is an error. A busy default moves, and is remembered,
so that addresses stay the same from start to start.
"""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace

from fernamt.core.errors import DomainError
from fernamt.daemons.configuration import Configuration
from fernamt.daemons.options import OPTIONS

STEP = 10
"""How far a busy default moves at a time."""
TRIES = 30
SPEECH_PORTS = 1000
LAST_SPEECH_BLOCK = 40_000


class PortTaken(DomainError):
    """A port that the settings name is taken by another program."""

    code = "port-taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports of an installation."""

    web_port: int
    sip_port: int
    http_port: int
    capture_port: int
    rtp_ports: tuple[int, int]


class Claims:
    """Ports that this process has claimed, long before its children open them.

    Each claim is a name in the kernel's own list of sockets, which is as wide as the
    ports are and forgets us when we end. So two installations that start at the same
    moment do not choose the same port.
    """

    def __init__(self, listen: str) -> None:
        """Claim ports of the address *listen*."""
        self._listen = listen
        self._held: list[socket.socket] = []

    def take(self, kind: socket.SocketKind, number: int, *, host: str | None = None) -> bool:
        """Claim a port and return True; False if it is open or claimed by another."""
        if not _is_free(host or self._listen, number, kind):
            return False
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0fernamt-port-{kind.name}-{number}")
        except OSError:
            claim.close()
            return False
        self._held.append(claim)
        return True

    def release(self) -> None:
        """Let others have them."""
        while self._held:
            self._held.pop().close()


def choose(configuration: Configuration, claims: Claims, *, telephony: bool) -> Ports:
    """Claim ports that are free, and remember those that a person did not name.

    Args:
        configuration: With what is named or was chosen before.
        claims: Keeps them from others until released.
        telephony: Whether Asterisk's ports are needed too.

    Raises:
        PortTaken: If a port that a person named is not free; with the setting's name.
    """

    def tcp(number: int) -> bool:
        return claims.take(socket.SOCK_STREAM, number)

    def udp(number: int) -> bool:
        return claims.take(socket.SOCK_DGRAM, number)

    def loopback_udp(number: int) -> bool:
        return claims.take(socket.SOCK_DGRAM, number, host="127.0.0.1")

    ports = Ports(
        web_port=_claim("web_port", configuration.web_port, tcp, configuration),
        sip_port=configuration.sip_port,
        http_port=configuration.http_port,
        capture_port=configuration.capture_port,
        rtp_ports=configuration.rtp_ports,
    )
    if telephony:
        capture = configuration.capture_port
        ports = replace(
            ports,
            sip_port=_claim("sip_port", configuration.sip_port, udp, configuration),
            http_port=_claim("http_port", configuration.http_port, tcp, configuration),
            capture_port=_claim("capture_port", capture, loopback_udp, configuration),
            rtp_ports=_claim_speech(configuration, udp),
        )
    _remember(ports, configuration)
    return ports


def _claim(
    setting: str, wanted: int, take: Callable[[int], bool], configuration: Configuration
) -> int:
    if take(wanted):
        return wanted
    if setting in configuration.given:
        raise PortTaken(port=wanted, setting=setting, remedy="name another, or end that program")
    default = next(option.default for option in OPTIONS if option.name == setting)
    start = default if isinstance(default, int) else wanted
    for number in range(start, start + STEP * TRIES, STEP):
        if take(number):
            return number
    raise PortTaken(port=wanted, setting=setting, remedy="name one that is free")


def _claim_speech(configuration: Configuration, take: Callable[[int], bool]) -> tuple[int, int]:
    """Claim a block by its last port, which Asterisk seldom reaches."""
    first, last = configuration.rtp_ports
    if take(last):
        return first, last
    if "rtp_ports" in configuration.given:
        raise PortTaken(port=last, setting="rtp_ports", remedy="name other ports")
    for block in range(20_000, LAST_SPEECH_BLOCK, SPEECH_PORTS):
        if take(block + SPEECH_PORTS - 1):
            return block, block + SPEECH_PORTS - 1
    raise PortTaken(port=last, setting="rtp_ports", remedy="name ports that are free")


def _is_free(host: str, number: int, kind: socket.SocketKind) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:  # a port whose last connection is dying is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError:
            return False
    return True


def _remember(ports: Ports, configuration: Configuration) -> None:
    chosen = {
        name: getattr(ports, name)
        for name in ("web_port", "sip_port", "http_port", "capture_port", "rtp_ports")
        if name not in configuration.given
    }
    configuration.run.mkdir(parents=True, exist_ok=True)
    draft = configuration.run / ".ports.json"
    draft.write_text(json.dumps(chosen), encoding="utf-8")
    draft.replace(configuration.run / "ports.json")
