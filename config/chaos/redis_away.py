"""R7: Redis dies, is emptied, or restarts with nothing in it, and what was due is sent all the same."""

import signal
import time
from functools import partial

from config.chaos.jobs import plan_occurrences
from config.chaos.processes import run_jobs
from config.chaos.runs import settle, spread, steady_spec, under_way
from config.chaos.servers import own_redis
from messaging.models import OutboundMessage, Status

FAULTS = ["killed", "emptied", "restarted empty"]
BACKLOG = 200  # messages that are due when it happens
LONGEST = 120  # seconds after the end of the fault, until all of them are sent
WAITING = [Status.QUEUED, Status.CLAIMED, Status.SENDING, Status.UNKNOWN]


def run_redis_faults(options):
    start, times = time.monotonic(), []
    works = [partial(run_jobs, failures_before_fallback=3)]  # as in production: then the jobs run without the queue
    with under_way(steady_spec(options), works=works) as driver:
        for number in range(options.faults):
            times.append(_suffer(driver, FAULTS[number % len(FAULTS)], away=driver.dice.uniform(0, options.away)))
        result = settle("R7", driver, start)
    sent = [took for took in times if took is not None and took <= LONGEST]
    notes = f"{len(sent)} of {len(times)} times the backlog of {BACKLOG} was sent, {spread(sent)} after the fault"
    return result.with_notes(notes, is_right=len(sent) == len(times))


def _suffer(driver, fault, away):
    """Seconds from the end of the fault until everything that was due has been sent; None: never."""
    planned = OutboundMessage.objects.count()
    plan_occurrences(range(planned, planned + BACKLOG))
    newest = OutboundMessage.objects.order_by("-pk").values_list("pk", flat=True)[0]
    if fault == "emptied":
        own_redis().client().flushall()
    else:
        own_redis().stop(signal.SIGKILL if fault == "killed" else signal.SIGTERM)
        driver.keep_on(lambda: False, seconds=away)
        own_redis().start()
    ended = time.monotonic()
    due = OutboundMessage.objects.filter(pk__lte=newest, status__in=WAITING)
    return time.monotonic() - ended if driver.keep_on(lambda: not due.exists(), seconds=2 * LONGEST) else None
