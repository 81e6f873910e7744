"""消课: what lessons took, and the revenue recognised with it, as the ledger has both; refunds beside receipts.

By the days on which the books count an entry (`booked_date`), like the month close. Money in fen.
"""

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import CharField, Q, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat

from enrolments.models import CreditEntry
from enrolments.month import movements
from reports.scope import Scope

DIMENSIONS = {"branch": "enrolment__branch", "course": "enrolment__course"}
ITS_LOT = Concat(Value("lot:"), Cast("lot_id", CharField()))


@dataclass(frozen=True)
class Ledger:
    scope: Scope

    @property
    def entries(self):
        """All that moves credits or revenue on these days, without what was used before the books were taken over."""
        period = self.scope.period
        rows = self.scope.of(CreditEntry.objects, "enrolment__branch").filter(
            booked_date__gte=period.first, booked_date__lte=period.last
        )
        return rows.exclude(kind=CreditEntry.Kind.CONSUMPTION, lot__isnull=False, reference=ITS_LOT)

    def rows(self, figure):
        """`consumed`: what lessons took or gave back. `recognised`: what carries revenue."""
        if figure == "consumed":
            return self.entries.filter(OF_LESSONS)
        return self.entries.exclude(revenue_minor=0)

    def by(self, dimension):
        """{group id: {"consumed": credits, "recognised": fen}}."""
        return self._grouped(DIMENSIONS[dimension])

    @property
    def totals(self):
        """Of all branches together."""
        return total_of(self.by("branch").values())

    def by_day(self):
        return self._grouped("booked_date")

    def _grouped(self, group):
        consumed = -Coalesce(Sum("credits", filter=OF_LESSONS), Value(0, CREDITS))
        rows = self.entries.order_by().values(group)
        rows = rows.annotate(consumed=consumed, recognised=Coalesce(Sum("revenue_minor"), 0))
        found = {row[group]: Counter(consumed=row["consumed"], recognised=row["recognised"]) for row in rows}
        return {key: figures for key, figures in found.items() if any(figures.values())}

    def books(self):
        """{branch id: Movement} of the same days: receipts, refunds and prepaid money, as the month close has them."""
        return movements(self.scope.seen, self.scope.period.first, self.scope.period.last)


def total_of(rows):
    total = Counter(consumed=Decimal(0), recognised=0)
    for figures in rows:
        total.update(figures)
    return total


OF_LESSONS = Q(kind__in=CreditEntry.LESSONS)
CREDITS = CreditEntry._meta.get_field("credits")
