"""The edge on Asterisk: the port through which the conductor has callers and agents.

    edge = AsteriskEdge(nodes, hear=conductor.hear, live_calls=..., device_of=...)

Several nodes are possible; a call stays on the one where it arrived.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import NoReturn

from fernamt.exchange.asterisk import journal
from fernamt.exchange.asterisk.ari import requests
from fernamt.exchange.asterisk.arrival import caller_number
from fernamt.exchange.asterisk.demo import place_test_call
from fernamt.exchange.asterisk.dialplan import dialplan_lines, line_variables
from fernamt.exchange.asterisk.door import GAVE_UP, Door, Refused
from fernamt.exchange.asterisk.node import HEARD, Node
from fernamt.exchange.asterisk.reconcile import reconcile
from fernamt.exchange.asterisk.settings import APPLICATION, NodeAddress
from fernamt.exchange.device import Device
from fernamt.exchange.edge import DeviceOf, Hear, LiveCalls, Seen
from fernamt.exchange.life.commands import TelephonyCommand
from fernamt.exchange.life.events import CallArrived, CallerLeftUnheard, FellBack
from fernamt.reception.rules import Lines
from fernamt.reception.treatment import Refuse

log = logging.getLogger(__name__)

FIRST_LOOK = timedelta(seconds=10)
"""How long the beginning waits for nodes that do not answer."""
SECOND_THOUGHTS = 1.0
"""Seconds after which a refusal that no call was heard of counts."""
TEST_CALL = timedelta(minutes=10)
"""How long the robot of a test call stays at most."""


async def _at_once() -> None:
    return None


def _unseen(_address: str, _is_there: bool) -> None:  # noqa: FBT001 - as Seen has it
    return None


class AsteriskEdge:
    """All nodes: the port `Edge`."""

    def __init__(
        self,
        nodes: Sequence[NodeAddress],
        *,
        hear: Hear,
        live_calls: LiveCalls,
        device_of: DeviceOf,
        seen: Seen = _unseen,
        written: Callable[[], Awaitable[None]] = _at_once,
    ) -> None:
        """Prepare; `run` connects.

        Args:
            nodes: The Asterisks of the installation.
            hear: Told what happens to calls; must not block.
            live_calls: Says which calls are live by the log.
            device_of: Says which device an agent works with now.
            seen: Told which telephones can be rung.
            written: Waits until all that was heard so far is in the log for good.
        """
        self._hear = hear
        self._live_calls = live_calls
        self._device_of = device_of
        self._written = written
        self._nodes = [
            Node(address, hear=hear, seen=seen, device_of=device_of, connected=self._connected)
            for address in nodes
        ]
        self._first_looks = [asyncio.Event() for _ in nodes]
        self._variables: dict[str, str] = {}
        self._reading = asyncio.Lock()
        self._counting: set[asyncio.Task[None]] = set()
        self._doors: dict[str, asyncio.DatagramTransport] = {}

    async def run(self) -> None:
        """Keep the connections, until cancelled; reconcile after each connecting."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for node in self._nodes:
                    tasks.create_task(_keep_connected(node), name=f"node {node.address.name}")
        finally:
            for door in self._doors.values():
                door.close()
            self._doors.clear()

    async def settled(self) -> None:
        """Wait until what the log says was compared with what is, where it can be reached."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK.total_seconds()):
                await asyncio.gather(*(look.wait() for look in self._first_looks))

    async def perform(self, command: TelephonyCommand) -> None:
        """Send *command* to the node that holds the call; return when it is sent.

        Commands of one call are carried out in the order in which they are sent. A
        call that nobody holds any more is not an error: its end is news of its own.

        Raises:
            TelephonyFault: If the node cannot be reached. The call goes on.
        """
        for node in self._nodes:
            if command.call in node.held:
                await node.perform(command)
                return
        log.debug("call %s: too late for %s", command.call, type(command).__name__)

    async def provide(self, device: Device) -> None:
        """Make *device* known on all nodes, so that it can register and be rung.

        Raises:
            TelephonyFault: If a node did not take it. It gets it with the next connecting.
        """
        await self._everywhere(lambda node: node.telephones.provide(device))

    async def withdraw(self, device: Device) -> None:
        """Forget *device*: it can neither register nor be rung any more.

        Raises:
            TelephonyFault: If a node did not forget it.
        """
        await self._everywhere(lambda node: node.telephones.withdraw(device))

    def is_there(self, device: Device) -> bool:
        """Return whether *device* can be rung on any node."""
        return any(node.telephones.is_there(device) for node in self._nodes)

    async def learn(self, lines: Lines) -> None:
        """Take note of the lines; the dialplan's fallback learns them, too."""
        fresh = dict(line_variables(dialplan_lines(lines)))
        self._variables = {name: "" for name in self._variables if name not in fresh} | fresh
        for node in self._nodes:
            node.lines = lines
            if node.connection.is_usable:
                await self._teach(node)

    async def place_test_call(self, line: str) -> None:
        """Let a robot call the line of this number through the carrier's side.

        Raises:
            TelephonyFault: If it could not be done.
        """
        node = next((node for node in self._nodes if node.connection.is_usable), self._nodes[0])
        await place_test_call(node.connection, line, caller=None, hold_for=TEST_CALL)

    async def _everywhere(self, action: Callable[[Node], Awaitable[None]]) -> None:
        outcomes = await asyncio.gather(
            *(action(node) for node in self._nodes), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _connected(self, node: Node) -> None:
        allowed = [{"type": kind} for kind in HEARD]
        await node.connection.ask(
            requests.applications_filter(application_name=APPLICATION, filter={"allowed": allowed})
        )
        await node.telephones.push_all()
        await reconcile(node, dict(self._live_calls()), hear=self._hear, device_of=self._device_of)
        self._first_looks[self._nodes.index(node)].set()
        await self._teach(node)
        await self._watch_door(node)
        await self._read_journal(node)

    async def _teach(self, node: Node) -> None:
        for name, value in self._variables.items():
            await node.connection.ask(requests.asterisk_set_global_var(variable=name, value=value))

    async def _watch_door(self, node: Node) -> None:
        port = node.address.capture_port
        if not port or node.address.name in self._doors:
            return
        door = Door(sip_port=node.address.sip_port, hear=partial(self._refused, node))
        try:
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: door, local_addr=("127.0.0.1", port)
            )
        except OSError as error:
            log.warning("Calls that Asterisk refuses by itself are not counted: %s", error)
            return
        self._doors[node.address.name] = transport

    def _refused(self, node: Node, refused: Refused) -> None:
        counting = asyncio.create_task(self._count_refusal(node, refused, datetime.now(UTC)))
        self._counting.add(counting)
        counting.add_done_callback(self._counting.discard)

    async def _count_refusal(self, node: Node, refused: Refused, at: datetime) -> None:
        """Count the call unless the application, or the dialplan's journal, knows of it."""
        await asyncio.sleep(SECOND_THOUGHTS)
        if node.telephones.knows(refused.sender) or node.knows_sip_call(refused.call_id):
            return
        await self._read_journal(node)
        if node.knows_sip_call(journal.as_noted(refused.call_id)):
            return
        call = str(uuid.uuid4())
        arrival = CallArrived(
            call=call,
            at=at,
            dialled=refused.dialled,
            caller=None if refused.is_suppressed else caller_number(refused.sender),
            node=node.address.name,
            channel="",
        )
        if refused.status == GAVE_UP:
            self._hear(CallerLeftUnheard(call=call, at=at, arrival=arrival))
            return
        self._hear(
            FellBack(
                call=call,
                at=at,
                arrival=arrival,
                treatment=Refuse(reason=f"sip_{refused.status}"),
                ended_at=at,
                reached=False,
            )
        )

    async def _read_journal(self, node: Node) -> None:
        if node.address.journal is None:
            return
        async with self._reading:
            for path in await journal.take(node.address.journal):
                for noted in journal.read(path, node=node.address.name, lines=node.lines):
                    node.remember_sip_call(noted.sip_call)
                    self._hear(noted.event)
                await self._written()
                await asyncio.to_thread(path.unlink, missing_ok=True)


async def _keep_connected(node: Node) -> NoReturn:
    await node.connection.run()
