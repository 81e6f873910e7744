"""R15: nothing ran for eight hours, and for three days. What is still of use is sent, once; the rest expires."""

import time
from datetime import timedelta

from django.utils import timezone

from branches.models import Branch
from config.chaos.driver import Driver
from config.chaos.history import judge, read_history
from config.chaos.jobs import message_of
from config.chaos.runs import LONGEST, Result, begin
from config.chaos.spec import LATENCY, Occurrence, Spec
from messaging.models import OutboundMessage, Status
from messaging.services import queue_messages

DOWNTIMES = [timedelta(hours=8), timedelta(days=3)]
USEFUL = timedelta(hours=2)  # of most; of one in ten it reaches beyond the downtime
SLOWEST_PLAN = 60  # seconds


def run_downtimes(options):
    """Half of the occurrences were planned before, half are planned when all runs again."""
    results = [_one(downtime, options) for downtime in DOWNTIMES]
    verdicts = [result.verdict for result in results]
    first = results[0]
    if all(verdict.is_clean for verdict in verdicts):
        return _together(results, first.verdict)
    return _together(results, next(verdict for verdict in verdicts if not verdict.is_clean))


def _together(results, verdict):
    total = Result("R15", verdict, sum(one.wall for one in results), sum(one.messages for one in results))
    return total.with_notes("; ".join(one.notes for one in results), is_right=all(one.is_right for one in results))


def _one(downtime, options):
    spec = Spec(seed=options.seed, messages=options.messages, misfortune={"latency": LATENCY, "reported": 0.0})
    begin(spec)
    now, start = timezone.now(), time.monotonic()
    fates = [_times(index, options.messages, now, downtime) for index in range(options.messages)]
    _plan(range(0, options.messages, 2), fates)
    with Driver(spec) as driver:
        driver.is_planning = False
        plan_start = time.monotonic()
        _plan(range(options.messages), fates)
        plan_seconds = time.monotonic() - plan_start
        driver.run(seconds=LONGEST)
    history = read_history(spec)
    history.occurrences = [one for one in history.occurrences if fates[one.index][1] > now + LONGEST_RUN]
    expired = OutboundMessage.objects.filter(status=Status.EXPIRED, attempt_count=0).count()
    useful = len(history.occurrences)
    notes = (
        f"{downtime}: planned in {plan_seconds:.1f} s, {len(history.accepted)} of {useful} that were of use sent, "
        f"{expired} of {options.messages - useful} stale ones expired"
    )
    is_right = plan_seconds <= SLOWEST_PLAN and expired == options.messages - useful
    return Result("R15", judge(history), time.monotonic() - start, options.messages).with_notes(
        notes, is_right=is_right
    )


LONGEST_RUN = timedelta(hours=1)


def _times(index, count, now, downtime):
    """(due at, useful until): spread over the downtime; one in ten is of use for hours yet."""
    due_at = now - downtime + downtime * (index / count)
    if index % 10 == 0:
        return due_at, now + 3 * LONGEST_RUN
    return due_at, min(due_at + USEFUL, now - timedelta(seconds=1))


def _plan(indices, fates):
    branch = Branch.objects.get()
    queue_messages(
        [message_of(Occurrence(index), branch, fates[index][0], useful_until=fates[index][1]) for index in indices]
    )
