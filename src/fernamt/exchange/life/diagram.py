"""Draws ``docs/call-life.md`` from what `step` really does.

python -m fernamt.exchange.life.diagram > docs/call-life.md
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fernamt.exchange.life.commands import Command, Remind
from fernamt.exchange.life.events import (
    AgentAnswered,
    AgentDeclined,
    AgentGaveUp,
    AgentHungUp,
    AgentLegLost,
    AgentReserved,
    AgentReturned,
    AgentUnreachable,
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallerLeftUnheard,
    CallFailed,
    Event,
    FellBack,
    OutcomeChosen,
    RingInterrupted,
    RingTimedOut,
    TreatmentChosen,
    WrapUpFinished,
    WrapUpTimedOut,
)
from fernamt.exchange.life.outcome import Outcome
from fernamt.exchange.life.states import (
    Announced,
    Arrived,
    Ended,
    Greeted,
    Queued,
    Reconnecting,
    Ringing,
    State,
    Talking,
    Unheard,
    WrappingUp,
)
from fernamt.exchange.life.step import ImpossibleEvent, step
from fernamt.reception.treatment import Announce, LineFacts, PutInQueue, Refuse

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CALL, MIA, TOM = "call", "mia", "tom"
GIFHORN = LineFacts(authority="gifhorn", line="+49537182370")
GREET = PutInQueue(facts=GIFHORN, greeting="greeting")
NO_GREETING = PutInQueue(facts=GIFHORN)
CLOSED = Announce(facts=GIFHORN, announcement="closed")
UNKNOWN = Refuse(reason="unknown_number")


def at(seconds: float) -> datetime:
    """Return the moment so many seconds after nine."""
    return NINE + timedelta(seconds=seconds)


ARRIVAL = CallArrived(
    call=CALL, at=at(0), dialled="05371 82-370", caller=None, node="node1", channel="1.1"
)
QUEUED = Queued(arrival=ARRIVAL, treatment=GREET, since=at(5))
TALKING = Talking(queued=QUEUED, agent=MIA, answered_at=at(20))
CHOSEN = Talking(queued=QUEUED, agent=MIA, answered_at=at(20), chosen=Outcome.ANSWERED)

STATES: dict[str, State] = {
    "Unheard": Unheard(),
    "Arrived": Arrived(arrival=ARRIVAL),
    "Announced": Announced(arrival=ARRIVAL, facts=GIFHORN),
    "Greeted": Greeted(arrival=ARRIVAL, treatment=GREET),
    "Queued": QUEUED,
    "Ringing": Ringing(queued=QUEUED, agent=MIA),
    "Talking": TALKING,
    "Reconnecting": Reconnecting(talking=TALKING, since=at(60)),
    "WrappingUp": WrappingUp(talking=TALKING, ended_at=at(90)),
    "WrappingUp, classified": WrappingUp(talking=CHOSEN, ended_at=at(90)),
    "Ended": Ended(
        arrival=ARRIVAL,
        facts=GIFHORN,
        ended_at=at(90),
        closed_at=at(95),
        outcome=Outcome.ANSWERED,
        agent=MIA,
    ),
}
"""One example of each state, by the name it has in the table."""

_NOW = at(100)
EVENTS: dict[str, Event] = {
    "CallArrived": ARRIVAL,
    "TreatmentChosen: greet": TreatmentChosen(call=CALL, at=_NOW, treatment=GREET),
    "TreatmentChosen: no greeting": TreatmentChosen(call=CALL, at=_NOW, treatment=NO_GREETING),
    "TreatmentChosen: closed": TreatmentChosen(call=CALL, at=_NOW, treatment=CLOSED),
    "TreatmentChosen: refuse": TreatmentChosen(call=CALL, at=_NOW, treatment=UNKNOWN),
    "FellBack": FellBack(
        call=CALL, at=_NOW, arrival=ARRIVAL, treatment=GREET, ended_at=at(50), reached=True
    ),
    "CallerLeftUnheard": CallerLeftUnheard(call=CALL, at=_NOW, arrival=ARRIVAL, treatment=GREET),
    "AnnouncementEnded": AnnouncementEnded(call=CALL, at=_NOW),
    "AgentReserved": AgentReserved(call=CALL, at=_NOW, agent=MIA),
    "AgentAnswered": AgentAnswered(call=CALL, at=_NOW, agent=MIA),
    "AgentAnswered: another": AgentAnswered(call=CALL, at=_NOW, agent=TOM),
    "AgentDeclined": AgentDeclined(call=CALL, at=_NOW, agent=MIA),
    "AgentUnreachable": AgentUnreachable(call=CALL, at=_NOW, agent=MIA, reason="no_contact"),
    "RingInterrupted": RingInterrupted(call=CALL, at=_NOW, agent=MIA),
    "RingTimedOut": RingTimedOut(call=CALL, at=_NOW, agent=MIA),
    "RingTimedOut: another": RingTimedOut(call=CALL, at=_NOW, agent=TOM),
    "CallerHungUp": CallerHungUp(call=CALL, at=_NOW),
    "AgentHungUp": AgentHungUp(call=CALL, at=_NOW, agent=MIA),
    "AgentLegLost": AgentLegLost(call=CALL, at=_NOW, agent=MIA),
    "AgentReturned": AgentReturned(call=CALL, at=_NOW, agent=MIA),
    "AgentGaveUp": AgentGaveUp(call=CALL, at=_NOW, agent=MIA),
    "OutcomeChosen": OutcomeChosen(call=CALL, at=_NOW, agent=MIA, outcome=Outcome.ANSWERED),
    "WrapUpFinished": WrapUpFinished(call=CALL, at=_NOW, agent=MIA),
    "WrapUpTimedOut": WrapUpTimedOut(call=CALL, at=_NOW),
    "CallFailed": CallFailed(call=CALL, at=_NOW, reason="node_lost"),
}
"""One example of each event (several where it matters whom or what it concerns)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """What one event does in one state."""

    state: str
    event: str
    after: State | None
    """None: the event is impossible here."""
    commands: tuple[Command, ...] = ()

    @property
    def happens(self) -> bool:
        """Whether anything comes of it."""
        return self.after is not None and (
            self.after is not STATES[self.state] or bool(self.commands)
        )


def transitions() -> Iterator[Transition]:
    """Yield every state met by every event."""
    for state_name, state in STATES.items():
        for event_name, event in EVENTS.items():
            try:
                after, commands = step(state, event)
            except ImpossibleEvent:
                yield Transition(state=state_name, event=event_name, after=None)
            else:
                yield Transition(state=state_name, event=event_name, after=after, commands=commands)


def page() -> str:
    """Return ``docs/call-life.md``."""
    table = list(transitions())
    rows = "\n".join(_row(transition) for transition in table if transition.happens)
    arrows = "\n".join(sorted(set(_arrows(table))))
    return f"""# The life of a call

Drawn from `fernamt.exchange.life.step` by `python -m fernamt.exchange.life.diagram`; a test
compares this page with the code. Whatever is not in the table is either old news, which changes
nothing, or impossible, which is logged with the call's id and changes nothing.

```mermaid
stateDiagram-v2
    [*] --> Unheard
{arrows}
    Ended --> [*]
```

| in the state | when | then | and we |
|---|---|---|---|
{rows}
"""


def _arrows(table: list[Transition]) -> Iterator[str]:
    for transition in table:
        if transition.after is None:
            continue
        before, after = type(STATES[transition.state]).__name__, type(transition.after).__name__
        if before != after:
            yield f"    {before} --> {after}: {transition.event.split(':')[0]}"


def _row(transition: Transition) -> str:
    after = transition.after
    name = type(after).__name__
    if isinstance(after, Ended):
        name += f" ({', '.join(filter(None, [after.outcome, after.detail]))})"
    done = ", ".join(_said(command) for command in transition.commands)
    return f"| {transition.state} | {transition.event} | {name} | {done} |"


def _said(command: Command) -> str:
    if isinstance(command, Remind):
        return f"Remind of {type(command.event).__name__}"
    return type(command).__name__


if __name__ == "__main__":
    sys.stdout.write(page())
