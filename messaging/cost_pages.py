"""What the texts cost: a table of months and branches, what is behind one of its cells, and a workbook of it all."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.generic import TemplateView, View

from branches.pages import StaffPageMixin
from core.clock import local_date, month_after, month_of
from core.workbook import Fen, Sheet, workbook_bytes, workbook_response
from messaging.models import Purpose
from messaging.registry import UnknownKindError, kind_named
from messaging.spending import MONTHS, Spent, spent_by_kind, spent_by_month
from messaging.words import kind_name


@dataclass(frozen=True)
class Line:
    """What one kind of message cost at a branch in a month."""

    purpose: str
    kind: str
    spent: Spent


class CostMixin(StaffPageMixin):
    """Of the branches where the person may see it; the last twelve months, the latest first."""

    permission_required = "messaging.view_cost"

    @cached_property
    def branches(self):
        return list(self.request.user.branches_with(self.permission_required).order_by("name"))

    @cached_property
    def months(self):
        latest = month_of(local_date(timezone.now(), settings.TIME_ZONE))
        return [month_after(latest, -back) for back in range(MONTHS)]


class CostView(CostMixin, TemplateView):
    title = gettext_lazy("Cost of messages")
    template_name = "messaging/cost.html"

    def get_context_data(self, **kwargs):
        spent = spent_by_month(self.branches, first=self.months[-1], last=self.months[0])
        rows = []
        for month in self.months:
            cells = [(branch, spent.get((branch.pk, month), Spent())) for branch in self.branches]
            rows.append({"month": month, "cells": cells, "total": sum((one for _branch, one in cells), Spent())})
        of_branches = [
            sum((spent.get((branch.pk, month), Spent()) for month in self.months), Spent()) for branch in self.branches
        ]
        return super().get_context_data(
            branches=self.branches,
            rows=rows,
            totals=list(zip(self.branches, of_branches, strict=True)),
            total=sum(of_branches, Spent()),
            opened=self._opened(),
            **kwargs,
        )

    def _opened(self):
        """The cell that is asked for: its branch, month and lines; None where the address names no cell."""
        branch = next((one for one in self.branches if str(one.pk) == self.request.GET.get("branch")), None)
        month = next((one for one in self.months if f"{one:%Y-%m}" == self.request.GET.get("month")), None)
        if branch is None or month is None:
            return None
        found = spent_by_kind([branch], first=month, last=month)
        lines = [_line(kind, spent) for (_branch, _month, kind), spent in found.items()]
        lines.sort(key=lambda line: line.spent.fen, reverse=True)
        return {"branch": branch, "month": month, "lines": lines}


def _line(kind, spent):
    try:
        purpose = kind_named(kind).purpose
    except UnknownKindError:  # of an older version
        return Line("", kind, spent)
    return Line(Purpose(purpose).label, kind_name(kind), spent)


class CostWorkbookView(CostMixin, View):
    """One row for each month, branch and kind of message, as an accountant adds them up."""

    def get(self, request):
        found = spent_by_kind(self.branches, first=self.months[-1], last=self.months[0])
        names = {branch.pk: branch.name for branch in self.branches}
        rows = []
        for (branch_id, month, kind), spent in sorted(found.items(), key=_newest_first):
            line = _line(kind, spent)
            cost = Fen(spent.cost_minor)
            rows.append([month, names[branch_id], line.purpose, line.kind, spent.texts, spent.parts, cost])
        titles = [
            _("Month"),
            _("Branch"),
            pgettext("message", "Purpose"),
            _("Kind"),
            pgettext("messages", "Texts"),
            pgettext("messages", "Parts"),
            _("Cost (yuan)"),
        ]
        content = workbook_bytes([Sheet(_("Cost of messages"), titles, rows)])
        return workbook_response(content, f"message-cost-{self.months[0]:%Y-%m}.xlsx")


def _newest_first(item):
    (branch_id, month, kind), _spent = item
    return date.max - month, branch_id, kind
