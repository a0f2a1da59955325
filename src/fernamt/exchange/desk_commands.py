"""What desks ask for: read from their table, obeyed or refused, answered through the outbox.

A desk's command is a row and a NOTIFY, so no web process needs to know where the
conductor runs.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from msgspec import ValidationError, convert
from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from fernamt.core.errors import FernamtError, TelephonyFault
from fernamt.exchange.conductor import Conductor
from fernamt.exchange.device import Device, DeviceKind, account_of
from fernamt.exchange.edge import Edge
from fernamt.exchange.orders import Order, SignIn, SignOut
from fernamt.exchange.outbox import Contact, Item, Reply

logger = logging.getLogger(__name__)

CHANNEL = "desk_command"
"""Of PostgreSQL's NOTIFY; the payload is the command's id."""
TOO_LATE = timedelta(seconds=10)
"""A command that lay so long is refused: the agent has seen an error since."""

OPEN_COMMANDS = """
    SELECT command.id::text AS id, command.agent_id::text AS agent, command.kind, command.facts,
        command.created_at, coalesce(agent.skills, '{}') AS skills
    FROM exchange_deskcommand command LEFT JOIN people_agent agent ON agent.id = command.agent_id
    WHERE command.handled_at IS NULL ORDER BY command.created_at, command.id
"""


class CommandTooLate(FernamtError):
    """Nobody was there in time to carry the command out."""

    code: ClassVar[str] = "exchange-silent"


class CommandUnreadable(FernamtError):
    """The command is not one that a desk can give."""

    code: ClassVar[str] = "command-unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One row of the table."""

    id: str
    agent: str | None
    kind: str
    facts: dict[str, Any]
    created_at: datetime
    skills: dict[str, int]


class DeskCommands:
    """Takes the open commands up, in the order in which they were given."""

    def __init__(
        self,
        *,
        bell: AsyncConnection[TupleRow],
        table: AsyncConnection[TupleRow],
        conductor: Conductor,
        put: Callable[[Item], None],
        edge: Edge,
        telephone_key: str,
    ) -> None:
        """Give orders to *conductor*, test calls to *edge*, answers to *put*.

        Args:
            bell: Hears that there are commands; in autocommit, for this alone, because
                what is told during a query would go unheard.
            table: Reads them.
            conductor: Refuses what cannot be done.
            put: Of the outbox.
            edge: Gets to know the devices that agents sign in with.
            telephone_key: From which passwords of desk telephones are derived.
        """
        self._bell = bell
        self._table = table
        self._conductor = conductor
        self._put = put
        self._edge = edge
        self._telephone_key = telephone_key
        self._taken: set[str] = set()

    async def run(self) -> None:
        """Take up commands as they come, until cancelled."""
        await self._bell.execute(f"LISTEN {CHANNEL}")
        await self._take_up()
        async for _ in self._bell.notifies():
            await self._take_up()

    async def _take_up(self) -> None:
        cursor = self._table.cursor(row_factory=class_row(Command))
        commands = await (await cursor.execute(OPEN_COMMANDS)).fetchall()
        self._taken &= {command.id for command in commands}
        for command in commands:
            if command.id not in self._taken:
                self._taken.add(command.id)
                self._put(Reply(command=command.id, refusal=await self._refusal(command)))

    async def _refusal(self, command: Command) -> str:
        """Carry *command* out; return the code of what speaks against it, or nothing."""
        try:
            await self._carry_out(command)
        except FernamtError as error:
            return error.code
        except Exception:
            logger.exception("command %s (%s) broke", command.id, command.kind)
            return "our-error"
        return ""

    async def _carry_out(self, command: Command) -> None:
        if datetime.now(UTC) - command.created_at > TOO_LATE:
            raise CommandTooLate
        if command.kind == "test_call":
            await self._edge.place_test_call(str(command.facts.get("line", "")))
            return
        order = self._as_order(command)
        before = self._conductor.switchboard.agents.get(order.agent)
        if isinstance(order, SignIn):
            await self._edge.provide(order.device)
        self._conductor.obey(order)
        if isinstance(order, SignIn):
            is_there = self._edge.is_there(order.device)
            self._put(Contact(address=order.device.address, is_there=is_there))
        if isinstance(order, SignOut) and before and before.device:
            await self._forget(before.device)

    async def _forget(self, device: Device) -> None:
        """A browser's account ends with its sign-in."""
        if device.kind is DeviceKind.BROWSER:
            with suppress(TelephonyFault):
                await self._edge.withdraw(device)

    def _as_order(self, command: Command) -> Order:
        facts = {"skills": command.skills} if command.kind == "sign_in" else {}
        try:
            order: Order = convert(
                {**command.facts, **facts, "kind": command.kind, "agent": command.agent},
                type=Order,
            )
        except ValidationError as error:
            raise CommandUnreadable(reason=error) from error
        if isinstance(order, SignIn):
            device = account_of(order.agent, order.device, key=self._telephone_key)
            return SignIn(agent=order.agent, device=device, skills=order.skills)
        return order
