"""The life of one call, as a pure function: the one place where a call changes.

step() never waits, reads a clock or touches a socket: each event carries its time.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from fernamt.core.errors import OurError
from fernamt.exchange.life.commands import (
    AnswerCaller,
    Command,
    ConnectAgent,
    HangUpAgent,
    HangUpCaller,
    PlayAnnouncement,
    PlayMusic,
    RefuseCaller,
    Remind,
    RingAgent,
    StopRinging,
)
from fernamt.exchange.life.events import (
    AgentAnswered,
    AgentDeclined,
    AgentGaveUp,
    AgentHungUp,
    AgentId,
    AgentLegLost,
    AgentReserved,
    AgentReturned,
    AgentUnreachable,
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallerLeftUnheard,
    CallFailed,
    CallId,
    Event,
    FellBack,
    OutcomeChosen,
    RingInterrupted,
    RingTimedOut,
    TreatmentChosen,
    WrapUpFinished,
    WrapUpTimedOut,
)
from fernamt.exchange.life.outcome import Outcome, Place
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
    queued_part,
)
from fernamt.reception.treatment import Announce, LineFacts, PutInQueue, Refuse

LONGEST_ANNOUNCEMENT = timedelta(minutes=3)
"""After this an announcement counts as played, even if telephony never says so."""

RECONNECT_WITHIN = timedelta(seconds=30)
"""How long a caller in conversation hears music for an agent whose leg broke."""

Step = tuple[State, tuple[Command, ...]]


class ImpossibleEvent(OurError):
    """The event cannot happen to a call in this state."""

    code: ClassVar[str] = "impossible-event"


def step(state: State, event: Event) -> Step:  # noqa: C901 - one case a transition, read as a table
    """Return the state after *event*, and the commands it calls for, in order.

    Raises:
        ImpossibleEvent: If the event cannot happen in this state. Late news is
            not impossible, only ignored: of a call that has ended, of an agent
            who no longer has to do with it, of an announcement that is over.
    """
    call = event.call
    match state, event:
        case Ended(), _:
            return state, ()

        case Unheard(), CallArrived():
            return Arrived(arrival=event), ()
        case Unheard(), FellBack():
            return _fell_back(event), ()
        case Unheard(), CallerLeftUnheard():
            return _left_unheard(event), ()
        case Arrived(), TreatmentChosen():
            return _treated(state, event)

        case Greeted(arrival=arrival, treatment=treatment), AnnouncementEnded(at=at):
            queued = Queued(arrival=arrival, treatment=treatment, since=at)
            return queued, (PlayMusic(call=call),)
        case Announced(), AnnouncementEnded(at=at):
            return _ended(state, at, Outcome.AFTER_HOURS), (HangUpCaller(call=call),)
        case Announced(), CallerHungUp(at=at):
            return _ended(state, at, Outcome.AFTER_HOURS), ()

        case Queued(), AgentReserved(agent=agent, at=at):
            timeout = RingTimedOut(call=call, agent=agent, at=at + state.treatment.ring_for)
            ring = (RingAgent(call=call, agent=agent), Remind(call=call, event=timeout))
            return Ringing(queued=state, agent=agent), ring
        case Ringing(queued=queued, agent=agent), (
            AgentDeclined(agent=of)
            | RingTimedOut(agent=of)
            | AgentUnreachable(agent=of)
            | RingInterrupted(agent=of)
            | AgentHungUp(agent=of)
            | AgentLegLost(agent=of)
        ) if of == agent:
            return queued, (StopRinging(call=call, agent=agent),)
        case Ringing(queued=queued, agent=agent), AgentAnswered(agent=of, at=at) if of == agent:
            talking = Talking(queued=queued, agent=agent, answered_at=at)
            return talking, (ConnectAgent(call=call, agent=agent),)

        case ((Arrived() | Greeted() | Queued() | Ringing()), CallerHungUp(at=at)):
            ended = _ended(state, at, Outcome.ABANDONED, detail=_place(state))
            return ended, _let_go(state, call)
        case ((Arrived() | Announced() | Greeted() | Queued() | Ringing()), CallFailed(at=at)):
            ended = _ended(state, at, Outcome.TECHNICAL_FAILURE, detail=event.reason)
            return ended, (*_let_go(state, call), HangUpCaller(call=call))
        case ((Talking() | Reconnecting()), CallFailed(at=at)):
            talking = _conversation(state)
            ended = _ended(state, at, Outcome.TECHNICAL_FAILURE, event.reason, talking.agent)
            return ended, (HangUpAgent(call=call, agent=talking.agent), HangUpCaller(call=call))

        case ((Talking() | Reconnecting()), CallerHungUp(at=at)):
            return _wrap_up(state, at)
        case ((Talking() | Reconnecting()), AgentHungUp(agent=of, at=at)) if _has(state, of):
            wrapping_up, commands = _wrap_up(state, at)
            return wrapping_up, (HangUpCaller(call=call), *commands)

        case Talking(agent=agent), AgentLegLost(agent=of, at=at) if of == agent:
            waiting = (PlayMusic(call=call), _give_up_later(state, at))
            return Reconnecting(talking=state, since=at), waiting
        case Talking(agent=agent), AgentReturned(agent=of, at=at) if of == agent:
            fetch_back = (
                HangUpAgent(call=call, agent=agent),
                PlayMusic(call=call),
                RingAgent(call=call, agent=agent, at_once=True),
                _give_up_later(state, at),
            )
            return Reconnecting(talking=state, since=at), fetch_back
        case Reconnecting(talking=talking), AgentReturned(agent=of, at=at) if of == talking.agent:
            again = RingAgent(call=call, agent=of, at_once=True)
            return state, (HangUpAgent(call=call, agent=of), again, _give_up_later(talking, at))
        case Reconnecting(talking=talking), AgentAnswered(agent=of) if of == talking.agent:
            return talking, (ConnectAgent(call=call, agent=of),)
        case Reconnecting(talking=talking), AgentGaveUp(agent=of) if of == talking.agent:
            return talking.queued, (HangUpAgent(call=call, agent=of),)

        case Talking(), OutcomeChosen(agent=of) if _has(state, of):
            return replace(state, chosen=event.outcome), ()
        case ((Reconnecting() | WrappingUp()), OutcomeChosen(agent=of)) if _has(state, of):
            return replace(state, talking=replace(state.talking, chosen=event.outcome)), ()
        case WrappingUp(talking=Talking(chosen=Outcome() as chosen)), WrapUpFinished(agent=of) if (
            _has(state, of)
        ):
            return _closed(state, event.at, chosen), ()
        case WrappingUp(talking=talking), WrapUpTimedOut(at=at):
            return _closed(state, at, talking.chosen or Outcome.UNCLASSIFIED), ()

        case _, AgentAnswered(agent=of) if _too_late(state, of):
            return state, (HangUpAgent(call=call, agent=of),)
        case _ if is_late(state, event):
            return state, ()
        case _:
            raise ImpossibleEvent(
                state=type(state).__name__, event=type(event).__name__, call=event.call
            )


def is_late(state: State, event: Event) -> bool:
    """Tell whether *event* is old news in *state*: possible, and without effect.

    News travels: an agent can answer while the ringing times out, a broken leg
    is reported after its caller has hung up, a playback ends twice.
    """
    match event:
        case AnnouncementEnded():
            return queued_part(state) is not None
        case CallerHungUp() | CallFailed():
            return isinstance(state, WrappingUp)
        case (
            AgentAnswered()
            | AgentDeclined()
            | AgentUnreachable()
            | RingInterrupted()
            | RingTimedOut()
            | AgentHungUp()
            | AgentLegLost()
            | AgentGaveUp()
        ):
            return queued_part(state) is not None
        case _:
            return False


def _treated(state: Arrived, event: TreatmentChosen) -> Step:
    call, arrival = event.call, state.arrival
    match event.treatment:
        case Refuse(reason=reason):
            ended = _ended(state, event.at, Outcome.REFUSED, detail=reason)
            return ended, (RefuseCaller(call=call, reason=reason),)
        case Announce(facts=facts, announcement=announcement):
            return Announced(arrival=arrival, facts=facts), _play(event, announcement)
        case PutInQueue(greeting="") as treatment:
            queued = Queued(arrival=arrival, treatment=treatment, since=event.at)
            return queued, (AnswerCaller(call=call), PlayMusic(call=call))
        case PutInQueue(greeting=greeting) as treatment:
            return Greeted(arrival=arrival, treatment=treatment), _play(event, greeting)


def _play(event: TreatmentChosen, announcement: str) -> tuple[Command, ...]:
    at_last = AnnouncementEnded(call=event.call, at=event.at + LONGEST_ANNOUNCEMENT)
    return (
        AnswerCaller(call=event.call),
        PlayAnnouncement(call=event.call, announcement=announcement),
        Remind(call=event.call, event=at_last),
    )


def _fell_back(event: FellBack) -> Ended:
    arrived = Arrived(arrival=event.arrival)
    match event.treatment:
        case None:
            raise ImpossibleEvent(state="Unheard", event="FellBack", call=event.call)
        case Refuse(reason=reason):
            return _ended(arrived, event.ended_at, Outcome.REFUSED, detail=reason)
        case PutInQueue(facts=facts) | Announce(facts=facts):
            detail = "fallback_reached" if event.reached else "fallback_silent"
            ended = _ended(arrived, event.ended_at, Outcome.OVERFLOWED, detail=detail)
            return replace(ended, facts=facts)


def _left_unheard(event: CallerLeftUnheard) -> Ended:
    arrived = Arrived(arrival=event.arrival)
    match event.treatment:
        case None:
            raise ImpossibleEvent(state="Unheard", event="CallerLeftUnheard", call=event.call)
        case Refuse(reason=reason):
            return _ended(arrived, event.at, Outcome.REFUSED, detail=reason)
        case Announce(facts=facts):
            return replace(_ended(arrived, event.at, Outcome.AFTER_HOURS), facts=facts)
        case PutInQueue(facts=facts):
            ended = _ended(arrived, event.at, Outcome.ABANDONED, detail=Place.GREETING)
            return replace(ended, facts=facts)


def _wrap_up(state: Talking | Reconnecting, at: datetime) -> Step:
    talking = _conversation(state)
    call = talking.queued.arrival.call
    timeout = WrapUpTimedOut(call=call, at=at + talking.queued.treatment.wrap_up)
    commands = (HangUpAgent(call=call, agent=talking.agent), Remind(call=call, event=timeout))
    return WrappingUp(talking=talking, ended_at=at), commands


def _give_up_later(talking: Talking, at: datetime) -> Remind:
    call = talking.queued.arrival.call
    gave_up = AgentGaveUp(call=call, agent=talking.agent, at=at + RECONNECT_WITHIN)
    return Remind(call=call, event=gave_up)


def _closed(state: WrappingUp, at: datetime, outcome: Outcome) -> Ended:
    ended = _ended(state, state.ended_at, outcome, agent=state.talking.agent)
    return replace(ended, closed_at=at)


def _ended(
    state: State, at: datetime, outcome: Outcome, detail: str = "", agent: AgentId | None = None
) -> Ended:
    queued = queued_part(state)
    match state:
        case Arrived(arrival=arrival):
            facts: LineFacts | None = None
        case Announced(arrival=arrival, facts=facts):
            pass
        case Greeted(arrival=arrival, treatment=treatment):
            facts = treatment.facts
        case _:
            if queued is None:
                raise ImpossibleEvent(state=type(state).__name__, event="end")
            arrival, facts = queued.arrival, queued.treatment.facts
    return Ended(
        arrival=arrival,
        facts=facts,
        ended_at=at,
        closed_at=at,
        outcome=outcome,
        detail=detail,
        agent=agent,
    )


def _place(state: Arrived | Greeted | Queued | Ringing) -> Place:
    match state:
        case Queued():
            return Place.QUEUE
        case Ringing():
            return Place.RINGING
        case _:
            return Place.GREETING


def _let_go(state: State, call: CallId) -> tuple[Command, ...]:
    match state:
        case Ringing(agent=agent):
            return (StopRinging(call=call, agent=agent),)
        case _:
            return ()


def _conversation(state: Talking | Reconnecting) -> Talking:
    return state if isinstance(state, Talking) else state.talking


def _has(state: Talking | Reconnecting | WrappingUp, agent: AgentId) -> bool:
    talking = state if isinstance(state, Talking) else state.talking
    return talking.agent == agent


def _too_late(state: State, agent: AgentId) -> bool:
    in_conversation = isinstance(state, Talking) and state.agent == agent
    return queued_part(state) is not None and not in_conversation
