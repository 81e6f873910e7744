"""Who may see a row: decided here, once, for every page, choice, search, count and PDF."""

from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q
from django.utils import timezone


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


class CalendarDayQuerySet(BranchScopedQuerySet):
    def closed(self):
        return self.filter(kind="closed")

    def special_from(self, day):
        """Days from this one on that do not follow the week: at any of the branches, each once and in order."""
        return self.filter(day__gte=day).exclude(kind="open").order_by("day").values_list("day", flat=True).distinct()

    def for_planning(self):
        """(closed days, {day: the weekday whose timetable it runs}), for `scheduling.rules.occurrences`."""
        days = dict(self.exclude(kind="open").values_list("day", "runs_weekday"))
        closed = {day for day, weekday in days.items() if weekday is None}
        return closed, {day: weekday for day, weekday in days.items() if weekday is not None}


class LegalEntityQuerySet(BranchScopedQuerySet):
    def of(self, branch):
        """A branch's own, else the one for all branches, else None."""
        rows = self.filter(Q(branch=branch) | Q(branch__isnull=True)).order_by(F("branch").asc(nulls_last=True))
        return rows.first()


class MembershipQuerySet(BranchScopedQuerySet):
    pass


class UserQuerySet(BranchScopedQuerySet):
    def in_branches(self, branch_ids):
        colleagues = self.model.objects.filter(memberships__branch__in=branch_ids)
        return self.filter(pk__in=colleagues.values("pk"))

    def teaching_at(self, branch):
        """Teachers of a branch, for choices: not those whose work there has ended."""
        today = timezone.localdate(timezone=ZoneInfo(branch.time_zone))
        standing = Q(memberships__valid_until__isnull=True) | Q(memberships__valid_until__gte=today)
        return (
            self.filter(standing, is_active=True, memberships__branch=branch, memberships__role="teacher")
            .distinct()
            .order_by("name")
        )
