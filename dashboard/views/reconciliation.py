"""Reconciliation (对账): what statements tell and what our books say, side by side; what differs is settled here."""

import datetime
from functools import cached_property

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Max
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import FormView, TemplateView, View

from branches.pages import StaffPageMixin
from core.clock import local_date, month_after
from core.workbook import workbook_response
from dashboard.bank_files import account_of, new_account, read_upload
from dashboard.reconciliation import line_rows, month_items, month_matches, open_lines, open_workbook, shown
from dashboard.reconciliation_forms import NEW, REASONS, ColumnsForm, StatementForm
from enrolments.bank_statements.reading import StatementError, UnknownColumnsError
from enrolments.models import PaymentAccount, StatementMatch
from enrolments.reconciliation import book_figures, kinds_of, statement_figures
from enrolments.services.reconciliation import import_statement
from imports.problems import BookError

PERMISSION = "enrolments.reconcile_payments"
PER_PAGE = 25
YEARS = range(2000, 2100)


class ReconciliationView(StaffPageMixin, View):
    """Leads to the running month of the first branch where the person may reconcile."""

    permission_required = PERMISSION

    def get(self, request, *args, **kwargs):
        branch = get_object_or_404(request.user.branches_with(PERMISSION).order_by("pk")[:1])
        today = local_date(timezone.now(), branch.time_zone)
        return redirect("reconciliation_month", branch.pk, today.year, today.month)


class BranchMixin(StaffPageMixin):
    """A branch in whose books the person may reconcile."""

    permission_required = PERMISSION

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if request.user.has_perm(PERMISSION):
            self.branch = get_object_or_404(request.user.branches_with(PERMISSION), pk=kwargs["branch"])

    def month_page(self, day):
        """Back to where the person was: its tab, its page."""
        url = reverse("reconciliation_month", args=[self.branch.pk, day.year, day.month])
        return redirect(f"{url}?{self.request.GET.urlencode()}" if self.request.GET else url)


class MonthMixin(BranchMixin):
    """A month of a branch, for all kinds of accounts or one."""

    @cached_property
    def month(self):
        year, month = self.kwargs["year"], self.kwargs["month"]
        if year not in YEARS or month not in range(1, 13):
            raise Http404
        return datetime.date(year, month, 1)

    @cached_property
    def known_kinds(self):
        return kinds_of(self.branch)

    @cached_property
    def kind(self):
        chosen = self.request.GET.get("kind", "")
        return chosen if chosen in self.known_kinds else ""

    @property
    def kinds(self):
        return [self.kind] if self.kind else self.known_kinds


class ReconciliationMonthView(MonthMixin, TemplateView):
    template_name = "dashboard/reconciliation.html"
    TABS = ("lines", "items", "matches")

    def get_context_data(self, **url):
        tab = self.request.GET.get("tab", "")
        tab = tab if tab in self.TABS else "lines"
        return super().get_context_data(
            title=_("Reconciliation %(branch)s, %(month)s") % {"branch": self.branch, "month": f"{self.month:%Y-%m}"},
            branch=self.branch,
            branches=self.request.user.branches_with(PERMISSION).order_by("pk"),
            month=self.month,
            before=month_after(self.month, -1),
            after=month_after(self.month),
            kind=self.kind,
            kinds=[(kind, PaymentAccount.Kind(kind).label) for kind in self.known_kinds],
            accounts=PaymentAccount.objects.filter(branch=self.branch).annotate(until=Max("imports__last_day")),
            theirs=statement_figures(self.branch, self.kinds, self.month),
            ours=book_figures(self.branch, self.kinds, self.month),
            tab=tab,
            reasons=REASONS,
            **getattr(self, f"_{tab}")(),
        )

    def _page(self, rows):
        return Paginator(rows, PER_PAGE).get_page(self.request.GET.get("page"))

    def _lines(self):
        page = self._page(open_lines(self.branch, self.kinds, self.month))
        rows = line_rows(page.object_list, self.branch, self.kinds, self.month)
        if "focus" in self.request.GET and (first := next((row for row in rows if row.candidates), None)):
            first.is_focused = True
        return {"page_obj": page, "rows": rows}

    def _items(self):
        page = self._page(month_items(self.branch, self.kinds, self.month))
        return {"page_obj": page, "rows": shown(page.object_list).values()}

    def _matches(self):
        return {"page_obj": self._page(month_matches(self.branch, self.kinds, self.month))}


class ReconciliationWorkbookView(MonthMixin, View):
    def get(self, request, **kwargs):
        content = open_workbook(self.branch, self.kinds, self.month)
        name = f"reconciliation-{self.branch.code}-{self.month:%Y-%m}.xlsx"
        return workbook_response(content, name)


class StatementImportView(BranchMixin, FormView):
    """A statement comes in. The account is the one the file tells of; columns are asked for where nobody knows them.

    With the header X-Fragment the answer is the form's changing part alone, or where to go: the browser keeps the
    chosen file.
    """

    title = gettext_lazy("Read a statement")
    template_name = "dashboard/statement_import.html"
    form_class = StatementForm
    columns_form = None

    def get_form_kwargs(self):
        accounts = PaymentAccount.objects.filter(branch=self.branch).select_related("branch")
        return super().get_form_kwargs() | {"accounts": accounts}

    def form_valid(self, form):
        try:
            rows, digest = read_upload(form.cleaned_data["file"])
            imported = self._read(form, rows, digest)
        except UnknownColumnsError as error:
            form.add_error(None, str(error))
        except (BookError, StatementError) as error:
            form.add_error("file", str(error))
        if form.errors:
            return self.form_invalid(form)
        messages.success(self.request, _told(imported))
        return self._lead(self.month_page(imported.last_day).url)

    def _read(self, form, rows, digest):
        """Nothing is stored of a file that is refused, a new account neither."""
        with transaction.atomic():
            facts = {"account": self._account(form, rows), "rows": rows, "file_digest": digest}
            facts |= {"by": self.request.user, "now": timezone.now()}
            try:
                return import_statement(**facts)
            except UnknownColumnsError as error:
                if not (columns := self._columns(error.titles)):
                    raise
                return import_statement(**facts, columns=columns)

    def _columns(self, titles):
        """What the person said of the columns; None while it was not asked or is not enough."""
        is_told = "time" in self.request.POST
        self.columns_form = ColumnsForm(self.request.POST if is_told else None, titles=titles)
        return self.columns_form.columns if is_told and self.columns_form.is_valid() else None

    def _account(self, form, rows):
        chosen = form.cleaned_data["account"]
        if not chosen:
            return account_of(self.branch, rows)
        if chosen.startswith(NEW):
            return new_account(self.branch, chosen.removeprefix(NEW), form.cleaned_data["name"].strip())
        return form.accounts[chosen]

    def form_invalid(self, form):
        context = self.get_context_data(form=form)
        if "X-Fragment" in self.request.headers:
            return render(self.request, "dashboard/statement_import_asked.html", context)
        return self.render_to_response(context)

    def _lead(self, url):
        if "X-Fragment" in self.request.headers:
            return HttpResponse(headers={"X-Location": url})
        return redirect(url)

    def get_context_data(self, **kwargs):
        return super().get_context_data(branch=self.branch, columns_form=self.columns_form, **kwargs)


def _told(imported):
    """What came of a file, in one sentence."""
    if not imported.new_lines:
        return _("Nothing new: all lines of this file are here already.")
    matched = StatementMatch.objects.standing().filter(line__statement=imported).count()
    said = ngettext(
        "%(new)d new line, %(matched)d matched by itself.",
        "%(new)d new lines, %(matched)d of them matched by themselves.",
        imported.new_lines,
    )
    return said % {"new": imported.new_lines, "matched": matched}
