"""A sale at the desk: ordered, confirmed and paid in one go."""

from dataclasses import dataclass

from django.db import transaction

from enrolments.services.order_lines import line_of
from enrolments.services.orders import confirm_order, prepare_order
from enrolments.services.payments import take_payment


@dataclass(frozen=True)
class Tender:
    """Money on the table, in fen: one way to pay, and the number that the bank or the wallet app gave it."""

    method: str
    amount_minor: int
    reference: str = ""


@transaction.atomic
def settle_order(*, order, tenders, by, now, token, pass_reason="", due_date=None):
    """Confirm a draft and take what is paid now, once per token; the rest is owing. Returns the lots."""
    lots = confirm_order(order=order, by=by, now=now, pass_reason=pass_reason, due_date=due_date)
    for number, tender in enumerate(tenders):
        take_payment(
            order=order,
            method=tender.method,
            amount_minor=tender.amount_minor,
            reference=tender.reference,
            by=by,
            now=now,
            token=f"{token}:{number}",
        )
    return lots


@transaction.atomic
def enrol_student(*, student, branch, package, method, sold_by, start_date, now, token, pass_reason=""):
    """Sell a package to a child and take its price, once per token. Returns the lot."""
    line = line_of(package, student=student, start_date=start_date)
    order = prepare_order(branch=branch, guardian=student.main_guardian, lines=[line], by=sold_by, now=now, token=token)
    tenders = [Tender(method, line.amount_minor)] if line.amount_minor else []
    facts = {"by": sold_by, "now": now, "token": token, "pass_reason": pass_reason}
    [lot] = settle_order(order=order, tenders=tenders, **facts)
    return lot
