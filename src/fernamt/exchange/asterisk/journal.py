"""Calls that the dialplan served alone, or that left while nobody of ours listened.

They are read once, when the conductor is back.

The dialplan appends a line for each call. We rename the file and then read it: the
dialplan begins a new one, and no line is read twice or lost. The renamed file is
deleted only when what it says is written down for good; after a crash it is read
again, and its calls have the same ids as before.
"""

import asyncio
import csv
import logging
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fernamt.exchange.asterisk.arrival import read_arrival
from fernamt.exchange.asterisk.dialplan import ADDRESS, UNHEARD
from fernamt.exchange.life.events import CallArrived, CallerLeftUnheard, CallId, FellBack
from fernamt.reception.rules import Lines

log = logging.getLogger(__name__)

CALLS = uuid.UUID("6f0d4e4e-3d0b-5a52-9c39-2a1f5b0e8c11")
"""Namespace of the ids of calls."""
LAST_WORDS = 0.3
"""Seconds that a line begun before the renaming may take to be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A line of the journal."""

    sip_call: str
    """The SIP Call-ID, as far as the dialplan keeps it."""
    event: FellBack | CallerLeftUnheard


def as_noted(sip_call: str) -> str:
    """Return what the dialplan keeps of a SIP Call-ID."""
    return re.sub(rf"[^{ADDRESS}]", "", sip_call)[:200]


async def take(journal: Path) -> list[Path]:
    """Set the journal aside and return what is to be read, also what a crash left over."""
    await asyncio.to_thread(_set_aside, journal)
    found = await asyncio.to_thread(lambda: sorted(journal.parent.glob(f"{journal.stem}.*.csv")))
    if found:
        await asyncio.sleep(LAST_WORDS)
    return found


def call_id(node: str, channel: str) -> CallId:
    """Return the id of the call that came in on *channel*, whoever comes to know of it.

    A call that we have heard of, and that the dialplan has noted all the same, is one call.
    """
    return str(uuid.uuid5(CALLS, f"{node}/{channel}"))


def read(path: Path, *, node: str, lines: Lines | None) -> list[Noted]:
    """Return the calls noted in *path*; a line that makes no sense is logged and left out."""
    return list(_rows(path, node=node, lines=lines))


def _set_aside(journal: Path) -> None:
    try:
        journal.rename(journal.with_name(f"{journal.stem}.{time.time_ns()}.csv"))
    except FileNotFoundError:
        return


def _rows(path: Path, *, node: str, lines: Lines | None) -> Iterator[Noted]:
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        for number, row in enumerate(csv.reader(file, quoting=csv.QUOTE_NONE), start=1):
            try:
                yield _call(row, node=node, lines=lines)
            except (ValueError, IndexError, OverflowError):
                log.error("Fallback journal %s: line %d makes no sense", path.name, number)


def _call(row: list[str], *, node: str, lines: Lines | None) -> Noted:
    unique_id, arrived, ended, served, sip_call, *facts = row
    if not unique_id:
        raise ValueError
    call = call_id(node, unique_id)
    arrived_at, ended_at = (datetime.fromtimestamp(float(at), UTC) for at in (arrived, ended))
    sent = read_arrival(facts)
    arrival = CallArrived(
        call=call,
        at=arrived_at,
        dialled=sent.number(lines),
        caller=sent.caller,
        node=node,
        channel=unique_id,
    )
    if served == UNHEARD:
        left = CallerLeftUnheard(call=call, at=ended_at, arrival=arrival)
        return Noted(sip_call=sip_call, event=left)
    reached = served == "ANSWER"
    served_alone = FellBack(
        call=call, at=ended_at, arrival=arrival, ended_at=ended_at, reached=reached
    )
    return Noted(sip_call=sip_call, event=served_alone)
