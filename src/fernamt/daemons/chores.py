"""What the jobs process does: announcements are spoken, what is no longer needed is deleted."""

from datetime import timedelta

from axes.models import AccessAttempt, AccessLog
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from procrastinate.contrib.django import app

from fernamt.daemons import telephony
from fernamt.daemons.progress import Progress
from fernamt.daemons.toolbox import Toolbox
from fernamt.exchange.services import forget_commands
from fernamt.reception.queries import snapshot

COMMANDS_KEPT = timedelta(days=1)
SIGN_INS_KEPT = timedelta(days=30)
JOBS_KEPT_HOURS = 3 * 24


@app.task(queueing_lock="announcements", name="speak_announcements")
def speak_announcements() -> None:
    """Speak every text that callers may hear and that is not spoken yet; none in a rehearsal."""
    configuration = settings.CONFIGURATION
    if configuration.mode == "rehearsal":
        return
    configuration.sounds.mkdir(parents=True, exist_ok=True)
    telephony.speak(configuration, Toolbox(configuration, Progress()).espeak(), snapshot())


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="desk commands", name="delete_handled_commands")
def delete_handled_commands(timestamp: int) -> int:  # noqa: ARG001 - the hour it is done for
    """Delete what desks asked for more than a day ago; return how many."""
    return forget_commands(before=timezone.now() - COMMANDS_KEPT)


@app.periodic(cron="23 3 * * *")
@app.task(queueing_lock="sessions", name="clear_sessions")
def clear_sessions(timestamp: int) -> None:  # noqa: ARG001 - the night it is done for
    """Delete sessions that have expired, and traces of signing in after thirty days."""
    call_command("clearsessions")
    before = timezone.now() - SIGN_INS_KEPT
    AccessLog.objects.filter(attempt_time__lt=before).delete()
    AccessAttempt.objects.filter(attempt_time__lt=before).delete()


@app.periodic(cron="41 3 * * *")
@app.task(queueing_lock="jobs", name="delete_old_jobs")
async def delete_old_jobs(timestamp: int) -> None:  # noqa: ARG001 - the night it is done for
    """Delete jobs that were done days ago."""
    await app.job_manager.delete_old_jobs(nb_hours=JOBS_KEPT_HOURS, include_failed=True)
