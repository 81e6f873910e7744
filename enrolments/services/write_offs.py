"""What is left of a lot after its validity: written off only when asked for, approved by another, and put back."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import day_text, local_date
from enrolments.ledger import Ledger
from enrolments.models import CreditEntry, CreditLot, WriteOff
from enrolments.services.credits import lock

Status = WriteOff.Status
APPROVAL = "enrolments.approve_writeoff"


class WriteOffError(Exception):
    """The lot cannot be written off, or put back; the sentence says why and what to do."""


@transaction.atomic
def request_write_off(*, lot, reason, by, now):
    """Ask that what is left of an expired lot be written off; nothing moves yet. Asking twice asks once."""
    lot = _locked(lot)
    if waiting := WriteOff.objects.waiting().filter(lot=lot).first():
        return waiting
    today = local_date(now, lot.enrolment.branch.time_zone)
    if lot.expires_date is None or lot.expires_date >= today:
        raise WriteOffError(_("These lessons are still valid: only what has expired can be written off."))
    if not lot.credits_left:
        raise WriteOffError(_("Nothing is left of these lessons."))
    return WriteOff.objects.create(
        lot=lot,
        credits=lot.credits_left,
        value_minor=lot.value_left_minor,
        reason=reason,
        requested_at=now,
        requested_by=by,
    )


def why_not_approve_write_off(write_off, person):
    """A sentence why this person may not approve it; empty when nothing is against it."""
    if write_off.requested_by_id == person.pk:
        return _("Somebody else than who asked for it approves a write-off.")
    return "" if person.has_perm(APPROVAL, write_off) else _("The branch manager approves write-offs.")


@transaction.atomic
def approve_write_off(*, write_off, by, now):
    """The credits leave the ledger and their value the prepaid. Approving twice changes nothing."""
    lot = _locked(write_off.lot)
    write_off = _fresh(write_off, lot)
    if write_off.status == Status.APPROVED:
        return write_off
    _refuse_unless(write_off, Status.REQUESTED)
    if refusal := why_not_approve_write_off(write_off, by):
        raise WriteOffError(refusal)
    _refuse_moved(write_off, lot, today=local_date(now, lot.enrolment.branch.time_zone))
    ledger = Ledger.of(lot.enrolment)
    facts = {"reference": write_off.reference, "reason": write_off.reason, "occurred_at": now, "by": by}
    ledger.close_lot(lot, CreditEntry.Kind.EXPIRY, released_minor=lot.value_left_minor, **facts)
    ledger.save()
    write_off.status, write_off.approved_at, write_off.approved_by = Status.APPROVED, now, by
    write_off.save(update_fields=["status", "approved_at", "approved_by"])
    return write_off


@transaction.atomic
def withdraw_write_off(*, write_off, reason, by, now):
    """It is not written off after all; nothing has moved."""
    write_off = _fresh(write_off, _locked(write_off.lot))
    if write_off.status == Status.WITHDRAWN:
        return write_off
    _refuse_unless(write_off, Status.REQUESTED)
    return _end(write_off, Status.WITHDRAWN, reason=reason, by=by, now=now)


@transaction.atomic
def reverse_write_off(*, write_off, reason, by, now):
    """Put the credits and their value back into the lot. A second call changes nothing."""
    lot = _locked(write_off.lot)
    write_off = _fresh(write_off, lot)
    if write_off.status == Status.REVERSED:
        return write_off
    _refuse_unless(write_off, Status.APPROVED)
    ledger = Ledger.of(lot.enrolment)
    entries = CreditEntry.objects.filter(reference=write_off.reference, kind=CreditEntry.Kind.EXPIRY)
    for entry in entries.order_by("sequence"):
        facts = {"reference": write_off.reference, "reason": reason, "occurred_at": now, "by": by}
        ledger.reverse(entry, CreditEntry.Kind.RESTORE, **facts)
    ledger.settle_owed(by=by)
    return _end(write_off, Status.REVERSED, reason=reason, by=by, now=now)


def _locked(lot):
    """The lot as it is now, under its account's lock."""
    enrolment = lock(lot.enrolment)
    lot = CreditLot.objects.get(pk=lot.pk)
    lot.enrolment = enrolment
    return lot


def _fresh(write_off, lot):
    write_off = WriteOff.objects.get(pk=write_off.pk)
    write_off.lot = lot
    return write_off


def _refuse_unless(write_off, status):
    if write_off.status != status:
        raise WriteOffError(
            _("This write-off is in the state “%(state)s” already.") % {"state": write_off.get_status_display()}
        )


def _refuse_moved(write_off, lot, *, today):
    if lot.expires_date is None or lot.expires_date >= today:
        day = day_text(lot.expires_date) if lot.expires_date else "—"
        raise WriteOffError(_("These lessons are valid again, until %(day)s.") % {"day": day})
    if (lot.credits_left, lot.value_left_minor) != (write_off.credits, write_off.value_minor):
        raise WriteOffError(_("Lessons have moved since this was asked for: withdraw it and ask anew."))


def _end(write_off, status, *, reason, by, now):
    write_off.status, write_off.ended_at, write_off.ended_by, write_off.ended_reason = status, now, by, reason
    write_off.save(update_fields=["status", "ended_at", "ended_by", "ended_reason"])
    return write_off
