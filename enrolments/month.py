"""What a branch's books come to between two days: prepaid money, receipts, wallets. All in fen, by booked days."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Case, CharField, Exists, F, OuterRef, Sum, Value, When
from django.db.models.functions import Cast, Concat
from django.db.models.lookups import IsNull

from enrolments.models import CreditEntry, CreditLot, Payment, RefundLine, WalletEntry

Kind = CreditEntry.Kind

INFLOWS = ("taken_over_minor", "sold_minor", "transferred_in_minor")
OUTFLOWS = ("recognised_minor", "refunded_minor", "transferred_out_minor", "written_off_minor", "voided_minor")
RELEASED_AS = {
    Kind.REFUND: "refunded_minor",
    Kind.TRANSFER_OUT: "transferred_out_minor",
    Kind.VOID: "voided_minor",
}  # anything else that leaves is written off


@dataclass
class Movement:
    """What happened between two days; `by_package` counts the prepaid money, with None for lessons sold singly."""

    by_package: dict = field(default_factory=dict)
    agreed_minor: int = 0  # prices that families agreed to pay, less what is not asked for any more
    received: Counter = field(default_factory=Counter)  # by method
    wallets_minor: int = 0

    def of(self, package_id):
        return self.by_package.setdefault(package_id, Counter())

    @property
    def net_minor(self):
        """By how much the prepaid money grew."""
        return sum(net_of(figures) for figures in self.by_package.values())

    @property
    def owing_minor(self):
        """By how much more is owing than before."""
        return self.agreed_minor - self.received.total()


def net_of(figures):
    return sum(figures[name] for name in INFLOWS) - sum(figures[name] for name in OUTFLOWS)


def movement(branch, first, last):
    """What the books of a branch say of the local days from `first` to `last`, both of them included."""
    return movements([branch], first, last)[branch.pk]


def movements(branches, first, last):
    """{branch id: Movement} of the local days from `first` to `last`: as many queries for all as for one."""
    found, days = {branch.pk: Movement() for branch in branches}, {"booked_date__range": (first, last)}
    _add_lots(found, CreditLot.objects.filter(enrolment__branch__in=branches, **days))
    entries = CreditEntry.objects.filter(enrolment__branch__in=branches, lot__isnull=False, **days)
    _add_entries(found, entries)
    payments = Payment.objects.filter(order__branch__in=branches, **days).values_list("order__branch", "method")
    for branch_id, method, amount in payments.order_by().annotate(amount=Sum("amount_minor")):
        found[branch_id].received[method] = amount
    for branch_id, forgiven in _forgiven(branches, days):
        found[branch_id].agreed_minor -= forgiven
    wallets = WalletEntry.objects.filter(branch__in=branches, **days).order_by().values_list("branch")
    for branch_id, amount in wallets.annotate(amount=Sum("amount_minor")):
        found[branch_id].wallets_minor = amount
    return found


def _add_lots(found, lots):
    """A lot without an order came by a transfer."""
    books = Payment.objects.filter(order__items__lot=OuterRef("pk"), method=Payment.Method.BOOK)
    told = {"is_taken_over": Exists(books), "is_transferred": IsNull(F("item"), True)}
    sums = lots.order_by().annotate(branch=F("enrolment__branch"), **told).values("branch", "package", *told)
    for row in sums.annotate(paid=Sum("paid_minor")):
        name = "taken_over_minor" if row["is_taken_over"] else "sold_minor"
        if row["is_transferred"]:
            name = "transferred_in_minor"
        else:
            found[row["branch"]].agreed_minor += row["paid"]
        found[row["branch"]].of(row["package"])[name] += row["paid"]


def _add_entries(found, entries):
    """What is put back counts against what it reverses."""
    kind = Case(When(kind=Kind.RESTORE, then=F("reverses__kind")), default=F("kind"))
    its_lot = Concat(Value("lot:"), Cast("lot_id", CharField()))
    before = Case(When(kind=Kind.CONSUMPTION, reference=its_lot, then=True), default=False)
    told = {"branch": F("enrolment__branch"), "package": F("lot__package"), "what": kind, "is_before": before}
    sums = entries.order_by().annotate(**told).values(*told)
    for row in sums.annotate(revenue=Sum("revenue_minor"), released=Sum("released_minor")):
        figures = found[row["branch"]].of(row["package"])
        if row["is_before"]:  # used by the books before they were taken over: nobody's revenue of this month
            figures["taken_over_minor"] -= row["revenue"]
        else:
            figures["recognised_minor"] += row["revenue"]
        figures[RELEASED_AS.get(row["what"], "written_off_minor")] += row["released"]
        if row["what"] == Kind.VOID:
            found[row["branch"]].agreed_minor -= row["released"]


def _forgiven(branches, days):
    """(branch id, fen): what had not been paid for lessons that a refund ended, and is not asked for any more.

    A lot may be ended by one refund, get lessons back, and be ended by another: each has its own entries.
    """
    its_refund = Concat(Value("refund:"), Cast(OuterRef("refund"), CharField()))
    ended = CreditEntry.objects.filter(lot=OuterRef("lot"), kind=Kind.REFUND, reference=its_refund, **days)
    lines = RefundLine.objects.filter(
        Exists(ended), refund__enrolment__branch__in=branches, refund__status="paid", forgiven_minor__gt=0
    )
    sums = lines.order_by().values_list("refund__enrolment__branch")
    return sums.annotate(forgiven=Sum("forgiven_minor"))


def prepaid_now(branch):
    """What families have paid ahead, or agreed to, by the sums of the lots themselves."""
    return prepaid_of([branch]).get(branch.pk, 0)


def prepaid_of(branches):
    """{branch id: its prepaid money now}; a branch that sold nothing is not in it."""
    lots = CreditLot.objects.filter(enrolment__branch__in=branches).order_by().values_list("enrolment__branch")
    return dict(lots.annotate(left=Sum(F("paid_minor") - F("recognised_minor") - F("released_minor"))))
