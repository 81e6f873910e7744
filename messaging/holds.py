"""What is held back, and why: after a backup was put back, and while the machine's clock cannot be believed."""

import socket

from django.db import transaction
from django.db.models import F

from messaging.models import Hold, MessageAttempt, OutboundMessage, Status

Reason = Hold.Reason


def sendable(messages):
    """Of these messages those that no restore keeps back: what fell due since it, and what was looked up, which has
    a later `not_before`.
    """
    hold = Hold.objects.open(Reason.RESTORE).first()
    return messages.filter(not_before__gt=hold.began_at) if hold else messages


def is_clock_doubtful():
    """Of this machine. Then "due", "too late" and "quiet" would all be wrong: nothing is sent, nothing expires."""
    return Hold.objects.open(Reason.CLOCK).filter(host=socket.gethostname()).exists()


@transaction.atomic
def begin_hold(reason, *, now, **facts):
    """Hold sending up; returns whether that is new."""
    _hold, is_new = Hold.objects.get_or_create(
        reason=reason, ended_at=None, host=facts.pop("host", ""), defaults={"began_at": now, **facts}
    )
    return is_new


def end_hold(reason, *, now, **which):
    """Returns whether there was one."""
    return Hold.objects.open(reason).filter(**which).update(ended_at=now) > 0


@transaction.atomic
def enter_restore_mode(*, now):
    """A backup was just put back: keep what was due by now until the provider's list shows whether it went out.

    What the backup shows as being sent may have been sent by another attempt than the one that it knows: that is
    looked up too. Repeating it changes nothing.
    """
    if not begin_hold(Reason.RESTORE, now=now):
        return
    under_way = OutboundMessage.objects.filter(status__in=[Status.CLAIMED, Status.SENDING, Status.UNKNOWN])
    pending = MessageAttempt.objects.filter(message__in=under_way, outcome=MessageAttempt.Outcome.PENDING)
    pending.update(outcome=MessageAttempt.Outcome.UNKNOWN)
    back = {"status": Status.QUEUED, "status_at": now, "token": "", "lease_until": None}
    under_way.update(not_before=F("due_at"), **back)


def held_after_restore(now):
    """What waits to be looked up, the longest waiting first; what is of no use any more expires by itself."""
    hold = Hold.objects.open(Reason.RESTORE).first()
    if hold is None:
        return OutboundMessage.objects.none()
    waiting = OutboundMessage.objects.filter(status=Status.QUEUED, not_before__lte=hold.began_at, useful_until__gt=now)
    return waiting.select_related("branch").order_by("not_before", "pk")
