"""The books of a branch: its months, one month with its figures, and the workbook for the accountant."""

from collections import Counter
from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import ListView, TemplateView, View

from branches.pages import BranchMonthMixin, StaffPageMixin
from core.clock import local_date, month_of
from core.workbook import Fen, Sheet, workbook_bytes, workbook_response
from enrolments.models import MonthClose, MonthFigure
from enrolments.month import INFLOWS, OUTFLOWS, prepaid_of
from enrolments.reconciliation import book_figures, kinds_of, statement_figures
from enrolments.services import BooksError, close_month, close_months, next_month, next_months, preview_month

ALWAYS = ("opening_minor", "sold_minor", "recognised_minor", "closing_minor")
COLUMNS = ("opening_minor", *INFLOWS, *OUTFLOWS, "closing_minor")


class BooksView(StaffPageMixin, ListView):
    """Every branch with the month to close next and what families have paid ahead; below, the closed months."""

    title = gettext_lazy("Month close")
    permission_required = "enrolments.view_monthclose"
    template_name = "dashboard/books.html"
    paginate_by = 24

    def get_queryset(self):
        closes = MonthClose.objects.visible_to(self.request.user).select_related("branch", "closed_by")
        return closes.with_totals().order_by("-month", "branch__name")

    def get_context_data(self, **kwargs):
        branches = self.request.user.branches_with(self.permission_required)
        standing = _standing_of(list(branches))
        return super().get_context_data(branches=standing, to_close=self._to_close(standing), **kwargs)

    def _to_close(self, standing):
        """(the oldest month that is over, at how many branches), where one click closes it at several; else None."""
        may_close = self.request.user.branch_ids_with("enrolments.close_month")
        months = [one["month"] for one in standing if one["is_over"] and _is_among(one["branch"], may_close)]
        oldest = min(months, default=None)
        return (oldest, months.count(oldest)) if months.count(oldest) > 1 else None

    def post(self, request, *args, **kwargs):
        """Close a month wherever it is the next to be closed."""
        branches = list(request.user.branches_with("enrolments.close_month"))
        if not branches:
            raise PermissionDenied
        months, month = next_months(branches), request.POST.get("month", "")
        ready = [branch for branch in branches if str(months[branch.pk]) == month]
        if ready:
            self._close(ready, months[ready[0].pk])
        return redirect("books")

    def _close(self, branches, month):
        outcomes = close_months(branches=branches, month=month, by=self.request.user, now=timezone.now())
        refused = [
            f"{branch}: {outcome}"
            for branch, outcome in zip(branches, outcomes, strict=True)
            if isinstance(outcome, BooksError)
        ]
        if closed := len(branches) - len(refused):
            sentence = ngettext(
                "%(month)s is closed at %(number)d branch.", "%(month)s is closed at %(number)d branches.", closed
            )
            messages.success(self.request, sentence % {"month": f"{month:%Y-%m}", "number": closed})
        for sentence in refused:
            messages.error(self.request, sentence)


def _is_among(branch, branch_ids):
    return branch_ids is None or branch.pk in branch_ids


def _standing_of(branches):
    months, prepaid = next_months(branches), prepaid_of(branches)
    return [
        {
            "branch": branch,
            "month": months[branch.pk],
            "is_over": months[branch.pk] is not None and _is_over(months[branch.pk], branch),
            "prepaid_minor": prepaid.get(branch.pk, 0),
        }
        for branch in branches
    ]


def _is_over(month, branch):
    return month < month_of(local_date(timezone.now(), branch.time_zone))


class MonthMixin(BranchMonthMixin):
    """A month of a branch: as it was closed, or, for the one to close next and those after it, as it stands now."""

    permission_required = "enrolments.view_monthclose"

    @cached_property
    def closed(self):
        return MonthClose.objects.filter(branch=self.branch, month=self.month).select_related("closed_by").first()

    @cached_property
    def shown(self):
        """(the close, its figures, its receipts)."""
        if self.closed:
            figures = self.closed.figures.select_related("package__course")
            return self.closed, list(figures), list(self.closed.receipts.all())
        if self.month != next_month(self.branch):
            raise Http404
        close, figures, receipts = preview_month(self.branch, self.month)
        return close, _with_packages(figures), receipts


def _with_packages(figures):
    packages = MonthFigure._meta.get_field("package").related_model.objects.select_related("course")
    found = packages.in_bulk([figure.package_id for figure in figures if figure.package_id])
    for figure in figures:
        figure.package = found.get(figure.package_id)
    return sorted(figures, key=lambda figure: str(figure.package or ""))


def totals_of(figures):
    return Counter({name: sum(getattr(figure, name) for figure in figures) for name in COLUMNS})


class MonthView(MonthMixin, TemplateView):
    template_name = "dashboard/month.html"

    def get_context_data(self, **url):
        close, figures, receipts = self.shown
        totals = totals_of(figures)
        columns = [name for name in COLUMNS if name in ALWAYS or any(getattr(one, name) for one in figures)]
        is_over = _is_over(self.month, self.branch)
        return super().get_context_data(
            title=_("Books of %(branch)s, %(month)s") % {"branch": self.branch, "month": f"{self.month:%Y-%m}"},
            branch=self.branch,
            month=self.month,
            close=close,
            rows=[(figure.package, [_cell(name, getattr(figure, name)) for name in columns]) for figure in figures],
            names=[_title(name) for name in columns],
            totals=[_cell(name, totals[name]) for name in columns],
            receipts=receipts,
            received_minor=sum(receipt.amount_minor for receipt in receipts),
            is_over=is_over,
            unreconciled=self._unreconciled(),
            may_close=is_over and not self.closed and self.request.user.has_perm("enrolments.close_month", self.branch),
        )

    def _unreconciled(self):
        """How many movements are open between the statements and our books; 0 where no statements are read."""
        if not self.request.user.has_perm("enrolments.reconcile_payments", self.branch):
            return 0
        kinds = kinds_of(self.branch)
        sides = (statement_figures, book_figures) if kinds else ()
        return sum(figures(self.branch, kinds, self.month).open for figures in sides)

    def post(self, request, *args, **kwargs):
        if not request.user.has_perm("enrolments.close_month", self.branch):
            raise PermissionDenied
        try:
            close_month(branch=self.branch, month=self.month, by=request.user, now=timezone.now())
        except BooksError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The books of %s are closed.") % f"{self.month:%Y-%m}")
        return redirect(request.path)


def _title(name):
    return MonthFigure._meta.get_field(name).verbose_name


def _cell(name, amount_minor):
    """An amount under its title; what leaves the prepaid money carries a minus."""
    return {"title": _title(name), "minor": -amount_minor if name in OUTFLOWS else amount_minor}


class MonthWorkbookView(MonthMixin, View):
    """The month for the accountant: prepaid money by package, receipts by method."""

    def get(self, request, **kwargs):
        close, figures, receipts = self.shown
        content = workbook_bytes([_prepaid_sheet(figures), _receipt_sheet(close, receipts)])
        name = f"books-{self.branch.code}-{self.month:%Y-%m}.xlsx"
        return workbook_response(content, name)


def _prepaid_sheet(figures):
    titles = [_("Course package"), *map(_title, COLUMNS)]
    rows = [[_name(figure.package), *[Fen(getattr(figure, name)) for name in COLUMNS]] for figure in figures]
    totals = totals_of(figures)
    return Sheet(_("Prepaid money"), titles, [*rows, [_("Total"), *[Fen(totals[name]) for name in COLUMNS]]])


def _name(package):
    return f"{package.course} {package.name}" if package else _("Lessons sold singly")


def _receipt_sheet(close, receipts):
    rows = [[receipt.get_method_display(), Fen(receipt.amount_minor)] for receipt in receipts]
    rows.append([_("Total"), Fen(sum(receipt.amount_minor for receipt in receipts))])
    for name in ("owing_opening_minor", "owing_closing_minor", "wallet_opening_minor", "wallet_closing_minor"):
        rows.append([MonthClose._meta.get_field(name).verbose_name, Fen(getattr(close, name))])
    return Sheet(_("Money received"), [_("Method"), _("Amount")], rows)
