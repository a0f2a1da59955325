"""The call log, what is true of calls and agents now, and what desks ask for.

Only the conductor writes Call, CallEvent, AgentPresence, PresenceChange and Heartbeat;
``services.give_command`` alone writes DeskCommand.
"""

from enum import StrEnum

from django.db import models
from django.db.models.functions import Now

from fernamt.core.fences import FencedManager
from fernamt.exchange.device import DeviceKind
from fernamt.exchange.life.outcome import Outcome
from fernamt.exchange.presence import Presence
from fernamt.people.models import Agent
from fernamt.reception.models import Authority, Line

EMPTY = models.Value({}, output_field=models.JSONField())


class CallState(StrEnum):
    """Where an open or ended call is: the states of its life by the names that tables use."""

    ARRIVED = "arrived"
    GREETED = "greeted"
    QUEUED = "queued"
    RINGING = "ringing"
    TALKING = "talking"
    RECONNECTING = "reconnecting"
    WRAPPING_UP = "wrapping_up"
    ANNOUNCED = "announced"
    ENDED = "ended"


def _one_of(table: str, field: str, words: type[StrEnum], *extra: str) -> models.CheckConstraint:
    allowed = [*(word.value for word in words), *extra]
    return models.CheckConstraint(
        name=f"{table}_{field}_is_known", condition=models.Q(**{f"{field}__in": allowed})
    )


class Call(models.Model):
    """What is true of a call, folded from its events."""

    id = models.UUIDField(primary_key=True, editable=False)
    authority = models.ForeignKey(Authority, null=True, on_delete=models.PROTECT, related_name="+")
    """None while nobody knows whose call it is, and for ever if the number is nobody's."""
    line = models.ForeignKey(Line, null=True, on_delete=models.PROTECT, related_name="+")
    dialled = models.TextField()
    """The number dialled, as the carrier sent it."""
    caller = models.TextField(null=True)  # noqa: DJ001 - null is "suppressed", not "empty"
    state = models.TextField()
    """One of CallState."""
    agent = models.ForeignKey(Agent, null=True, on_delete=models.PROTECT, related_name="+")
    """Who is rung, talks or wraps up; stays when the call has ended."""
    node = models.TextField(db_default="")
    channel = models.TextField(db_default="")
    arrived_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    """When the caller's leg ended."""
    wrapup_until = models.DateTimeField(null=True)
    """When the wrap-up ends by itself."""
    outcome = models.TextField(null=True)  # noqa: DJ001 - null is "still open"
    """One of Outcome."""
    outcome_detail = models.TextField(db_default="")
    closed_at = models.DateTimeField(null=True)
    """When the outcome became final."""

    objects = FencedManager()

    class Meta:
        """Indexes: the open calls, an authority's calls by time, an agent's own."""

        indexes = [
            models.Index(fields=["arrived_at"], name="call_by_arrival"),
            models.Index(fields=["authority", "arrived_at"], name="call_of_authority"),
            models.Index(fields=["agent", "arrived_at"], name="call_of_agent"),
            models.Index(
                fields=["state"], condition=models.Q(closed_at__isnull=True), name="call_open"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="closed_with_an_outcome",
                condition=models.Q(closed_at__isnull=True) | models.Q(outcome__isnull=False),
            ),
            _one_of("call", "state", CallState),
            models.CheckConstraint(
                name="call_outcome_is_known",
                condition=models.Q(outcome__isnull=True)
                | models.Q(outcome__in=[outcome.value for outcome in Outcome]),
            ),
        ]

    def __str__(self) -> str:
        """The call's id: no number of a caller."""
        return str(self.id)


class CallEvent(models.Model):
    """One thing that happened to a call; never changed, never deleted."""

    pk = models.CompositePrimaryKey("call_id", "seq")
    call = models.ForeignKey(
        Call,
        on_delete=models.DO_NOTHING,
        db_constraint=False,  # the log is written before anything is folded from it
        db_index=False,  # the primary key begins with it
        related_name="+",
    )
    seq = models.IntegerField()
    """From 1 within the call, without a gap."""
    at = models.DateTimeField()
    type = models.TextField()
    """The event's class: ``CallerHungUp``."""
    facts = models.JSONField(db_default=EMPTY)

    objects = FencedManager("call__authority__key")

    class Meta:
        """In the order in which it happened to one call."""

        indexes = [models.Index(fields=["at"], name="call_event_by_time")]

    def __str__(self) -> str:
        """The call and what happened to it."""
        return f"{self.call_id}/{self.seq} {self.type}"


class AgentPresence(models.Model):
    """What is true of an agent now."""

    agent = models.OneToOneField(
        Agent, primary_key=True, on_delete=models.CASCADE, related_name="presence"
    )
    state = models.TextField(db_default=Presence.SIGNED_OUT.value)
    """One of Presence."""
    since = models.DateTimeField(db_default=Now())
    reason = models.TextField(db_default="")
    """One of PauseReason while paused, else empty."""
    pause_wanted = models.TextField(db_default="")
    """Reason of the pause that begins when the call at hand is done; empty for none."""
    call = models.ForeignKey(
        Call, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    device_kind = models.TextField(db_default="")
    """One of DeviceKind; empty while signed out."""
    device_address = models.TextField(db_default="")
    """SIP user name of a browser or telephone, else the number that is rung."""
    device_secret = models.TextField(db_default="")
    """Digest password of this sign-in."""
    device_connected = models.BooleanField(db_default=False)
    """Whether the device can be reached, as Asterisk last said."""
    misses = models.IntegerField(db_default=0)
    """Calls in a row that this agent did not answer."""
    version = models.BigIntegerField(db_default=0)
    """Rises whenever the agent's view changes."""

    class Meta:
        """Words are words of the exchange."""

        constraints = [
            _one_of("presence", "state", Presence),
            _one_of("presence", "device_kind", DeviceKind, ""),
        ]

    def __str__(self) -> str:
        """The agent's key and state."""
        return f"{self.agent_id} {self.state}"


class PresenceChange(models.Model):
    """An agent's change of state; never changed, never deleted."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())
    state = models.TextField()
    """One of Presence."""
    reason = models.TextField(db_default="")

    class Meta:
        """An agent's changes by time."""

        indexes = [models.Index(fields=["agent", "at"], name="presence_change_by_time")]
        constraints = [_one_of("presence_change", "state", Presence)]

    def __str__(self) -> str:
        """The agent's key and new state."""
        return f"{self.agent_id} {self.state}"


class DeskCommand(models.Model):
    """What a desk asks of the conductor; its id is the client's, so twice is once."""

    id = models.UUIDField(primary_key=True, editable=False)
    agent = models.ForeignKey(Agent, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.TextField()
    facts = models.JSONField(db_default=EMPTY)
    created_at = models.DateTimeField(db_default=Now())
    handled_at = models.DateTimeField(null=True)
    refusal = models.TextField(db_default="")
    """Code of the error; empty when the command was accepted."""

    class Meta:
        """The open commands in their order."""

        indexes = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(handled_at__isnull=True),
                name="desk_command_open",
            ),
        ]

    def __str__(self) -> str:
        """Kind and id."""
        return f"{self.kind} {self.id}"


class Heartbeat(models.Model):
    """When a conductor last said that it lives; the leader and those that stand by."""

    name = models.TextField(primary_key=True)
    """Machine and process id."""
    at = models.DateTimeField(db_default=Now())
    is_leader = models.BooleanField(db_default=False)

    def __str__(self) -> str:
        """The conductor's name."""
        return self.name
