"""Money that comes in for an order."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import local_date
from core.money import yuan
from enrolments.models import Order, Payment, WalletEntry
from enrolments.services.invoices import ask_for_reversals
from enrolments.services.orders import lock_order
from enrolments.services.wallet import move_wallet


class PaymentError(Exception):
    """The payment cannot be taken; the sentence says why."""


@transaction.atomic
def take_payment(*, order, method, amount_minor, by, now, token, reference=""):
    """Record money received for a confirmed order, in fen, once per token. Returns the payment.

    Never more than is owing: a second desk that takes the same money is told so.
    """
    order = lock_order(order)
    if payment := Payment.objects.filter(token=token).first():
        return payment
    _refuse(order, amount_minor)
    payment = Payment.objects.create(
        order=order,
        method=method,
        amount_minor=amount_minor,
        reference=reference,
        received_at=now,
        received_by=by,
        booked_date=order.branch.books.booked_date(local_date(now, order.branch.time_zone)),
        token=token,
    )
    if method == Payment.Method.WALLET:
        _spend(payment, -amount_minor, WalletEntry.Kind.SPENT, by=by, now=now, reason=_("Order %s") % order)
    return payment


def _refuse(order, amount_minor):
    if order.status == Order.Status.DRAFT:
        raise PaymentError(_("This order is a draft: confirm it first."))
    if order.status != Order.Status.CONFIRMED:
        raise PaymentError(_("This order is %s: prepare a new one.") % order.get_status_display())
    if not order.owing_minor:
        raise PaymentError(_("This order is paid already."))
    if not 0 < amount_minor <= order.owing_minor:
        raise PaymentError(_("Write an amount up to %s, which is still owing.") % yuan(order.owing_minor))


@transaction.atomic
def take_back_payment(*, payment, reason, by, now):
    """A payment that was recorded in error: a second row takes it back, once. Returns that row."""
    order = lock_order(payment.order)
    if payment.reverses_id:
        raise PaymentError(_("This row takes a payment back itself."))
    if taken_back := Payment.objects.filter(reverses=payment).first():
        return taken_back
    taken_back = Payment.objects.create(
        order=order,
        method=payment.method,
        amount_minor=-payment.amount_minor,
        reference=payment.reference,
        reverses=payment,
        reason=reason,
        received_at=now,
        received_by=by,
        booked_date=order.branch.books.booked_date(local_date(now, order.branch.time_zone)),
        token=f"back:{payment.pk}",
    )
    ask_for_reversals(order=order, reason=reason)
    if payment.method == Payment.Method.WALLET:
        _spend(taken_back, payment.amount_minor, WalletEntry.Kind.CORRECTION, by=by, now=now, reason=reason)
    return taken_back


def _spend(payment, amount_minor, kind, *, by, now, reason):
    order = payment.order
    if order.guardian is None:
        raise PaymentError(_("The order names no guardian: only a family has a wallet."))
    move_wallet(
        guardian=order.guardian,
        branch=order.branch,
        kind=kind,
        amount_minor=amount_minor,
        reference=f"payment:{payment.pk}",
        reason=reason,
        by=by,
        now=now,
    )
