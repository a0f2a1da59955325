"""What the edge has to be told of the installation; the daemons' floor fills it in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

APPLICATION = "fernamt"
"""The conductor's Stasis application, and its user."""
DEMO_USER = "fernamt-demo"
"""The robots' user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """An Asterisk that can be started."""

    command: tuple[str, ...]
    """What starts it: its own loader first, if it needs one."""
    modules: Path
    """Folder of its ``*.so``."""
    documentation: Path
    """Folder of its ``core-en_US.xml``, without which it does not start."""
    descriptions: Path
    """Folder of its API descriptions, ``rest-api/*.json``."""

    @classmethod
    def below(cls, root: Path, *, command: Sequence[str]) -> Self:
        """Return the Asterisk installed below *root*, ``/`` for the machine's own."""
        libraries = ("usr/lib/*/asterisk/modules", "usr/lib*/asterisk/modules")
        texts = ("usr/share/asterisk", "var/lib/asterisk")
        return cls(
            command=tuple(command),
            modules=_first(root, *libraries),
            documentation=_first(root, *(f"{text}/documentation" for text in texts)),
            descriptions=_first(root, *(f"{text}/rest-api" for text in texts)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A telephone company that brings calls and takes ours."""

    name: str
    addresses: tuple[str, ...]
    """Addresses or networks its calls come from."""
    contact: str = ""
    """Where calls to it go, ``sip:host:port``; empty: none do."""
    username: str = ""
    """For the digest; empty: it knows us by our address."""
    password: str = field(default="", repr=False)
    register: bool = False
    """Whether it wants us to register."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsteriskSettings:
    """One Asterisk of ours, started on this machine."""

    node: str
    home: Path
    """Folder of everything it reads and writes."""
    sounds: Path
    """Announcements, ``<key>.wav``."""
    listen: str
    media_address: str
    sip_port: int
    """UDP."""
    http_port: int
    rtp_ports: tuple[int, int]
    trunks: tuple[Trunk, ...]
    """The first takes our calls to external numbers."""
    ari_password: str = field(repr=False)
    demo_password: str = field(repr=False)
    capture_port: int = 0
    """Loopback UDP port where the conductor hears of calls turned away before they
    were calls; 0: nobody listens."""
    apology: str = ""
    """Key of the announcement for callers whom nobody can take; empty: a tone."""

    @property
    def journal(self) -> Path:
        """Where the dialplan notes the calls that it served alone."""
        return self.home / "spool" / "fallback.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class DialplanLine:
    """What the dialplan knows of a line, to serve it when nobody of ours listens."""

    authority: str
    """Its key."""
    number: str
    """E.164."""
    greeting: str = ""
    """Key of the announcement; empty: none."""
    fallback: str = ""
    """The number rung; empty: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAddress:
    """Where the conductor finds a node."""

    name: str
    http: str
    """Beginning of its web address, ``http://host:port``."""
    password: str = field(repr=False)
    """Of the user that connects."""
    trunk: str = "carrier"
    """The trunk that takes our calls to external numbers."""
    media_address: str = ""
    """Where the node's own end of a conversation is; empty: Asterisk decides."""
    journal: Path | None = None
    """The fallback's journal, where the node runs on this machine."""
    sip_port: int = 0
    capture_port: int = 0
    """Where the node sends copies of its SIP messages, if it runs on this machine."""


def _first(root: Path, *patterns: str) -> Path:
    """Return the first folder that is there; else where it would be."""
    found = (path for pattern in patterns for path in sorted(root.glob(pattern)))
    return next(found, root / patterns[0])
