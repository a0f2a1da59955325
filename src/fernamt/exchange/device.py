"""The telephone an agent works with."""

import hmac
from enum import StrEnum
from secrets import token_urlsafe

from msgspec import Struct


class DeviceKind(StrEnum):
    """What rings when a call is offered."""

    BROWSER = "browser"
    """WebRTC in the agent's browser."""
    TELEPHONE = "telephone"
    """A desk telephone that registers with a SIP account."""
    EXTERNAL = "external"
    """Any number, rung through the carrier."""
    ROBOT = "robot"
    """A telephone of Asterisk's own that answers by itself: demonstrations and load."""
    REHEARSAL = "rehearsal"
    """No telephone: in a rehearsal the agent answers by a key of the desk."""


class Device(Struct, frozen=True, kw_only=True):
    """One telephone, as the exchange rings it."""

    kind: DeviceKind
    address: str = ""
    """SIP user name (browser, telephone), number in E.164 (external), else a name; empty
    where the exchange chooses it."""
    secret: str = ""
    """Password of the SIP account; empty where there is none."""


def account_of(agent: str, device: Device, *, key: str) -> Device:
    """Return *device* with the SIP account that *agent* has for this sign-in.

    A browser gets a password of its own each time; a desk telephone keeps the one
    typed into it, derived from the installation's *key* (HMAC-SHA-256), so it is
    stored nowhere. Other devices have no account.
    """
    match device.kind:
        case DeviceKind.BROWSER:
            secret = token_urlsafe(24)
            return Device(kind=device.kind, address=f"agent-{agent}", secret=secret)
        case DeviceKind.TELEPHONE:
            return telephone_of(agent, key=key)
        case DeviceKind.EXTERNAL:
            return device
        case _:
            return Device(kind=device.kind, address=device.address or agent)


def telephone_of(agent: str, *, key: str) -> Device:
    """Return the account of *agent*'s desk telephone, always the same for one *key*."""
    address = f"telephone-{agent}"
    secret = hmac.new(key.encode(), address.encode(), "sha256").hexdigest()[:24]
    return Device(kind=DeviceKind.TELEPHONE, address=address, secret=secret)
