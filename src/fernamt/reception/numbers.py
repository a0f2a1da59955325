"""Telephone numbers as dialled, as stored and as written: pure."""

import re
from dataclasses import dataclass

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

LONGEST = 40
"""Characters that a number may have with its punctuation; what is longer is not a number."""
_AT_A_PREMIUM = (PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST)
_ALLOWED = re.compile(r"\+?[0-9 ()/.\-]+", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One telephone number in its three forms."""

    raw: str
    """As it came, punctuation and all."""
    e164: str
    """``+49537182370``: the form to store and compare."""
    written: str
    """DIN 5008: ``05371 82370``; of other countries ``+43 1 234567``."""


def readings(dialled: str) -> tuple[Number, ...]:
    """Return what *dialled* may mean in Germany, likeliest first; nothing if it is no number.

    A number without a leading zero is read in two ways: ``5371 82-370`` lacks the zero of the
    trunk, ``49537182370`` lacks the plus.
    """
    text = dialled.strip()
    if len(text) > LONGEST or not _ALLOWED.fullmatch(text):
        return ()
    ways = [text] if text.startswith(("+", "0")) else [text, f"+{text}"]
    found = [_number(raw=dialled, parsed=parsed) for way in ways if (parsed := _parse(way))]
    return tuple(found)


def dialable(text: str) -> Number | None:
    """Return the number that may be rung at our cost; None for none, or one of a premium rate.

    Emergency and other short numbers are never among them.
    """
    for number in readings(text):
        parsed = phonenumbers.parse(number.e164)
        kind = phonenumbers.number_type(parsed)
        if phonenumbers.is_valid_number(parsed) and kind not in _AT_A_PREMIUM:
            return number
    return None


def written(number: str) -> str:
    """Return *number* as people write it, or unchanged if it is none."""
    found = readings(number)
    return found[0].written if found else number


def _parse(text: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(text, "DE")
    except NumberParseException:
        return None


def _number(*, raw: str, parsed: PhoneNumber) -> Number:
    german = parsed.country_code == 49
    form = PhoneNumberFormat.NATIONAL if german else PhoneNumberFormat.INTERNATIONAL
    return Number(
        raw=raw,
        e164=phonenumbers.format_number(parsed, PhoneNumberFormat.E164),
        written=phonenumbers.format_number(parsed, form),
    )
