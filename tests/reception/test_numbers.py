"""Telephone numbers, however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fernamt.reception.numbers import dialable, readings, written

REGISTRATION = "+49537182370"


@pytest.mark.parametrize(
    "dialled",
    [
        "0537182370",
        "+49537182370",
        "0049537182370",
        "49537182370",
        "5371 82-370",
        "05371 82-370",
        "05371/82370",
        "+49 (0) 5371 82-370",
        " 0537182370 ",
    ],
)
def test_one_number_is_known_in_every_spelling(dialled: str) -> None:
    assert REGISTRATION in {number.e164 for number in readings(dialled)}


@pytest.mark.parametrize(
    "dialled",
    [
        "",
        "anonymous",
        "sip:mia@example.org",
        "+",
        "٠٥٣٧١٨٢٣٧٠",
        "0537182370;x",
        "0" * 41,
        "\n",
        "--",
    ],
)
def test_what_is_no_number_has_no_reading(dialled: str) -> None:
    assert readings(dialled) == ()


def test_a_number_keeps_its_raw_form_and_has_a_written_one() -> None:
    number = readings("05371 82-370")[0]

    assert (number.raw, number.e164, number.written) == (
        "05371 82-370",
        REGISTRATION,
        "05371 82370",
    )


def test_numbers_of_other_countries_are_written_with_their_country() -> None:
    assert written("+4315880000") == "+43 1 5880000"


def test_what_is_no_number_is_written_as_it_came() -> None:
    assert written("mia@example.org") == "mia@example.org"


@pytest.mark.parametrize("text", ["110", "112", "115", "0900 1234567", "12", "hallo"])
def test_emergency_short_and_premium_numbers_are_not_rung(text: str) -> None:
    assert dialable(text) is None


def test_an_agents_own_number_can_be_rung() -> None:
    number = dialable("0170 1234567")

    assert number is not None
    assert number.e164 == "+491701234567"


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    for number in readings(text):
        assert number.e164.startswith("+")
        assert number.raw == text


@given(st.from_regex(r"\A0[1-9][0-9]{5,9}\Z"))
def test_the_stored_form_is_read_as_itself(dialled: str) -> None:
    for number in readings(dialled):
        assert readings(number.e164)[0].e164 == number.e164
