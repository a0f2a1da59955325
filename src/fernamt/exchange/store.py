"""The call log in PostgreSQL: written by the leading conductor, read when one takes over.

The connection that writes is the one that holds the leader's lock. Whoever has
lost the lock has lost the connection too, so two conductors never write at once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar, LiteralString, Self

from psycopg import AsyncConnection, DatabaseError, OperationalError
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from fernamt.core.errors import WorldFault
from fernamt.exchange.device import Device, DeviceKind
from fernamt.exchange.life.events import CallId, Event
from fernamt.exchange.life.record import facts_of, read_event, type_of
from fernamt.exchange.life.states import (
    Ended,
    Reconnecting,
    State,
    Talking,
    WrappingUp,
    agent_of,
    arrival_of,
    queued_part,
)
from fernamt.exchange.outbox import Contact, Item, Reply
from fernamt.exchange.presence import Agent, Presence
from fernamt.exchange.switchboard import Entry

logger = logging.getLogger(__name__)

Write = tuple[LiteralString, Any]
"""A statement and its values."""
LEADER = 0x4665726E616D74
"""Key of the advisory lock: "Fernamt" in ASCII."""

INSERT_EVENT = """
    INSERT INTO exchange_callevent (call_id, seq, at, type, facts)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
UPSERT_CALL = """
    INSERT INTO exchange_call (id, authority_id, line_id, dialled, caller, state, agent_id, node,
        channel, arrived_at, queued_at, answered_at, ended_at, wrapup_until, outcome,
        outcome_detail, closed_at)
    VALUES (%(id)s, (SELECT id FROM reception_authority WHERE key = %(authority)s),
        (SELECT id FROM reception_line WHERE number = %(line)s), %(dialled)s, %(caller)s,
        %(state)s, %(agent)s, %(node)s, %(channel)s, %(arrived_at)s, %(queued_at)s,
        %(answered_at)s, %(ended_at)s, %(wrapup_until)s, %(outcome)s, %(detail)s, %(closed_at)s)
    ON CONFLICT (id) DO UPDATE SET authority_id = EXCLUDED.authority_id,
        line_id = EXCLUDED.line_id, state = EXCLUDED.state, agent_id = EXCLUDED.agent_id,
        queued_at = coalesce(EXCLUDED.queued_at, exchange_call.queued_at),
        answered_at = coalesce(exchange_call.answered_at, EXCLUDED.answered_at),
        ended_at = EXCLUDED.ended_at, wrapup_until = EXCLUDED.wrapup_until,
        outcome = EXCLUDED.outcome, outcome_detail = EXCLUDED.outcome_detail,
        closed_at = EXCLUDED.closed_at
    WHERE exchange_call.closed_at IS NULL
"""
UPSERT_PRESENCE = """
    INSERT INTO exchange_agentpresence (agent_id, state, since, reason, pause_wanted, call_id,
        device_kind, device_address, device_secret, misses, version)
    VALUES (%(agent)s, %(state)s, %(since)s, %(reason)s, %(pause_wanted)s, %(call)s,
        %(device_kind)s, %(device_address)s, %(device_secret)s, %(misses)s, 1)
    ON CONFLICT (agent_id) DO UPDATE SET state = EXCLUDED.state, since = EXCLUDED.since,
        reason = EXCLUDED.reason, pause_wanted = EXCLUDED.pause_wanted,
        call_id = EXCLUDED.call_id, device_kind = EXCLUDED.device_kind,
        device_address = EXCLUDED.device_address, device_secret = EXCLUDED.device_secret,
        misses = EXCLUDED.misses, version = exchange_agentpresence.version + 1
    RETURNING pg_notify('live', json_build_object(
        'topic', 'desk', 'id', agent_id, 'version', version)::text)
"""
INSERT_PRESENCE_CHANGE = """
    INSERT INTO exchange_presencechange (agent_id, at, state, reason)
    SELECT %(agent)s, %(since)s, %(state)s, %(reason)s WHERE NOT EXISTS (
        SELECT FROM exchange_presencechange
        WHERE agent_id = %(agent)s AND at = %(since)s AND state = %(state)s)
"""
NOTE_CONTACT = """
    UPDATE exchange_agentpresence SET device_connected = %(is_there)s, version = version + 1
    WHERE device_address = %(address)s AND device_connected <> %(is_there)s
    RETURNING pg_notify('live', json_build_object(
        'topic', 'desk', 'id', agent_id, 'version', version)::text)
"""
TELL_OF_THE_QUEUE = "SELECT pg_notify('live', '{\"topic\": \"waiting\"}')"
ANSWER_COMMAND = """
    UPDATE exchange_deskcommand SET handled_at = now(), refusal = %(refusal)s
    WHERE id = %(command)s AND handled_at IS NULL
    RETURNING pg_notify('live', json_build_object('topic', 'command', 'id', id)::text)
"""
LIVE_EVENTS = """
    SELECT event.call_id::text, event.seq, event.at, event.type, event.facts
    FROM exchange_callevent event JOIN exchange_call call ON call.id = event.call_id
    WHERE call.closed_at IS NULL ORDER BY call.arrived_at, event.call_id, event.seq
"""
AGENTS = """
    SELECT agent.id::text, agent.skills, state, since, reason, pause_wanted, call_id::text,
        device_kind, device_address, device_secret, misses
    FROM exchange_agentpresence presence JOIN people_agent agent ON agent.id = presence.agent_id
    WHERE state <> 'signed_out'
"""


class LeadershipLost(WorldFault):
    """Another conductor leads: this one has to start again and stand by."""

    code: ClassVar[str] = "leadership-lost"


@dataclass(frozen=True, slots=True)
class Restored:
    """What the log says of the moment before a conductor took over."""

    histories: list[list[Event]]
    """The events of every call that is not closed, in the order in which they arrived."""
    agents: list[Agent]


class PostgresCallLog:
    """Writes turns and answers to desks; the port `CallLog` of the outbox."""

    def __init__(self, dsn: str, connection: AsyncConnection[TupleRow]) -> None:
        """Use `leading` instead."""
        self._dsn = dsn
        self._connection = connection
        self._seq: dict[CallId, int] = {}
        self._last_presence: dict[str, tuple[Presence, str]] = {}

    @classmethod
    @asynccontextmanager
    async def leading(cls, dsn: str) -> AsyncIterator[Self]:
        """Wait until no other conductor leads, then lead until left."""
        connection = await AsyncConnection.connect(dsn, autocommit=True)
        await connection.execute("SELECT pg_advisory_lock(%s)", [LEADER])
        log = cls(dsn, connection)
        try:
            yield log
        finally:
            await log._connection.close()

    async def restore(self) -> Restored:
        """Return what is live by the log, and go on numbering from there."""
        rows = await (await self._connection.execute(LIVE_EVENTS)).fetchall()
        histories = []
        for call, group in groupby(rows, key=itemgetter(0)):
            history = list(group)
            self._seq[call] = history[-1][1]
            histories.append(
                [
                    read_event(call=call, at=at, type_=type_, facts=facts)
                    for _, _, at, type_, facts in history
                ]
            )
        agents = [_as_agent(row) for row in await self._agents()]
        self._last_presence = {agent.id: (agent.presence, agent.reason) for agent in agents}
        return Restored(histories=histories, agents=agents)

    async def append(self, batch: Sequence[Item]) -> None:
        """Write what happened, in order; try again until it is written.

        What PostgreSQL will not take whatever the weather is logged with the call's
        id and left out, so that one odd call does not hold up all others.

        Raises:
            LeadershipLost: If the connection broke and another conductor was quicker.
        """
        writes = [self._writes(item) for item in batch]
        try:
            await self._write_until_written([each for item in writes for each in item])
        except DatabaseError:
            for item, of_item in zip(batch, writes, strict=True):
                await self._write_alone(item, of_item)

    async def _write_alone(self, item: Item, writes: list[Write]) -> None:
        try:
            await self._write_until_written(writes)
        except DatabaseError as error:
            # Only the headline: the detail quotes the row, and with it the caller's number.
            reason = error.diag.message_primary
            logger.error("%s: cannot be written: %s", _name(item), reason)

    async def _write_until_written(self, writes: list[Write]) -> None:
        while True:
            try:
                async with self._connection.pipeline(), self._connection.transaction():
                    for statement, values in writes:
                        await self._connection.execute(statement, values)
            except OperationalError as fault:
                logger.error("the call log cannot be written, trying again: %s", fault)
                await self._reconnect()
            else:
                return

    async def _reconnect(self) -> None:
        await self._connection.close()
        while True:
            await asyncio.sleep(0.2)
            try:
                self._connection = await AsyncConnection.connect(self._dsn, autocommit=True)
                break
            except OperationalError as fault:
                logger.warning("no database yet: %s", fault)
        locked = await self._connection.execute("SELECT pg_try_advisory_lock(%s)", [LEADER])
        row = await locked.fetchone()
        if row is None or not row[0]:
            raise LeadershipLost

    async def _agents(self) -> list[TupleRow]:
        return await (await self._connection.execute(AGENTS)).fetchall()

    def _writes(self, item: Item) -> list[Write]:
        if isinstance(item, Reply):
            return [(ANSWER_COMMAND, {"command": item.command, "refusal": item.refusal})]
        if isinstance(item, Contact):
            return [(NOTE_CONTACT, {"address": item.address, "is_there": item.is_there})]
        writes: list[Write] = []
        calls: dict[CallId, Entry] = {}
        for entry in item.entries:
            writes.append((INSERT_EVENT, self._event_row(entry.event)))
            calls[entry.event.call] = entry
        for agent in item.agents.values():
            row = _presence_row(agent)
            if self._last_presence.get(agent.id) != (agent.presence, agent.reason):
                self._last_presence[agent.id] = (agent.presence, agent.reason)
                writes.append((INSERT_PRESENCE_CHANGE, row))
            writes.append((UPSERT_PRESENCE, row))
        for call, entry in calls.items():
            writes.append((UPSERT_CALL, _call_row(entry)))
            if isinstance(entry.state, Ended):
                self._seq.pop(call, None)
        if calls:
            writes.append((TELL_OF_THE_QUEUE, None))
        return writes

    def _event_row(self, event: Event) -> tuple[object, ...]:
        seq = self._seq[event.call] = self._seq.get(event.call, 0) + 1
        return event.call, seq, event.at, type_of(event), Jsonb(_storable(facts_of(event)))


def _call_row(entry: Entry) -> dict[str, object]:
    state = entry.state
    arrival, queued, talking = arrival_of(state), queued_part(state), _conversation(state)
    if arrival is None:
        raise ValueError(entry)
    facts = queued.treatment.facts if queued else getattr(state, "facts", None)
    if facts is None and hasattr(state, "treatment"):
        facts = state.treatment.facts
    ended = state if isinstance(state, Ended) else None
    return {
        "id": arrival.call,
        "authority": facts and facts.authority,
        "line": facts and facts.line,
        "dialled": _storable(arrival.dialled),
        "caller": _storable(arrival.caller),
        "state": STATE_NAMES[type(state).__name__],
        "agent": ended.agent if ended else agent_of(state),
        "node": arrival.node,
        "channel": arrival.channel,
        "arrived_at": arrival.at,
        "queued_at": queued.since if queued else None,
        "answered_at": talking.answered_at if talking else None,
        "ended_at": _ended_at(state),
        "wrapup_until": _wrapup_until(state),
        "outcome": ended.outcome if ended else (talking.chosen if talking else None),
        "detail": ended.detail if ended else "",
        "closed_at": ended.closed_at if ended else None,
    }


def _storable(facts: Any) -> Any:
    """Return *facts* without the one character that PostgreSQL cannot keep, U+0000."""
    match facts:
        case str():
            return facts.replace("\0", "")
        case dict():
            return {name: _storable(fact) for name, fact in facts.items()}
        case _:
            return facts


def _name(item: Item) -> str:
    if isinstance(item, Reply):
        return f"command {item.command}"
    if isinstance(item, Contact):
        return f"telephone {item.address}"
    calls = {entry.event.call for entry in item.entries}
    return f"call {', '.join(sorted(calls))}" if calls else f"agent {', '.join(item.agents)}"


def _conversation(state: State) -> Talking | None:
    match state:
        case Talking():
            return state
        case Reconnecting(talking=talking) | WrappingUp(talking=talking):
            return talking
        case _:
            return None


def _ended_at(state: State) -> datetime | None:
    return state.ended_at if isinstance(state, Ended | WrappingUp) else None


def _wrapup_until(state: State) -> datetime | None:
    if isinstance(state, WrappingUp):
        return state.ended_at + state.talking.queued.treatment.wrap_up
    return None


STATE_NAMES = {
    "Arrived": "arrived",
    "Greeted": "greeted",
    "Queued": "queued",
    "Ringing": "ringing",
    "Talking": "talking",
    "Reconnecting": "reconnecting",
    "WrappingUp": "wrapping_up",
    "Announced": "announced",
    "Ended": "ended",
}
"""State -> its name in the table."""


def _presence_row(agent: Agent) -> dict[str, object]:
    device = agent.device
    return {
        "agent": agent.id,
        "state": agent.presence,
        "since": agent.since,
        "reason": agent.reason,
        "pause_wanted": agent.pause_wanted,
        "call": agent.call,
        "device_kind": device.kind if device else "",
        "device_address": device.address if device else "",
        "device_secret": device.secret if device else "",
        "misses": agent.misses,
    }


def _as_agent(row: TupleRow) -> Agent:
    id_, skills, state, since, reason, pause_wanted, call, kind, address, secret, misses = row
    device = Device(kind=DeviceKind(kind), address=address, secret=secret) if kind else None
    return Agent(
        id=id_,
        presence=Presence(state),
        since=since,
        reason=reason,
        call=call,
        pause_wanted=pause_wanted,
        misses=misses,
        device=device,
        skills=skills,
    )
