"""Reading the ways in: forms, sources, what came in by them, and what their channels cost."""

from django.db.models import Count, Max, Q

from branches.querysets import BranchScopedQuerySet


class CampaignQuerySet(BranchScopedQuerySet):
    def in_branches(self, branch_ids):
        """With those of the whole school."""
        return self.filter(Q(branch__in=branch_ids) | Q(branch__isnull=True))

    def at(self, branch):
        """Of a branch, with those of the whole school."""
        return self.filter(Q(branch=branch) | Q(branch__isnull=True))

    def running_in(self, first_date, last_date):
        return self.filter(first_date__lte=last_date, last_date__gte=first_date)


class ChannelCostQuerySet(BranchScopedQuerySet):
    pass


class EnquiryFormQuerySet(BranchScopedQuerySet):
    def with_counts(self):
        """How many came in, and when the last one did; in the order of the page."""
        counted = self.annotate(submission_count=Count("submissions"), last_at=Max("submissions__received_at"))
        return counted.order_by("-is_active", "-made_at", "-pk")


class EnquirySourceQuerySet(BranchScopedQuerySet):
    def with_counts(self):
        return self.annotate(submission_count=Count("submissions")).order_by("-made_at", "-pk")


class EnquirySubmissionQuerySet(BranchScopedQuerySet):
    """Seen with the enquiry, by whoever may see that."""

    branch_lookup = "enquiry__branch"
    view_permission = "students.view_enquiry"
