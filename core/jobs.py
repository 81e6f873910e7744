"""The job queue's side of supervision: the pulse, and the cluster process that answers it.

django-q2 is a ticker (docs/decisions.md): every minute it calls the functions in PERIODIC_JOBS, which ask the
database what is due. Losing or doubling a tick is harmless, so a cluster may be killed at any moment.
"""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.cluster import Cluster
from django_q.signals import post_execute_in_worker, pre_execute

from core.processes import RUN_DIR, die_with_parent, follow_parent, is_alive

PULSE = "core.jobs.pulse"
STOP_GRACE = 20  # seconds from the request to stop to the kill


def pulse():
    """Does nothing: that it was executed, and its result stored, shows that the cluster works."""


def pulse_key(supervisor):
    """The queue of one supervisor's pulses. Another host's cluster must not answer for ours."""
    return f"pulse:{supervisor}"


class SupervisedBroker(ORM):
    """Serves the queue that all clusters share and, before it, the pulses of its own supervisor."""

    def __init__(self, supervisor):
        super().__init__()
        self.pulse_key = pulse_key(supervisor)

    def dequeue(self):
        return self._take_pulse() or super().dequeue()

    def _take_pulse(self):
        waiting = self.get_connection().filter(key=self.pulse_key, lock__lt=timezone.now())
        for row in waiting[:1]:
            if waiting.filter(pk=row.pk, lock=row.lock).update(lock=self.timeout(row)):
                return [(row.pk, row.payload)]
        return []


def run_cluster(supervisor, supervisor_pid):
    """Be django-q2's cluster until told to stop. No process of it outlives the supervisor."""
    die_with_parent(signal.SIGTERM)  # a friendly end for this process, sudden death for the forked ones:
    os.register_at_fork(after_in_child=die_with_parent)
    if os.getppid() != supervisor_pid:
        return
    pre_execute.connect(_note_start)
    post_execute_in_worker.connect(_note_end)
    cluster = Cluster(broker=SupervisedBroker(supervisor))
    cluster.start()
    # Only now: a process with threads should not fork, and the sentinel is forked by start().
    Thread(target=follow_parent, args=[supervisor_pid], kwargs={"grace": STOP_GRACE}, daemon=True).start()
    cluster.sentinel.join()


def _note_start(**kwargs):
    with suppress(OSError):  # a full disk must not stop the work
        _busy_file().touch()


def _note_end(**kwargs):
    with suppress(OSError):
        _busy_file().unlink()


def _busy_file():
    return Path(os.environ[RUN_DIR]) / f"busy-{os.getpid()}"


def is_busy(folder, *, limit):
    """Whether a worker has been at a task for less than `limit` seconds: then a pulse may have to wait."""
    return any(
        time.time() - file.stat().st_mtime < limit
        for file in Path(folder).glob("busy-*")
        if is_alive(int(file.name.removeprefix("busy-")))
    )
