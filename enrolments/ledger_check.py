"""Every sum that triggers keep, recomputed from the rows it is the sum of, in SQL."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, F, IntegerField, OuterRef, Q, Subquery, Sum, Value, When, Window
from django.db.models.functions import Coalesce, RowNumber

from enrolments.models import CreditEntry, CreditLot, Enrolment, Order, OrderItem, Payment, WalletEntry
from enrolments.querysets import ZERO

NO_FEN = Value(0, output_field=IntegerField())


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
    for what, rows, sums in _kept():
        for name, expression in sums.items():
            wrong = rows.annotate(summed=expression).exclude(summed=F(name)).order_by("pk")
            for pk, kept, summed in wrong.values_list("pk", name, "summed").iterator():
                yield Difference(f"{what}.{name}", pk, kept, summed)
    yield from _running(CreditEntry.objects.all(), "enrolment", "credits", "balance_after")
    pools = CreditEntry.objects.filter(lot__isnull=False)
    yield from _running(pools, ("lot", "is_gift"), "credits", "pool_left_after")
    yield from _running(WalletEntry.objects.all(), "guardian", "amount_minor", "balance_after_minor")
    yield from _gaps(CreditEntry.objects.all(), "enrolment")
    yield from _gaps(WalletEntry.objects.all(), "guardian")


def account_count():
    return Enrolment.objects.count()


def _kept():
    """(name, rows, {field: the sum that it should be})."""
    gift = Q(is_gift=True)
    yield "enrolment", Enrolment.objects.all(), {"balance": _sum(CreditEntry, "enrolment", "credits", ZERO)}
    yield (
        "lot",
        CreditLot.objects.all(),
        {
            "paid_left": _sum(CreditEntry, "lot", "credits", ZERO, ~gift),
            "gift_left": _sum(CreditEntry, "lot", "credits", ZERO, gift),
            "recognised_minor": _sum(CreditEntry, "lot", "revenue_minor"),
            "released_minor": _sum(CreditEntry, "lot", "released_minor"),
        },
    )
    yield (
        "order",
        Order.objects.all(),
        {
            "paid_minor": _sum(Payment, "order", "amount_minor"),
            "total_minor": _sum(OrderItem, "order", "amount_minor"),
        },
    )
    sold = CreditLot.objects.filter(item__isnull=False)
    yield "lot", sold, {"paid_minor": F("item__amount_minor")}


def _sum(model, owner, field, nothing=NO_FEN, only=None):
    rows = model.objects.filter(only or Q(), **{owner: OuterRef("pk")}).order_by()
    return Coalesce(Subquery(rows.values(owner).annotate(sum=Sum(field)).values("sum")), nothing)


def _running(rows, owner, field, kept):
    """Each row's "after" is the sum of its owner's rows up to it."""
    owners = (owner,) if isinstance(owner, str) else owner
    so_far = Window(Sum(field), partition_by=[F(name) for name in owners], order_by="sequence")
    yield from _wrong(rows.annotate(summed=so_far), kept)


def _gaps(rows, owner):
    """An owner's rows are numbered from 1 on."""
    number = Window(RowNumber(), partition_by=F(owner), order_by="sequence")
    yield from _wrong(rows.annotate(summed=number), "sequence")


def _wrong(rows, kept):
    agrees = Case(When(**{kept: F("summed")}, then=Value(True)), default=Value(False))
    wrong = rows.annotate(agrees=agrees).filter(agrees=False).order_by("pk")
    for pk, value, summed in wrong.values_list("pk", kept, "summed").iterator():
        yield Difference(f"{rows.model._meta.model_name}.{kept}", pk, value, summed)
