"""R18: a backup of some time ago is put back, and most of what it lists as waiting has been sent since."""

import os
import signal
import time
from contextlib import suppress
from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from branches.models import Branch
from config.chaos.driver import Driver
from config.chaos.history import judge, read_history
from config.chaos.jobs import message_of
from config.chaos.processes import cluster_of
from config.chaos.runs import LONGEST, Result, begin
from config.chaos.spec import LATENCY, Occurrence, Spec
from messaging.holds import enter_restore_mode
from messaging.models import Hold, MessageAttempt, MessageEvent, OutboundMessage, Status
from messaging.services import queue_messages

TABLES = (OutboundMessage, MessageAttempt, MessageEvent)
DYING = 2  # seconds until the database is done with what dead workers had asked of it
AGE = timedelta(hours=6)  # of what was due when the backup was made


def run_restore(options):
    """An eighth is sent when the backup is made, in the middle of sending; the half was planned; all but a few follow.

    Then the backup is put back, and the planner plans again, the few among it that never were sent.
    """
    spec = Spec(seed=options.seed, messages=options.messages, misfortune={"latency": LATENCY, "reported": 0.5})
    begin(spec)
    start, few = time.monotonic(), options.messages // 20
    with Driver(spec) as driver:
        driver.is_planning = False
        _plan(range(options.messages // 2))
        driver.keep_on(lambda: _sent() >= options.messages // 8, seconds=LONGEST)
        _kill(driver)
        backup = [list(model.objects.order_by("pk").values()) for model in TABLES]
        _plan(range(options.messages - few))
        driver.run(seconds=LONGEST)
        _shut_down(driver)
        before = _accepted(spec)
        _put_back(backup)
        under_way = dict(OutboundMessage.objects.values_list("status").annotate(Count("pk")).order_by())
        if options.design == "outbox":
            enter_restore_mode(now=timezone.now())
        _plan(range(options.messages))
        driver.run(seconds=LONGEST)
    history = read_history(spec)
    history.attempts = None  # those since the backup are gone with it
    verdict = judge(history)
    notes = (
        f"{before} sent since the school opened, {_accepted(spec) - before} after the restore, {few} of them for the "
        f"first time; in the backup: {', '.join(f'{count} {status}' for status, count in sorted(under_way.items()))}"
    )
    result = Result("R18", verdict, time.monotonic() - start, options.messages)
    return result.with_notes(notes, is_right=_accepted(spec) - before == few)


def _plan(indices):
    """As a planner does that knows since when each was due."""
    branch, due_at = Branch.objects.get(), _due_at()
    queue_messages([message_of(Occurrence(index), branch, due_at) for index in indices])


def _due_at():
    """The same at every planning."""
    first = OutboundMessage.objects.order_by("due_at").values_list("due_at", flat=True).first()
    return first or timezone.now() - AGE


def _sent():
    return OutboundMessage.objects.filter(status__in=[Status.ACCEPTED, Status.SENT, Status.DELIVERED]).count()


def _accepted(spec):
    return len(read_history(spec).accepted)


def _kill(driver):
    """No shut-down: what is being sent stays where it is. The driver starts the job queue again."""
    for host in driver.hosts:
        for pid in [host.pid, *cluster_of(host.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        host.process.join()
    time.sleep(DYING)


def _shut_down(driver):
    """As whoever puts a backup back does first."""
    for host in driver.hosts:
        host.stop(20)
    time.sleep(DYING)


def _put_back(backup):
    Hold.objects.all().delete()
    for model in reversed(TABLES):
        model.objects.all()._raw_delete("default")
    for model, rows in zip(TABLES, backup, strict=True):
        model.objects.bulk_create((model(**row) for row in rows), batch_size=500)
