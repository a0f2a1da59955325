"""The conductor: owns every live call, turns what happens into what is to be done.

    event or order -> switchboard -> turn -> outbox: the log first, then the commands

It waits for nothing and talks to nobody by itself: time comes from a clock, what
it decides leaves through the outbox. So the same conductor runs on Asterisk, in
tests and in a rehearsal on a virtual clock.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Protocol

from fernamt.exchange.clock import Clock, Timer
from fernamt.exchange.life.commands import TelephonyCommand
from fernamt.exchange.life.events import CallId, Event
from fernamt.exchange.life.step import ImpossibleEvent
from fernamt.exchange.orders import Order
from fernamt.exchange.switchboard import Switchboard, Turn

logger = logging.getLogger(__name__)


class Telephony(Protocol):
    """The port to whatever holds the callers: Asterisk, or a rehearsal."""

    async def perform(self, command: TelephonyCommand) -> None:
        """Carry *command* out; return when telephony has taken it.

        A leg that is already gone is not an error: its end is news of its own.

        Raises:
            TelephonyFault: If it could not be done. The call goes on.
        """


class Conductor:
    """Hears, decides, remembers what is due."""

    def __init__(
        self, *, switchboard: Switchboard, clock: Clock, outbox: Callable[[Turn], None]
    ) -> None:
        """Work on *switchboard*; give every turn to *outbox*, in order."""
        self.switchboard = switchboard
        self._clock = clock
        self._outbox = outbox
        self._due: dict[CallId, tuple[Event, Timer]] = {}
        self._look: tuple[datetime, Timer] | None = None

    def hear(self, event: Event) -> None:
        """Let *event* happen. What cannot be is logged with the call's id and changes nothing."""
        try:
            turn = self.switchboard.hear(event)
        except ImpossibleEvent as impossible:
            logger.warning("call %s: %s", event.call, impossible)
            return
        self._pass_on(turn)

    def obey(self, order: Order) -> None:
        """Do what an agent asks.

        Raises:
            DomainError: If it cannot be done now; then nothing has changed.
        """
        self._pass_on(self.switchboard.obey(order, self._clock.now()))

    def resume(self) -> None:
        """Go on after calls were restored: arm what is due, offer what waits."""
        for call in list(self.switchboard.reminders):
            self._arm(call)
        self._pass_on(self.switchboard.look(self._clock.now()))

    def _pass_on(self, turn: Turn) -> None:
        if turn.entries or turn.agents:
            self._outbox(turn)
        for call in {entry.event.call for entry in turn.entries}:
            self._arm(call)
        self._arm_look()

    def _arm(self, call: CallId) -> None:
        event = self.switchboard.reminders.get(call)
        armed = self._due.get(call)
        if armed is not None and armed[0] is event:
            return
        if armed is not None:
            self._due.pop(call)[1].cancel()
        if event is not None:
            timer = self._clock.call_at(event.at, partial(self._fall_due, event))
            self._due[call] = (event, timer)

    def _fall_due(self, event: Event) -> None:
        self._due.pop(event.call, None)
        if self.switchboard.reminders.get(event.call) is event:
            self.hear(event)

    def _arm_look(self) -> None:
        look_at = self.switchboard.look_at
        if self._look is not None:
            if self._look[0] == look_at:
                return
            self._look[1].cancel()
            self._look = None
        if look_at is not None:
            self._look = (look_at, self._clock.call_at(look_at, self._look_again))

    def _look_again(self) -> None:
        self._look = None
        self._pass_on(self.switchboard.look(self._clock.now()))
