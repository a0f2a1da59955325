"""What is read without an Asterisk: a carrier's facts, the journal, copies at the door."""

import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fernamt.exchange.asterisk import journal
from fernamt.exchange.asterisk.arrival import LONGEST, caller_number, read_arrival
from fernamt.exchange.asterisk.dialplan import line_variables
from fernamt.exchange.asterisk.door import PAYLOAD, SOURCE_PORT, Door, Refused
from fernamt.exchange.asterisk.held import new_leg, read_leg
from fernamt.exchange.asterisk.settings import DialplanLine
from fernamt.exchange.life.events import CallerLeftUnheard, FellBack

from .conftest import KFZ, LINES, ZENTRALE

INVITE = (
    "INVITE sip:0537182370@127.0.0.1 SIP/2.0\r\n"
    "From: <sip:0536112345@127.0.0.1>;tag=1\r\n"
    "To: <sip:0537182370@127.0.0.1>\r\n"
    "Call-ID: abc\r\nCSeq: 1 INVITE\r\n\r\n"
)


@pytest.mark.parametrize("sender", ["", "anonymous", "Anonymous", "unavailable", "restricted"])
def test_who_has_no_number_is_nobody(sender: str) -> None:
    assert caller_number(sender) is None


def test_the_first_number_that_is_ours_counts() -> None:
    arrival = read_arrival(["0999", f"<sip:{KFZ}@x>", "", "", f"<sip:0888@x><sip:{ZENTRALE}@x>"])

    assert arrival.number(LINES) == KFZ


def test_without_a_number_of_ours_the_one_that_was_called_counts() -> None:
    arrival = read_arrival(["0999", "<sip:0888@x>", "0777", "", "", "0536112345", "allowed"])

    assert arrival.number(LINES) == "0999"


def test_a_trunk_that_names_us_by_our_account_says_the_number_in_to() -> None:
    assert read_arrival(["account", "<sip:0999@x>"]).number(LINES) == "0999"


@given(st.lists(st.text(max_size=3000), max_size=9))
def test_whatever_a_carrier_says_is_read(facts: list[str]) -> None:
    arrival = read_arrival(facts)

    assert len(arrival.number(LINES)) <= LONGEST


@given(st.uuids(), st.text(min_size=1).filter(lambda name: "\n" not in name))
def test_a_leg_says_whose_it_is(call: object, agent: str) -> None:
    assert read_leg(new_leg(str(call), agent)) == (str(call), agent)


@given(st.text(), st.text())
def test_no_fact_of_a_line_can_be_dialplan(authority: str, fallback: str) -> None:
    (value,) = line_variables(
        [DialplanLine(authority=authority, number=KFZ, fallback=fallback)]
    ).values()

    assert not set(value) & set("${}[](),;\n\\\"' ")


def test_the_journal_is_read_and_nonsense_left_out(tmp_path: Path) -> None:
    path = tmp_path / "fallback.1.csv"
    path.write_text(
        "node1-7.0,1790000000,1790000042,ANSWER,7f@carrier,0537182370,,,,,0536112345,allowed\n"
        "node1-8.0,1790000050,1790000053,unheard,8f@carrier,0537182370,,,,,0536112345,allowed\n"
        "half a li\n"
        ",,,,,\n"
    )

    served, left = journal.read(path, node="node1", lines=LINES)

    call = served.event
    assert isinstance(call, FellBack)
    assert call.reached
    assert call.arrival.caller == "+49536112345"
    assert (call.arrival.at, call.ended_at) == (_at(1790000000), _at(1790000042))
    assert journal.read(path, node="node1", lines=LINES)[0].event.call == call.call
    assert isinstance(left.event, CallerLeftUnheard)
    assert (left.sip_call, left.event.at) == ("8f@carrier", _at(1790000053))


@pytest.mark.parametrize(
    ("status", "heard"),
    [("488 Not Acceptable Here", 1), ("487 Request Terminated", 1), ("401 No", 0)],
)
def test_an_invitation_that_got_an_error_was_refused(status: str, heard: int) -> None:
    refused: list[Refused] = []
    door = Door(sip_port=5070, hear=refused.append)

    for text, port in ((INVITE, 6000), (_answer(status), 5070), (_answer(status), 5070)):
        door.datagram_received(_copy(text, port), None)

    assert [each.dialled for each in refused] == ["0537182370"] * heard


def test_the_errors_of_others_are_not_our_refusals() -> None:
    refused: list[Refused] = []
    door = Door(sip_port=5070, hear=refused.append)

    for text, port in ((INVITE, 5070), (_answer("486 Busy"), 6000)):
        door.datagram_received(_copy(text, port), None)

    assert refused == []


@given(st.binary(max_size=200))
def test_noise_at_the_door_does_no_harm(noise: bytes) -> None:
    Door(sip_port=5070, hear=lambda _: None).datagram_received(b"HEP3\x00\x00" + noise, None)


def _answer(status: str) -> str:
    return f"SIP/2.0 {status}\r\nCall-ID: abc\r\nCSeq: 1 INVITE\r\n\r\n"


def _copy(text: str, port: int) -> bytes:
    chunks = b"".join(
        struct.pack(">HHH", 0, kind, len(content) + 6) + content
        for kind, content in ((SOURCE_PORT, struct.pack(">H", port)), (PAYLOAD, text.encode()))
    )
    return b"HEP3" + struct.pack(">H", len(chunks) + 6) + chunks


def _at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
