"""What others may write to the exchange: a desk's commands, and nothing else."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from fernamt.core.errors import DomainError
from fernamt.exchange.models import DeskCommand


class CommandIdTaken(DomainError):
    """Another agent has already given a command with this id."""

    code: ClassVar[str] = "command-id-taken"


def give_command(
    *, command_id: UUID, agent_id: UUID, kind: str, facts: Mapping[str, object]
) -> DeskCommand:
    """Leave a command for the conductor, who is told on commit; return it.

    Giving it again changes nothing and returns the first one, answered or not.

    Raises:
        CommandIdTaken: If the id is another agent's.
    """
    wanted = DeskCommand(id=command_id, agent_id=agent_id, kind=kind, facts=dict(facts))
    DeskCommand.objects.bulk_create([wanted], ignore_conflicts=True)
    given = DeskCommand.objects.get(pk=command_id)
    if given.agent_id != agent_id:
        raise CommandIdTaken
    return given


def forget_commands(*, before: datetime) -> int:
    """Delete the commands given before then, answered or not; return how many."""
    deleted, _ = DeskCommand.objects.filter(created_at__lt=before).delete()
    return deleted
