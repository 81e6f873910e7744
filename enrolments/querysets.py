from decimal import Decimal

from django.db.models import DecimalField, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from branches.querysets import BranchScopedQuerySet

ZERO = Value(Decimal(0), output_field=DecimalField(max_digits=9, decimal_places=1))


class EnrolmentQuerySet(BranchScopedQuerySet):
    def with_balance(self):
        """Adds `balance` (credits left, negative when owed) and `last_lot_id`, read off the newest entries."""
        entries = self.model.credit_entries.rel.related_model.objects.filter(enrolment=OuterRef("pk"))
        lots = self.model.lots.rel.related_model.objects.filter(enrolment=OuterRef("pk"))
        return self.annotate(
            balance=Coalesce(Subquery(entries.order_by("-sequence").values("balance_after")[:1]), ZERO),
            last_lot_id=Subquery(lots.order_by("-pk").values("pk")[:1]),
            expires_date=Subquery(
                lots.filter(expires_date__isnull=False).order_by("-expires_date").values("expires_date")[:1]
            ),
        )


class CreditLotQuerySet(BranchScopedQuerySet):
    branch_lookup = "enrolment__branch"


class ValidityExtensionQuerySet(BranchScopedQuerySet):
    branch_lookup = "lot__enrolment__branch"


class CreditEntryQuerySet(BranchScopedQuerySet):
    branch_lookup = "enrolment__branch"

    def total(self):
        return self.aggregate(total=Coalesce(Sum("credits"), ZERO))["total"]

    def outstanding(self, reference):
        """The consumptions of a reference that nothing has returned or settled, newest first."""
        return self.filter(reference=reference, kind="consumption", reversed_by__isnull=True).order_by("-sequence")

    def owed(self):
        """What no lot could give and nothing has settled, oldest first."""
        return self.filter(lot__isnull=True, credits__lt=0, reversed_by__isnull=True).order_by("sequence")

    def by_pool(self):
        """What each pool (a lot's paid or its gift credits) got, has left, and recognised, in fen."""
        added = Sum("credits", filter=Q(kind__in=["purchase", "gift", "adjustment"]))
        return (
            self.filter(lot__isnull=False)
            .values("lot_id", "is_gift", "lot__paid_minor", "lot__revenue_method", "lot__expires_date")
            .annotate(left=Sum("credits"), added=Coalesce(added, ZERO), recognised=Sum(F("revenue_minor")))
            .order_by("lot_id", "is_gift")
        )


class PaymentQuerySet(BranchScopedQuerySet):
    branch_lookup = "lot__enrolment__branch"
