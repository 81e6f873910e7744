"""Credits go to a brother or sister, or their value to the family's wallet; undone while nothing of it was used."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.money import yuan
from enrolments.ledger import Ledger
from enrolments.models import CreditEntry, CreditLot, Enrolment, Order, Transfer, WalletEntry
from enrolments.services.credits import lock_all
from enrolments.services.wallet import move_wallet

Kind = CreditEntry.Kind


class TransferError(Exception):
    """The credits cannot go there, or not come back; the sentence says why and what to do."""


@transaction.atomic
def transfer_credits(*, source, lots, student, reason, by, now, token):
    """Give all that is left of `lots` to another child of the family: same course, price and validity. Once per token.

    Returns the Transfer.
    """
    _refuse_stranger(source, student)
    student.branches.add(source.branch)
    facts = {"student": student, "branch": source.branch, "course": source.course}
    target, _is_new = Enrolment.objects.get_or_create(**facts)
    lots, ledgers = _locked(source, lots, target)
    if transfer := Transfer.objects.filter(token=token).first():
        return transfer
    _refuse(lots)
    value = sum(lot.value_left_minor for lot in lots)
    transfer = _recorded(source, value, reason=reason, by=by, now=now, token=token, target=target)
    for lot in lots:
        _move(lot, transfer, ledgers, by=by, now=now)
    for ledger in ledgers.values():
        ledger.settle_owed(by=by)
    return transfer


@transaction.atomic
def carry_over(*, source, lots, guardian, reason, by, now, token):
    """Put the value of all that is left of `lots` into the family's wallet, for another course. Once per token.

    Returns the Transfer.
    """
    lots, ledgers = _locked(source, lots)
    if transfer := Transfer.objects.filter(token=token).first():
        return transfer
    _refuse(lots)
    value = sum(lot.value_left_minor for lot in lots)
    if not value:
        raise TransferError(_("What is left of these lessons has no price: there is nothing to carry over."))
    transfer = _recorded(source, value, reason=reason, by=by, now=now, token=token, guardian=guardian)
    for lot in lots:
        _take_out(lot, transfer, ledgers[source.pk], by=by, now=now)
    ledgers[source.pk].save()
    _move_wallet(transfer, WalletEntry.Kind.CARRIED_OVER, value, reason=reason, by=by, now=now)
    return transfer


@transaction.atomic
def undo_transfer(*, transfer, reason, by, now):
    """Everything is where it was before; only while nothing of it was used. A second call changes nothing."""
    _enrolments, ledgers = _ledgers_of(transfer.source, transfer.target)
    transfer = Transfer.objects.select_for_update(of=["self"], no_key=True).get(pk=transfer.pk)
    if transfer.undone_at:
        return transfer
    if transfer.target_id:
        _take_back_lots(transfer, ledgers[transfer.target_id], reason=reason, by=by, now=now)
    else:
        _move_wallet(transfer, WalletEntry.Kind.CORRECTION, -transfer.amount_minor, reason=reason, by=by, now=now)
    gone = CreditEntry.objects.filter(
        enrolment=transfer.source_id, reference=transfer.reference, kind=Kind.TRANSFER_OUT
    )
    for entry in gone.order_by("sequence"):
        facts = {"reference": transfer.reference, "reason": reason, "occurred_at": now, "by": by}
        ledgers[transfer.source_id].reverse(entry, Kind.RESTORE, **facts)
    for ledger in ledgers.values():
        ledger.settle_owed(by=by)
    transfer.undone_at, transfer.undone_by, transfer.undone_reason = now, by, reason
    transfer.save(update_fields=["undone_at", "undone_by", "undone_reason"])
    return transfer


def family_of(student):
    """The children who share a guardian with this one."""
    others = type(student).objects.filter(guardians__in=student.guardians.all())
    return others.exclude(pk=student.pk).distinct().order_by("name", "pk")


def _refuse_stranger(source, student):
    if not family_of(source.student).filter(pk=student.pk).exists():
        raise TransferError(
            _("%(student)s is of another family: lessons go to a child of the same guardian only.")
            % {"student": student}
        )


def _locked(source, lots, target=None):
    """(the lots as they are now, {enrolment id: ledger}); orders are locked before accounts, as selling does."""
    ids = [lot.pk for lot in lots]
    orders = Order.objects.select_for_update(of=["self"], no_key=True).filter(items__lot__in=ids)
    list(orders.order_by("pk").values_list("pk", flat=True))
    enrolments, ledgers = _ledgers_of(source, target)
    lots = list(CreditLot.objects.filter(pk__in=ids, enrolment=source).select_related("item__order").order_by("pk"))
    for lot in lots:
        lot.enrolment = enrolments[source.pk]
    return lots, ledgers


def _ledgers_of(*accounts):
    enrolments = {one.pk: one for one in lock_all([account.pk for account in accounts if account])}
    return enrolments, {pk: Ledger.of(one) for pk, one in enrolments.items()}


def _refuse(lots):
    if not any(lot.credits_left for lot in lots):
        raise TransferError(_("Nothing is left of these lessons: choose others."))
    for lot in lots:
        if lot.item and lot.item.order.owing_minor:
            raise TransferError(
                _("%(amount)s of these lessons' order are still to be paid: take the payment first, or refund it.")
                % {"amount": yuan(lot.item.order.owing_minor)}
            )


def _recorded(source, amount_minor, *, reason, by, now, token, **to):
    return Transfer.objects.create(
        source=source, amount_minor=amount_minor, reason=reason, recorded_at=now, recorded_by=by, token=token, **to
    )


def _take_out(lot, transfer, ledger, *, by, now):
    facts = {"reference": transfer.reference, "reason": transfer.reason, "occurred_at": now, "by": by}
    ledger.close_lot(lot, Kind.TRANSFER_OUT, released_minor=lot.value_left_minor, **facts)


def _move(lot, transfer, ledgers, *, by, now):
    """The same lot in the other account, with what is left of it."""
    if not lot.credits_left:
        return
    target = ledgers[transfer.target_id]
    branch = target.enrolment.branch
    new = CreditLot.objects.create(
        enrolment=target.enrolment,
        package_id=lot.package_id,
        paid_credits=lot.paid_left,
        gift_credits=lot.gift_left,
        list_price_minor=lot.list_price_minor,
        paid_minor=lot.value_left_minor,
        revenue_method=lot.revenue_method,
        start_date=lot.start_date,
        expires_date=lot.expires_date,
        sold_at=now,
        sold_by=by,
        booked_date=branch.books.booked_on(now),
        token=f"{transfer.reference}:{lot.pk}",
    )
    _take_out(lot, transfer, ledgers[transfer.source_id], by=by, now=now)
    facts = {"reference": transfer.reference, "reason": transfer.reason, "occurred_at": now, "by": by}
    for credits, is_gift in [(lot.paid_left, False), (lot.gift_left, True)]:
        if credits:
            target.add(new, credits, Kind.TRANSFER_IN, is_gift=is_gift, **facts)


def _take_back_lots(transfer, ledger, *, reason, by, now):
    came = CreditEntry.objects.filter(enrolment=transfer.target_id, reference=transfer.reference, kind=Kind.TRANSFER_IN)
    for lot in CreditLot.objects.filter(pk__in=came.values("lot")).order_by("pk"):
        untouched = (lot.paid_credits, lot.gift_credits, lot.paid_minor)
        if (lot.paid_left, lot.gift_left, lot.value_left_minor) != untouched:
            raise TransferError(
                _("%(student)s has used some of these lessons: transfer back what is left instead.")
                % {"student": transfer.target.student}
            )
        facts = {"reference": transfer.reference, "reason": reason, "occurred_at": now, "by": by}
        ledger.close_lot(lot, Kind.TRANSFER_OUT, released_minor=lot.value_left_minor, **facts)


def _move_wallet(transfer, kind, amount_minor, *, reason, by, now):
    move_wallet(
        guardian=transfer.guardian,
        branch=transfer.source.branch,
        kind=kind,
        amount_minor=amount_minor,
        reference=transfer.reference,
        reason=reason,
        by=by,
        now=now,
    )
