"""``fernamt calls`` tells every call with its steps, to people and to programs."""

import argparse
import json
import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fernamt.daemons import calls
from fernamt.daemons.calls import SinceNotUnderstood, read_since
from fernamt.daemons.configuration import load
from fernamt.exchange import queries
from fernamt.exchange.models import Call, CallEvent
from fernamt.people.models import Agent
from fernamt.reception.models import Authority, Line

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 5, 4, 10, 30, tzinfo=BERLIN)
AT = datetime(2026, 5, 4, 8, tzinfo=UTC)


def call(at: datetime = AT, **values: object) -> Call:
    facts: dict[str, object] = {
        "id": uuid.uuid4(),
        "dialled": "0537182370",
        "state": "queued",
        "arrived_at": at,
    }
    made = Call.objects.create(**(facts | values))
    CallEvent.objects.create(call_id=made.pk, seq=1, at=at, type="CallArrived")
    return made


def printed(
    capsys: pytest.CaptureFixture[str], *, json: bool = True, since: str | None = None
) -> tuple[int, str, str]:
    status = calls.main(load(), argparse.Namespace(json=json, since=since))
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.django_db
def test_a_call_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    authority = Authority.objects.create(
        key="gifhorn", name="Landkreis Gifhorn", spoken_name="x", short_name="x", colour="#000000"
    )
    line = Line.objects.create(
        authority=authority, number="+49537182370", written="05371 82-370", name="Kfz-Zulassung"
    )
    mia = Agent.objects.create(name="Mia")
    made = call(
        authority=authority,
        line=line,
        agent=mia,
        state="ended",
        ended_at=AT + timedelta(seconds=60),
        closed_at=AT + timedelta(seconds=70),
        outcome="answered",
    )
    CallEvent.objects.create(
        call_id=made.pk,
        seq=2,
        at=AT + timedelta(seconds=5),
        type="AgentAnswered",
        facts={"agent": str(mia.pk)},
    )

    status, out, _ = printed(capsys)

    assert status == 0
    (found,) = json.loads(out)
    expected = {
        "id": str(made.pk),
        "authority": "gifhorn",
        "line": "+49537182370",
        "line_written": "05371 82-370",
        "caller": None,
        "agent": "Mia",
        "arrived_at": "2026-05-04T08:00:00+00:00",
        "ended_at": "2026-05-04T08:01:00+00:00",
        "outcome": "answered",
        "outcome_detail": "",
        "steps": [
            {"at": "2026-05-04T08:00:00+00:00", "type": "CallArrived"},
            {"at": "2026-05-04T08:00:05+00:00", "type": "AgentAnswered", "agent": "Mia"},
        ],
    }
    assert expected.items() <= found.items()


@pytest.mark.django_db
def test_no_calls_are_an_empty_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys)[:2] == (0, "[]\n")


@pytest.mark.django_db
def test_an_outcome_chosen_before_the_call_is_closed_is_not_yet_its_outcome(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call(state="wrapping_up", outcome="transferred")

    assert json.loads(printed(capsys)[1])[0]["outcome"] is None


@pytest.mark.django_db
def test_only_the_calls_since_a_moment(capsys: pytest.CaptureFixture[str]) -> None:
    call(AT)
    late = call(AT + timedelta(hours=1))

    _, out, _ = printed(capsys, since="2026-05-04T10:30")

    assert [found["id"] for found in json.loads(out)] == [str(late.pk)]


@pytest.mark.django_db
def test_people_read_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    call(caller="+495371550000")
    call(state="ended", outcome="refused", outcome_detail="unknown_number", closed_at=AT)

    _, out, _ = printed(capsys, json=False)

    for words in ("2 calls", "+495371550000", "anonymous", "refused", "CallArrived"):
        assert words in out


@pytest.mark.django_db
def test_what_a_caller_sent_cannot_colour_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    call(caller="[red]\x1b[31m", dialled="[/bold]")

    status, out, _ = printed(capsys, json=False)

    assert status == 0
    assert "\x1b[31m" not in out
    assert "[red]" in out


@pytest.mark.django_db
def test_a_long_log_is_read_in_parts() -> None:
    made = [call(AT + timedelta(seconds=number)) for number in range(7)]

    found = list(queries.calls(chunk=3))

    assert [record.call.pk for record in found] == [one.pk for one in made]
    assert all(len(record.steps) == 1 for record in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15m", NOW - timedelta(minutes=15)),
        ("2h", NOW - timedelta(hours=2)),
        ("1d", NOW - timedelta(days=1)),
        ("today", datetime(2026, 5, 4, tzinfo=BERLIN)),
        ("2026-05-04", datetime(2026, 5, 4, tzinfo=BERLIN)),
        ("2026-05-04T07:30", datetime(2026, 5, 4, 7, 30, tzinfo=BERLIN)),
        ("2026-05-04T07:30Z", datetime(2026, 5, 4, 7, 30, tzinfo=UTC)),
    ],
)
def test_since_takes_a_length_of_time_or_a_moment(text: str, expected: datetime) -> None:
    assert read_since(text, now=NOW) == expected


@pytest.mark.parametrize("text", ["", "gestern", "5", "5y", "2026-13-01", "999999w", "0001-01-01"])
def test_a_since_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(SinceNotUnderstood):
        read_since(text, now=NOW)


def test_a_bad_since_is_told_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = printed(capsys, since="gestern")

    assert (status, out) == (2, "")
    assert "--since takes" in err
    assert "gestern" in err
    assert len(err.splitlines()) == 1
