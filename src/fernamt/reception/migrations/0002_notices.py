"""A change of the lines or hours is told to the conductor and to the desks."""

from django.db import migrations

from fernamt.core.triggers import notify_of_changes


class Migration(migrations.Migration):
    """NOTIFY reception_changed, once a commit."""

    dependencies = [("reception", "0001_tables")]
    operations = [
        notify_of_changes("reception_authority", channel="reception_changed"),
        notify_of_changes("reception_line", channel="reception_changed"),
        notify_of_changes("reception_servicehours", channel="reception_changed"),
    ]
