"""``fernamt calls``: the calls with every step, for people or as JSON for programs."""

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import django
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fernamt.core.errors import DomainError
from fernamt.daemons.configuration import Configuration

if TYPE_CHECKING:
    from fernamt.exchange.queries import CallRecord

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"([0-9]{1,6})([smhdw])", re.ASCII)


class SinceNotUnderstood(DomainError):
    """--since takes 15m, 2h, 1d, today, a date 2026-05-04 or a time 2026-05-04T07:30."""

    code: ClassVar[str] = "since-not-understood"


def main(configuration: Configuration, arguments: argparse.Namespace) -> int:
    """Print the calls; return the exit status.

    *arguments* has ``json`` (whether a program reads) and ``since`` (text or None).
    """
    try:
        since = read_since(
            arguments.since, now=datetime.now(UTC).astimezone(configuration.timezone)
        )
    except SinceNotUnderstood as error:
        print(f"fernamt calls: {error}", file=sys.stderr)
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fernamt.daemons.settings")
    django.setup()
    from django.db import OperationalError

    from fernamt.exchange import queries

    try:
        records = queries.calls(since=since)
        if arguments.json:
            _print_json(records)
        else:
            _print_table(records, configuration)
    except OperationalError as error:
        fault = str(error).strip().splitlines()[0]
        print(f"fernamt calls: no database, is the installation up? {fault}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - the reader has left, as head does
    return 0


def read_since(text: str | None, *, now: datetime) -> datetime | None:
    """Return the moment that *text* names, seen from *now*; a time without a zone is local.

    Raises:
        SinceNotUnderstood: If it names none.
    """
    if text is None:
        return None
    text = text.strip()
    if text == "today":
        return now.replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=now.tzinfo)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise SinceNotUnderstood(given=text[:60]) from None


def as_json(record: "CallRecord") -> dict[str, Any]:
    """Return the call as programs read it."""
    call = record.call
    return {
        "id": str(call.pk),
        "authority": call.authority.key if call.authority else None,
        "authority_name": call.authority.name if call.authority else None,
        "line": call.line.number if call.line else None,
        "line_written": call.line.written if call.line else None,
        "line_name": call.line.name if call.line else None,
        "dialled": call.dialled,
        "caller": call.caller,
        "state": call.state,
        "agent": call.agent.name if call.agent else None,
        "arrived_at": _iso(call.arrived_at),
        "queued_at": _iso(call.queued_at),
        "answered_at": _iso(call.answered_at),
        "ended_at": _iso(call.ended_at),
        "closed_at": _iso(call.closed_at),
        "outcome": call.outcome if call.closed_at else None,
        "outcome_detail": call.outcome_detail,
        "steps": [
            {"at": _iso(step.at), "type": step.type} | ({"agent": step.agent} if step.agent else {})
            for step in record.steps
        ],
    }


def _print_json(records: "Iterator[CallRecord]") -> None:
    """Write a list, one call a line, without ever holding the whole of it."""
    between = "["
    for record in records:
        sys.stdout.write(f"{between}\n{json.dumps(as_json(record), ensure_ascii=False)}")
        between = ","
    sys.stdout.write("[]\n" if between == "[" else "\n]\n")
    sys.stdout.flush()


def _print_table(records: "Iterator[CallRecord]", configuration: Configuration) -> None:
    console = Console()
    count = 0
    for count, record in enumerate(records, start=1):  # noqa: B007 - used after the loop
        console.print(_row(record, configuration))
    console.print(f"{count} calls" if count != 1 else "1 call")


def _row(record: "CallRecord", configuration: Configuration) -> Table:
    call = record.call
    where = f"nobody's number {call.dialled[:40]}"
    if call.authority and call.line:
        where = f"{call.authority.name}, {call.line.name} {call.line.written}"
    outcome = call.outcome if call.closed_at else f"({call.state})"
    detail = f" ({call.outcome_detail})" if call.outcome_detail else ""
    at = call.arrived_at.astimezone(configuration.timezone)
    table = Table.grid(padding=(0, 2))
    table.add_row(*_texts(f"{at:%Y-%m-%d %H:%M:%S}", where, f"{outcome}{detail}", style="bold"))
    agent = call.agent.name if call.agent else "–"
    table.add_row(*_texts("", f"caller {call.caller or 'anonymous'}", f"agent {agent}"))
    table.add_row(*_texts("", str(call.pk), style="dim"))
    for step in record.steps:
        after = (step.at - call.arrived_at).total_seconds()
        table.add_row(*_texts(f"{after:>12.1f} s", step.type, step.agent or ""))
    return table


def _texts(*texts: str, style: str = "") -> list[Text]:
    """Return *texts* as they are: what a caller sent is neither markup nor control."""
    return [
        Text("".join(sign if sign.isprintable() else "�" for sign in text), style=style)
        for text in texts
    ]


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
