"""Orders for the accountant: one sheet of lines, one of the money received, by method and reference.

The second is also the list of what is to be swept into the supervised account.
"""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.clock import local_date
from core.workbook import Fen, Sheet, workbook_bytes
from enrolments.models import Payment


def orders_workbook(orders):
    """The workbook as bytes; `orders` with their items."""
    orders = list(orders)
    lines = [_line_row(order, item) for order in orders for item in order.items.all()]
    payments = [_payment_row(payment) for payment in _payments(orders)]
    return workbook_bytes(
        [
            Sheet(pgettext("order", "Orders"), _line_titles(), lines),
            Sheet(pgettext("order", "Payments"), _payment_titles(), payments),
        ]
    )


def _line_titles():
    price, discount = _("Price before discount"), pgettext("order", "Discount")
    names = [_("Order"), _("Day"), _("Branch"), pgettext("order", "State"), _("Child"), _("Course"), _("Package")]
    return [*names, pgettext("order", "Lessons"), _("Gift lessons"), price, discount, pgettext("order", "Amount")]


def _line_row(order, item):
    package = item.package.name if item.package else ""
    day = local_date(order.created_at, order.branch.time_zone)
    told = [order.pk, day, str(order.branch), order.get_status_display(), item.student.name, str(item.course), package]
    credits = [item.paid_credits, item.gift_credits]
    return [*told, *credits, Fen(item.before_minor), Fen(item.discount_minor), Fen(item.amount_minor)]


def _payments(orders):
    payments = Payment.objects.filter(order__in=[order.pk for order in orders])
    return payments.select_related("order__branch", "received_by").order_by("received_at", "pk")


def _payment_titles():
    who = pgettext("payment", "Received by")
    return [
        _("Order"),
        _("Day"),
        _("Branch"),
        _("Paid by"),
        pgettext("order", "Reference"),
        pgettext("order", "Amount"),
        who,
        _("Reason"),
    ]


def _payment_row(payment):
    branch = payment.order.branch
    day = local_date(payment.received_at, branch.time_zone)
    told = [payment.order_id, day, str(branch), payment.get_method_display(), payment.reference]
    return [*told, Fen(payment.amount_minor), str(payment.received_by), payment.reason]
