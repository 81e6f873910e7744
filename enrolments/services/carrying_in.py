"""Accounts taken over from a school's books."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from enrolments.ledger import Ledger
from enrolments.models import Books, CreditEntry, CreditLot, Order, OrderItem, Payment
from enrolments.services.credits import credit_lot, lock_all


@dataclass(frozen=True)
class Opening:
    """An account as a school's books have it: `lot` as bought, not yet saved, `used` credits, and what is `left`."""

    lot: CreditLot
    used: Decimal
    left: Decimal
    used_reason: str
    mismatch_reason: str


@transaction.atomic
def carry_in_balances(*, openings, by, now):
    """Take over accounts from a school's books, each as an order that is paid.

    Where bought + gift − used is not left, the book's "left" is kept by an adjustment that says so.
    """
    _order([opening.lot for opening in openings], by=by)
    ledgers = _ledgers_of([opening.lot.enrolment_id for opening in openings])
    for opening in openings:
        _carry_in(ledgers[opening.lot.enrolment_id], opening, by=by, now=now)
    CreditEntry.objects.bulk_create([entry for ledger in ledgers.values() for entry in ledger.unsaved])
    for ledger in ledgers.values():
        ledger.unsaved = []
        ledger.settle_owed(by=by)


def _order(lots, *, by):
    """Save the lots with the orders that they came from."""
    books = Books.objects.select_related("branch").in_bulk({lot.enrolment.branch_id for lot in lots})
    for lot in lots:
        lot.booked_date = books[lot.enrolment.branch_id].booked_on(lot.sold_at)
    orders = Order.objects.bulk_create([_order_of(lot, by) for lot in lots])
    items = OrderItem.objects.bulk_create([_item_of(lot, order) for lot, order in zip(lots, orders, strict=True)])
    for lot, item in zip(lots, items, strict=True):
        lot.item = item
    CreditLot.objects.bulk_create(lots)
    Payment.objects.bulk_create(_payment_of(lot, by) for lot in lots if lot.paid_minor)


def _order_of(lot, by):
    return Order(
        branch=lot.enrolment.branch,
        status=Order.Status.CONFIRMED,
        total_minor=lot.paid_minor,
        created_at=lot.sold_at,
        created_by=by,
        confirmed_at=lot.sold_at,
        confirmed_by=by,
        token=lot.token,
    )


def _item_of(lot, order):
    return OrderItem(
        order=order,
        student_id=lot.enrolment.student_id,
        course_id=lot.enrolment.course_id,
        package=lot.package,
        paid_credits=lot.paid_credits,
        gift_credits=lot.gift_credits,
        list_price_minor=lot.list_price_minor,
        before_minor=lot.paid_minor,
        amount_minor=lot.paid_minor,
        start_date=lot.start_date,
    )


def _payment_of(lot, by):
    return Payment(
        order=lot.item.order,
        method=Payment.Method.BOOK,
        amount_minor=lot.paid_minor,
        received_at=lot.sold_at,
        received_by=by,
        booked_date=lot.booked_date,
        token=lot.token,
    )


def _ledgers_of(enrolment_ids):
    """The ledgers of many enrolments, locked; those without an entry cost no query of their own."""
    begun = set(CreditEntry.objects.filter(enrolment__in=enrolment_ids).values_list("enrolment", flat=True))
    return {
        enrolment.pk: Ledger.of(enrolment) if enrolment.pk in begun else Ledger(enrolment)
        for enrolment in lock_all(enrolment_ids)
    }


def _carry_in(ledger, opening, *, by, now):
    lot = opening.lot
    credit_lot(ledger, lot, by=by, now=now, reason=_("Taken over from the books"))
    difference = opening.left - (lot.paid_credits + lot.gift_credits - opening.used)
    facts = {"reference": f"lot:{lot.pk}", "occurred_at": now, "by": by}
    if difference:
        ledger.adjust(lot, difference, reason=opening.mismatch_reason, **facts)
    if opening.used:
        ledger.take(opening.used, lot=lot, reason=opening.used_reason, may_owe=True, **facts)
