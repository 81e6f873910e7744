"""settings.PERIODIC_JOBS, written to the table that django-q2 reads."""

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django_q.models import Schedule


class FaultyJobError(Exception):
    """A job that could not run. One such row in the table would stop every schedule."""

    def __init__(self, path, reason):
        super().__init__(
            _("The periodic job “%(job)s” is faulty (%(reason)s). The schedules were left as they are.")
            % {"job": path, "reason": reason}
        )


@transaction.atomic
def sync_schedules():
    """Make the table say what PERIODIC_JOBS says, and nothing else; returns how many jobs there are."""
    wanted = [_checked(path, spec) for path, spec in settings.PERIODIC_JOBS.items()]
    keep = [_write(schedule) for schedule in wanted]
    Schedule.objects.exclude(pk__in=keep).delete()
    return len(keep)


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
