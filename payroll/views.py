"""Teacher pay: the month of a branch, one slip with its working, and a teacher's own slips."""

from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import ListView, TemplateView, View

from branches.pages import StaffPageMixin
from core.clock import local_date, moment_text, month_after, month_of, span_text
from core.workbook import workbook_response
from payroll.approval import APPROVING, Approval
from payroll.facts import lessons_not_called
from payroll.forms import MonthForm, SeenForm
from payroll.models import PaySlip
from payroll.rules import decimal_hours
from payroll.services import PayError, approve_slips, prepare_slips
from payroll.sheets import lessons_on_no_slip, sheet_of, sheets_of
from payroll.wording import working_text
from payroll.workbook import month_workbook
from scheduling.models import Lesson


class MonthMixin(StaffPageMixin):
    """A branch's month, of the branches where the person has the right that the page needs."""

    permission_required = "payroll.view_payslip"

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return MonthForm(self.request.GET or self.request.POST, branches=branches, now=self.now)

    @cached_property
    def chosen(self):
        """(branch, month); another branch's is not there (404)."""
        if not self.form.is_valid():
            raise Http404
        return self.form.cleaned_data["branch"], self.form.cleaned_data["month"]

    @property
    def address(self):
        branch, month = self.chosen
        return f"{reverse('payroll')}?branch={branch.pk}&month={month:%Y-%m}"

    @cached_property
    def sheets(self):
        branch, month = self.chosen
        return sheets_of(branch=branch, month=month)

    @cached_property
    def approval(self):
        branch, month = self.chosen
        return Approval(branch=branch, month=month, by=self.request.user, now=self.now)

    @property
    def not_called(self):
        branch, month = self.chosen
        return lessons_not_called(branch=branch, since=month, until=month_after(month), now=self.now).count()


class PayrollView(MonthMixin, TemplateView):
    title = gettext_lazy("Teacher pay")
    template_name = "payroll/month.html"

    def get_context_data(self, **kwargs):
        branch, month = self.chosen
        user, drafts = self.request.user, [sheet for sheet in self.sheets if sheet.slip and not sheet.is_approved]
        return super().get_context_data(
            form=self.form,
            branch=branch,
            month=month,
            sheets=self.sheets,
            totals=_totals(self.sheets),
            unprepared=sum(sheet.slip is None for sheet in self.sheets),
            drafts=len(drafts),
            not_called=self.not_called,
            on_no_slip=lessons_on_no_slip(branch, month),
            may_prepare=user.has_perm("payroll.prepare_payslips", branch),
            may_approve=user.has_perm(APPROVING, branch),
            is_month_over=self.approval.is_month_over,
            this_month=month_of(local_date(self.now, branch.time_zone)),
            **kwargs,
        )


class PrepareView(MonthMixin, View):
    permission_required = "payroll.prepare_payslips"

    def post(self, request):
        branch, month = self.chosen
        try:
            number = prepare_slips(branch=branch, month=month, by=request.user, now=self.now)
        except PayError as error:
            messages.error(request, str(error))
        else:
            told = ngettext("%(n)d slip prepared.", "%(n)d slips prepared.", number) % {"n": number}
            messages.success(request, told)
        return redirect(self.address)


class ApproveMonthView(MonthMixin, TemplateView):
    """All slips of a month at once: the counts and what stands against some come first."""

    title = gettext_lazy("Approve pay")
    permission_required = APPROVING
    template_name = "payroll/approve.html"

    @cached_property
    def judged(self):
        """[(sheet, why it cannot be approved)] of those still to be approved."""
        return [(sheet, self.approval.objection(sheet)) for sheet in self.sheets if not sheet.is_approved]

    def get_context_data(self, **kwargs):
        branch, month = self.chosen
        ready = [sheet for sheet, why in self.judged if not why]
        return super().get_context_data(
            branch=branch,
            month=month,
            ready=ready,
            totals=_totals(ready),
            objections=[why for _sheet, why in self.judged if why and self.approval.is_month_over],
            is_month_over=self.approval.is_month_over,
            not_called=self.not_called,
            address=self.address,
            **kwargs,
        )

    def post(self, request):
        slips = [sheet.slip for sheet, why in self.judged if not why]
        _approve(request, slips, now=self.now)
        return redirect(self.address)


class ExportView(MonthMixin, View):
    def get(self, request):
        branch, month = self.chosen
        sheets = sheets_of(branch=branch, month=month, with_lines=True)
        return workbook_response(month_workbook(branch, sheets), f"pay-{branch.code}-{month:%Y-%m}.xlsx")


class OwnPaySlipsView(StaffPageMixin, ListView):
    title = gettext_lazy("My pay")
    permission_required = "payroll.view_own_payslips"
    template_name = "payroll/own.html"
    context_object_name = "slips"
    paginate_by = 24

    def get_queryset(self):
        return PaySlip.objects.own_of(self.request.user).select_related("branch")


class PaySlipMixin(StaffPageMixin):
    permission_required = "payroll.view_own_payslips"

    @cached_property
    def now(self):
        return timezone.now()

    def get_queryset(self):
        people = ("teacher", "branch", "prepared_by", "approved_by")
        return PaySlip.objects.visible_to(self.request.user).with_own_total().select_related(*people)


class PaySlipView(PaySlipMixin, TemplateView):
    title = gettext_lazy("Pay slip")
    template_name = "payroll/slip.html"

    @cached_property
    def slip(self):
        return get_object_or_404(self.get_queryset(), pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs):
        slip, user = self.slip, self.request.user
        sheet = sheet_of(slip)
        may_approve = user.has_perm(APPROVING, slip.branch) and not slip.is_approved
        return super().get_context_data(
            slip=slip,
            sheet=sheet,
            lines=[(line, self._when(line), working_text(line)) for line in sheet.lines],
            lessons_to_open=self._lessons_to_open(sheet.lines),
            prepared_text=moment_text(slip.prepared_at, slip.branch.time_zone),
            approved_text=slip.approved_at and moment_text(slip.approved_at, slip.branch.time_zone),
            may_see_all=user.has_perm("payroll.view_payslip", slip.branch),
            may_approve=may_approve,
            objection=may_approve and self._approval().objection(sheet),
            **kwargs,
        )

    def _when(self, line):
        taught, zone = line.lesson, self.slip.branch.time_zone
        return taught and span_text(taught.starts_at, taught.ends_at, zone)

    def _lessons_to_open(self, lines):
        """Those that are still there, and that the reader may see."""
        ids = [line.lesson.lesson_id for line in lines if line.lesson]
        return set(Lesson.objects.visible_to(self.request.user).filter(pk__in=ids).values_list("pk", flat=True))

    def _approval(self):
        slip = self.slip
        return Approval(branch=slip.branch, month=slip.month, by=self.request.user, now=self.now)


class ApproveSlipView(PaySlipMixin, View):
    http_method_names = ("post",)
    permission_required = APPROVING

    def post(self, request, pk):
        slip = get_object_or_404(self.get_queryset(), pk=pk)
        if not request.user.has_perm(APPROVING, slip.branch):
            raise PermissionDenied
        _approve(request, [slip], now=self.now)
        return redirect("payslip", pk)


def _approve(request, slips, *, now):
    form = SeenForm(request.POST)
    seen = form.cleaned_data["seen_minor"] if form.is_valid() else 0
    try:
        number = approve_slips(slips=slips, seen_minor=seen, by=request.user, now=now)
    except PayError as error:
        messages.error(request, str(error))
    else:
        told = ngettext("%(n)d slip approved.", "%(n)d slips approved.", number) % {"n": number}
        messages.success(request, told)


def _totals(sheets):
    return {
        "teachers": len(sheets),
        "lessons": sum(sheet.lesson_count for sheet in sheets),
        "hours": decimal_hours(sum(sheet.minutes for sheet in sheets)),
        "minor": sum(sheet.total_minor for sheet in sheets),
    }
