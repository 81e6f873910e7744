"""Everything that happened to a child, newest first, from several tables."""

import heapq
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from core.clock import day_text
from core.money import yuan
from enrolments.models import CreditEntry, Order, OrderItem, Payment, Suspension
from messaging.models import MessageEvent
from messaging.states import reason_of, state_of

LENGTH = 60
ICONS = {"call": "call", "slip": "description"}  # by channel


@dataclass(frozen=True)
class Event:
    """`detail` says why; `credits` is the movement of the account, if any."""

    at: datetime
    what: str
    detail: str
    icon: str
    credits: Decimal | None = None
    balance_after: Decimal | None = None
    state: str = ""
    state_colour: str = ""


def timeline_of(student, accounts, messages, replies):
    """The newest events of a student, from the accounts, messages and replies the reader may see."""
    newest_first = heapq.merge(
        _entries(accounts),
        _payments(accounts),
        _suspensions(accounts),
        _messages(student, messages),
        _replies(student, replies),
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


def _messages(student, messages):
    told = messages.about(f"student:{student.pk}").with_teller(MessageEvent.objects)
    for message in told.select_related("branch")[:LENGTH]:
        state = state_of(message)
        yield Event(
            at=message.happened_at,
            what=message.kind_text,
            detail=" ".join(filter(None, [message.body, str(reason_of(message))])),
            icon=ICONS.get(message.channel, "sms"),
            state=state.word,
            state_colour=state.chip,
        )


def _replies(student, replies):
    for reply in replies.about(f"student:{student.pk}").select_related("handled_by")[:LENGTH]:
        waits = reply.handled_at is None
        yield Event(
            at=reply.received_at,
            what=_("The family wrote"),
            detail=reply.body,
            icon="reply",
            state=_("To be answered") if waits else "",
            state_colour="warn",
        )
