"""Lots whose validity ends soon or has ended: shown ahead, and written off only by two people."""

from datetime import timedelta
from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Sum
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import ListView, View

from branches.pages import StaffPageMixin
from dashboard.money_forms import ExpiringForm, ReasonForm
from enrolments.models import CreditLot, WriteOff
from enrolments.services import (
    WriteOffError,
    approve_write_off,
    request_write_off,
    reverse_write_off,
    why_not_approve_write_off,
    withdraw_write_off,
)

DONE_SHOWN = 10


class ExpiringView(StaffPageMixin, ListView):
    """The lots with what they are worth, and the write-offs that wait or were made."""

    title = gettext_lazy("Expiring lessons")
    permission_required = "enrolments.view_writeoff"
    template_name = "dashboard/expiring.html"
    paginate_by = 50

    def get_queryset(self):
        lots = self._lots().exclude(write_offs__status=WriteOff.Status.REQUESTED)
        related = ("enrolment__student", "enrolment__course", "enrolment__branch", "package")
        return lots.select_related(*related).order_by("expires_date", "pk")

    def get_context_data(self, **kwargs):
        sums = self._lots().aggregate(
            value=Sum(F("paid_minor") - F("recognised_minor") - F("released_minor")),
            credits=Sum(F("paid_left") + F("gift_left")),
        )
        return super().get_context_data(
            form=self.form, sums=sums, waiting=self._waiting(), done=self._done(), today=self.today, **kwargs
        )

    @cached_property
    def today(self):
        return timezone.localdate()

    @cached_property
    def form(self):
        return ExpiringForm(self.request.GET, branches=self.request.user.branches_with(self.permission_required))

    def _lots(self):
        until = self.today + timedelta(days=self.form.chosen_days)
        here = self.request.user.branches_with(self.permission_required)
        lots = CreditLot.objects.visible_to(self.request.user).filter(enrolment__branch__in=here)
        lots = lots.with_credits().filter(expires_date__lte=until)
        branch = self.form.cleaned_data.get("branch")
        return lots.filter(enrolment__branch=branch) if branch else lots

    def _write_offs(self):
        related = ("lot__enrolment__student", "lot__enrolment__course", "lot__package", "requested_by", "approved_by")
        return WriteOff.objects.visible_to(self.request.user).select_related(*related)

    def _waiting(self):
        rows = list(self._write_offs().waiting().order_by("requested_at"))
        for row in rows:
            row.refusal = why_not_approve_write_off(row, self.request.user)
        return rows

    def _done(self):
        return self._write_offs().filter(status=WriteOff.Status.APPROVED).order_by("-approved_at")[:DONE_SHOWN]


class WriteOffNewView(StaffPageMixin, View):
    """POST only: ask for one."""

    permission_required = "enrolments.add_writeoff"
    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        lots = CreditLot.objects.visible_to(request.user).select_related("enrolment")
        lot = get_object_or_404(lots, pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, lot.enrolment):
            raise PermissionDenied
        form = ReasonForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Say why."))
            return redirect("expiring")
        try:
            request_write_off(lot=lot, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
            messages.success(request, _("Asked for; somebody else approves it now."))
        except WriteOffError as error:
            messages.error(request, str(error))
        return redirect("expiring")


class WriteOffStepView(StaffPageMixin, View):
    """POST only: action=approve, withdraw or reverse."""

    permission_required = "enrolments.view_writeoff"
    http_method_names = ["post"]
    RIGHTS = {
        "approve": "enrolments.approve_writeoff",
        "withdraw": "enrolments.add_writeoff",
        "reverse": "enrolments.approve_writeoff",
    }

    def post(self, request, *args, **kwargs):
        rows = WriteOff.objects.visible_to(request.user).select_related("lot__enrolment")
        write_off = get_object_or_404(rows, pk=kwargs["pk"])
        action = request.POST.get("action", "")
        if action not in self.RIGHTS or not request.user.has_perm(self.RIGHTS[action], write_off):
            raise PermissionDenied
        try:
            messages.success(request, self._take(action, write_off))
        except WriteOffError as error:
            messages.error(request, str(error))
        return redirect("expiring")

    def _take(self, action, write_off):
        """The sentence that says what was done."""
        facts = {"write_off": write_off, "by": self.request.user, "now": timezone.now()}
        if action == "approve":
            approve_write_off(**facts)
            return _("Written off; it can be put back from here.")
        form = ReasonForm(self.request.POST)
        if not form.is_valid():
            raise WriteOffError(_("Say why."))
        step = withdraw_write_off if action == "withdraw" else reverse_write_off
        step(**facts, reason=form.cleaned_data["reason"])
        return _("The lessons are the child's as before.")
