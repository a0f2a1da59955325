"""What comes in from outside is not always what the standard says: one row each, and it lives."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.journeys.installation import WITHOUT_GREETING, CallLog, Installation
from tests.sip.peer import Call, Peer
from tests.sip.player import sipp

from fernamt.daemons.toolbox import Toolbox

pytestmark = pytest.mark.journey
NOT_OURS = "0537998"
OURS = "+495361280"


@dataclass(frozen=True, kw_only=True)
class Odd:
    """An odd call, and the row that it has to leave."""

    scenario: str = "caller"
    dials: str = WITHOUT_GREETING
    keys: dict[str, str] = field(default_factory=dict)
    outcome: str = "abandoned"
    line: str | None = OURS
    is_anonymous: bool = False


ODD = (
    Odd(scenario="no_offer"),
    Odd(scenario="invites_again"),
    Odd(scenario="not_acceptable", keys={"codecs": "18"}, outcome="refused", line=None),
    Odd(scenario="refused", dials="0999", outcome="refused", line=None),
    Odd(keys={"name": f'"{"x" * 2000}"'}),
    Odd(keys={"name": '"Jörg 世界"'}),
    Odd(keys={"name": '"\\", ;,=${EXTEN}"'}),
    Odd(keys={"header": "Max-Forwards: 70\r\nX-Long: " + "y" * 1500}),
    Odd(keys={"header": "Privacy: id"}, is_anonymous=True),
    Odd(dials=NOT_OURS, keys={"header": f"Diversion: <sip:{OURS}@10.0.0.1>;reason=unconditional"}),
    Odd(
        dials=NOT_OURS, keys={"header": f"History-Info: <sip:{WITHOUT_GREETING}@10.0.0.1>;index=1"}
    ),
)
NOISE = (
    b"",
    b"\x00" * 1400,
    b"INVITE\r\n\r\n",
    b"INVITE sip:05361280@127.0.0.1 SIP/2.0\r\n\r\n",
    b"INVITE sip:05361280@127.0.0.1 SIP/2.0\r\nVia: nonsense\r\nContent-Length: -5\r\n\r\n",
    b"REGISTER sip:x SIP/2.0\r\nCSeq: 99999999999999999999 REGISTER\r\n\r\n",
    b"BYE sip:nobody@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx\r\n"
    b"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: never\r\nCSeq: 1 BYE\r\n\r\n",
    b"SIP/2.0 200 OK\r\nCall-ID: never\r\nCSeq: 1 INVITE\r\n\r\n",
    bytes(range(256)) * 4,
)


async def test_odd_calls_get_a_proper_answer_and_one_row_each(
    centre: Installation, log: CallLog, toolbox: Toolbox
) -> None:
    processes = _pids(centre.status())
    server, program = centre.configuration.nodes[0].sip, toolbox.sipp()
    async with Peer.open(server) as peer, AsyncExitStack() as playing:
        for data in NOISE:
            peer.send_raw(data)
        for number, odd in enumerate(ODD):
            await playing.enter_async_context(
                sipp(
                    program,
                    server,
                    odd.scenario,
                    dials=odd.dials,
                    folder=centre.home,
                    stay=500,
                    caller=_caller(number),
                    **odd.keys,
                )
            )
    rows = await log.until(lambda rows: len(rows) >= len(ODD) and all(r["closed_at"] for r in rows))

    said = {call["id"]: call for call in centre.calls()}
    found = [said[row["id"]] for row in rows]
    left = {call["caller"]: (call["outcome"], call["line"]) for call in found}
    assert left == {
        None if odd.is_anonymous else f"+49{_caller(number)[1:]}": (odd.outcome, odd.line)
        for number, odd in enumerate(ODD)
    }
    assert len(found) == len(ODD)
    assert {call["outcome_detail"] for call in found if call["outcome"] == "refused"} == {
        "unknown_number",
        "sip_488",
    }
    assert _pids(centre.status()) == processes


async def test_a_call_that_comes_twice_is_one_call(centre: Installation, log: CallLog) -> None:
    sip = centre.configuration.nodes[0].sip
    async with Peer.open(sip) as peer, Peer.open(sip) as other:
        call = await peer.call(WITHOUT_GREETING)
        await call.answered()

        status = await other.call_again(call)
        call.hang_up()
        rows = await log.until(lambda rows: bool(rows) and all(row["closed_at"] for row in rows))

    assert status == 403
    assert len(rows) == 1


async def test_callers_who_hang_up_early_are_abandoned_where_they_were(
    centre: Installation, log: CallLog
) -> None:
    sip = centre.configuration.nodes[0].sip
    async with Peer.open(sip) as peer, Peer.open(sip) as telephone:
        greeted = await peer.call("0537182370", caller="053611001")
        queued = await peer.call(WITHOUT_GREETING, caller="053611002")
        await greeted.voice.until_hears_something()
        await log.until(lambda rows: {"greeted", "queued"} <= {row["state"] for row in rows})
        greeted.hang_up()
        queued.hang_up()
        await log.until(lambda rows: len(rows) == 2 and all(row["closed_at"] for row in rows))

        at_once = [await _give_up_at_once(peer, number) for number in range(10)]

        async with centre.telephone_of("Jonas Behrens") as (user, password):
            await telephone.register(user, password)
            await centre.order("Jonas Behrens", "ready")
            rung = await peer.call(WITHOUT_GREETING, caller="053611003")
            ring = await telephone.ring()
            rung.hang_up()
            await ring.ended()
        rows = await log.until(
            lambda rows: len(rows) == 13 and all(row["closed_at"] for row in rows)
        )

    assert {call.status for call in at_once} <= {200, 487}
    assert {row["caller"]: (row["outcome"], row["detail"]) for row in rows} == {
        "+4953611001": ("abandoned", "in_greeting"),
        "+4953611002": ("abandoned", "in_queue"),
        "+4953611003": ("abandoned", "while_ringing"),
    } | {f"+4953611100{number}": ("abandoned", "in_greeting") for number in range(10)}


async def _give_up_at_once(peer: Peer, number: int) -> Call:
    """Call and cancel; the application may never hear of it, but it was a call."""
    call = await peer.call("0537182370", caller=f"05361110{number:02}")
    call.give_up()
    await call.settled()
    if not call.is_over:
        call.hang_up()
    return call


def _caller(number: int) -> str:
    return f"05361100{number:02}"


def _pids(status: dict[str, Any]) -> dict[str, int]:
    return {name: each["pid"] for name, each in status["processes"].items()}
