"""Robot callers: the exchange calls itself over real SIP, as a carrier would."""

import secrets
from datetime import timedelta

from fernamt.exchange.asterisk.ari import requests
from fernamt.exchange.asterisk.connection import Connection
from fernamt.exchange.asterisk.dialplan import DEMO_CALLERS, DEMO_ENDPOINT

PATIENCE = timedelta(minutes=30)
"""How long a robot waits for being answered."""


async def place_test_call(
    connection: Connection,
    dialled: str,
    *,
    caller: str | None,
    hold_for: timedelta,
    patience: timedelta = PATIENCE,
) -> str:
    """Let a robot call *dialled*; return its channel.

    It stays until it is hung up on.

    Args:
        connection: As the conductor or as the robots' user.
        dialled: The number called, as a carrier would send it.
        caller: The robot's own number; None: suppressed.
        hold_for: How long it stays at most once it is answered.
        patience: After how long unanswered it hangs up.

    Raises:
        TelephonyFault: If it could not call.
    """
    channel = f"robot.{secrets.token_hex(6)}"
    hidden = {"CALLERID(num-pres)": "prohib"} if caller is None else {}
    await connection.ask(
        requests.channels_originate_with_id(
            channel_id=channel,
            endpoint=f"PJSIP/{dialled}@{DEMO_ENDPOINT}",
            context=DEMO_CALLERS,
            extension="talk",
            priority=1,
            caller_id=f"<{caller or 'anonymous'}>",
            timeout=int(patience.total_seconds()),
            variables={"HOLD_FOR": str(int(hold_for.total_seconds())), **hidden},
        )
    )
    return channel
