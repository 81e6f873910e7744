"""Who may see a row: decided here, once, for every page, choice, search, count and PDF."""

from django.db import models


class BranchScopedQuerySet(models.QuerySet):
    """Rows that belong to a branch. `branch_lookup` is the way from the row to it."""

    branch_lookup = "branch"

    def visible_to(self, user):
        """The rows of the branches where a role of `user` lets them view this model."""
        branch_ids = user.branch_ids_with(self.view_permission)
        if branch_ids is None:
            return self
        return self.in_branches(branch_ids)

    def in_branches(self, branch_ids):
        return self.filter(**{f"{self.branch_lookup}__in": branch_ids})

    @property
    def view_permission(self):
        return f"{self.model._meta.app_label}.view_{self.model._meta.model_name}"


class BranchQuerySet(BranchScopedQuerySet):
    branch_lookup = "pk"


class MembershipQuerySet(BranchScopedQuerySet):
    pass


class UserQuerySet(BranchScopedQuerySet):
    def in_branches(self, branch_ids):
        colleagues = self.model.objects.filter(memberships__branch__in=branch_ids)
        return self.filter(pk__in=colleagues.values("pk"))

    def teaching_at(self, branch):
        """Teachers of a branch, for choices."""
        return (
            self.filter(is_active=True, memberships__branch=branch, memberships__role="teacher")
            .distinct()
            .order_by("name")
        )
