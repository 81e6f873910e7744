from django.db.models import Q

from branches.querysets import BranchScopedQuerySet


class SalesPolicyQuerySet(BranchScopedQuerySet):
    pass


class _OfTheSchoolTooQuerySet(BranchScopedQuerySet):
    """Rows of a branch, and rows without one, which are the whole school's."""

    def in_branches(self, branch_ids):
        return self.filter(Q(branch__in=branch_ids) | Q(branch__isnull=True))


class CampaignQuerySet(_OfTheSchoolTooQuerySet):
    pass


class ChannelCostQuerySet(BranchScopedQuerySet):
    pass


class EnquiryFormQuerySet(BranchScopedQuerySet):
    pass


class EnquirySourceQuerySet(_OfTheSchoolTooQuerySet):
    pass


class EnquirySubmissionQuerySet(BranchScopedQuerySet):
    branch_lookup = "enquiry__branch"


class EnquiryMergeQuerySet(BranchScopedQuerySet):
    """Seen with the enquiry that was kept."""

    branch_lookup = "kept__branch"
    view_permission = "students.view_enquiry"

    def standing(self):
        return self.filter(undone_at__isnull=True)


class ReferralRewardQuerySet(BranchScopedQuerySet):
    """Of the branch where the new family asked."""

    branch_lookup = "enquiry__branch"
    view_permission = "students.view_enquiry"
