"""One request to Asterisk, with the type of its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import quote

Answer_co = TypeVar("Answer_co", covariant=True)
Value = str | int | bool | Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Generic[Answer_co]):
    """What to ask; the generated functions of ``ari.requests`` build it."""

    method: str
    path: str
    query: Mapping[str, Value] = field(default_factory=dict)
    """A value of None is left out."""
    body: Mapping[str, object] | None = None
    answer: type[Answer_co] | None
    """What the answer is decoded to; None if nothing is expected."""

    def query_pairs(self) -> list[dict[str, str]]:
        """Return the query as Asterisk wants it over the WebSocket."""
        return [
            {"name": name, "value": _text(value)}
            for name, value in self.query.items()
            if value is not None
        ]


def quoted(segment: str) -> str:
    """Return *segment* fit for one segment of a path."""
    return quote(segment, safe="")


def attributes(fields: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Return *fields* as Asterisk's list of configuration tuples."""
    return [{"attribute": name, "value": value} for name, value in (fields or {}).items()]


def _text(value: str | int | bool | Sequence[str]) -> str:  # noqa: FBT001 - a value, no switch
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int():
            return str(value)
        case _:
            return ",".join(value)
