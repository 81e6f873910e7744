"""Where the job queue's tasks wait: a table of the database, or Redis (settings.REDIS_URL, docs/hosts.md).

Either way a cluster serves the queue that all clusters share and, before it, the pulses of its own supervisor: another
host's cluster must not answer for ours. Redis may lose a task. That does no harm: a task only says that it is time to
look, and what is due stands in the database.
"""

import logging
import os
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.brokers.orm import ORM
from django_q.models import OrmQ

from core.processes import RUN_DIR
from core.quarantine import readable

logger = logging.getLogger(__name__)
PULSES_KEPT = timedelta(minutes=10)  # those of a supervisor that was killed
ROUND = "round"  # a file: when the sentinel last went round
PAUSE = 1  # seconds until a queue that did not answer is asked again


class BrokerError(Exception):
    """Redis does not answer, though the database may be well."""


def pulse_key(supervisor):
    """The queue of one supervisor's pulses."""
    return f"pulse:{supervisor}"


def supervised_broker(supervisor):
    """What the cluster of this supervisor takes its tasks from."""
    if settings.REDIS_URL:
        from core.redis_broker import SupervisedRedis  # here: Redis' client loads only where there is a Redis

        return SupervisedRedis(supervisor)
    return SupervisedOrm(supervisor)


class Patient:
    """A queue that is away is waited for, with one line in the log; django-q2's own would end the process that asks."""

    troubles = ()  # exceptions
    is_away = False

    def dequeue(self):
        try:
            tasks = self.take()
        except self.troubles as error:
            if not self.is_away:
                logger.error("the job queue does not answer and is waited for: %s", first_line(error))
            self.is_away = True
            time.sleep(PAUSE)
            return []
        if self.is_away:
            logger.warning("the job queue answers again")
        self.is_away = False
        return readable(tasks or [], self)

    def set_stat(self, key, value, timeout):
        """The sentinel calls it with every round, twice a second: a trace of that. Its figures nobody reads."""
        with suppress(OSError):
            (Path(os.environ[RUN_DIR]) / ROUND).touch()


class SupervisedOrm(Patient, ORM):
    troubles = (DatabaseError, InterfaceError)

    def __init__(self, supervisor):
        super().__init__()
        self.pulse_key = pulse_key(supervisor)

    def take(self):
        return self._take_pulse() or ORM.dequeue(self)

    def acknowledge(self, task_id):
        """Without a database the task comes again, which does no harm."""
        with suppress(*self.troubles):
            super().acknowledge(task_id)

    def _take_pulse(self):
        waiting = self.get_connection().filter(key=self.pulse_key, lock__lt=timezone.now())
        for row in waiting[:1]:
            if waiting.filter(pk=row.pk, lock=row.lock).update(lock=self.timeout(row)):
                return [(row.pk, row.payload)]
        return []


def forget_pulses(supervisor):
    """Remove the pulses of a supervisor that no cluster took. When the queue is away they can wait."""
    with suppress(BrokerError, DatabaseError, InterfaceError):
        get_broker(pulse_key(supervisor)).delete_queue()


def forget_old_pulses():
    """Remove what supervisors left that were killed. In Redis pulses end by themselves."""
    old = timezone.now() - PULSES_KEPT
    OrmQ.objects.filter(key__startswith=pulse_key(""), lock__lt=old).delete()


def first_line(error):
    """Which error it was, fit for a log of lines."""
    return f"{type(error).__name__}: {error}".splitlines()[0]
