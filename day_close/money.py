"""The money of a branch's day, from the same rows that statements are reconciled with. All in fen."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Sum

from core.clock import day_bounds
from enrolments.models import Order, Payment
from enrolments.reconciliation import PAYMENT, PAYOUT, SOURCES, WALLET_ENTRY

METHODS = [method for method in Payment.Method.values if method != Payment.Method.BOOK]
NO_MONEY = Payment.Method.WALLET  # what a wallet pays or gets does not move money that day
WHO = {PAYMENT: "received_by__name", PAYOUT: "paid_by__name", WALLET_ENTRY: "recorded_by__name"}
ZERO = {"received_minor": 0, "taken_back_minor": 0, "paid_out_minor": 0}


@dataclass(frozen=True)
class Movement:
    """Fen that came (positive) or went, for an order, a refund or a wallet; `about` is its number."""

    side: str
    pk: int
    method: str
    money: int
    at: datetime
    about: int
    by: str

    @property
    def column(self):
        if self.money > 0:
            return "received_minor"
        return "taken_back_minor" if self.side == PAYMENT else "paid_out_minor"

    @property
    def method_name(self):
        return Payment.Method(self.method).label


def movements_of(branch, day):
    """What moved on a local day, in the order of time.

    What is booked later than its day is (the month was closed), is booked on no earlier one: its index finds the day.
    """
    start, end = day_bounds(day, branch.time_zone)
    found = []
    for side, rows_of in SOURCES.items():
        rows = rows_of(branch, METHODS).filter(at__gte=start, at__lt=end, booked_date__gte=day)
        found += _movements(side, rows)
    return sorted(found, key=lambda movement: (movement.at, movement.side, movement.pk))


def taken_back_later(branch, payment_ids, before):
    """The rows by which payments of a day were taken back after it was over."""
    rows = SOURCES[PAYMENT](branch, METHODS).filter(reverses__in=payment_ids, at__gte=before)
    return _movements(PAYMENT, rows.order_by("at", "pk"))


def _movements(side, rows):
    columns = rows.order_by().annotate(by=F(WHO[side])).values("pk", "method", "money", "at", "about", "by")
    return [Movement(side=side, **row) for row in columns]


def by_method(movements):
    """[{method, received, taken back, paid out, what it comes to}]: cash always, the others where something moved."""
    sums = {method: dict(ZERO) for method in METHODS}
    for movement in movements:
        sums[movement.method][movement.column] += movement.money
    rows = [{"method": method, **its, "net_minor": sum(its.values())} for method, its in sums.items()]
    moved = {movement.method for movement in movements}
    return [row for row in rows if row["method"] in moved or row["method"] == Payment.Method.CASH]


def orders_of(branch, day):
    """How many orders were confirmed on the day, their total, and what of them is still owing.

    Not those that were taken over from the books: nobody sold them that day.
    """
    start, end = day_bounds(day, branch.time_zone)
    orders = Order.objects.in_branches([branch.pk]).filter(
        status="confirmed", confirmed_at__gte=start, confirmed_at__lt=end
    )
    sold = orders.filter(~Exists(Payment.objects.filter(order=OuterRef("pk"), method=Payment.Method.BOOK)))
    owing = sold.owing().aggregate(minor=Sum(F("total_minor") - F("paid_minor") - F("forgiven_minor")))
    return {
        "number": sold.count(),
        "total_minor": sold.aggregate(minor=Sum("total_minor"))["minor"] or 0,
        "owing_minor": owing["minor"] or 0,
    }
