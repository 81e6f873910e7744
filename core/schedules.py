"""settings.PERIODIC_JOBS, written to the table that django-q2 reads."""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django_q.models import Schedule

logger = logging.getLogger(__name__)
# What a row says; when it runs next, and the task of its last run, are django-q2's to write.
WRITTEN = ("name", "func", "hook", "args", "kwargs", "schedule_type", "minutes", "repeats", "cron", "cluster")


class FaultyJobError(Exception):
    """A job that could not run. One such row in the table would stop every schedule."""

    def __init__(self, path, reason):
        super().__init__(
            _("The periodic job “%(job)s” is faulty (%(reason)s). The schedules were left as they are.")
            % {"job": path, "reason": reason}
        )


@transaction.atomic
def sync_schedules():
    """Make the table say what PERIODIC_JOBS says, and nothing else; returns how many jobs there are.

    Hosts that start at once do so one after the other, or each would write a row of its own for the same job.
    """
    wanted = [_checked(path, spec) for path, spec in settings.PERIODIC_JOBS.items()]
    _lock_table()
    keep = [_write(schedule) for schedule in wanted]
    Schedule.objects.exclude(pk__in=keep).delete()
    return len(keep)


def repair_schedules():
    """Put right what somebody changed in the table by hand: one malformed row would stop every schedule."""
    changed = [row.name for row in Schedule.objects.all() if not _is_as_written(row)]
    if not changed:
        return
    logger.error("schedules were changed by hand and are put right: %s", ", ".join(map(str, changed)))
    try:
        sync_schedules()
    except FaultyJobError as error:
        logger.error("%s", error)


def _is_as_written(row):
    spec = settings.PERIODIC_JOBS.get(row.name)
    wanted = spec and Schedule(name=row.name, func=row.name, schedule_type=Schedule.MINUTES, **spec)
    return bool(wanted) and all(getattr(row, name) == getattr(wanted, name) for name in WRITTEN)


def _lock_table():
    """SQLite has one writer at a time anyway (transaction_mode IMMEDIATE)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {Schedule._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")


def _checked(path, spec):
    schedule = Schedule(name=path, func=path, schedule_type=Schedule.MINUTES, **spec)
    try:
        job = import_string(path)
        schedule.full_clean()
    except ValidationError as error:
        raise FaultyJobError(path, " ".join(error.messages)) from error
    except Exception as error:  # a module may fail in any way while it is imported
        raise FaultyJobError(path, error) from error
    if not callable(job):
        raise FaultyJobError(path, _("it is not a function"))
    if not schedule.minutes:
        raise FaultyJobError(path, _("it needs a number of minutes"))
    return schedule


def _write(wanted):
    """Bring the job's row up to date, keeping the time of its next run; returns the row's key."""
    row = Schedule.objects.filter(name=wanted.name).order_by("pk").first()
    if row is None:
        wanted.save()
        return wanted.pk
    latest = timezone.now() + timedelta(minutes=wanted.minutes)
    wanted.pk, wanted.task = row.pk, row.task
    wanted.next_run = min(row.next_run or latest, latest)  # never later than one period from now
    wanted.save()
    return row.pk
