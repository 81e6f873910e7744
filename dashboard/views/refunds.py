"""Refunds: the list, and the page of one with its approval and its payment."""

from functools import cached_property

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import DetailView, ListView

from branches.pages import StaffPageMixin
from core.clock import local_date
from core.money import yuan
from dashboard.refund_forms import EndForm, PayForm, RefundFilterForm
from dashboard.refunds import call_off, clock_of
from enrolments.models import InvoiceRequest, Refund
from enrolments.pdf.refunds import refund_pdf
from enrolments.refund_sheet import interest_of
from enrolments.refund_words import columns_of
from enrolments.services import (
    RefundError,
    WalletError,
    approve_refund,
    is_stale,
    pay_refund,
    recalculate_refund,
    why_not_approve,
)
from scheduling.models import ClassGroup


class RefundListView(StaffPageMixin, ListView):
    """Refunds with their clocks, the most urgent first."""

    title = gettext_lazy("Refunds")
    permission_required = "enrolments.view_refund"
    template_name = "dashboard/refund_list.html"
    paginate_by = 50
    STATES = {
        "": Q(status__in=Refund.OPEN),
        "requested": Q(status="requested"),
        "approved": Q(status="approved"),
        "paid": Q(status="paid"),
        "ended": Q(status__in=["rejected", "withdrawn"]),
    }

    def get_queryset(self):
        refunds = self._narrowed().filter(self.STATES[self.form.chosen_state])
        order = ["answer_by_date", "pk"] if self._is_open else ["-ended_at", "-pk"]
        return refunds.select_related(*RELATED).order_by(*order)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(form=self.form, chips=self._chips(), is_open=self._is_open, **kwargs)
        today = local_date(timezone.now(), settings.TIME_ZONE)
        for refund in context["object_list"]:
            refund.clock = clock_of(refund, today=today)
        return context

    @property
    def _is_open(self):
        return self.form.chosen_state in {"", "requested", "approved"}

    @cached_property
    def form(self):
        return RefundFilterForm(self.request.GET, branches=self.request.user.branches_with(self.permission_required))

    def _narrowed(self):
        return self.form.narrow(Refund.objects.visible_to(self.request.user))

    def _chips(self):
        """How many of each state, asked once."""
        numbers = (
            self._narrowed()
            .order_by()
            .aggregate(**{name or "open": Count("pk", filter=state) for name, state in self.STATES.items()})
        )
        return [
            {
                "value": value,
                "label": label,
                "number": numbers[value or "open"],
                "is_chosen": value == self.form.chosen_state,
            }
            for value, label in RefundFilterForm.STATES
        ]


RELATED = ("enrolment__student", "enrolment__course", "enrolment__branch", "requested_by", "approved_by", "ended_by")


class RefundView(StaffPageMixin, DetailView):
    """One refund: its sheet, its clock, what happened, and the next step. POST action=… takes that step."""

    permission_required = "enrolments.view_refund"
    template_name = "dashboard/refund.html"
    context_object_name = "refund"
    RIGHTS = {
        "recalculate": "enrolments.add_refund",
        "withdraw": "enrolments.add_refund",
        "approve": "enrolments.approve_refund",
        "reject": "enrolments.approve_refund",
        "pay": "enrolments.pay_refund",
    }

    def get_queryset(self):
        return Refund.objects.visible_to(self.request.user).select_related(*RELATED, "enrolment__branch__books")

    def get_context_data(self, **kwargs):
        refund, user = self.object, self.request.user
        may = {name: refund.is_open and user.has_perm(right, refund) for name, right in self.RIGHTS.items()}
        refusal = why_not_approve(refund, user)
        context = super().get_context_data(
            title=_("Refund: %(student)s") % {"student": refund.enrolment.student},
            sheet=refund.sheet,
            columns=columns_of(refund.sheet),
            clock=clock_of(refund, today=self.today),
            is_stale=refund.is_open and is_stale(refund),
            may=may | {"approve": may["approve"] and not refusal},
            refusal=refusal if refund.status == Refund.Status.REQUESTED else "",
            interest=interest_of(refund.sheet, self.today) if refund.is_open else [],
            interest_minor=self.interest_minor,
            pay_form=kwargs.pop("pay_form", None) or self._pay_form(),
            end_form=kwargs.pop("end_form", None) or EndForm(),
            invoices=self._invoices(refund) if refund.is_open else [],
            payouts=refund.payouts.select_related("paid_by"),
            classes=ClassGroup.objects.filter(pk__in=refund.classes_left),
            **kwargs,
        )
        del context["object"]  # the theme would lead back to the admin's lists
        return context

    def _invoices(self, refund):
        """Those that were issued for what is given back: paying puts them on the list of reversals."""
        orders = refund.lines.filter(amount_minor__gt=0).values("lot__item__order")
        return InvoiceRequest.objects.filter(order__in=orders, state=InvoiceRequest.State.ISSUED)

    def post(self, request, *args, **kwargs):
        self.object = self.get_object()
        action = request.POST.get("action", "")
        if action not in self.RIGHTS or not request.user.has_perm(self.RIGHTS[action], self.object):
            raise PermissionDenied
        try:
            return getattr(self, f"_{action}")()
        except (RefundError, WalletError) as error:
            messages.error(request, str(error))
            return redirect("refund", pk=self.object.pk)

    @cached_property
    def now(self):
        return timezone.now()

    @property
    def today(self):
        return local_date(self.now, self.object.enrolment.branch.time_zone)

    @property
    def interest_minor(self):
        return sum(fen for _rate, _days, fen in interest_of(self.object.sheet, self.today))

    def _pay_form(self, data=None):
        facts = {"amount_minor": self.object.amount_minor, "interest_minor": self.interest_minor}
        return PayForm(data, initial={"method": self.object.method}, **facts)

    def _approve(self):
        approve_refund(refund=self.object, by=self.request.user, now=self.now)
        return self._done(_("Approved: %(amount)s may be paid back."))

    def _recalculate(self):
        self.object = recalculate_refund(refund=self.object, now=self.now)
        return self._done(_("Calculated anew: %(amount)s."))

    def _reject(self):
        return self._call_off(is_rejected=True)

    def _withdraw(self):
        return self._call_off(is_rejected=False)

    def _call_off(self, *, is_rejected):
        form = EndForm(self.request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(end_form=form))
        facts = {"reason": form.cleaned_data["ended_reason"], "by": self.request.user, "now": self.now}
        problems = call_off(refund=self.object, is_rejected=is_rejected, **facts)
        for problem in problems:
            messages.warning(self.request, problem)
        return self._done(_("The refund is called off; nothing was paid."))

    def _pay(self):
        form = self._pay_form(self.request.POST)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(pay_form=form))
        with_interest = form.cleaned_data["with_interest"]
        refund = pay_refund(
            refund=self.object, shares=form.shares, with_interest=with_interest, by=self.request.user, now=self.now
        )
        messages.success(self.request, _("%(amount)s paid back.") % {"amount": yuan(refund.payable_minor)})
        return redirect("refund", pk=refund.pk)

    def _done(self, sentence):
        messages.success(self.request, sentence % {"amount": yuan(self.object.amount_minor)})
        return redirect("refund", pk=self.object.pk)


class RefundPdfView(StaffPageMixin, DetailView):
    """The sheet on paper."""

    permission_required = "enrolments.view_refund"

    def get_queryset(self):
        return Refund.objects.visible_to(self.request.user).select_related(*RELATED)

    def render_to_response(self, context, **kwargs):
        pdf = refund_pdf(self.object)
        name = f"refund-{self.object.pk}.pdf"
        return HttpResponse(
            pdf, content_type="application/pdf", headers={"Content-Disposition": f'inline; filename="{name}"'}
        )
