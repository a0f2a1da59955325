"""The call log in PostgreSQL."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, connection, transaction

from fernamt.core.fences import UnscopedQuery
from fernamt.exchange.models import AgentPresence, Call, CallEvent, PresenceChange
from fernamt.people.models import Agent
from fernamt.reception.models import Authority

pytestmark = pytest.mark.django_db
AT = datetime(2026, 5, 4, 8, tzinfo=UTC)


def an_event() -> CallEvent:
    return CallEvent.objects.create(call_id=uuid.uuid4(), seq=1, at=AT, type="CallArrived")


def test_an_event_cannot_be_changed() -> None:
    an_event()

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        CallEvent.objects.unfenced(reason="test").update(type="CallerHungUp")


def test_an_event_cannot_be_deleted() -> None:
    an_event()

    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM exchange_callevent")


def test_an_agents_past_cannot_be_changed() -> None:
    agent = Agent.objects.create(name="Mia")
    PresenceChange.objects.create(agent=agent, state="available")

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        PresenceChange.objects.update(state="paused")


def test_a_call_closes_only_with_an_outcome() -> None:
    call = Call(id=uuid.uuid4(), dialled="1", state="ended", arrived_at=AT, closed_at=AT)

    with pytest.raises(IntegrityError, match="closed_with_an_outcome"), transaction.atomic():
        call.save()


def test_a_state_that_nobody_knows_is_refused() -> None:
    agent = Agent.objects.create(name="Mia")

    with pytest.raises(IntegrityError, match="presence_state_is_known"), transaction.atomic():
        AgentPresence.objects.create(agent=agent, state="asleep")


@pytest.mark.parametrize("table", [Call, CallEvent])
def test_calls_are_not_to_be_had_without_saying_on_whose_behalf(
    table: type[Call] | type[CallEvent],
) -> None:
    with pytest.raises(UnscopedQuery):
        table.objects.all()

    with pytest.raises(UnscopedQuery):
        table.objects.filter(pk__isnull=False)

    with pytest.raises(UnscopedQuery):
        table.objects.unfenced(reason=" ")


def test_an_authority_sees_its_own_calls_and_their_events_only() -> None:
    ours, theirs = (
        Authority.objects.create(
            key=key, name=key, spoken_name=key, short_name=key, colour="#000000"
        )
        for key in ("ours", "theirs")
    )
    calls = {}
    for authority in (ours, theirs, None):
        call = Call.objects.create(
            id=uuid.uuid4(), dialled="1", state="queued", arrived_at=AT, authority=authority
        )
        CallEvent.objects.create(call_id=call.pk, seq=1, at=AT, type="CallArrived")
        calls[authority] = call

    seen = Call.objects.of(["ours"])
    events = CallEvent.objects.of(["ours"])

    assert [call.pk for call in seen] == [calls[ours].pk]
    assert [event.call_id for event in events] == [calls[ours].pk]
    assert not Call.objects.of([]).exists()
