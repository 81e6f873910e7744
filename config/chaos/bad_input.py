"""R14: rows that a person or an older version left in the queue and in the table of schedules; and a deadly job."""

import importlib
import itertools
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django_q.models import Failure, OrmQ, Schedule
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from config.chaos.history import accepted_times
from config.chaos.runs import settle, steady_spec, under_way
from core.quarantine import MOST_TRIES, UNREADABLE
from core.schedules import sync_schedules

LONGEST = 60  # seconds for all of one kind to be dealt with
LONGEST_GAP = 30  # seconds without a message, while workers die one after the other
GONE, DEADLY = "config.chaos.jobs.gone", "config.chaos.jobs.die"
LINES = ("put right", "cannot be read", "ended its worker")  # what the log says


class _Gone:
    """As if its module had been removed since it was put into the queue."""

    def __reduce__(self):
        return importlib.import_module, ("config.chaos.removed",)


@dataclass(frozen=True)
class Fault:
    name: str
    put: object  # (number)
    is_dealt_with: object  # (how many were put)


def run_bad_input(options):
    """`rounds` of each of five kinds, while messages go out."""
    start, missed = time.monotonic(), []
    with under_way(steady_spec(options)) as driver:
        sync_schedules()
        begun = time.time()
        for fault in FAULTS:
            for number in range(options.rounds):
                fault.put(number)
            if not driver.keep_on(partial(fault.is_dealt_with, options.rounds), seconds=LONGEST):
                missed.append(fault.name)
        ended = time.time()
        failures = Failure.objects.count()
        result = settle("R14", driver, start)
    times = [at for at in accepted_times() if begun <= at <= ended]
    gap = max((after - one for one, after in itertools.pairwise([begun, *times, ended])), default=0)
    said = [line for line in LINES if line in (Path(settings.VAR_DIR) / "jobs.log").read_text()]
    notes = (
        f"{options.rounds} of each of {len(FAULTS)} kinds, not dealt with: {', '.join(missed) or 'none'}; "
        f"{failures} failures on record, log says {len(said)} of {len(LINES)}; longest gap in sending {gap:.1f} s"
    )
    return result.with_notes(notes, is_right=not missed and gap <= LONGEST_GAP and len(said) == len(LINES))


# --- putting ---------------------------------------------------------------------------------------------------


def _put_schedule(number):
    overdue = timezone.now() - timedelta(minutes=1)
    Schedule.objects.create(name=f"by hand {number}", func="os.getcwd", args="(((", minutes=1, next_run=overdue,
                            schedule_type=Schedule.MINUTES)  # fmt: skip


def _put_with_another_key(number):
    async_task("os.getcwd")
    row = OrmQ.objects.order_by("-pk").first()
    OrmQ.objects.filter(pk=row.pk).update(payload=row.payload[:-1] + ("a" if row.payload[-1] != "a" else "b"))


def _no_schedule_is_left(count):
    return not Schedule.objects.filter(name__startswith="by hand").exists()


def _failed(func, count):
    return Failure.objects.filter(func=func).count() >= count


def _deadly_ones_are_given_up(count):
    """What waits ten minutes for its next try gets it at once."""
    for row in OrmQ.objects.filter(lock__gt=timezone.now() + timedelta(minutes=1)):
        if SignedPackage.loads(row.payload)["func"] == DEADLY:
            OrmQ.objects.filter(pk=row.pk).update(lock=timezone.now() - timedelta(seconds=1))
    return _failed(DEADLY, count)


FAULTS = [
    Fault("malformed schedule", _put_schedule, _no_schedule_is_left),
    Fault("missing function", lambda number: async_task(GONE), partial(_failed, GONE)),
    Fault(
        "argument of a removed module", lambda number: async_task("os.getcwd", _Gone()), partial(_failed, UNREADABLE)
    ),
    Fault("another SECRET_KEY", _put_with_another_key, lambda count: _failed(UNREADABLE, 2 * count)),
    Fault(f"deadly job, {MOST_TRIES} tries", lambda number: async_task(DEADLY), _deadly_ones_are_given_up),
]
