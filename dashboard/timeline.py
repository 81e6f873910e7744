"""Everything that happened to a child, newest first, from several tables."""

import heapq
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice

from django.utils.translation import gettext as _

from core.money import yuan
from enrolments.models import CreditEntry, Payment
from messaging.states import reason_of, state_of

LENGTH = 60


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


def timeline_of(student, accounts, messages):
    """The newest events of a student, from the accounts and messages the reader may see."""
    newest_first = heapq.merge(
        _entries(accounts),
        _payments(accounts),
        _messages(student, messages),
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
    payments = Payment.objects.filter(lot__enrolment__in=accounts).select_related(
        "lot__enrolment__course", "received_by"
    )
    for payment in payments.order_by("-received_at")[:LENGTH]:
        yield Event(
            at=payment.received_at,
            what=_("%(course)s · paid %(amount)s")
            % {"course": payment.lot.enrolment.course, "amount": yuan(payment.amount_minor)},
            detail=f"{payment.get_method_display()} · {payment.received_by}",
            icon="payments",
        )


def _messages(student, messages):
    for message in messages.about(f"student:{student.pk}").select_related("branch")[:LENGTH]:
        state = state_of(message)
        yield Event(
            at=message.happened_at,
            what=message.kind_text,
            detail=" ".join(filter(None, [message.body, str(reason_of(message))])),
            icon="sms",
            state=state.word,
            state_colour=state.chip,
        )
