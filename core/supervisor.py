"""Keeps the job queue running: `manage.py run_jobs`.

django-q2 cannot be trusted to keep itself up: when an idle worker is killed (by hand, or by the kernel short of
memory) it may die holding the queue's lock, and the cluster stands still for ever while reporting "idle". So the
supervisor sends pulses through the whole chain (queue table, pusher, worker, monitor) and watches them come out.
"""

import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone
from django_q.models import Failure, Task
from django_q.tasks import async_task

from core.brokers import BrokerError, first_line, forget_old_pulses, forget_pulses, pulse_key
from core.jobs import PULSE, PULSE_DONE, STOP_GRACE, begin_anew, goes_round, is_busy, keeps_results
from core.processes import RUN_DIR, is_alive
from core.schedules import repair_schedules

logger = logging.getLogger(__name__)
KEEP_FAILURES = timedelta(days=30)
LAST_WORD = 5  # seconds: the cluster would not hear, but its workers may finish the text in hand


@dataclass(frozen=True)
class Timing:
    """All in seconds."""

    pulse: float = 10  # between two pulses
    silence: float = 30  # no pulse answered for so long, and no worker busy: the cluster stands still
    busy: float = 90  # no task may take longer (Q_CLUSTER timeout 60, and the time to end it)
    grace: float = STOP_GRACE
    longest_pause: float = 60  # before the cluster is started again
    failures_before_fallback: int = 3


class ChildProcess:
    """A manage.py command in a process group of its own, so that all its descendants can be ended."""

    def __init__(self, *arguments, run_dir):
        self.run_dir = run_dir
        shutil.rmtree(run_dir, ignore_errors=True)
        run_dir.mkdir(parents=True)
        self.process = subprocess.Popen(  # noqa: S603
            [sys.executable, settings.BASE_DIR / "manage.py", *arguments],
            env={**os.environ, RUN_DIR: str(run_dir)},
            start_new_session=True,
        )

    def has_ended(self):
        return self.process.poll() is not None

    def ask_to_stop(self):
        """Ask the main process only, as django-q2 wants it."""
        with suppress(OSError):  # on a full disk the signal alone has to do
            (self.run_dir / "stop").touch()
        self.process.terminate()

    def stop(self, grace):
        self.ask_to_stop()
        self.end(grace)

    def end(self, grace):
        """Wait for it to stop, and kill what is left of the group after `grace`."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(grace)
        with suppress(ProcessLookupError, PermissionError):  # nobody is left
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Supervisor:
    """Starts the cluster, watches its pulse, replaces it when it stands still, and ends it with itself."""

    def __init__(self, timing=None):
        self.timing = timing or Timing()
        self.name = f"{socket.gethostname()}-{os.getpid()}"
        self.run_dir = Path(settings.VAR_DIR) / "jobs" / self.name
        self.cluster = None
        self.fallback = None
        self.pulses = []  # ids of the pulses under way
        self.pulse_at = self.alive_at = 0.0  # monotonic: the last pulse sent, the last one answered
        self.start_at = 0.0  # monotonic: when to start the cluster
        self.failures = 0  # starts in a row without an answered pulse
        self.is_watching = True  # the database answers, as far as we know
        self.is_stopping = False

    def run(self):
        """Work until SIGTERM or SIGINT; leave no process behind."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, self._stop_soon)
        self._clear_up()
        try:
            while not self.is_stopping:
                self.step()
                time.sleep(min(0.5, self.timing.pulse / 4))
        finally:
            self._end()

    def step(self):
        """Look once at the cluster, and do what it needs."""
        if self.cluster is None:
            if time.monotonic() >= self.start_at:
                self._start_cluster()
        elif self.cluster.has_ended():
            self._replace_cluster("it ended")
        else:
            self._feel_pulse()
        if self.fallback and self.fallback.has_ended():
            self._start_fallback()

    # --- the pulse -----------------------------------------------------------------------------------------

    def _feel_pulse(self):
        try:
            close_old_connections()
            if Task.objects.filter(pk__in=self.pulses).exists():
                self._on_answer()
            elif reason := self._trouble():
                self._replace_cluster(reason, grace=LAST_WORD)
            elif time.monotonic() >= self.pulse_at + self.timing.pulse:
                self._send_pulse()
        except (DatabaseError, InterfaceError) as error:
            # Without a database nothing can be said of the cluster, and a new one would not help.
            self._note_blindness(error)
            begin_anew(self.cluster.run_dir)
            self.alive_at = time.monotonic()
        except BrokerError as error:
            # The database may be well: in a while the jobs run without the queue.
            self._note_blindness(error)

    def _note_blindness(self, error):
        if self.is_watching:
            logger.warning("the job queue cannot be watched: %s", first_line(error))
        self.is_watching = False

    def _send_pulse(self):
        self.pulse_at = time.monotonic()
        self.pulses.append(async_task(PULSE, cluster=pulse_key(self.name)))
        repair_schedules()

    def _on_answer(self):
        (self.cluster.run_dir / PULSE_DONE).unlink(missing_ok=True)
        self.alive_at = time.monotonic()
        self.is_watching = True
        self.pulses.clear()
        self.failures = 0
        if self.fallback:
            logger.info("the job queue works again")
            self.fallback.stop(self.timing.grace)
            self.fallback = None

    def _trouble(self):
        """What is wrong with the cluster. Silence is excused by a busy worker, unless results are lost on the way."""
        folder, silence = self.cluster.run_dir, time.monotonic() - self.alive_at
        if not goes_round(folder, limit=self.timing.silence):
            return "its sentinel stands still"
        if silence <= self.timing.silence:
            return ""
        if is_busy(folder, limit=self.timing.busy) and keeps_results(folder, limit=self.timing.pulse):
            return ""
        return "it stands still"

    # --- the processes -------------------------------------------------------------------------------------

    def _start_cluster(self):
        forget_pulses(self.name)
        self.pulses.clear()
        self.pulse_at, self.alive_at = 0.0, time.monotonic()
        self.cluster = self._start("job_cluster", self.name)

    def _replace_cluster(self, reason, *, grace=None):
        self.failures += 1
        pause = min(2 ** (self.failures - 1), self.timing.longest_pause)
        logger.error("the job queue is started again in %d s: %s", pause, reason)
        self.cluster.stop(self.timing.grace if grace is None else grace)
        self.cluster = None
        self.start_at = time.monotonic() + pause
        if self.failures >= self.timing.failures_before_fallback and self.fallback is None:
            logger.error("the job queue cannot be kept up; the periodic jobs run without it")
            self._start_fallback()

    def _start_fallback(self):
        self.fallback = self._start("job_loop")

    def _start(self, command, *arguments):
        return ChildProcess(command, str(os.getpid()), *arguments, run_dir=self.run_dir / command)

    # --- beginning and end ---------------------------------------------------------------------------------

    def _stop_soon(self, signum, frame):
        self.is_stopping = True

    def _clear_up(self):
        """Remove what supervisors left that were killed, and failures too old to be of use."""
        with suppress(DatabaseError, InterfaceError):  # the next start sees to it
            Failure.objects.filter(stopped__lt=timezone.now() - KEEP_FAILURES).delete()
            forget_old_pulses()
        for folder in self.run_dir.parent.glob(f"{socket.gethostname()}-*"):
            if not is_alive(int(folder.name.rpartition("-")[2])):
                shutil.rmtree(folder, ignore_errors=True)

    def _end(self):
        children = [child for child in (self.cluster, self.fallback) if child]
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.end(self.timing.grace)
        forget_pulses(self.name)
        shutil.rmtree(self.run_dir, ignore_errors=True)
