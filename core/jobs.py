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

from django.conf import settings
from django.utils.module_loading import import_string
from django_q.cluster import Cluster
from django_q.signals import post_execute_in_worker, pre_execute

from core import quarantine
from core.brokers import ROUND, supervised_broker
from core.failpoints import failpoint
from core.processes import RUN_DIR, die_with_parent, follow_parent, is_alive

PULSE = "core.jobs.pulse"
PULSE_DONE = "pulse-done"  # a file: since when a pulse was executed and its result has not been seen
STOP_GRACE = 20  # seconds from the request to stop to the kill


def pulse():
    """Does nothing: that it was executed, and its result stored, shows that the cluster works."""


def load_jobs():
    """Import all that the jobs need, once: the workers are forked from this process, and each would do it anew.

    Twilio's client alone takes half a second, and a worker that was killed is replaced at once.
    """
    for path in settings.PERIODIC_JOBS:
        import_string(path)


def run_cluster(supervisor, supervisor_pid):
    """Be django-q2's cluster until told to stop. No process of it outlives the supervisor."""
    die_with_parent(signal.SIGTERM)  # a friendly end for this process, sudden death for the forked ones:
    os.register_at_fork(after_in_child=die_with_parent)
    if os.getppid() != supervisor_pid:
        return
    load_jobs()
    pre_execute.connect(_note_start)
    post_execute_in_worker.connect(_note_end)
    cluster = Cluster(broker=supervised_broker(supervisor))
    cluster.start()
    # Only now: a process with threads should not fork, and the sentinel is forked by start().
    Thread(target=follow_parent, args=[supervisor_pid], kwargs={"grace": STOP_GRACE}, daemon=True).start()
    cluster.sentinel.join()


def _note_start(task, **kwargs):
    with suppress(OSError):  # a full disk must not stop the work
        _busy_file().touch()
    quarantine.note_start(task)


def _note_end(task, **kwargs):
    with suppress(OSError):
        _busy_file().unlink()
    quarantine.note_end(task)
    failpoint("job.ended")  # the worker holds the lock of its clock here
    if task["func"] == PULSE:
        with suppress(OSError):  # the first one counts whose result is not stored
            (Path(os.environ[RUN_DIR]) / PULSE_DONE).touch(exist_ok=False)


def _busy_file():
    return Path(os.environ[RUN_DIR]) / f"busy-{os.getpid()}"


def keeps_results(folder, *, limit):
    """Whether the result of a pulse that a worker executed is stored within `limit` seconds.

    A monitor that is killed may take a lock with it. Then workers go on working, and nothing more is heard of them.
    """
    return _age(Path(folder) / PULSE_DONE) < limit


def goes_round(folder, *, limit):
    """Whether the sentinel, which calls the schedules and replaces the dead, was heard of in the last seconds.

    A worker that is killed as it hands over its result takes the lock of its clock along, and the sentinel waits for
    that for ever: the other workers go on, pulses come back, and no schedule is called any more.
    """
    return _age(Path(folder) / ROUND) < limit


def _age(file):
    """Seconds since it was touched; 0 when there is none."""
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0


def begin_anew(folder):
    """What was noted so far is no longer held against the cluster."""
    for name in (PULSE_DONE, ROUND):
        with suppress(OSError):
            (Path(folder) / name).unlink()


def is_busy(folder, *, limit):
    """Whether a worker has been at a task for less than `limit` seconds: then a pulse may have to wait."""
    return any(
        time.time() - file.stat().st_mtime < limit
        for file in Path(folder).glob("busy-*")
        if is_alive(int(file.name.removeprefix("busy-")))
    )
