"""R20: messages trickle in for as long as wanted, beside many old ones: does memory grow, does anything slow down?"""

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

from config.chaos import throughput
from config.chaos.driver import Driver
from config.chaos.history import judge, read_history, times_by_attempt
from config.chaos.jobs import plan_occurrences
from config.chaos.old_rows import add_old_rows
from config.chaos.processes import cluster_of
from config.chaos.runs import LONGEST, Result, begin
from config.chaos.spec import LATENCY, Spec
from messaging.models import MessageAttempt

WARM = 0.25  # of the time: until then each process has loaded what it needs
GROWTH, SLOWEST = 0.10, 60  # what is allowed: share of the memory; seconds from due to accepted, 95 of 100
PAUSE = 1  # seconds between two plannings


def run_soak(options):
    """`rate` messages a second for `minutes`."""
    spec = Spec(seed=options.seed, messages=10**7, misfortune={"latency": LATENCY, "reported": 0.5})
    begin(spec)
    add_old_rows(options.old)
    whole, start, memory = throughput.jobs_that_read_all(), time.monotonic(), []
    planned, seconds = 0, options.minutes * 60
    with Driver(spec) as driver:
        driver.is_planning = False
        while (elapsed := time.monotonic() - start) < seconds:
            wanted = int(elapsed * options.rate) + 1
            plan_occurrences(range(planned, wanted))
            planned = wanted
            driver.keep_on(lambda: False, seconds=PAUSE)
            memory.append((elapsed, _memory(driver.jobs.pid)))
        driver.run(seconds=LONGEST)
    warm = [kilobytes for at, kilobytes in memory if at >= WARM * seconds]
    tenth = max(len(warm) // 10, 1)
    growth = statistics.median(warm[-tenth:]) / statistics.median(warm[:tenth]) - 1
    waits = _waits()
    p95 = statistics.quantiles(waits, n=20)[18]
    spec = Spec(seed=options.seed, messages=planned)
    notes = (
        f"{options.minutes:g} minutes, {options.rate:g}/s beside {options.old} old ones: memory of the job queue "
        f"{statistics.median(warm[:tenth]) / 1024:.0f} MB, grown by {growth:+.1%}; due to accepted p50 "
        f"{statistics.median(waits):.1f} s, p95 {p95:.1f} s; jobs that read all: {', '.join(whole) or 'none'}"
    )
    result = Result("R20", judge(read_history(spec)), time.monotonic() - start, planned)
    return result.with_notes(notes, is_right=growth <= GROWTH and p95 <= SLOWEST and not whole)


def _memory(supervisor_pid):
    """Resident kilobytes of a worker, of the supervisor and of the others of the cluster, on average: workers come
    and go."""
    sizes = [_resident(pid) for pid in [supervisor_pid, *cluster_of(supervisor_pid)]]
    return statistics.mean(size for size in sizes if size)


def _resident(pid):
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _waits():
    """Seconds from the moment a message was due until the provider had it."""
    due = dict(MessageAttempt.objects.exclude(worker="old:1").values_list("pk", "message__due_at"))
    return [
        (datetime.fromtimestamp(at, UTC) - due[attempt]).total_seconds()
        for attempt, at in times_by_attempt() if attempt in due
    ]  # fmt: skip
