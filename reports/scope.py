"""Whose numbers are shown: of the branches that were chosen among those whose numbers the person may see."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from django.db.models import Q

from branches.models import Branch, User
from core.clock import day_bounds
from renewals.rates.formulas import Period
from reports.periods import before


@dataclass(frozen=True)
class Scope:
    """Every figure begins with `of(Model.objects)`: what the person may see, of these branches."""

    user: User
    branches: tuple[Branch, ...]
    period: Period
    today: date

    def of(self, manager, lookup="branch"):
        rows = manager.visible_to(self.user)
        return rows.filter(**{f"{lookup}__in": self.branch_ids})

    @cached_property
    def seen(self):
        """Of the branches asked for, those whose numbers the person may see."""
        allowed = self.user.branch_ids_with("reports.view_reports")
        return tuple(branch for branch in self.branches if allowed is None or branch.pk in allowed)

    @property
    def branch_ids(self):
        return [branch.pk for branch in self.seen]

    @cached_property
    def branches_by_zone(self):
        """{time zone: ids of its branches}: a month begins at another moment in each."""
        found = defaultdict(list)
        for branch in self.seen:
            found[branch.time_zone].append(branch.pk)
        return dict(found)

    def during(self, period):
        return replace(self, period=period)

    @property
    def before(self):
        return self.during(before(self.period))

    @property
    def last_day(self):
        """Of the period, or today while it runs."""
        return max(self.period.first, min(self.period.last, self.today))

    def within(self, field, branch="branch"):
        """That a moment lies in the period, by the wall clock of the row's branch."""
        conditions = Q(pk__in=[])
        for time_zone, branch_ids in self.branches_by_zone.items():
            start, _end = day_bounds(self.period.first, time_zone)
            _start, end = day_bounds(self.period.last, time_zone)
            moments = Q(**{f"{field}__gte": start, f"{field}__lt": end})
            conditions |= moments if self.is_one_zone else moments & Q(**{f"{branch}__in": branch_ids})
        return conditions

    @property
    def is_one_zone(self):
        return len(self.branches_by_zone) == 1
