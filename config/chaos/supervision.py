"""R5: any process of the job queue is killed, and the supervisor brings the queue back without anybody's help."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django_q.models import Task
from django_q.tasks import async_task

from config.chaos.processes import cluster_of, name_of, of_this_run, wait_until
from config.chaos.runs import settle, spread, steady_spec, under_way

KINDS = ["main", "sentinel", "pusher", "monitor", "worker"]
HOLDER = "worker with the lock of its clock"  # the sentinel waits for that lock for ever
LONGEST = 60  # seconds until the queue must work again
PROBE = 0.5  # seconds between two tasks that show whether it does


def run_process_kills(options):
    start, times, struck = time.monotonic(), [], dict.fromkeys([*KINDS, HOLDER], 0)
    with under_way(steady_spec(options)) as driver:
        for _kill in range(options.kills):
            kind = driver.dice.choice([*KINDS, HOLDER])
            struck[kind] += 1
            times.append(_kill_one(driver, kind))
        orphans = _orphans(driver)
        result = settle("R5", driver, start)
    survivors = _survivors()
    recovered = [took for took in times if took is not None and took <= LONGEST]
    kinds = ", ".join(f"{count} {kind}" for kind, count in struck.items())
    left = f"{len(orphans)} orphans, {len(survivors)} survivors"
    notes = f"{kinds}; {len(recovered)} of {options.kills} recovered, {spread(recovered)}; {left}"
    is_right = len(recovered) == options.kills and not orphans and not survivors
    return result.with_notes(notes, is_right=is_right)


def _kill_one(driver, kind):
    """Seconds until the queue was whole and worked again; None if it did not."""
    if not driver.keep_on(lambda: _is_whole(driver), seconds=LONGEST):
        return None
    driver.keep_on(lambda: False, seconds=driver.dice.uniform(0, 1))  # sometimes busy, sometimes not
    victim, struck_at, probe = _strike(driver, kind), time.monotonic(), _Probe()
    is_back = driver.keep_on(lambda: _is_whole(driver, without=victim) and probe.is_answered(), seconds=2 * LONGEST)
    return time.monotonic() - struck_at if is_back else None


def _strike(driver, kind):
    """Kill one of this kind; returns its id, where it is known."""
    if kind == HOLDER:
        return _strike_holder(driver)
    victim = driver.dice.choice(_cluster(driver)[kind])
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    return victim


def _strike_holder(driver):
    """The next worker that ends a task dies before it lets go."""
    folder = Path(os.environ["QINGXIAO_FAILPOINTS"])
    stroke, done = folder / "job.ended.next", folder / "done-job.ended.next"
    done.unlink(missing_ok=True)
    (folder / "draft").write_text("kill")
    (folder / "draft").rename(stroke)
    driver.keep_on(done.exists, seconds=LONGEST)


def _cluster(driver):
    """{kind: pids} of the present cluster."""
    main, *rest = cluster_of(driver.jobs.pid) or [None]
    kinds = {kind: [pid for pid in rest if name_of(pid) == kind] for kind in KINDS[2:]}
    return {"main": [main] if main else [], "sentinel": rest[:1], **kinds}


def _is_whole(driver, without=None):
    cluster = _cluster(driver)
    is_gone = all(without not in pids for pids in cluster.values())
    return is_gone and [len(cluster[kind]) for kind in KINDS] == [1, 1, 1, 1, settings.WORKERS]


class _Probe:
    """Tasks put into the queue one after the other, from the moment the cluster is whole; one must come out."""

    def __init__(self):
        self.sent, self.at = [], 0.0

    def is_answered(self):
        if time.monotonic() >= self.at:
            self.at = time.monotonic() + PROBE
            self.sent.append(async_task("config.chaos.jobs.nothing"))
        return Task.objects.filter(pk__in=self.sent).exists()


def _orphans(driver):
    """Processes of clusters that are no more."""
    left = set()

    def is_alone():
        left.clear()
        left.update(of_this_run() - set(cluster_of(driver.jobs.pid)))
        return not left

    wait_until(is_alone, 5)
    return left


def _survivors():
    wait_until(lambda: not of_this_run(), 10)
    return of_this_run()
