"""What statements and our books say of a branch's money, side by side. All in fen; days are the branch's.

In our books is what came or went by WeChat Pay, Alipay, card or transfer: payments and those taken back, payouts of
refunds, and what moved into or out of wallets. Cash is counted at the desk. A payment that was taken back comes to
nothing with the row that did so, unless a statement tells of either.
"""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from core.clock import day_bounds, last_day_of
from enrolments.bank_statements.matching import Item, Line
from enrolments.models import Payment, PaymentAccount, Payout, StatementLine, StatementMatch, WalletEntry

PAYMENT, PAYOUT, WALLET_ENTRY = "payment", "payout", "wallet_entry"  # the sides of StatementMatch
NEVER = Value(False, output_field=BooleanField())
NAMES = ("pk", "money", "at", "number", "payer", "method", "about", "partner", "is_cancelled")


def methods_of(kinds):
    return [method for kind in kinds for method in PaymentAccount.METHODS[kind]]


def kinds_of(branch):
    """The kinds of account whose statements this branch reads."""
    kinds = PaymentAccount.objects.filter(branch=branch).order_by().values_list("kind", flat=True).distinct()
    return sorted(kinds, key=PaymentAccount.Kind.values.index)


# --- our books ---------------------------------------------------------------------------------------------


def _standing(**side):
    return Exists(StatementMatch.objects.standing().filter(**side))


def _payments(branch, methods):
    matched = _standing(payment=OuterRef("pk"))
    other = _standing(payment=OuterRef("partner"))
    rows = Payment.objects.filter(order__branch=branch, method__in=methods)
    rows = rows.annotate(partner=Coalesce("reversed_by__pk", "reverses_id"), is_matched=matched)
    return rows.annotate(
        money=F("amount_minor"),
        at=F("received_at"),
        number=F("reference"),
        payer=F("order__guardian__name"),
        about=F("order_id"),
        is_cancelled=ExpressionWrapper(Q(partner__isnull=False) & ~Q(matched) & ~Q(other), output_field=BooleanField()),
    )


def _payouts(branch, methods):
    rows = Payout.objects.filter(refund__enrolment__branch=branch, method__in=methods)
    return rows.annotate(
        money=-F("amount_minor"),
        at=F("paid_at"),
        number=F("reference"),
        payer=F("refund__enrolment__student__name"),
        about=F("refund_id"),
        partner=Value(None, output_field=Payout._meta.pk),
        is_matched=_standing(payout=OuterRef("pk")),
        is_cancelled=NEVER,
    )


def _wallet_entries(branch, methods):
    """Its reference is our own, not the provider's."""
    rows = WalletEntry.objects.filter(branch=branch, method__in=methods)
    return rows.annotate(
        money=F("amount_minor"),
        at=F("occurred_at"),
        number=Value(""),
        payer=F("guardian__name"),
        about=F("guardian_id"),
        partner=Value(None, output_field=WalletEntry._meta.pk),
        is_matched=_standing(wallet_entry=OuterRef("pk")),
        is_cancelled=NEVER,
    )


SOURCES = {PAYMENT: _payments, PAYOUT: _payouts, WALLET_ENTRY: _wallet_entries}


def _rows(side, branch, methods, first, last):
    start, end = day_bounds(first, branch.time_zone)[0], day_bounds(last, branch.time_zone)[1]
    return SOURCES[side](branch, methods).filter(at__gte=start, at__lt=end).order_by()


def open_items(branch, methods, first, last):
    """What is in our books of these days and in no statement, oldest first; the cancelled ones say of which."""
    zone, found = ZoneInfo(branch.time_zone), []
    for side in SOURCES:
        rows = _rows(side, branch, methods, first, last).filter(is_matched=False)
        found += [_item(side, row, zone) for row in rows.values(*NAMES)]
    return sorted(found, key=lambda item: (item.at, item.key))


def open_item(branch, methods, key):
    """One of them, by its key; None where it is matched, or is none of this branch's."""
    side, pk = key
    rows = SOURCES[side](branch, methods).filter(pk=pk, is_matched=False).order_by()
    return next((_item(side, row, ZoneInfo(branch.time_zone)) for row in rows.values(*NAMES)), None)


def _item(side, row, zone):
    return Item(
        key=(side, row["pk"]),
        amount_minor=row["money"],
        at=row["at"],
        day=row["at"].astimezone(zone).date(),
        reference=row["number"],
        payer=row["payer"] or "",
        cancels=(side, row["partner"]) if row["is_cancelled"] else None,
        method=row["method"],
        about=row["about"],
    )


# --- both sides --------------------------------------------------------------------------------------------


@dataclass
class Figures:
    """A side of a month: money in fen and how many. What is matched, set aside and open makes the whole."""

    matched_minor: int = 0
    matched: int = 0
    aside_minor: int = 0
    aside: int = 0
    open_minor: int = 0
    open: int = 0

    @property
    def total_minor(self):
        return self.matched_minor + self.aside_minor + self.open_minor

    @property
    def total(self):
        return self.matched + self.aside + self.open

    def add(self, name, minor, number):
        setattr(self, f"{name}_minor", getattr(self, f"{name}_minor") + minor)
        setattr(self, name, getattr(self, name) + number)


def statement_figures(branch, kinds, month):
    """What the statements tell of a month."""
    figures, rule = Figures(), StatementMatch.objects.standing().filter(line=OuterRef("pk")).values("rule")
    rows = month_lines(branch, kinds, month).annotate(rule=Subquery(rule[:1])).order_by().values_list("rule")
    for rule, minor, number in rows.annotate(Sum("amount_minor"), Count("pk")):
        name = {None: "open", StatementMatch.Rule.ASIDE: "aside"}.get(rule, "matched")
        figures.add(name, minor, number)
    return figures


def book_figures(branch, kinds, month):
    """What our books tell of a month; what was recorded and taken back is in neither figure."""
    figures = Figures()
    for side in SOURCES:
        rows = _rows(side, branch, methods_of(kinds), month, last_day_of(month)).filter(is_cancelled=False)
        for is_matched, minor, number in rows.values_list("is_matched").annotate(Sum("money"), Count("pk")):
            figures.add("matched" if is_matched else "open", minor, number)
    return figures


def month_lines(branch, kinds, month):
    days = (month, last_day_of(month))
    return StatementLine.objects.filter(account__branch=branch, account__kind__in=kinds, day__range=days)


def line_of(row, kind):
    """A stored line as the matching reads it: money in a bank is compared by days."""
    return Line(
        key=row.pk,
        amount_minor=row.amount_minor,
        at=row.occurred_at,
        day=row.day,
        references=tuple(row.references),
        by_day=kind == PaymentAccount.Kind.BANK or not row.has_time,
        payer=row.payer,
    )
