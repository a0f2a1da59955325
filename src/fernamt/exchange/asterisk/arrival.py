"""What a carrier says of a call: which number was dialled, and who calls. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fernamt.reception.numbers import readings
from fernamt.reception.rules import Lines, find

LONGEST = 64
"""Characters of a number that are kept; absurd ones end here."""
NAMELESS = {"", "anonymous", "unavailable", "unknown", "restricted", "private", "withheld"}
"""What stands in place of the number where it is suppressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A caller at the door."""

    dialled: tuple[str, ...]
    """Numbers that may be meant: the one first dialled, then where it was forwarded to."""
    received: str
    """The number under which the call reached us."""
    caller: str | None
    """E.164 where it is a number; None if suppressed."""

    def number(self, lines: Lines | None) -> str:
        """Return the number to go by: the first one that belongs to a line of ours."""
        ours = (number for number in self.dialled if lines and find(lines, number))
        return next(ours, self.received)


def read_arrival(facts: Sequence[str]) -> Arrival:
    """Return what the dialplan's *facts* say (see dialplan.py for their order).

    Missing ones count as empty: whatever came from a carrier is read.
    """
    padded = [*(fact.strip() for fact in facts), *[""] * 7]
    extension, to, first, last, history, sender, presentation = padded[:7]
    addressee = _user(to)
    given = (first, _user(history), last, addressee, extension)
    dialled = tuple(dict.fromkeys(number[:LONGEST] for number in given if number))
    received = extension if readings(extension) or not readings(addressee) else addressee
    caller = None if presentation.startswith("prohib") else caller_number(sender)
    return Arrival(dialled=dialled, received=received[:LONGEST], caller=caller)


def caller_number(sender: str) -> str | None:
    """Return the caller's number, E.164 where it is one; None if it is suppressed."""
    if sender.lower() in NAMELESS:
        return None
    numbers = readings(sender)
    return numbers[0].e164 if numbers else sender[:LONGEST]


def _user(address: str) -> str:
    """Return the user of the first SIP address, the one that was dialled first."""
    found = re.search(r"(?:sips?|tel):([^@>;]+)", address)
    return found[1] if found else ""
