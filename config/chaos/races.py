"""R17: somebody says no, the lesson is cancelled, the guardian's phone changes, in the moment in which it is sent.

Before the request the sender looks whether all is still so. A change that was committed before that look must be
heeded; one that comes between the look and the request comes too late for anybody.
"""

import random
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from branches.models import Branch
from config.chaos import processes
from config.chaos.history import Verdict, accepted_times
from config.chaos.jobs import message_of
from config.chaos.processes import Role, wait_until
from config.chaos.runs import Result, begin
from config.chaos.spec import Occurrence, Spec
from messaging import claims
from messaging.consent import How, opt_out
from messaging.models import OutboundMessage, Purpose, Status, Suppression
from messaging.registry import Cancelled, Rendered, renders
from messaging.services import drain_outbox, queue_messages

CHANGES = ("stop", "cancel", "guardian")
LONGEST_DELAY = 0.02  # seconds: the change falls somewhere into the sending of one message
NEW_PHONE = "+8613900000000"
KIND = "chaos_race"
REFUSED = 20  # numbers that the provider knows to have opted out


class _Clock:
    """When the sender looked and when the change was committed, by a clock that nobody sets."""

    looked_at = committed_at = 0.0


def run_races(options):
    """As many races as messages of each kind; then the provider's own word that somebody opted out."""
    start, seen, dice = time.monotonic(), Counter(), random.Random(options.seed)  # noqa: S311
    with _provider(options), _noting_looks():
        for number in range(options.messages):
            for change in CHANGES:
                seen[change, _race(change, number, dice)] += 1
        sent, handed_over = _sent(), len(accepted_times())
    learnt = _learn_refusals(options)
    late = sum(count for (_change, fate), count in seen.items() if fate == "late")
    verdict = Verdict(max(sent - handed_over, 0), max(handed_over - sent, 0), late, 0)
    notes = "; ".join(f"{change}: {_fates(seen, change)}" for change in CHANGES)
    result = Result("R17", verdict, time.monotonic() - start, len(CHANGES) * options.messages)
    return result.with_notes(f"{notes}; 21610 learnt: {learnt} of {REFUSED}", is_right=learnt == REFUSED)


def _fates(seen, change):
    return ", ".join(f"{count} {fate}" for (of, fate), count in sorted(seen.items()) if of == change)


@contextmanager
def _provider(options, **misfortune):
    begin(Spec(seed=options.seed, messages=options.messages, misfortune={"reported": 0.0, **misfortune}))
    provider = Role("twilio", processes.run_stand_in)
    try:
        wait_until(lambda: drain_outbox(now=timezone.now()) == 0, 5)
        yield
    finally:
        provider.stop(1)


@contextmanager
def _noting_looks():
    """The last look at the opt-outs is taken down."""
    look = claims.refusal

    def noting_look(**which):
        if not _Clock.looked_at:
            _Clock.looked_at = time.monotonic()
        return look(**which)

    claims.refusal = noting_look
    try:
        yield
    finally:
        claims.refusal = look


@renders(KIND)
def note(message, now):
    """Asks the table of sessions, which stands for lessons and guardians here."""
    change, _colon, index = message.subject.partition(":")
    if change != "stop":
        _Clock.looked_at = time.monotonic()
    is_changed = Session.objects.filter(pk=message.subject).exists()
    if is_changed and change == "cancel":
        raise Cancelled
    return Rendered(to=NEW_PHONE if is_changed else Occurrence(int(index)).phone, text=message.subject)


def _race(change, number, dice):
    """What became of it. "late": sent as if nothing had happened, though the change was there to be seen."""
    occurrence = Occurrence(2 * number)
    subject = f"{change}:{occurrence.index}"
    new = message_of(occurrence, Branch.objects.get(), timezone.now())
    queue_messages([replace(new, kind=KIND, subject=subject)])
    _Clock.looked_at = _Clock.committed_at = 0.0
    changer = threading.Thread(target=_change, args=[change, subject, occurrence.phone, dice.uniform(0, LONGEST_DELAY)])
    changer.start()
    drain_outbox(now=timezone.now(), limit=1)
    changer.join()
    Suppression.objects.all().delete()
    message = OutboundMessage.objects.get(subject=subject)
    if message.status in (Status.SUPPRESSED, Status.CANCELLED):
        return "held back"
    if message.to_phone == NEW_PHONE:
        return "to the new phone"
    return "late" if _Clock.looked_at > _Clock.committed_at else "sent before"


def _change(change, subject, phone, delay):
    time.sleep(delay)
    if change == "stop":
        opt_out(phone=phone, purposes=[Purpose.SERVICE], how=How.REPLY, now=timezone.now(), words="T")
    else:
        Session.objects.create(session_key=subject, session_data="", expire_date=timezone.now())
    _Clock.committed_at = time.monotonic()
    connection.close()


def _sent():
    return OutboundMessage.objects.filter(status=Status.ACCEPTED).count()


def _learn_refusals(options):
    """How many numbers that the provider refused for good are not written to any more."""
    with _provider(options, faults=[{"name": "opt_out", "rate": 1, "value": ""}]):
        branch, now = Branch.objects.get(), timezone.now()
        queue_messages([message_of(Occurrence(2 * number), branch, now) for number in range(REFUSED)])
        wait_until(partial(_drain, Status.SUPPRESSED), 60)
    return Suppression.objects.filter(purpose=Purpose.SERVICE).values("phone").distinct().count()


def _drain(status):
    drain_outbox(now=timezone.now())
    return OutboundMessage.objects.filter(status=status).count() >= REFUSED
