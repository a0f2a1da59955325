"""What the edge keeps of a call while its caller is on the line: channels, nothing more."""

import re
import secrets
from dataclasses import dataclass, field

from fernamt.exchange.device import Device
from fernamt.exchange.life.events import AgentId, CallId


@dataclass(slots=True, kw_only=True)
class AgentLeg:
    """One ringing, or the agent's end of a conversation."""

    agent: AgentId
    channel: str
    device: Device | None = None
    """None for a leg found after a restart whose device is not known any more."""
    contact: str = ""
    """Where the device was registered when it was rung."""
    is_up: bool = False
    is_ours_to_end: bool = False
    """Whether we have asked for its end, so that the end is no news."""


@dataclass(slots=True, kw_only=True)
class HeldCall:
    """One call on one node."""

    call: CallId
    channel: str
    dialled: str
    sip_call_id: str = ""
    is_over: bool = False
    """Whether the caller's leg has ended, or we have asked for its end."""
    is_noted: bool = False
    """Whether the dialplan has been told that the call is in our log."""
    has_music: bool = False
    is_bridged: bool = False
    playback: str = ""
    """The announcement under way."""
    legs: dict[str, AgentLeg] = field(default_factory=dict)
    """By channel."""
    lost: dict[AgentId, str] = field(default_factory=dict)
    """Agents whose leg broke in conversation -> address of their device."""

    @property
    def bridge(self) -> str:
        """The bridge of this call's conversation."""
        return bridge_of(self.call)

    def legs_of(self, agent: AgentId) -> list[AgentLeg]:
        """Return *agent*'s legs that are not to end."""
        return [leg for leg in self.legs.values() if leg.agent == agent and not leg.is_ours_to_end]


def bridge_of(call: CallId) -> str:
    """Return the id of the bridge of *call*'s conversation."""
    return f"talk.{call}"


def new_leg(call: CallId, agent: AgentId) -> str:
    """Return an id for the channel that rings *agent* for *call*."""
    return f"leg.{call}.{agent}.{secrets.token_hex(4)}"


def read_leg(channel: str) -> tuple[CallId, AgentId] | None:
    """Return whose leg *channel* is, by its id; None if it is no agent's leg."""
    found = re.fullmatch(r"leg\.([^.]+)\.(.+)\.[0-9a-f]{8}", channel)
    return (found[1], found[2]) if found else None
