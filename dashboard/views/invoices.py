"""Invoices: asked for at an order, worked off in a list."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, TemplateView, View

from branches.pages import StaffPageMixin
from dashboard.document_forms import InvoiceForm, InvoiceStepForm
from dashboard.documents import orders_visible_to
from enrolments.models import InvoiceRequest
from enrolments.services import (
    InvoiceError,
    invoiceable_minor,
    issue_invoice,
    request_invoice,
    reverse_invoice,
    withdraw_invoice,
)

PER_PAGE = 50
STATES = InvoiceRequest.State


class InvoiceNewView(StaffPageMixin, FormView):
    """What the family wants on its invoice; the amount is what has none yet."""

    permission_required = "enrolments.add_invoicerequest"
    template_name = "dashboard/invoice_new.html"
    form_class = InvoiceForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not request.user.has_perm(self.permission_required):
            return
        self.order = get_object_or_404(orders_visible_to(request.user), pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, self.order):
            raise PermissionDenied

    def get_initial(self):
        guardian = self.order.guardian
        return {"title": guardian.name if guardian else "", "amount_minor": invoiceable_minor(self.order)}

    def form_valid(self, form):
        try:
            request_invoice(order=self.order, by=self.request.user, now=timezone.now(), **form.cleaned_data)
        except InvoiceError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("The invoice is on the list of those to issue."))
        return redirect("order_papers", pk=self.order.pk)

    def get_context_data(self, **kwargs):
        title = _("Invoice for order %(order)s") % {"order": self.order}
        return super().get_context_data(
            title=title, order=self.order, open_minor=invoiceable_minor(self.order), **kwargs
        )


class InvoiceListView(StaffPageMixin, TemplateView):
    """What waits for whoever issues invoices: those to issue and those to reverse; or all in a state."""

    title = gettext_lazy("Invoices")
    permission_required = "enrolments.view_invoicerequest"
    template_name = "dashboard/invoice_list.html"

    def get_context_data(self, **kwargs):
        invoices = InvoiceRequest.objects.visible_to(self.request.user)
        state = self.request.GET.get("state", "")
        rows = invoices.filter(state=state) if state in STATES.values else invoices.to_do()
        rows = rows.select_related("order__branch", "requested_by", "handled_by").order_by("requested_at", "pk")
        page = Paginator(rows, PER_PAGE).get_page(self.request.GET.get("page"))
        return super().get_context_data(page_obj=page, states=STATES, state=state, **kwargs)


class InvoiceStepView(StaffPageMixin, View):
    """Issued, withdrawn or reversed: what somebody did elsewhere is written down here."""

    permission_required = "enrolments.change_invoicerequest"

    def post(self, request, *args, **kwargs):
        rows = InvoiceRequest.objects.visible_to(request.user).select_related("order")
        invoice = get_object_or_404(rows, pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, invoice):
            raise PermissionDenied
        form = InvoiceStepForm(request.POST)
        if form.is_valid():
            self._take(invoice, form.cleaned_data)
        else:
            messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return redirect("invoice_list")

    def _take(self, invoice, data):
        by, now = self.request.user, timezone.now()
        try:
            match data["step"]:
                case "issue":
                    issue_invoice(invoice=invoice, invoice_number=data["number"], by=by, now=now)
                case "reverse":
                    reverse_invoice(invoice=invoice, reversal_number=data["number"], by=by, now=now)
                case "withdraw":
                    withdraw_invoice(invoice=invoice, by=by)
        except InvoiceError as error:
            messages.error(self.request, str(error))
        else:
            messages.success(self.request, _("Written down: %(title)s.") % {"title": invoice.title})
