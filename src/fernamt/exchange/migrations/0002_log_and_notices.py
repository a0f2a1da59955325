"""The call log cannot be rewritten, and a desk's command wakes the conductor."""

from django.db import migrations

from fernamt.core.triggers import append_only, notify_of_row


class Migration(migrations.Migration):
    """Append-only tables; NOTIFY desk_command with the command's id."""

    dependencies = [("exchange", "0001_tables")]
    operations = [
        append_only("exchange_callevent"),
        append_only("exchange_presencechange"),
        notify_of_row("exchange_deskcommand", channel="desk_command", key="id"),
    ]
