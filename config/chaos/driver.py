"""Starts the processes of a run, keeps the queue in ticks, strikes by seed, and waits until all is settled.

The strokes are spread over the messages, not over time: a slow machine is struck as often on the way as a fast one.
"""

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections
from django.db.models import Count, Max, Sum
from django_q.brokers import get_broker
from django_q.tasks import async_task

from config.chaos import processes
from config.chaos.environment import has_production_times
from config.chaos.processes import Role, children_of, cluster_of, workers_of
from core.brokers import BrokerError
from messaging.models import OutboundMessage, Status

TICK = 0.6  # seconds: what is a minute in production
FREEZE_SECONDS = 13  # more than twice a lease
UNDER_WAY = [Status.QUEUED, Status.CLAIMED, Status.SENDING, Status.UNKNOWN]
TROUBLE = (OperationalError, InterfaceError, BrokerError)  # of the database, of Redis: the faults of some experiments
SETTLE_SECONDS = 600 if has_production_times() else 60  # after the last stroke, with nothing moving any more


class Driver:
    """One run. `strokes` are made one after the other while nine tenths of the messages are sent.

    An experiment that makes its own strokes calls `keep_on` meanwhile, and `run` in the end.
    """

    def __init__(
        self, spec, strokes=(), *, failpoints=None, until_reported=False, freeze=None, works=(processes.run_jobs,)
    ):
        self.spec = spec
        self.freeze = freeze or (lambda dice: FREEZE_SECONDS)  # seconds of the next freeze
        self.works = works  # of the job queue on each host
        self.is_planning = True
        self.under_way = [*UNDER_WAY, Status.ACCEPTED, Status.SENT] if until_reported else UNDER_WAY
        self.dice = random.Random(spec.seed)  # noqa: S311
        self.strokes = sorted(zip(self._places(len(strokes)), strokes, strict=True), reverse=True)
        self.failpoints = failpoints
        self.struck = Counter()
        self.frozen = []  # (monotonic time to go on, pid)
        self.tick_at = self.drain_at = 0.0
        self.sent = 0
        self.moved_at, self.stood_at = time.monotonic(), None

    def __enter__(self):
        self.twilio = Role("twilio", processes.run_stand_in)
        self.site = Role("site", processes.run_site)
        self.hosts = [Role(f"jobs{number or ''}", work) for number, work in enumerate(self.works)]
        return self

    def __exit__(self, *error):
        self.stop()

    def stop(self):
        for _until, pid in self.frozen:
            _signal(pid, signal.SIGCONT)
        for role, seconds in (*((host, 6) for host in self.hosts), (self.site, 1), (self.twilio, 1)):
            role.stop(seconds)

    @property
    def jobs(self):
        """The job queue under its supervisor; of several hosts any one."""
        return self.hosts[0] if len(self.hosts) == 1 else self.dice.choice(self.hosts)

    def _places(self, count):
        """After how many messages each stroke falls."""
        return [self.dice.uniform(0, 0.9) * self.spec.messages for _stroke in range(count)]

    def run(self, *, seconds):
        """Until every message is settled and every stroke was made; False when that took too long."""
        deadline, is_settled = time.monotonic() + seconds, None
        while is_settled is None and time.monotonic() < deadline:
            is_settled = self._turn()
        return bool(is_settled)

    def keep_on(self, is_so, *, seconds):
        """Go on as ever until it is so; whether it came to be so in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._turn()
            with suppress(*TROUBLE):
                if is_so():
                    return True
        return False

    def _turn(self):
        """Look once after everything: True when all is settled, False when nothing moves any more."""
        for role in (self.twilio, self.site, *self.hosts):
            role.keep_up()
        self._thaw()
        close_old_connections()
        is_settled = None
        with suppress(*TROUBLE):  # a busy database; the next turn comes soon
            self._tick()
            is_settled = True if self._is_settled() else False if self._stands_still() else None
        self._strike()
        time.sleep(0.1)
        return is_settled

    # --- ticks ---------------------------------------------------------------------------------------------

    def _tick(self):
        """What the schedule does every minute, and enough drains for every worker."""
        waiting = get_broker().queue_size()
        if waiting > settings.WORKERS:
            return
        if time.monotonic() >= self.tick_at:
            self.tick_at = time.monotonic() + TICK
            if self.is_planning:
                async_task("config.chaos.jobs.plan")
            async_task("config.chaos.jobs.reconcile")
        if time.monotonic() >= self.drain_at:
            self.drain_at = time.monotonic() + TICK / 2
            for _worker in range(max(1, settings.WORKERS - waiting - 1)):
                async_task("config.chaos.jobs.drain")

    def _is_settled(self):
        messages = OutboundMessage.objects.all()
        if self.strokes:  # they are spread over what is sent
            self.sent = messages.exclude(status__in=[Status.QUEUED, Status.CLAIMED]).count()
        if self.strokes or self.frozen or (self.failpoints and not self.failpoints.are_used_up()):
            return False
        if messages.filter(status__in=self.under_way).exists():
            return False
        return not self.is_planning or messages.count() >= self.spec.messages

    def _stands_still(self):
        """Nothing has changed for long: something was lost for good, and the checker will say what."""
        waiting = OutboundMessage.objects.filter(status__in=self.under_way)
        stand = waiting.aggregate(Count("pk"), Max("status_at"), Sum("attempt_count"))
        if stand != self.stood_at:
            self.stood_at, self.moved_at = stand, time.monotonic()
        return time.monotonic() - self.moved_at > SETTLE_SECONDS

    # --- strokes -------------------------------------------------------------------------------------------

    def _strike(self):
        """The next stroke, when enough has been sent."""
        if self.failpoints:
            self.failpoints.lay_out()
        if not self.strokes or self.sent < self.strokes[-1][0]:
            return
        _place, name = self.strokes[-1]
        if victim := self._victim(name):
            self.strokes.pop()
            self.struck[name] += 1
            if name == "freeze":
                _signal(victim, signal.SIGSTOP)
                self.frozen.append((time.monotonic() + self.freeze(self.dice), victim))
            else:
                _signal(victim, signal.SIGKILL)

    def _victim(self, name):
        candidates = {
            "worker": lambda: workers_of(self.jobs.pid),
            "freeze": lambda: self._not_frozen(workers_of(self.jobs.pid)) if len(self.frozen) < 2 else [],
            "idle": lambda: cluster_of(self.jobs.pid)[2:],  # workers at rest, pusher and monitor too
            "sentinel": lambda: cluster_of(self.jobs.pid)[1:2],
            "cluster": lambda: children_of(self.jobs.pid)[:1],
            "supervisor": lambda: [self.jobs.pid],
            "site": lambda: [self.site.pid],
            "twilio": lambda: [self.twilio.pid],
        }[name]()
        return self.dice.choice(candidates) if candidates else None

    def _not_frozen(self, pids):
        return [pid for pid in pids if pid not in {pid for _until, pid in self.frozen}]

    def _thaw(self):
        for until, pid in list(self.frozen):
            if time.monotonic() >= until:
                _signal(pid, signal.SIGCONT)
                self.frozen.remove((until, pid))


class Failpoints:
    """Lays out one stroke per name at a time, until each name had as many as wanted."""

    def __init__(self, names, times, action="kill"):
        self.wanted = dict.fromkeys(names, times)
        self.action = action
        self.folder = Path(os.environ["QINGXIAO_FAILPOINTS"])

    def lay_out(self):
        for name, times in self.wanted.items():
            done = self.done(name)
            if done < times and not list(self.folder.glob(f"{name}.*")):
                draft = self.folder / f"draft-{name}"
                draft.write_text(self.action)
                draft.rename(self.folder / f"{name}.{done}")

    def done(self, name):
        return len(list(self.folder.glob(f"done-{name}.*")))

    def are_used_up(self):
        return all(self.done(name) >= times for name, times in self.wanted.items())


def _signal(pid, signum):
    with suppress(ProcessLookupError):
        os.kill(pid, signum)
