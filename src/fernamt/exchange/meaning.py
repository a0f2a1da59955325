"""What an order means for the call at hand: order -> event, pure."""

from datetime import datetime

from fernamt.exchange.device import DeviceKind
from fernamt.exchange.life.events import (
    AgentAnswered,
    AgentDeclined,
    AgentHungUp,
    AgentReturned,
    Event,
    OutcomeChosen,
    WrapUpFinished,
)
from fernamt.exchange.life.outcome import CHOSEN_BY_AGENTS
from fernamt.exchange.life.states import Reconnecting, Ringing, State, Talking, WrappingUp
from fernamt.exchange.orders import (
    Answer,
    AnswerAtTelephone,
    CallGone,
    CallUnderWay,
    Classify,
    Decline,
    HangUp,
    Next,
    Order,
    OutcomeMissing,
    OutcomeNotAllowed,
    Reconnect,
)
from fernamt.exchange.presence import Agent


def meaning_of(order: Order, *, agent: Agent, state: State | None, at: datetime) -> Event:
    """Return what happens to the call that occupies *agent* when they give *order*.

    Args:
        order: One that is about a call.
        agent: Who gives it.
        state: Of the agent's call; None if there is none.
        at: Now.

    Raises:
        CallGone: If there is no call, or it is past what the order is about.
        AnswerAtTelephone: If the agent has a telephone that rings.
        CallUnderWay, OutcomeMissing, OutcomeNotAllowed: As they say.
    """
    if agent.call is None or state is None:
        raise CallGone
    call = agent.call
    match order, state:
        case Answer(), Ringing():
            if agent.device is None or agent.device.kind is not DeviceKind.REHEARSAL:
                raise AnswerAtTelephone
            return AgentAnswered(call=call, agent=agent.id, at=at)
        case ((Decline() | HangUp()), Ringing()):
            return AgentDeclined(call=call, agent=agent.id, at=at)
        case HangUp(), (Talking() | Reconnecting()):
            return AgentHungUp(call=call, agent=agent.id, at=at)
        case Classify(outcome=outcome), (Talking() | Reconnecting() | WrappingUp()):
            if outcome not in CHOSEN_BY_AGENTS:
                raise OutcomeNotAllowed(outcome=outcome)
            return OutcomeChosen(call=call, agent=agent.id, outcome=outcome, at=at)
        case Next(), WrappingUp(talking=talking):
            if talking.chosen is None:
                raise OutcomeMissing
            return WrapUpFinished(call=call, agent=agent.id, at=at)
        case Next(), (Talking() | Reconnecting()):
            raise CallUnderWay
        case Reconnect(), (Talking() | Reconnecting()):
            return AgentReturned(call=call, agent=agent.id, at=at)
        case _:
            raise CallGone
