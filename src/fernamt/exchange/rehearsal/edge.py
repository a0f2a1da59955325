"""The edge of a rehearsal in real time."""

import asyncio
from collections.abc import Callable
from random import Random

from fernamt.exchange.clock import Clock
from fernamt.exchange.device import Device
from fernamt.exchange.edge import Hear, LiveCalls
from fernamt.exchange.life.commands import TelephonyCommand
from fernamt.exchange.life.events import CallFailed
from fernamt.exchange.rehearsal.callers import RehearsedTelephony
from fernamt.exchange.rehearsal.training import Training
from fernamt.reception.rules import Lines

INTERRUPTED = "rehearsal_interrupted"
"""Detail of calls whose imagined callers did not outlive their process."""


class RehearsalEdge:
    """Imagined callers in place of Asterisk: the port `Edge`."""

    def __init__(
        self,
        *,
        clock: Clock,
        hear: Hear,
        live_calls: LiveCalls,
        anybody_there: Callable[[], bool],
        chance: Random,
    ) -> None:
        """Tell *hear* what the imagined callers do."""
        self._clock = clock
        self._hear = hear
        self._live_calls = live_calls
        self._lines: tuple[str, ...] = ()
        self._settled = asyncio.Event()
        self._telephony = RehearsedTelephony(clock, hear)
        self._training = Training(
            telephony=self._telephony,
            clock=clock,
            lines=lambda: self._lines,
            anybody_there=anybody_there,
            chance=chance,
        )

    async def run(self) -> None:
        """End the calls of an earlier process, then let callers come."""
        for call in list(self._live_calls()):
            self._hear(CallFailed(call=call, at=self._clock.now(), reason=INTERRUPTED))
        self._settled.set()
        await self._training.run()

    async def settled(self) -> None:
        """Wait until earlier calls have been dealt with."""
        await self._settled.wait()

    async def perform(self, command: TelephonyCommand) -> None:
        """Carry *command* out."""
        self._telephony.perform_now(command)

    async def provide(self, device: Device) -> None:
        """Nothing rings in a rehearsal."""

    async def withdraw(self, device: Device) -> None:
        """Nothing to forget."""

    def is_there(self, device: Device) -> bool:  # noqa: ARG002 - the port asks for it
        """Every imagined telephone is there."""
        return True

    async def learn(self, lines: Lines) -> None:
        """Let callers call the lines that are in service."""
        self._lines = tuple(number for number, line in lines.lines.items() if line.is_live)

    async def place_test_call(self, line: str) -> None:
        """Let one caller call now."""
        self._training.call(line)
