"""The last calls with everything that happened to them."""

from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from fernamt.exchange import queries
from fernamt.people.models import Role
from fernamt.reception.numbers import written
from fernamt.screens.access import for_roles
from fernamt.screens.messages import DETAILS, OUTCOMES, STATES, STEPS, word

SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One call as the table has it."""

    record: queries.CallRecord
    caller: str
    outcome: str
    detail: str
    steps: list[tuple[queries.Step, str, timedelta]]
    """Step, its words, time since the arrival."""


@for_roles(Role.SUPERVISOR, Role.OPERATOR)
@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """The page of the last calls."""
    rows = [_row(record) for record in queries.calls(newest_first=True, limit=SHOWN)]
    return render(request, "screens/calls.html", {"rows": rows, "shown": SHOWN})


def _row(record: queries.CallRecord) -> Row:
    call = record.call
    is_open = call.closed_at is None
    return Row(
        record=record,
        caller=written(call.caller) if call.caller else "",
        outcome=word(STATES, call.state) if is_open else word(OUTCOMES, call.outcome),
        detail="" if is_open else word(DETAILS, call.outcome_detail),
        steps=[(step, word(STEPS, step.type), step.at - call.arrived_at) for step in record.steps],
    )
