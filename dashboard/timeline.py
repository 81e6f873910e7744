"""Everything that happened to a child, newest first, from several tables."""

import heapq
from itertools import islice

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from core.clock import day_text
from core.money import yuan
from core.timeline import Event
from enrolments.models import CreditEntry, Order, OrderItem, Payment, Suspension
from messaging.timeline import LENGTH, message_events, reply_events
from students.timeline import follow_up_events


def timeline_of(student, accounts, messages, replies, follow_ups, before):
    """The newest events of a student, from the accounts, messages, replies and follow-ups the reader may see.

    `before`: events of the time before the sign-up, newest first.
    """
    newest_first = heapq.merge(
        _entries(accounts),
        _payments(accounts),
        _suspensions(accounts),
        message_events(f"student:{student.pk}", messages),
        reply_events(f"student:{student.pk}", replies),
        follow_up_events(follow_ups.filter(student=student)),
        before,
        key=lambda event: event.at,
        reverse=True,
    )
    return list(islice(newest_first, LENGTH))


def _entries(accounts):
    entries = CreditEntry.objects.filter(enrolment__in=accounts).select_related("enrolment__course", "recorded_by")
    for entry in entries.order_by("-occurred_at", "-sequence")[:LENGTH]:
        yield Event(
            at=entry.occurred_at,
            what=f"{entry.enrolment.course} · {entry.get_kind_display()}",
            detail=_("%(reason)s (%(who)s)") % {"reason": entry.reason, "who": entry.recorded_by},
            icon="toll",
            credits=entry.credits,
            balance_after=entry.balance_after,
        )


def _payments(accounts):
    orders = Order.objects.filter(items__lot__enrolment__in=accounts)
    items = Prefetch("order__items", OrderItem.objects.select_related("course"))
    payments = Payment.objects.filter(order__in=orders).select_related("order", "received_by").prefetch_related(items)
    for payment in payments.order_by("-received_at")[:LENGTH]:
        yield Event(
            at=payment.received_at,
            what=_("%(course)s · paid %(amount)s")
            % {"course": _courses(payment.order), "amount": yuan(payment.amount_minor)},
            detail=f"{payment.get_method_display()} · {payment.received_by}",
            icon="payments",
        )


def _suspensions(accounts):
    rows = Suspension.objects.filter(enrolment__in=accounts).select_related("enrolment__course", "recorded_by")
    events = []
    for row in rows.select_related("ended_by"):
        facts = {"course": row.enrolment.course, "day": day_text(row.from_date)}
        what = _("%(course)s · away from %(day)s on") % facts
        events.append(Event(row.recorded_at, what, f"{row.reason} · {row.recorded_by}", "pause_circle"))
        if row.ended_date:
            what = _("%(course)s · back from %(day)s on") % (facts | {"day": day_text(row.ended_date)})
            events.append(Event(row.ended_at, what, str(row.ended_by), "play_circle"))
    return sorted(events, key=lambda event: event.at, reverse=True)


def _courses(order):
    return " ".join(dict.fromkeys(str(item.course) for item in order.items.all()))
