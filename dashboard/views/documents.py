"""Receipts and contracts: what an order or a child has, one paper, a day's receipts, and what a QR code leads to."""

from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import DetailView, TemplateView, View

from branches.pages import StaffPageMixin
from core.clock import local_date
from dashboard.document_forms import PrintForm, ReasonForm, ReceiptDayForm
from dashboard.documents import orders_visible_to, papers_of, payments_of_day, print_contract, print_receipts
from enrolments.models import Document, Payment
from enrolments.services import DocumentError, issue_receipt, void_document
from students.models import Student


class OrderPapersView(StaffPageMixin, TemplateView):
    """The receipts, contracts and invoices of one order; a receipt is printed with one click."""

    permission_required = "enrolments.view_document"
    template_name = "dashboard/papers.html"

    def get_context_data(self, **kwargs):
        orders = orders_visible_to(self.request.user).filter(pk=self.kwargs["pk"])
        papers = papers_of(orders)
        if not papers:
            raise Http404
        title = _("Papers of order %(order)s") % {"order": papers[0].order}
        return super().get_context_data(title=title, papers=papers, **kwargs)


class StudentPapersView(StaffPageMixin, TemplateView):
    """The papers of all orders that are for a child, newest first."""

    permission_required = "enrolments.view_document"
    template_name = "dashboard/papers.html"

    def get_context_data(self, **kwargs):
        user = self.request.user
        student = get_object_or_404(Student.objects.visible_to(user), pk=self.kwargs["pk"])
        orders = orders_visible_to(user).filter(pk__in=student.order_items.values("order"))
        title = _("Receipts and contracts of %(student)s") % {"student": student}
        return super().get_context_data(title=title, papers=papers_of(orders), student=student, **kwargs)


class DocumentView(StaffPageMixin, DetailView):
    """One paper: what it is about, whether it is good, and which stands in its place."""

    permission_required = "enrolments.view_document"
    template_name = "dashboard/document.html"

    def get_queryset(self):
        return Document.objects.visible_to(self.request.user).for_list()

    def get_context_data(self, **kwargs):
        document = self.object
        may_void = self.request.user.has_perm("enrolments.void_document", document)
        context = super().get_context_data(
            title=document.number_text,
            document=document,
            form=ReasonForm(),
            may_void=may_void and document.voided_at is None,
            **kwargs,
        )
        del context["object"]  # the theme would lead back to the admin's lists
        return context


class _PaperMixin(StaffPageMixin):
    """POSTs about one paper: first whether the person may at all, then whether the paper is theirs to see."""

    def document(self):
        rows = Document.objects.visible_to(self.request.user).select_related("branch", "payment__reversed_by")
        document = get_object_or_404(rows, pk=self.kwargs["pk"])
        if not self.request.user.has_perm(self.permission_required, document):
            raise PermissionDenied
        return document


class DocumentPrintView(_PaperMixin, View):
    permission_required = "enrolments.add_document"

    def post(self, request, *args, **kwargs):
        document, form = self.document(), PrintForm(request.POST)
        if document.kind == Document.Kind.CONTRACT:
            return pdf_response(print_contract(document), "contract")
        size = form.cleaned_data["size"] if form.is_valid() else "80mm"
        return pdf_response(print_receipts([document], size=size, now=timezone.now()), "receipt")


class DocumentVoidView(_PaperMixin, View):
    """Make it void with a reason; a receipt is issued anew at once, if the money is still there."""

    permission_required = "enrolments.void_document"

    def post(self, request, *args, **kwargs):
        document, form, now = self.document(), ReasonForm(request.POST), timezone.now()
        if not form.is_valid():
            messages.error(request, _("Write why the document is made void."))
            return redirect("document", pk=document.pk)
        void_document(document=document, reason=form.cleaned_data["reason"], by=request.user, now=now)
        messages.success(request, _("%(number)s is void and stays in the list.") % {"number": document})
        if "redo" in request.POST and document.kind == Document.Kind.RECEIPT and document.is_valid:
            document = issue_receipt(payment=document.payment, by=request.user, now=now)
        return redirect("document", pk=document.pk)


class ReceiptPrintView(StaffPageMixin, View):
    """The receipt of a payment: issued if it has none yet, and printed."""

    permission_required = "enrolments.add_document"

    def post(self, request, *args, **kwargs):
        orders = orders_visible_to(request.user)
        payment = get_object_or_404(Payment.objects.filter(order__in=orders).select_related("order"), pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, payment.order):
            raise PermissionDenied
        form, now = PrintForm(request.POST), timezone.now()
        try:
            document = issue_receipt(payment=payment, by=request.user, now=now)
        except DocumentError as error:
            messages.error(request, str(error))
            return redirect("order_papers", pk=payment.order_id)
        size = form.cleaned_data["size"] if form.is_valid() else "80mm"
        return pdf_response(print_receipts([document], size=size, now=now), "receipt")


class ReceiptDayView(StaffPageMixin, TemplateView):
    """What came in on a day, with its receipts; one PDF with all of them."""

    title = gettext_lazy("Receipts of a day")
    permission_required = "enrolments.view_document"
    template_name = "dashboard/receipt_day.html"

    @cached_property
    def branches(self):
        return list(self.request.user.branches_with(self.permission_required))

    @cached_property
    def branch(self):
        chosen = self.request.GET.get("branch") or self.request.POST.get("branch")
        return next((one for one in self.branches if str(one.pk) == chosen), next(iter(self.branches), None))

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def day(self):
        form = ReceiptDayForm(self.request.POST if self.request.method == "POST" else self.request.GET)
        today = local_date(self.now, self.branch.time_zone)
        return form.cleaned_data["day"] if form.is_valid() else today

    def rows(self):
        if self.branch is None:
            raise Http404
        return payments_of_day(self.branch, self.day, self.now)

    def get_context_data(self, **kwargs):
        rows = self.rows()
        return super().get_context_data(
            rows=rows,
            total_minor=sum(payment.amount_minor for payment, _receipt in rows),
            missing=sum(receipt is None for _payment, receipt in rows),
            day=self.day,
            branch=self.branch,
            branches=self.branches,
            **kwargs,
        )

    def post(self, request, *args, **kwargs):
        if not request.user.has_perm("enrolments.add_document", self.branch):
            raise PermissionDenied
        documents = [
            receipt or issue_receipt(payment=payment, by=request.user, now=self.now) for payment, receipt in self.rows()
        ]
        if not documents:
            messages.info(request, _("Nothing came in on this day: there is nothing to print."))
            return redirect("receipt_day")
        form = PrintForm(request.POST)
        size = form.cleaned_data["size"] if form.is_valid() else "80mm"
        return pdf_response(print_receipts(documents, size=size, now=self.now), "receipts")


class VerifyView(TemplateView):
    """For whoever holds a paper, without signing in: whether it is ours and good. Of a name the first sign only."""

    template_name = "dashboard/verify.html"

    def get_context_data(self, **kwargs):
        documents = Document.objects.select_related("branch", "payment__reversed_by", "replaced_by__branch")
        document = get_object_or_404(documents, verify_code=self.kwargs["code"].upper())
        return super().get_context_data(document=document, name=_masked(_name_on(document)), **kwargs)

    def render_to_response(self, context, **kwargs):
        response = super().render_to_response(context, **kwargs)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response


def _name_on(document):
    if document.kind == Document.Kind.RECEIPT:
        return document.data["payer"]
    return document.data["facts"]["student_name"] if "facts" in document.data else ""


def _masked(name):
    """李芳 → 李＊: enough for whoever holds the paper, nothing for anybody else."""
    return name[:1] + "＊" * len(name[1:])


def pdf_response(pdf, name):
    headers = {"Content-Disposition": f'inline; filename="{name}.pdf"'}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)
