from django.db import models
from django.db.models import Q

from branches.querysets import BranchScopedQuerySet


class OutboundMessageQuerySet(BranchScopedQuerySet):
    def due(self, now):
        """What may be claimed, the longest waiting first."""
        return self.filter(status="queued", not_before__lte=now).order_by("not_before", "pk")

    def about(self, reference):
        """What was said, or will be, about one child ("student:17"), the latest first."""
        return self.filter(about=reference).order_by("-due_at", "-pk")

    def needing_staff(self):
        """What did not reach its recipient, and nobody has dealt with."""
        failed = ["undelivered", "failed", "rejected", "needs_review"]
        return self.filter(status__in=failed, handled_at=None)

    def unresolved(self):
        """The longest unresolved first: it is not known whether the provider has them."""
        return self.filter(status="unknown").order_by("status_at", "pk")


class SuppressionQuerySet(models.QuerySet):
    def against(self, *, phone, branch, purpose):
        """What forbids writing to this number for this purpose from this branch."""
        return self.filter(Q(branch=branch) | Q(branch=None), phone=phone, purpose=purpose)
