"""What people do with lesson credits: sell, take, give back. Every change is a new ledger entry."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import DateField, F, Sum
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from enrolments.ledger import Ledger
from enrolments.models import CreditEntry, CreditLot, Enrolment, Payment, ValidityExtension

Kind = CreditEntry.Kind


@transaction.atomic
def enrol_student(*, student, branch, package, method, sold_by, start_date, now, token):
    """Sell a package: enrolment, lot, payment and entries, once per token. Returns the lot."""
    enrolment, _created = Enrolment.objects.get_or_create(student=student, branch=branch, course=package.course)
    student.branches.add(branch)
    enrolment = lock(enrolment)
    if lot := CreditLot.objects.filter(token=token).first():
        return lot
    days = package.validity_days
    lot = CreditLot.objects.create(
        enrolment=enrolment,
        package=package,
        paid_credits=package.paid_credits,
        gift_credits=package.gift_credits,
        list_price_minor=package.course.list_price_minor,
        paid_minor=package.price_minor,
        revenue_method=branch.revenue_method,
        start_date=start_date,
        expires_date=start_date + timedelta(days=days) if days else None,
        sold_at=now,
        sold_by=sold_by,
        token=token,
    )
    if lot.paid_minor:
        lot.payments.create(method=method, amount_minor=lot.paid_minor, received_at=now, received_by=sold_by)
    ledger = Ledger.of(enrolment)
    _credit_lot(ledger, lot, by=sold_by, now=now, reason=package.name)
    ledger.settle_owed(by=sold_by)
    return lot


@dataclass(frozen=True)
class Opening:
    """An account as a school's books have it: `lot` as bought, not yet saved, `used` credits, and what is `left`."""

    lot: CreditLot
    used: Decimal
    left: Decimal
    used_reason: str
    mismatch_reason: str


@transaction.atomic
def carry_in_balances(*, openings, by, now):
    """Take over accounts from a school's books.

    Where bought + gift − used is not left, the book's "left" is kept by an adjustment that says so.
    """
    lots = CreditLot.objects.bulk_create([opening.lot for opening in openings])
    Payment.objects.bulk_create(
        Payment(
            lot=lot,
            method=Payment.Method.BOOK,
            amount_minor=lot.paid_minor,
            received_at=lot.sold_at,
            received_by=by,
        )
        for lot in lots
        if lot.paid_minor
    )
    ledgers = _ledgers_of([lot.enrolment_id for lot in lots])
    for opening in openings:
        _carry_in(ledgers[opening.lot.enrolment_id], opening, by=by, now=now)
    CreditEntry.objects.bulk_create([entry for ledger in ledgers.values() for entry in ledger.unsaved])
    for ledger in ledgers.values():
        ledger.unsaved = []
        ledger.settle_owed(by=by)


def _ledgers_of(enrolment_ids):
    """The ledgers of many enrolments, locked; those without an entry cost no query of their own."""
    enrolments = Enrolment.objects.select_for_update(of=["self"], no_key=True).select_related(
        "branch", "student", "course"
    )
    begun = set(CreditEntry.objects.filter(enrolment__in=enrolment_ids).values_list("enrolment", flat=True))
    return {
        enrolment.pk: Ledger.of(enrolment) if enrolment.pk in begun else Ledger(enrolment)
        for enrolment in enrolments.filter(pk__in=enrolment_ids).order_by("pk")
    }


def _carry_in(ledger, opening, *, by, now):
    lot = opening.lot
    _credit_lot(ledger, lot, by=by, now=now, reason=_("Taken over from the books"))
    difference = opening.left - (lot.paid_credits + lot.gift_credits - opening.used)
    facts = {"reference": f"lot:{lot.pk}", "occurred_at": now, "by": by}
    if difference:
        ledger.adjust(lot, difference, reason=opening.mismatch_reason, **facts)
    if opening.used:
        ledger.take(opening.used, lot=lot, reason=opening.used_reason, may_owe=True, **facts)


@transaction.atomic
def settle_credits(*, enrolment, reference, target, occurred_at, by, reason):
    """Make the outstanding consumption of `reference` equal `target` credits; repeating it changes nothing.

    A smaller target gives back exactly what was taken, to the lots it came from, newest first.
    Raises NoCreditsLeftError when the credits do not suffice and the branch does not teach past zero.
    """
    enrolment = lock(enrolment)
    ledger = Ledger.of(enrolment)
    facts = {"reference": reference, "reason": reason, "occurred_at": occurred_at, "by": by}
    outstanding = list(CreditEntry.objects.filter(enrolment=enrolment).outstanding(reference))
    taken = -sum((entry.credits for entry in outstanding), Decimal(0))
    for entry in outstanding:
        if taken <= target:
            break
        ledger.reverse(entry, Kind.RETURN, **facts)
        taken += entry.credits
    if taken < target:
        ledger.take(target - taken, may_owe=enrolment.branch.may_owe, **facts)
    ledger.settle_owed(by=by)


@transaction.atomic
def extend_validity(*, lots, days, reason, by, now, reference=""):
    """Let credits be used `days` longer; a lot without an end stays so. Returns how many lots."""
    return _extend(dict.fromkeys([lot.pk for lot in lots], days), reason=reason, by=by, now=now, reference=reference)


@transaction.atomic
def take_back_extensions(*, reference, reason, by, now):
    """What was extended under a reference is valid as before; repeating it changes nothing. Returns how many lots."""
    extensions = ValidityExtension.objects.filter(reference=reference).order_by()
    days = dict(extensions.values("lot").annotate(days=Sum("days")).values_list("lot", "days"))
    back = {pk: -number for pk, number in days.items() if number}
    return _extend(back, reason=reason, by=by, now=now, reference=reference)


def _extend(days_of, *, reason, by, now, reference):
    """{lot id: days}; one UPDATE for all lots of as many days."""
    facts = {"reason": reason[:200], "reference": reference, "by": by, "at": now}
    extensions = []
    for days in sorted(set(days_of.values())):
        ids = [pk for pk, its_days in days_of.items() if its_days == days]
        lots = CreditLot.objects.filter(pk__in=ids, expires_date__isnull=False)
        lots.update(expires_date=Cast(F("expires_date") + timedelta(days=days), DateField()))
        for pk, expires_date in lots.values_list("pk", "expires_date"):
            extensions.append(ValidityExtension(lot_id=pk, days=days, expires_date=expires_date, **facts))
    ValidityExtension.objects.bulk_create(extensions)
    return len(extensions)


def lock(enrolment):
    """One writer per ledger; rows that merely name the enrolment may come meanwhile."""
    enrolments = Enrolment.objects.select_for_update(of=["self"], no_key=True)
    return enrolments.select_related("branch", "student", "course").get(pk=enrolment.pk)


def _credit_lot(ledger, lot, *, by, now, reason):
    """The entries that put a sold lot's credits into its ledger."""
    facts = {"reference": f"lot:{lot.pk}", "reason": reason, "occurred_at": now, "by": by}
    if lot.paid_credits:
        ledger.add(lot, lot.paid_credits, Kind.PURCHASE, **facts)
    if lot.gift_credits:
        ledger.add(lot, lot.gift_credits, Kind.GIFT, is_gift=True, **facts)
