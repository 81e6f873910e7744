"""The periodic jobs without the queue, for the time when the queue cannot be kept up."""

import logging
import os
import signal
import time

from django.conf import settings
from django.db import close_old_connections
from django.utils.module_loading import import_string
from django_q.exceptions import TimeoutException
from django_q.timeout import TimeoutHandler

from core.processes import die_with_parent, is_stopping

logger = logging.getLogger(__name__)
TICK = 60  # seconds


def run_job_loop(supervisor_pid):
    """Run every periodic job once a minute, one after the other, until told to stop.

    SIGTERM would end it in the middle of a request, and nobody would know whether the text went out: the supervisor
    leaves word in its folder too, which is read between two texts.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    die_with_parent()
    next_round = time.monotonic()
    while not is_stopping() and os.getppid() == supervisor_pid:
        if time.monotonic() >= next_round:
            next_round = time.monotonic() + TICK
            run_jobs_once()
        time.sleep(0.5)


def run_jobs_once():
    for path in settings.PERIODIC_JOBS:
        if not is_stopping():
            _run(path)


def _run(path):
    """Run one job within the queue's time limit; a failing job must not keep the others from running."""
    close_old_connections()
    try:
        with TimeoutHandler(settings.Q_CLUSTER["timeout"]):
            import_string(path)()
    except (Exception, TimeoutException):
        logger.exception("the periodic job %s failed", path)
    finally:
        close_old_connections()
