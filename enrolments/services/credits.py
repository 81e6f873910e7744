"""What people do with lesson credits: put in, take, give back. Every change is a new ledger entry."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import DateField, F, Sum
from django.db.models.functions import Cast

from enrolments.ledger import Ledger
from enrolments.models import CreditEntry, CreditLot, Enrolment, ValidityExtension

Kind = CreditEntry.Kind


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
    return enrolments.select_related("branch__books", "student", "course").get(pk=enrolment.pk)


def lock_all(enrolment_ids):
    """Many ledgers at once, in one order: nobody waits in a circle."""
    enrolments = Enrolment.objects.select_for_update(of=["self"], no_key=True)
    return enrolments.select_related("branch__books", "student", "course").filter(pk__in=enrolment_ids).order_by("pk")


def credit_lot(ledger, lot, *, by, now, reason):
    """The entries that put a sold lot's credits into its ledger."""
    facts = {"reference": f"lot:{lot.pk}", "reason": reason, "occurred_at": now, "by": by}
    if lot.paid_credits:
        ledger.add(lot, lot.paid_credits, Kind.PURCHASE, **facts)
    if lot.gift_credits:
        ledger.add(lot, lot.gift_credits, Kind.GIFT, is_gift=True, **facts)
