"""Money that comes in for an order."""

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from core.money import yuan
from enrolments.models import CreditEntry, Order, Payment, WalletEntry
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
        booked_date=order.branch.books.booked_on(now),
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
    """A payment that was recorded in error: a second row takes it back, once. Returns that row.

    What was paid back or transferred of an order stays paid for: no more can be taken back than is still there. Who
    refunds or transfers locks the order as we do: what has gone is never less than what we see.
    """
    order = lock_order(payment.order)
    if payment.reverses_id:
        raise PaymentError(_("This row takes a payment back itself."))
    if taken_back := Payment.objects.filter(reverses=payment).first():
        return taken_back
    _refuse_gone(order, payment)
    taken_back = Payment.objects.create(
        order=order,
        method=payment.method,
        amount_minor=-payment.amount_minor,
        reference=payment.reference,
        reverses=payment,
        reason=reason,
        received_at=now,
        received_by=by,
        booked_date=order.branch.books.booked_on(now),
        token=f"back:{payment.pk}",
    )
    ask_for_reversals(order=order, reason=reason)
    if payment.method == Payment.Method.WALLET:
        _spend(taken_back, payment.amount_minor, WalletEntry.Kind.CORRECTION, by=by, now=now, reason=reason)
    return taken_back


def _refuse_gone(order, payment):
    gone = gone_minor(order)
    left = max(0, order.paid_minor - gone)
    if payment.amount_minor > left:
        raise PaymentError(
            _(
                "%(gone)s of this order's money was paid back or transferred since: of the rest only %(left)s could be "
                "taken back. Undo the transfer first; what a refund paid out stays."
            )
            % {"gone": yuan(gone), "left": yuan(left)}
        )


def gone_minor(order):
    """What refunds paid back of an order's money and transfers took elsewhere, in fen.

    Refunds also release what was never paid and is not asked for any more; undoing a transfer puts its part back.
    """
    gone = (CreditEntry.Kind.REFUND, CreditEntry.Kind.TRANSFER_OUT)
    entries = CreditEntry.objects.filter(Q(kind__in=gone) | Q(reverses__kind__in=gone), lot__item__order=order)
    return (entries.aggregate(fen=Sum("released_minor"))["fen"] or 0) - order.forgiven_minor


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
