from django.db.models import Exists, OuterRef

from branches.querysets import BranchScopedQuerySet


class NoticePolicyQuerySet(BranchScopedQuerySet):
    pass


class NoticeQuerySet(BranchScopedQuerySet):
    def in_branches(self, branch_ids):
        """A notice to several branches is seen by each of them, once."""
        return self.filter(
            Exists(self.model.branches.through.objects.filter(notice=OuterRef("pk"), branch__in=branch_ids))
        )

    def all_within(self, user, permission):
        """Those where the person has the right at every branch that is written to."""
        branch_ids = user.branch_ids_with(permission)
        if branch_ids is None:
            return self
        outside = self.model.branches.through.objects.filter(notice=OuterRef("pk")).exclude(branch__in=branch_ids)
        return self.in_branches(branch_ids).filter(~Exists(outside))

    def to_approve_by(self, user):
        """Those that wait for a second person, and the person may be that."""
        waiting = self.all_within(user, "notices.approve_notice").filter(state="waiting")
        return waiting.exclude(written_by=user).exclude(asked_by=user)

    def going_out(self):
        return self.filter(state="sending").order_by("released_at", "pk")


class NoticeRecipientQuerySet(BranchScopedQuerySet):
    view_permission = "notices.view_notice"

    def waiting(self):
        """Nothing is in the outbox for them yet, or no longer."""
        return self.filter(message=None).order_by("pk")

    def in_outbox(self):
        """Their message is not with the provider yet, and no answer has settled it."""
        return self.filter(message__status__in=["queued", "claimed", "sending"])

    def taken_back(self):
        """Their message was not sent because the notice was paused: the outbox asked, and was told so."""
        return self.filter(message__status="cancelled")


class NoticeLeftOutQuerySet(BranchScopedQuerySet):
    view_permission = "notices.view_notice"
