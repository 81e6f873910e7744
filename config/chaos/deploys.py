"""R19: the job queue is told to end while it sends, as for every update, and started again."""

import os
import signal
import time

from config.chaos.processes import of_this_run, run_jobs, wait_until
from config.chaos.runs import settle, steady_spec, under_way
from core.jobs import STOP_GRACE
from messaging.models import MessageAttempt, OutboundMessage, Status

LONGEST = 30  # seconds until the last process has ended
# Slow enough that at every moment texts are on their way.
PROVIDER = {"latency": 0.1, "reported": 0.2, "faults": [{"name": "slow", "rate": 0.1, "value": "0.5"}]}
Outcome = MessageAttempt.Outcome


def run_deploys(options):
    start, times, unknown = time.monotonic(), [], 0
    spec = steady_spec(options, misfortune=PROVIDER, slice=20)
    with under_way(spec, works=(_run_jobs_patiently,)) as driver:
        for _deploy in range(options.deploys):
            times.append(_deploy_once(driver))
            unknown += _left_unknown()
        result = settle("R19", driver, start)
    unknown += MessageAttempt.objects.filter(outcome=Outcome.UNKNOWN).count()
    worst = max(times, default=0)
    notes = f"{len(times)} ended under load, the slowest in {worst:.1f} s; {unknown} attempts left unknown"
    return result.with_notes(notes, is_right=worst <= LONGEST and not unknown)


def _run_jobs_patiently():
    run_jobs(grace=STOP_GRACE)


def _deploy_once(driver):
    """Seconds from SIGTERM to the end of the last process."""
    sent = OutboundMessage.objects.filter(attempt_count__gt=0).count()
    enough = sent + driver.dice.randint(20, 80)
    driver.keep_on(
        lambda: _is_sending() and OutboundMessage.objects.filter(attempt_count__gt=0).count() > enough, seconds=60
    )
    told_at = time.monotonic()
    os.kill(driver.jobs.pid, signal.SIGTERM)
    wait_until(lambda: not driver.jobs.process.is_alive() and not of_this_run(), 2 * LONGEST)
    return time.monotonic() - told_at


def _is_sending():
    return OutboundMessage.objects.filter(status=Status.SENDING).exists()


def _left_unknown():
    """Attempts of which nobody knows what became: all processes have ended."""
    return MessageAttempt.objects.filter(outcome=Outcome.PENDING).count()
