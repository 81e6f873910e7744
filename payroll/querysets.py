from django.db import models
from django.db.models import Exists, OuterRef, Q, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth

from branches.querysets import BranchScopedQuerySet

ZERO = Value(0, output_field=models.IntegerField())


class PaySchemeQuerySet(models.QuerySet):
    """Schemes are of the whole school: whoever may view them anywhere sees all of them."""

    def visible_to(self, user):
        return self if user.has_perm("payroll.view_payscheme") else self.none()


class PayRateQuerySet(BranchScopedQuerySet):
    def for_account(self, *, teacher, branch, course):
        """The rates that must not overlap one another."""
        return self.filter(teacher=teacher, branch=branch, course=course)

    def overlapping(self, *, valid_from, valid_until):
        """Both ends included, as the database has it."""
        begun = Q() if valid_until is None else Q(valid_from__lte=valid_until)
        return self.filter(begun, Q(valid_until__isnull=True) | Q(valid_until__gte=valid_from))


class PaySlipQuerySet(BranchScopedQuerySet):
    def visible_to(self, user):
        """The slips of the branches where one may see pay, and one's own once they are approved."""
        branch_ids = user.branch_ids_with(self.view_permission)
        if branch_ids is None:
            return self
        return self.filter(Q(branch__in=branch_ids) | Q(pk__in=self.model.objects.own_of(user)))

    def own_of(self, user):
        """What a teacher may see of their own pay: what is settled."""
        return self.approved().filter(teacher=user) if user.is_active else self.none()

    def approved(self):
        return self.filter(status="approved")

    def drafts(self):
        return self.filter(status="draft")

    def paid_by(self, scheme):
        """Approved slips of months in which the teacher had a rate of this scheme."""
        rates = scheme.rates.annotate(from_month=TruncMonth("valid_from")).filter(
            Q(valid_until__isnull=True) | Q(valid_until__gte=OuterRef("month")),
            teacher=OuterRef("teacher"),
            branch=OuterRef("branch"),
            from_month__lte=OuterRef("month"),
        )
        return self.approved().filter(Exists(rates))

    def with_own_total(self):
        """Adds `own_minor`: what the slip pays for its own month, without adjustments of earlier ones."""
        own = Sum("lines__amount_minor", filter=~Q(lines__kind="adjustment"))
        return self.annotate(own_minor=Coalesce(own, ZERO))


class PaySlipLineQuerySet(BranchScopedQuerySet):
    branch_lookup = "slip__branch"

    def adjusting(self, branch, since):
        """{(teacher id, month): fen} that slips of the branch have adjusted already, about months from `since` on."""
        rows = self.filter(slip__branch=branch, kind="adjustment", about_month__gte=since)
        sums = rows.order_by().values_list("slip__teacher", "about_month").annotate(total=Sum("amount_minor"))
        return {(teacher, month): total for teacher, month, total in sums}
