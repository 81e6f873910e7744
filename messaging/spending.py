"""What the texts of the last months cost: parts and money by branch and month, and by kind when opened."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import time
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from django.db.models import Count, DateField, DecimalField, F, Sum
from django.db.models.functions import TruncMonth

from core.clock import moment, month_after
from core.money import yuan
from messaging.models import MessageAttempt

MONTHS = 12
_COST = Sum(F("parts") * F("part_price_fen"), output_field=DecimalField(max_digits=14, decimal_places=2))


@dataclass(frozen=True)
class Spent:
    """Texts that a provider took, the parts they came to, and what those cost: in fen, not rounded."""

    texts: int = 0
    parts: int = 0
    fen: Decimal = Decimal(0)

    def __add__(self, other):
        return Spent(self.texts + other.texts, self.parts + other.parts, self.fen + other.fen)

    @property
    def cost_minor(self):
        return int(self.fen.quantize(Decimal(1), ROUND_HALF_UP))

    @property
    def cost_text(self):
        return yuan(self.cost_minor)


def spent_by_month(branches, *, first, last):
    """{(branch id, month): Spent} of the months from `first` to `last`, each its first day; in the branch's time."""
    return _sums(branches, first, last, "message__branch", "month")


def spent_by_kind(branches, *, first, last):
    """{(branch id, month, kind): Spent}."""
    return _sums(branches, first, last, "message__branch", "month", "message__kind")


def _sums(branches, first, last, *keys):
    """One query for each time zone."""
    by_zone = defaultdict(list)
    for branch in branches:
        by_zone[branch.time_zone].append(branch.pk)
    sums = {}
    for zone, ids in by_zone.items():
        for row in _rows(zone, ids, first, last, keys):
            sums[tuple(row[key] for key in keys)] = Spent(row["texts"], row["all_parts"], row["cost"])
    return sums


def _rows(zone, branch_ids, first, last, keys):
    start, end = moment(first, time(), zone), moment(month_after(last), time(), zone)
    paid = MessageAttempt.objects.filter(outcome=MessageAttempt.Outcome.ACCEPTED, parts__gt=0)
    paid = paid.filter(started_at__gte=start, started_at__lt=end, message__branch__in=branch_ids).order_by()
    month = TruncMonth("started_at", output_field=DateField(), tzinfo=ZoneInfo(zone))
    by_key = paid.annotate(month=month).values(*keys)
    return by_key.annotate(texts=Count("pk"), all_parts=Sum("parts"), cost=_COST)
