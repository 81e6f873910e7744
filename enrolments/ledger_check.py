"""Every sum that triggers keep, recomputed from the rows it is the sum of: each table is read once, in SQL."""

from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_

from django.db.models import Case, Exists, F, OuterRef, Q, Sum, Value, When, Window
from django.db.models.functions import RowNumber

from enrolments.models import CreditEntry, CreditLot, Enrolment, Order, OrderItem, Payment, WalletEntry


@dataclass(frozen=True)
class Difference:
    """A row that keeps `kept` where its rows come to `summed`; fen, credits or numbers."""

    what: str
    pk: int
    kept: Decimal | int
    summed: Decimal | int

    def __str__(self):
        return f"{self.what} {self.pk}: {self.kept} ≠ {self.summed}"


def differences():
    """What does not agree; nothing, in books that are right."""
    for _name, found in checks():
        yield from found


def checks():
    """(what is checked, its differences), one after the other: a large school's take their time."""
    gift = Q(is_gift=True)
    lot_sums = {
        "paid_left": Sum("credits", filter=~gift, default=Decimal(0)),
        "gift_left": Sum("credits", filter=gift, default=Decimal(0)),
        "recognised_minor": Sum("revenue_minor"),
        "released_minor": Sum("released_minor"),
    }
    yield "enrolment", _kept("enrolment", Enrolment, CreditEntry, "enrolment", {"balance": Sum("credits")})
    yield "lot", _kept("lot", CreditLot, CreditEntry, "lot", lot_sums)
    yield "order", _kept("order", Order, Payment, "order", {"paid_minor": Sum("amount_minor")})
    yield "orderitem", _kept("order", Order, OrderItem, "order", {"total_minor": Sum("amount_minor")})
    yield "lot.paid_minor", _prices()
    entries = CreditEntry.objects.all()
    yield "creditentry", _running(entries, "enrolment", "credits", "balance_after")
    yield "creditentry.pool", _running(entries.exclude(lot=None), ("lot", "is_gift"), "credits", "pool_left_after")
    yield "walletentry", _running(WalletEntry.objects.all(), "guardian", "amount_minor", "balance_after_minor")


def account_count():
    return Enrolment.objects.count()


def _kept(what, model, parts, owner, sums):
    """What rows of `model` keep against the sums of their `parts`; those without parts keep nothing."""
    kept = {f"kept_{name}": F(f"{owner}__{name}") for name in sums}
    summed = {f"sum_{name}": expression for name, expression in sums.items()}
    wrong = reduce(or_, (~Q(**{f"sum_{name}": F(f"kept_{name}")}) for name in sums))
    rows = parts.objects.exclude(**{owner: None}).order_by().values(owner, **kept).annotate(**summed).filter(wrong)
    for row in rows.iterator():
        yield from _unequal(what, row[owner], {name: (row[f"kept_{name}"], row[f"sum_{name}"]) for name in sums})
    without = model.objects.filter(~Exists(parts.objects.filter(**{owner: OuterRef("pk")}))).order_by("pk")
    keeping = reduce(or_, (~Q(**{name: 0}) for name in sums))
    for row in without.filter(keeping).values("pk", *sums).iterator():
        yield from _unequal(what, row["pk"], {name: (row[name], 0) for name in sums})


def _unequal(what, pk, figures):
    for name, (kept, summed) in figures.items():
        if kept != summed:
            yield Difference(f"{what}.{name}", pk, kept, summed)


def _prices():
    """A lot costs what its order says."""
    wrong = CreditLot.objects.filter(item__isnull=False).exclude(paid_minor=F("item__amount_minor"))
    for row in wrong.order_by("pk").values_list("pk", "paid_minor", "item__amount_minor").iterator():
        yield Difference("lot.paid_minor", *row)


def _running(rows, owner, field, kept):
    """Each row's "after" is the sum of its owner's rows up to it; an account's rows are numbered from 1 on."""
    name = rows.model._meta.model_name
    owners = [F(one) for one in ((owner,) if isinstance(owner, str) else owner)]
    windows = {"partition_by": owners, "order_by": "sequence"}
    expected = {kept: "summed"} | ({"sequence": "number"} if isinstance(owner, str) else {})
    rows = rows.order_by().annotate(summed=Window(Sum(field), **windows), number=Window(RowNumber(), **windows))
    agrees = Q(**{column: F(figure) for column, figure in expected.items()})
    wrong = rows.annotate(agrees=Case(When(agrees, then=Value(True)), default=Value(False))).filter(agrees=False)
    for row in wrong.values("pk", *expected, *expected.values()).iterator():
        figures = {column: (row[column], row[figure]) for column, figure in expected.items()}
        yield from _unequal(name, row["pk"], figures)
