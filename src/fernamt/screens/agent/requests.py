"""What a desk may ask for: every kind of command with its fields, checked before it is stored."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from django.utils.translation import gettext

from fernamt.core.errors import DomainError
from fernamt.exchange.device import DeviceKind
from fernamt.exchange.life.outcome import CHOSEN_BY_AGENTS
from fernamt.exchange.presence import CHOSEN_PAUSES
from fernamt.reception.numbers import dialable

LONGEST_BODY = 4096
"""Bytes; a command is a few hundred."""
WITHOUT_FIELDS = frozenset(
    {"ready", "sign_out", "answer", "decline", "hang_up", "next", "reconnect"}
)
AT_A_DESK = (
    DeviceKind.BROWSER,
    DeviceKind.TELEPHONE,
    DeviceKind.EXTERNAL,
    DeviceKind.REHEARSAL,
)
"""The devices of people; a robot brings its own."""


class InvalidCommand(DomainError):
    """The desk's command is not in the form agreed."""

    code: ClassVar[str] = "invalid-command"

    def __init__(self, *, field: str, allowed: str) -> None:
        """Name the *field* and what is *allowed* in it."""
        self.field = field
        self.allowed = allowed
        super().__init__(field=field, allowed=allowed)


class NumberNotAllowed(InvalidCommand):
    """This number cannot be rung."""

    code: ClassVar[str] = "number-not-allowed"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A command as it was asked for, checked."""

    id: UUID
    kind: str
    facts: dict[str, Any]


def read_command(body: bytes) -> Asked:
    """Return the command in the JSON *body*.

    Raises:
        InvalidCommand: If it is no JSON, of no known kind, or one of its fields is wrong.
    """
    if len(body) > LONGEST_BODY:
        raise InvalidCommand(
            field="", allowed=gettext("at most %(count)s bytes") % {"count": LONGEST_BODY}
        )
    fields = _object(body)
    id_ = _uuid(fields.pop("id", None))
    kind = fields.pop("kind", None)
    facts: dict[str, Any]
    match kind:
        case "sign_in":
            facts = {"device": _device(_only(fields, "device"))}
        case "pause":
            facts = _pause(_only(fields, "reason"))
        case "classify":
            outcome = _only(fields, "outcome").get("outcome")
            facts = {"outcome": _one_of("outcome", outcome, list(CHOSEN_BY_AGENTS))}
        case "test_call":
            facts = _test_call(_only(fields, "line"))
        case str() if kind in WITHOUT_FIELDS:
            facts = dict(_only(fields))
        case _:
            known = [*WITHOUT_FIELDS, "sign_in", "pause", "classify", "test_call"]
            raise InvalidCommand(field="kind", allowed=", ".join(sorted(known)))
    return Asked(id=id_, kind=kind, facts=facts)


def _object(body: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidCommand(field="", allowed=gettext("a JSON object")) from None


def _uuid(value: object) -> UUID:
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError:
        raise InvalidCommand(field="id", allowed=gettext("a UUID")) from None


def _only(fields: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in fields:
        if name not in names:
            allowed = ", ".join(names) or gettext("no further field")
            raise InvalidCommand(field=name[:60], allowed=allowed)
    return fields


def _one_of(field: str, value: object, allowed: list[Any]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise InvalidCommand(field=field, allowed=", ".join(map(str, allowed)))
    return value


def _pause(fields: Mapping[str, Any]) -> dict[str, Any]:
    if fields.get("reason") in (None, ""):
        return {}
    return {"reason": _one_of("reason", fields["reason"], list(CHOSEN_PAUSES))}


def _test_call(fields: Mapping[str, Any]) -> dict[str, Any]:
    if fields.get("line") in (None, ""):
        return {}
    return {"line": _number("line", fields["line"])}


def _device(fields: Mapping[str, Any]) -> dict[str, Any]:
    device = fields.get("device")
    if not isinstance(device, dict):
        raise InvalidCommand(field="device", allowed=gettext("an object with kind and address"))
    _only(device, "kind", "address")
    kind = _one_of("device.kind", device.get("kind"), list(AT_A_DESK))
    if kind != DeviceKind.EXTERNAL:
        return {"kind": kind, "address": ""}  # an account of the exchange's own making
    return {"kind": kind, "address": _number("device.address", device.get("address"))}


def _number(field: str, value: object) -> str:
    number = dialable(value) if isinstance(value, str) else None
    if number is None:
        raise NumberNotAllowed(field=field, allowed=gettext("a number such as 05371 82-0"))
    return number.e164
