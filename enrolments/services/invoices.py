"""Invoices (发票): asked for by a family, issued outside this system, reversed when the money goes back."""

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from branches.credit_codes import clean_credit_code
from core.money import yuan
from enrolments.models import InvoiceRequest, Order, RefundLine
from enrolments.services.orders import lock_order

State = InvoiceRequest.State


class InvoiceError(Exception):
    """The invoice cannot do this; the sentence says why and what to do."""


@transaction.atomic
def request_invoice(*, order, title_kind, title, amount_minor, by, now, token, tax_number=""):
    """Put an invoice on the work list, once per token. Never above what was paid and not invoiced yet."""
    order = lock_order(order)
    if invoice := InvoiceRequest.objects.filter(token=token).first():
        return invoice
    open_minor = invoiceable_minor(order)
    if not 0 < amount_minor <= open_minor:
        raise InvoiceError(
            _("Of this order %(amount)s can be invoiced: what was paid, less what has an invoice or went back.")
            % {"amount": yuan(open_minor)}
        )
    if title_kind == InvoiceRequest.Title.COMPANY and not tax_number:
        raise InvoiceError(_("Write the company's tax number: its invoice is of no use to it without."))
    return InvoiceRequest.objects.create(
        order=order,
        title_kind=title_kind,
        title=title.strip(),
        tax_number=clean_credit_code(tax_number),
        amount_minor=amount_minor,
        requested_at=now,
        requested_by=by,
        token=token,
    )


def invoiceable_minor(order):
    """What was paid for an order and neither went back nor has an invoice, in fen."""
    return max(0, _kept_minor(order) - _sum(InvoiceRequest.objects.standing().filter(order=order)))


def _kept_minor(order):
    lines = RefundLine.objects.filter(lot__item__order=order, refund__status="paid")
    return Order.objects.values_list("paid_minor", flat=True).get(pk=order.pk) - _sum(lines)


def _sum(rows):
    return rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0


@transaction.atomic
def issue_invoice(*, invoice, invoice_number, by, now):
    """Write down the number under which it was issued. Repeating it with the same number changes nothing."""
    invoice = _lock(invoice)
    if (invoice.state, invoice.invoice_number) == (State.ISSUED, invoice_number):
        return invoice
    _refuse_unless(invoice, State.REQUESTED)
    invoice.invoice_number, invoice.issued_at = invoice_number, now
    return _enter(invoice, State.ISSUED, by)


@transaction.atomic
def withdraw_invoice(*, invoice, by):
    """The family wants none after all; only before it was issued."""
    invoice = _lock(invoice)
    if invoice.state == State.WITHDRAWN:
        return invoice
    _refuse_unless(invoice, State.REQUESTED)
    return _enter(invoice, State.WITHDRAWN, by)


@transaction.atomic
def ask_for_reversals(*, order, reason):
    """Money of an order went back: what is invoiced above what the school keeps has to be reversed, newest first.

    Requests that nobody has issued yet are withdrawn instead. Returns the invoices to reverse.
    """
    order = lock_order(order)
    over = _sum(InvoiceRequest.objects.standing().filter(order=order)) - _kept_minor(order)
    to_reverse = []
    standing = InvoiceRequest.objects.standing().filter(order=order)
    for invoice in sorted(standing, key=lambda one: (one.state == State.ISSUED, -one.pk)):
        if over <= 0:
            break
        over -= invoice.amount_minor
        if invoice.state == State.ISSUED:
            invoice.reversal_reason = reason[:200]
            to_reverse.append(invoice)
        _enter(invoice, State.REVERSAL_NEEDED if invoice.state == State.ISSUED else State.WITHDRAWN, invoice.handled_by)
    return to_reverse


@transaction.atomic
def reverse_invoice(*, invoice, reversal_number, by, now):
    """Write down the number of the reversal (红字发票). Repeating it with the same number changes nothing."""
    invoice = _lock(invoice)
    if (invoice.state, invoice.reversal_number) == (State.REVERSED, reversal_number):
        return invoice
    _refuse_unless(invoice, State.REVERSAL_NEEDED)
    invoice.reversal_number, invoice.reversed_at = reversal_number, now
    return _enter(invoice, State.REVERSED, by)


def _lock(invoice):
    lock_order(invoice.order)
    return InvoiceRequest.objects.select_related("order").get(pk=invoice.pk)


def _refuse_unless(invoice, state):
    if invoice.state != state:
        raise InvoiceError(
            _("This invoice is %(state)s by now: open the list anew.") % {"state": invoice.get_state_display()}
        )


def _enter(invoice, state, by):
    invoice.state, invoice.handled_by = state, by
    invoice.save()
    return invoice
