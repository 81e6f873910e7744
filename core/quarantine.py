"""Tasks that harm whoever takes them up: django-q2 would try them again for ever, and count nothing.

One that cannot be read ends the process that reads it, one that kills its worker leaves no result behind. The first is
taken out of the queue at once, the second with its third try. Both leave a failure, which the page of the system's
state shows. A tick lost that way does no harm: the next one comes in a minute.
"""

import logging
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.models import Failure, Task
from django_q.signing import SignedPackage
from django_q.utils import get_func_repr

logger = logging.getLogger(__name__)
MOST_TRIES = 3
UNREADABLE = "a task that cannot be read"


def readable(tasks, broker):
    """Of (id, payload) those that a worker can unpack; the others leave the queue."""
    return [(number, payload) for number, payload in tasks if _is_readable(number, payload, broker)]


def _is_readable(number, payload, broker):
    try:
        SignedPackage.loads(payload)
    except Exception as error:  # a wrong signature, or whatever unpickling may raise
        logger.error("%s was taken out of the queue (%s): was SECRET_KEY changed?", UNREADABLE, type(error).__name__)
        broker.fail(number)
        _note_failure(f"unreadable-{number}"[:32], UNREADABLE, type(error).__name__, 1)
        return False
    return True


def note_start(task):
    """A worker takes it up. With its last try it leaves the queue first; should it end well, its result says so."""
    file = _tries_of(task)
    with suppress(OSError):  # a full disk must not stop the work
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as tries:
            tries.write(".")
        if file.stat().st_size >= MOST_TRIES:
            file.unlink()
            _give_up(task)


def note_end(task):
    """It ended, well or not, and its worker lives."""
    with suppress(OSError):
        _tries_of(task).unlink()


def _give_up(task):
    func = get_func_repr(task["func"])
    logger.error("the job %s ended its worker %d times and was taken out of the queue", func, MOST_TRIES - 1)
    get_broker().acknowledge(task["ack_id"])
    _note_failure(task["id"], func, "its worker died", MOST_TRIES, name=task["name"])


def _note_failure(number, func, result, tries, name=""):
    now = timezone.now()
    facts = {"started": now, "stopped": now, "result": result, "success": False, "attempt_count": tries}
    if not Failure.objects.filter(pk=number).exists():
        Task.objects.create(id=number, name=name or func, func=func, **facts)


def _tries_of(task):
    return Path(settings.VAR_DIR) / "jobs" / "tries" / task["id"]
