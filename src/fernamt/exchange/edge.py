"""The whole of what the conductor needs of the side where the callers are."""

from collections.abc import Callable, Mapping
from typing import Protocol

from fernamt.exchange.conductor import Telephony
from fernamt.exchange.device import Device
from fernamt.exchange.life.events import AgentId, CallId, Event
from fernamt.exchange.life.states import State
from fernamt.reception.rules import Lines


class Edge(Telephony, Protocol):
    """Telephony with its connections: Asterisk's, or a rehearsal's."""

    async def run(self) -> None:
        """Keep the connections, until cancelled; reconcile after each connecting."""

    async def settled(self) -> None:
        """Wait until what the log says was compared with what is, where it can be reached."""

    async def provide(self, device: Device) -> None:
        """Make *device* known, so that it can register and be rung."""

    async def withdraw(self, device: Device) -> None:
        """Forget *device*: it can neither register nor be rung any more."""

    def is_there(self, device: Device) -> bool:
        """Return whether *device* can be rung."""

    async def learn(self, lines: Lines) -> None:
        """Take note of the lines: they have changed, or this is the beginning."""

    async def place_test_call(self, line: str) -> None:
        """Let a robot call the line of this number through the carrier's side.

        Raises:
            TelephonyFault: If it could not be done.
        """


Hear = Callable[[Event], None]
"""Where an edge tells what happened."""
LiveCalls = Callable[[], Mapping[CallId, State]]
"""The calls that are live by the log."""
Seen = Callable[[str, bool], None]
"""Told a device's address, and whether it can be rung from now on."""
DeviceOf = Callable[[AgentId], Device | None]
"""The device an agent works with now."""
