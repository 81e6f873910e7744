"""Papers of orders as pages and printers need them."""

from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Prefetch
from django.urls import reverse

from core.clock import local_date
from enrolments.models import Document, InvoiceRequest, Order, Payment
from enrolments.services import record_prints


def orders_visible_to(user):
    """The orders whose papers a person may see."""
    branch_ids = user.branch_ids_with("enrolments.view_document")
    orders = Order.objects.all() if branch_ids is None else Order.objects.in_branches(branch_ids)
    return orders.select_related("branch", "guardian")


@dataclass
class Papers:
    """An order with its payments, its children and what was issued for them."""

    order: Order
    receipts: list = field(default_factory=list)  # [(payment, its receipt or None)]
    contracts: list = field(default_factory=list)  # [(child, the contract or None)]
    void: list = field(default_factory=list)
    invoices: list = field(default_factory=list)


def papers_of(orders):
    """Of each order, newest first: the same number of queries for one and for many."""
    documents = Document.objects.select_related("branch", "student", "replaced_by__branch", "replaces__branch")
    orders = orders.prefetch_related(
        Prefetch("documents", documents.order_by("pk"), to_attr="all_documents"),
        Prefetch("payments", _receiptable().order_by("pk"), to_attr="all_payments"),
        Prefetch("invoice_requests", InvoiceRequest.objects.order_by("pk"), to_attr="all_invoices"),
        "items__student",
        "items__course",
    )
    return [_papers(order) for order in orders.order_by("-created_at", "-pk")]


def _receiptable():
    """Payments that get a receipt: not those of the books, nor what was taken back."""
    payments = Payment.objects.filter(amount_minor__gt=0, reversed_by__isnull=True)
    return payments.exclude(method=Payment.Method.BOOK).select_related("received_by")


def _papers(order):
    standing = [document for document in order.all_documents if document.voided_at is None]
    receipts = {one.payment_id: one for one in standing if one.kind == Document.Kind.RECEIPT}
    contracts = {one.student_id: one for one in standing if one.kind == Document.Kind.CONTRACT}
    children = dict.fromkeys(item.student for item in order.items.all())
    return Papers(
        order,
        [(payment, receipts.get(payment.pk)) for payment in order.all_payments],
        [(child, contracts.get(child.pk)) for child in children],
        [document for document in order.all_documents if document.voided_at],
        order.all_invoices,
    )


def payments_of_day(branch, day, now):
    """What came in at a branch on one of its days and gets a receipt: [(payment, its receipt or None)]."""
    receipts = Document.objects.filter(kind="receipt", voided_at__isnull=True).select_related("branch")
    payments = _receiptable().in_branches([branch.pk]).received_on(day, branch.time_zone)
    payments = payments.select_related("order__branch", "order__guardian", "received_by").prefetch_related(
        Prefetch("documents", receipts, to_attr="receipts"), "order__items__student"
    )
    return [(payment, next(iter(payment.receipts), None)) for payment in payments.order_by("received_at", "pk")]


def verify_address(document):
    """What the QR code leads to: the same whoever prints, wherever."""
    return settings.PUBLIC_BASE_URL + reverse("verify", args=[document.verify_code])


def print_receipts(documents, *, size, now):
    """One PDF, each receipt marked if it was printed before; counts the prints."""
    from enrolments.pdf.receipts import Receipt, receipts_pdf  # half a second, which only printing needs to spend

    copies = record_prints(documents=documents)
    receipts = [
        Receipt(
            document.data,
            verify_address(document),
            copy=copies[document.pk],
            reprinted=_today(document, now),
            is_void=not document.is_valid,
        )
        for document in documents
    ]
    return receipts_pdf(receipts, size=size)


def print_contract(document, *, unkept=None):
    """The PDF; identity numbers are on it if they were typed just now."""
    from enrolments.pdf.contract import contract_pdf

    return contract_pdf(
        document.data,
        verify_url=verify_address(document),
        unkept=unkept,
        copy=record_prints(documents=[document])[document.pk],
        is_void=not document.is_valid,
    )


def _today(document, now):
    return local_date(now, document.branch.time_zone)
