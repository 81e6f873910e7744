"""Lesson credits given without a sale: a lot of its own, of no price and without an end."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import local_date
from enrolments.ledger import Ledger
from enrolments.models import CreditEntry, CreditLot
from enrolments.services.corrections import CorrectionError
from enrolments.services.credits import credit_lot, lock


@transaction.atomic
def give_credits(*, enrolment, credits, reason, by, now, token):
    """赠课 that belongs to no order, once per token; returns the lot.

    A lot of its own: in one that was bought, more credits would thin out its price, and with it what was recognised
    and what a refund gives back.
    """
    enrolment = lock(enrolment)
    known = CreditLot.objects.filter(token=f"gift:{token}").first()
    if known:
        return known
    if credits <= 0:
        raise CorrectionError(_("Write how many credits are given."))
    lot = CreditLot.objects.create(
        enrolment=enrolment,
        paid_credits=0,
        gift_credits=credits,
        list_price_minor=enrolment.course.list_price_minor,
        paid_minor=0,
        revenue_method=enrolment.branch.revenue_method,
        start_date=local_date(now, enrolment.branch.time_zone),
        sold_at=now,
        sold_by=by,
        booked_date=enrolment.branch.books.booked_on(now),
        token=f"gift:{token}",
    )
    ledger = Ledger.of(enrolment)
    credit_lot(ledger, lot, by=by, now=now, reason=reason)
    ledger.settle_owed(by=by)
    return lot


@transaction.atomic
def take_back_gift(*, lot, reason, by, now):
    """What is left of a gift goes; lessons that were taken with it stay taken. Returns how many credits went."""
    enrolment = lock(lot.enrolment)
    lot = CreditLot.objects.get(pk=lot.pk)
    left = lot.gift_left
    if left:
        ledger = Ledger.of(enrolment)
        facts = {"reference": f"lot:{lot.pk}", "reason": reason, "occurred_at": now, "by": by}
        ledger.close_lot(lot, CreditEntry.Kind.ADJUSTMENT, released_minor=0, **facts)
        ledger.save()
    return left
