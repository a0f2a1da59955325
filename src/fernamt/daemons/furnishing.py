"""What is done at each start once PostgreSQL runs: tables, demonstration data, Asterisk's files.

Runs in a process of its own, ``fernamt furnish``; each line it prints tells a step,
one that begins with "!" is a warning.
"""

import logging
import os

from fernamt.daemons.configuration import Configuration
from fernamt.daemons.progress import Progress
from fernamt.daemons.toolbox import Toolbox

WARNING_MARK = "!"


def main(configuration: Configuration) -> int:
    """Do it all; return the exit status."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fernamt.daemons.settings")
    import django

    django.setup()
    logging.basicConfig(level=logging.WARNING, format=f"{WARNING_MARK} %(message)s", force=True)

    _tell("tables are brought up to date")
    migrate()
    _tell("demonstration data are loaded")
    from fernamt.daemons import demonstration

    demonstration.load(configuration)
    _forget_heartbeats()
    if configuration.mode == "live" and any(node.local for node in configuration.nodes):
        _furnish_asterisk(configuration)
    return 0


def migrate() -> None:
    """Bring the tables up to date. Django has to be set up."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)


def _forget_heartbeats() -> None:
    """Forget the conductors of the last run: nobody shall take one of them for a living one."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM exchange_heartbeat")


def _furnish_asterisk(configuration: Configuration) -> None:
    from fernamt.daemons import telephony
    from fernamt.reception.queries import snapshot

    toolbox = Toolbox(configuration, Progress())
    lines = snapshot()
    _tell("announcements are spoken")
    telephony.speak(configuration, toolbox.espeak(), lines)
    _tell("Asterisk's configuration is written")
    telephony.write_configuration(configuration, toolbox.asterisk(), lines)


def _tell(step: str) -> None:
    print(step, flush=True)
