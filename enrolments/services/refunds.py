"""What happens to a refund (退费): asked for, approved by somebody else, paid; until then it can be called off.

Whoever moves money locks the orders first, then the account, as selling does.
"""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from branches.holidays import working_day_after
from core.clock import local_date
from core.money import yuan
from enrolments.ledger import Ledger
from enrolments.models import (
    CreditEntry,
    CreditLot,
    Enrolment,
    Order,
    Payment,
    Payout,
    Refund,
    RefundDeduction,
    RefundLine,
    WalletEntry,
)
from enrolments.refund_rules import DAYS_TO_ANSWER, is_deductible
from enrolments.refund_sheet import draw_sheet, interest_of, wish_of
from enrolments.services.credits import lock
from enrolments.services.invoices import ask_for_reversals
from enrolments.services.wallet import move_wallet

Status = Refund.Status


class RefundError(Exception):
    """The refund cannot do this; the sentence says why and what to do."""


class StaleRefundError(RefundError):
    """Lessons or payments have moved since the sheet was made."""

    def __init__(self):
        super().__init__(
            _("Lessons or payments of this course have moved since the sheet was made. Have it calculated anew.")
        )


@dataclass(frozen=True)
class Share:
    """A part of what is paid out, in fen: one way, and the number that the bank or the wallet app gave it."""

    method: str
    amount_minor: int
    reference: str = ""


@transaction.atomic
def request_refund(*, enrolment, wish, reason, method, by, now, token):
    """Freeze the sheet and have it approved, once per token. No credit and no money moves yet. Returns the refund."""
    enrolment = lock(enrolment)
    if refund := Refund.objects.filter(token=token).first():
        return refund
    if enrolment.refunds.open().exists():
        raise RefundError(_("A refund of this course is under way already: finish or withdraw that one first."))
    day = local_date(now, enrolment.branch.time_zone)
    refund = Refund(
        enrolment=enrolment,
        cause=wish.cause,
        reason=reason,
        method=method,
        requested_date=day,
        answer_by_date=working_day_after(day, DAYS_TO_ANSWER),
        requested_at=now,
        requested_by=by,
        token=token,
    )
    return _calculate(refund, wish, now=now)


@transaction.atomic
def recalculate_refund(*, refund, now):
    """The sheet by what the ledger says now, to be approved anew. Days count as when it was asked for."""
    refund = _lock(refund)
    _refuse_ended(refund)
    refund.lines.all().delete()
    refund.deductions.all().delete()
    return _calculate(refund, wish_of(refund.sheet), now=now)


@transaction.atomic
def approve_refund(*, refund, by, now):
    """Let it be paid. Approving twice changes nothing."""
    refund = _lock(refund)
    if refund.status == Status.APPROVED:
        return refund
    if refusal := why_not_approve(refund, by):
        raise RefundError(refusal)
    _refuse_stale(refund)
    refund.status, refund.approved_at, refund.approved_by = Status.APPROVED, now, by
    refund.save(update_fields=["status", "approved_at", "approved_by"])
    return refund


def why_not_approve(refund, person):
    """A sentence why this person may not approve it; empty when nothing is against it."""
    if refund.status != Status.REQUESTED:
        return _("This refund is %(status)s: there is nothing to approve.") % {"status": refund.get_status_display()}
    if refund.requested_by_id == person.pk:
        return _("Somebody else than who asked for a refund approves it.")
    branch = refund.enrolment.branch
    if not person.has_perm("enrolments.approve_refund", refund):
        return _("The branch manager approves refunds.")
    if refund.amount_minor > branch.refund_manager_limit_minor and not person.has_perm(
        "enrolments.approve_large_refund", refund
    ):
        return _("Above %(amount)s the owner approves.") % {"amount": yuan(branch.refund_manager_limit_minor)}
    return ""


@transaction.atomic
def reject_refund(*, refund, reason, by, now):
    """The school says no, with its reason; nothing has moved."""
    return _end(refund, Status.REJECTED, reason=reason, by=by, now=now)


@transaction.atomic
def withdraw_refund(*, refund, reason, by, now):
    """The family stays, or the desk was mistaken; nothing has moved."""
    return _end(refund, Status.WITHDRAWN, reason=reason, by=by, now=now)


@transaction.atomic
def pay_refund(*, refund, shares, by, now, with_interest=False):
    """Pay an approved refund: its credits leave the ledger, the money is recorded. Once; a second call changes nothing.

    `shares` (of Share) add up to the amount, and the interest where that is paid too. What an order still owes for the
    lots given back is no longer asked for; an invoice above what the school keeps goes on the list of reversals.
    """
    orders = _lock_orders(refund)
    refund = _lock(refund)
    if refund.status == Status.PAID:
        return refund
    if refund.status != Status.APPROVED:
        raise RefundError(_("This refund is not approved yet: ask who may approve it."))
    _refuse_stale(refund)
    day = local_date(now, refund.enrolment.branch.time_zone)
    if with_interest:
        refund.interest_minor = sum(fen for _rate, _days, fen in interest_of(refund.sheet, day))
    _refuse_other_sum(refund, shares)
    _close_lots(refund, orders, by=by, now=now)
    for share in shares:
        _pay_out(refund, share, by=by, now=now, day=day)
    refund.status, refund.ended_at, refund.ended_by = Status.PAID, now, by
    refund.save(update_fields=["status", "ended_at", "ended_by", "interest_minor"])
    for order in orders.values():
        ask_for_reversals(order=order, reason=refund.reason)
    return refund


def is_stale(refund):
    """Whether the frozen sheet says something else than the ledger and the orders do now."""
    fresh = draw_sheet(refund.enrolment, wish_of(refund.sheet), day=refund.requested_date)
    return fresh["lots"] != refund.sheet["lots"]


def _lock(refund):
    """The refund under its account's lock: one writer."""
    enrolment = lock(Enrolment(pk=refund.enrolment_id))
    refund = Refund.objects.select_for_update(of=["self"], no_key=True).get(pk=refund.pk)
    refund.enrolment = enrolment
    return refund


def _lock_orders(refund):
    """{order id: order}, in one order: nobody waits in a circle."""
    ids = refund.lines.values("lot__item__order")
    orders = Order.objects.select_for_update(of=["self"], no_key=True).filter(pk__in=ids).order_by("pk")
    return {order.pk: order for order in orders}


def _calculate(refund, wish, *, now):
    """Draw the sheet and save the refund with its lines, waiting for approval where somebody else has to."""
    for each in wish.deductions:
        _refuse_fee(each)
    refund.sheet = draw_sheet(refund.enrolment, wish, day=refund.requested_date)
    if not refund.sheet["lots"]:
        raise RefundError(_("No credits are left in this course: there is nothing to give back."))
    refund.amount_minor = refund.sheet["amount"]
    refund.needs_second_person = _needs_second_person(refund)
    refund.status = Status.REQUESTED if refund.needs_second_person else Status.APPROVED
    refund.approved_at, refund.approved_by = None if refund.needs_second_person else now, None
    refund.save()
    RefundLine.objects.bulk_create(_line(refund, row) for row in refund.sheet["lots"])
    RefundDeduction.objects.bulk_create(RefundDeduction(refund=refund, **each) for each in refund.sheet["deductions"])
    return refund


def _refuse_fee(deduction):
    if not is_deductible(deduction.name):
        raise RefundError(
            _("“%(name)s” cannot be deducted: no fees, commission or penalties may be (article 15).")
            % {"name": deduction.name}
        )


def _needs_second_person(refund):
    """Always, unless the branch lets small refunds pass; never for what somebody set by hand."""
    limit = refund.enrolment.branch.refund_limit_minor
    by_hand = refund.sheet["generous"] or refund.sheet["deductions"]
    return bool(not limit or refund.amount_minor > limit or by_hand)


def _line(refund, row):
    return RefundLine(
        refund=refund,
        lot_id=row["lot"],
        formula=row["chosen"],
        paid_credits=row["paid_left"],
        gift_credits=row["gift_left"],
        value_minor=row["value"],
        forgiven_minor=row["forgiven"],
        deducted_minor=row["deducted"],
        amount_minor=row["amount"],
    )


def _refuse_ended(refund):
    if not refund.is_open:
        raise RefundError(
            _("This refund is %(status)s and is not changed any more.") % {"status": refund.get_status_display()}
        )


def _refuse_stale(refund):
    if is_stale(refund):
        raise StaleRefundError


def _refuse_other_sum(refund, shares):
    if sum(share.amount_minor for share in shares) != refund.payable_minor:
        raise RefundError(_("The amounts must add up to %(amount)s.") % {"amount": yuan(refund.payable_minor)})


def _end(refund, status, *, reason, by, now):
    refund = _lock(refund)
    if refund.status == status:
        return refund
    _refuse_ended(refund)
    refund.status, refund.ended_at, refund.ended_by, refund.ended_reason = status, now, by, reason
    refund.save(update_fields=["status", "ended_at", "ended_by", "ended_reason"])
    return refund


def _close_lots(refund, orders, *, by, now):
    """All credits leave the lots; what is neither paid back nor forgiven is the school's income, or loss."""
    ledger = Ledger.of(refund.enrolment)
    facts = {"reference": f"refund:{refund.pk}", "reason": refund.reason, "occurred_at": now, "by": by}
    for line in refund.lines.select_related("lot__item"):
        released = line.value_minor - line.deducted_minor
        revenue = line.lot.value_left_minor - released
        ledger.close_lot(line.lot, CreditEntry.Kind.REFUND, released_minor=released, revenue_minor=revenue, **facts)
        if line.forgiven_minor:
            order = orders[line.lot.item.order_id]
            Order.objects.filter(pk=order.pk).update(forgiven_minor=F("forgiven_minor") + line.forgiven_minor)
    ledger.save()


def _pay_out(refund, share, *, by, now, day):
    branch = refund.enrolment.branch
    Payout.objects.create(
        refund=refund,
        method=share.method,
        amount_minor=share.amount_minor,
        reference=share.reference,
        paid_at=now,
        paid_by=by,
        booked_date=branch.books.booked_date(day),
    )
    if share.method == Payment.Method.WALLET:
        move_wallet(
            guardian=_guardian(refund),
            branch=branch,
            kind=WalletEntry.Kind.CARRIED_OVER,
            amount_minor=share.amount_minor,
            reference=f"refund:{refund.pk}",
            reason=refund.reason,
            by=by,
            now=now,
        )


def _guardian(refund):
    """Whose wallet: that of who entered into the contract, else of the main guardian."""
    lots = CreditLot.objects.filter(refund_lines__refund=refund, item__order__guardian__isnull=False)
    lot = lots.select_related("item__order__guardian").order_by("pk").first()
    guardian = lot.item.order.guardian if lot else refund.enrolment.student.main_guardian
    if guardian is None:
        raise RefundError(_("The child has no guardian whose wallet could take it: choose another way to pay."))
    return guardian
