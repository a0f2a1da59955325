"""Imagined callers, and the telephony that holds them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fernamt.exchange.clock import Clock, Timer
from fernamt.exchange.life.commands import (
    ConnectAgent,
    HangUpAgent,
    HangUpCaller,
    PlayAnnouncement,
    RefuseCaller,
    RingAgent,
    TelephonyCommand,
)
from fernamt.exchange.life.events import (
    AgentAnswered,
    AnnouncementEnded,
    CallArrived,
    CallerHungUp,
    CallId,
    Event,
)

ANNOUNCEMENT_LASTS = timedelta(seconds=5)
"""How long an imagined greeting takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody who will call, and how they behave."""

    call: CallId
    at: datetime
    dialled: str
    number: str | None
    """None: the number is suppressed."""
    patience: timedelta
    """Hangs up when not connected after this time."""
    stays: timedelta | None = None
    """Hangs up after this time in conversation; None: leaves that to the agent."""


class RehearsedTelephony:
    """Holds imagined callers; does what the conductor commands, and reports what comes of it."""

    def __init__(self, clock: Clock, hear: Callable[[Event], None]) -> None:
        """Report to *hear*."""
        self._clock = clock
        self._hear = hear
        self._callers: dict[CallId, Caller] = {}
        self._leaving: dict[CallId, Timer] = {}

    def call(self, caller: Caller) -> None:
        """Let *caller* call at their time."""
        self._clock.call_at(caller.at, lambda: self._arrive(caller))

    async def perform(self, command: TelephonyCommand) -> None:
        """Carry *command* out at once (the port of the real conductor)."""
        self.perform_now(command)

    def perform_now(self, command: TelephonyCommand) -> None:
        """Carry *command* out."""
        caller = self._callers.get(command.call)
        if caller is None:
            return
        now = self._clock.now()
        match command:
            case PlayAnnouncement(call=call):
                ended = AnnouncementEnded(call=call, at=now + ANNOUNCEMENT_LASTS)
                self._clock.call_at(ended.at, lambda: self._hear(ended))
            case ConnectAgent():
                self._let_talk(caller, now)
            case RingAgent(call=call, agent=agent, at_once=True):
                self._hear(AgentAnswered(call=call, agent=agent, at=now))
            case HangUpCaller(call=call) | RefuseCaller(call=call):
                self._gone(call)
            case HangUpAgent() | _:
                pass

    def _arrive(self, caller: Caller) -> None:
        now = self._clock.now()
        self._callers[caller.call] = caller
        self._leave_at(caller, now + caller.patience)
        self._hear(
            CallArrived(
                call=caller.call,
                at=now,
                dialled=caller.dialled,
                caller=caller.number,
                node="rehearsal",
                channel=caller.call,
            )
        )

    def _let_talk(self, caller: Caller, now: datetime) -> None:
        self._leaving.pop(caller.call).cancel()
        if caller.stays is not None:
            self._leave_at(caller, now + caller.stays)

    def _leave_at(self, caller: Caller, when: datetime) -> None:
        self._leaving[caller.call] = self._clock.call_at(when, lambda: self._leave(caller))

    def _leave(self, caller: Caller) -> None:
        self._gone(caller.call)
        self._hear(CallerHungUp(call=caller.call, at=self._clock.now()))

    def _gone(self, call: CallId) -> None:
        self._callers.pop(call, None)
        timer = self._leaving.pop(call, None)
        if timer is not None:
            timer.cancel()
