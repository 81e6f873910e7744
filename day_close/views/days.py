"""The days of a month at a branch: who signed which, what was off, and which nobody signed."""

from functools import cached_property

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.generic import TemplateView, View

from branches.pages import StaffPageMixin
from core.clock import local_date, month_after, month_of
from core.workbook import Fen, Sheet, workbook_bytes, workbook_response
from day_close.days import month_of_days
from day_close.figures import Figures
from day_close.forms import MonthForm


class _DaysMixin(StaffPageMixin):
    permission_required = "day_close.view_dayclose"

    @cached_property
    def branches(self):
        return self.request.user.branches_with(self.permission_required)

    @cached_property
    def form(self):
        return MonthForm(self.request.GET, branches=self.branches)

    @cached_property
    def branch(self):
        branch = self.form.chosen("branch") or self.branches.order_by("pk").first()
        if branch is None:
            raise Http404
        return branch

    @cached_property
    def month(self):
        return self.form.chosen("month") or month_of(self.today)

    @cached_property
    def today(self):
        return local_date(timezone.now(), self.branch.time_zone)

    @cached_property
    def rows(self):
        """[{day, close, received: fen or None}]."""
        days = month_of_days(self.branch, self.month, now=timezone.now())
        return [
            {"day": day, "close": close, "money_minor": _money_of(close), "is_today": day == self.today}
            for day, close in days
        ]


def _money_of(close):
    return Figures(**close.figures).totals["net_minor"] if close else None


class DayCloseListView(_DaysMixin, TemplateView):
    title = gettext_lazy("Closed days")
    template_name = "day_close/days.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            branch=self.branch,
            branches=self.branches,
            month=self.month,
            before=month_after(self.month, -1),
            after=month_after(self.month) if self.month < month_of(self.today) else None,
            rows=self.rows,
            missing=sum(row["close"] is None and not row["is_today"] for row in self.rows),
            **kwargs,
        )


class DayCloseXlsxView(_DaysMixin, View):
    http_method_names = ["get"]

    def get(self, request):
        titles = [
            _("Day"),
            _("Money of the day"),
            _("Cash there should be"),
            _("Cash counted"),
            pgettext("cash", "Difference"),
            _("Still open"),
            _("Signed by"),
            _("Note"),
        ]
        rows = [_cells(row["day"], row["close"], row["money_minor"]) for row in reversed(self.rows)]
        content = workbook_bytes([Sheet(f"{self.month:%Y-%m}", titles, rows)])
        return workbook_response(content, f"day-close-{self.branch.pk}-{self.month:%Y-%m}.xlsx")


def _cells(day, close, money_minor):
    if close is None:
        return [day, None, None, None, None, None, _("not signed"), ""]
    cash = [close.expected_cash_minor, close.counted_cash_minor, close.difference_minor]
    return [day, Fen(money_minor), *map(Fen, cash), close.open_items, str(close.signed_by), close.note]
