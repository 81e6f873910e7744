from decimal import Decimal

from django.db.models import DecimalField, Exists, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from branches.querysets import BranchScopedQuerySet
from core.clock import day_bounds

ZERO = Value(Decimal(0), output_field=DecimalField(max_digits=9, decimal_places=1))


class EnrolmentQuerySet(BranchScopedQuerySet):
    def with_last_lot(self):
        """Adds `last_lot_id`, the newest purchase, and `expires_date`, until when the last of the credits is valid."""
        lots = self.model.lots.rel.related_model.objects.filter(enrolment=OuterRef("pk"))
        return self.annotate(
            last_lot_id=Subquery(lots.order_by("-pk").values("pk")[:1]),
            expires_date=Subquery(
                lots.filter(expires_date__isnull=False).order_by("-expires_date").values("expires_date")[:1]
            ),
        )


class CreditLotQuerySet(BranchScopedQuerySet):
    branch_lookup = "enrolment__branch"

    def with_credits(self):
        """Something is left of them."""
        return self.filter(Q(paid_left__gt=0) | Q(gift_left__gt=0))


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
        """What each pool (a lot's paid or its gift credits) has left, and what it took of the lot's price, in fen."""
        return (
            self.filter(lot__isnull=False)
            .values("lot_id", "is_gift", "lot__paid_minor", "lot__revenue_method", "lot__expires_date")
            .annotate(
                left=Sum("credits"),
                taken=Sum(F("revenue_minor") + F("released_minor")),
            )
            .order_by("lot_id", "is_gift")
        )


class DiscountRuleQuerySet(BranchScopedQuerySet):
    """Discounts of the whole school, and those of a branch."""

    def in_branches(self, branch_ids):
        return self.filter(Q(branch__isnull=True) | Q(branch__in=branch_ids))

    def on(self, day):
        """Those that may be given on a local day."""
        begun = Q(valid_from__isnull=True) | Q(valid_from__lte=day)
        return self.filter(begun, Q(valid_until__isnull=True) | Q(valid_until__gte=day), is_active=True)


class OrderQuerySet(BranchScopedQuerySet):
    def owing(self):
        """Confirmed and not paid in full."""
        return self.filter(status="confirmed", total_minor__gt=F("paid_minor") + F("forgiven_minor"))


class OrderItemQuerySet(BranchScopedQuerySet):
    branch_lookup = "order__branch"


class PaymentQuerySet(BranchScopedQuerySet):
    branch_lookup = "order__branch"

    def received_on(self, day, time_zone):
        """Those of a local day."""
        start, end = day_bounds(day, time_zone)
        return self.filter(received_at__gte=start, received_at__lt=end)


class WalletEntryQuerySet(BranchScopedQuerySet):
    pass


class TransferQuerySet(BranchScopedQuerySet):
    branch_lookup = "source__branch"

    def standing(self):
        """Not undone."""
        return self.filter(undone_at__isnull=True)


class SuspensionQuerySet(BranchScopedQuerySet):
    branch_lookup = "enrolment__branch"

    def open(self):
        """The child is away, or will be."""
        return self.filter(ended_date__isnull=True)

    def expected_by(self, day):
        """Those whose day of return has come, and who are not back."""
        return self.open().filter(expected_date__lte=day)


class WriteOffQuerySet(BranchScopedQuerySet):
    branch_lookup = "lot__enrolment__branch"

    def waiting(self):
        return self.filter(status="requested")


class RefundQuerySet(BranchScopedQuerySet):
    branch_lookup = "enrolment__branch"

    def open(self):
        """Asked for or approved, and neither paid nor called off."""
        return self.filter(status__in=["requested", "approved"])

    def waiting(self):
        return self.filter(status="requested")

    def to_pay(self):
        return self.filter(status="approved")


class PayoutQuerySet(BranchScopedQuerySet):
    branch_lookup = "refund__enrolment__branch"


class DocumentQuerySet(BranchScopedQuerySet):
    def valid(self):
        """Neither made void nor about money that was taken back."""
        return self.filter(voided_at__isnull=True, payment__reversed_by__isnull=True)

    def for_list(self):
        """With what a row of a list shows."""
        rows = self.select_related("branch", "student", "issued_by", "voided_by", "replaces__branch")
        return rows.select_related("replaced_by__branch", "payment__reversed_by", "order")


class InvoiceRequestQuerySet(BranchScopedQuerySet):
    branch_lookup = "order__branch"

    def standing(self):
        """Asked for or issued, and not taken back: money that another request may not name again."""
        return self.filter(state__in=["requested", "issued"])

    def to_do(self):
        return self.filter(state__in=["requested", "reversal_needed"])


class MonthCloseQuerySet(BranchScopedQuerySet):
    def with_totals(self):
        """Adds the prepaid money before and after, and the recognised revenue, of all packages together."""
        names = ("opening_minor", "recognised_minor", "closing_minor")
        return self.annotate(**{name: Coalesce(Sum(f"figures__{name}"), 0) for name in names})


class MonthFigureQuerySet(BranchScopedQuerySet):
    branch_lookup = "close__branch"


class ReconciliationQuerySet(BranchScopedQuerySet):
    """Whoever reconciles sees the statements; nobody else has a use for them."""

    view_permission = "enrolments.reconcile_payments"


class PaymentAccountQuerySet(ReconciliationQuerySet):
    pass


class StatementImportQuerySet(ReconciliationQuerySet):
    branch_lookup = "account__branch"


class StatementLineQuerySet(ReconciliationQuerySet):
    branch_lookup = "account__branch"

    def open(self):
        """Neither matched nor set aside."""
        matches = self.model.matches.rel.related_model.objects.standing()
        return self.filter(~Exists(matches.filter(line=OuterRef("pk"))))


class StatementMatchQuerySet(ReconciliationQuerySet):
    branch_lookup = "line__account__branch"

    def standing(self):
        """Not undone."""
        return self.filter(undone_at__isnull=True)
