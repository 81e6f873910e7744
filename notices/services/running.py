"""Sending a released notice in small batches: it goes on after any pause, also that of a process that was killed."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core.clock import day_bounds
from messaging.models import AlsoAbout, OutboundMessage
from messaging.services import NewMessage, NotFailedError, queue_messages, send_again
from messaging.states import in_state
from notices.models import Notice, NoticeRecipient
from notices.notifications import KINDS
from notices.services.errors import NoticeError

State = Notice.State
AHEAD = 200  # messages of one notice in the outbox at a time: so many can still be held back there at most
USEFUL_FOR = timedelta(days=3)


def queue_batches(*, now):
    """Fill up the outbox for every notice that is going out; called each minute, and harmless at any other time."""
    for notice_id in list(Notice.objects.going_out().values_list("pk", flat=True)):
        with transaction.atomic():
            notice = Notice.objects.select_for_update(of=["self"]).get(pk=notice_id)
            if notice.state == State.SENDING:  # nobody has paused it since
                queue_batch(notice, now=now)


def queue_batch(notice, *, now):
    """The next messages of a notice whose row is locked, or its end when nothing is left to do.

    What becomes a message and which row it is are written together: a process that is killed leaves both or neither,
    and a message is the same however often it is planned (its dedupe key).
    """
    recipients = notice.recipients
    recipients.filter(pk__in=recipients.taken_back().values("pk")).update(message=None, turn=F("turn") + 1)
    room = max(AHEAD - recipients.in_outbox().count(), 0)
    late = [branch.pk for branch in notice.branches.all() if _useful_until(notice, branch, now) <= now]
    waiting = recipients.waiting().exclude(branch__in=late)
    some = list(waiting.select_related("branch").prefetch_related("students")[:room])
    _queue(notice, some, now)
    if not some and not recipients.in_outbox().exists():
        _move(notice, State.DONE, None, now)


def _queue(notice, recipients, now):
    new = {recipient.pk: _message(notice, recipient, now) for recipient in recipients}
    queue_messages(new.values())
    keys = [message.dedupe_key for message in new.values()]
    rows = OutboundMessage.objects.in_bulk(keys, field_name="dedupe_key")
    abouts = []
    for recipient in recipients:
        recipient.message = rows[new[recipient.pk].dedupe_key]
        _first, *others = _children(recipient)
        abouts += [AlsoAbout(message=recipient.message, about=about) for about in others]
    NoticeRecipient.objects.bulk_update(recipients, ["message"])
    AlsoAbout.objects.bulk_create(abouts, ignore_conflicts=True)


def _message(notice, recipient, now):
    return NewMessage(
        branch=recipient.branch,
        recipient=f"guardian:{recipient.guardian_id}",
        about=_children(recipient)[0],
        kind=KINDS[notice.purpose],
        subject=f"notice:{notice.pk}",
        occurrence=f"turn:{recipient.turn}",
        due_at=now,
        useful_until=_useful_until(notice, recipient.branch, now),
    )


def _children(recipient):
    return sorted(f"student:{student.pk}" for student in recipient.students.all())


def _useful_until(notice, branch, now):
    """For a few days, and not beyond the last day that the writer has set."""
    if notice.last_date is None:
        return now + USEFUL_FOR
    _start, end = day_bounds(notice.last_date, branch.time_zone)
    return min(now + USEFUL_FOR, end)


# --- what people do to it while it goes out --------------------------------------------------------------


def pause_notice(*, notice, by, now):
    """Nothing more is queued, and what the outbox comes to is told that it is not wanted now (notices.notifications).

    A message that is just being handed over still goes out. Raises NoticeError.
    """
    return _step(notice, {State.SENDING: State.PAUSED}, by, now, again=[State.PAUSED])


@transaction.atomic
def resume_notice(*, notice, by, now):
    """Go on: what was taken back meanwhile becomes a message anew. Raises NoticeError."""
    notice = _step(notice, {State.PAUSED: State.SENDING}, by, now, again=[State.SENDING])
    queue_batch(notice, now=now)
    return notice


def stop_notice(*, notice, by, now):
    """For good: what has not been handed over is not sent. Raises NoticeError."""
    return _step(notice, dict.fromkeys([State.SENDING, State.PAUSED], State.STOPPED), by, now, again=[State.STOPPED])


@transaction.atomic
def _step(notice, ways, by, now, again):
    notice = Notice.objects.select_for_update(of=["self"]).get(pk=notice.pk)
    if notice.state in again:
        return notice
    if notice.state not in ways:
        raise NoticeError(_("Meanwhile this notice is: %(state)s.") % {"state": notice.get_state_display()})
    return _move(notice, ways[notice.state], by, now)


def _move(notice, state, by, now):
    notice.state, notice.state_at, notice.state_by = state, now, by
    notice.save(update_fields=["state", "state_at", "state_by"])
    return notice


# --- what did not arrive ---------------------------------------------------------------------------------


def failed_messages(notice, *, now):
    """Those that did not arrive and are still worth it; what nobody can tell of is for a call, not for this."""
    mine = OutboundMessage.objects.filter(notice_recipient__notice=notice, useful_until__gt=now)
    return in_state(mine.needing_staff(), "failed")


def send_to_failed(*, notice, now):
    """Send again to those whom it did not reach; returns to how many. Mended numbers are used. Raises NoticeError."""
    if Notice.objects.filter(pk=notice.pk, state=State.STOPPED).exists():
        raise NoticeError(_("This notice was stopped: copy it to send another."))
    number = 0
    for message in failed_messages(notice, now=now):
        try:
            send_again(message=message, now=now)
            number += 1
        except NotFailedError:  # somebody else was quicker
            continue
    return number
