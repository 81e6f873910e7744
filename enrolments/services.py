"""What people do with lesson credits: sell, take, give back. Every change is a new ledger entry."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from enrolments.models import CreditEntry, CreditLot, Enrolment, Payment
from enrolments.rules import Pool, allocate, revenue_of

Kind = CreditEntry.Kind


class NoCreditsLeftError(Exception):
    """The child has no credits left and the branch does not teach past zero."""

    def __init__(self, enrolment):
        super().__init__(
            _("%(student)s has no credits left for %(course)s: renew first, or mark the child as on leave.")
            % {"student": enrolment.student, "course": enrolment.course}
        )


@transaction.atomic
def enrol_student(*, student, branch, package, method, sold_by, start_date, now, token):
    """Sell a package: enrolment, lot, payment and entries, once per token. Returns the lot."""
    enrolment, _created = Enrolment.objects.get_or_create(
        student=student, branch=branch, course=package.course
    )
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
    _credit_lot(lot, by=sold_by, now=now, reason=package.name)
    _settle_owed(enrolment, by=sold_by)
    return lot


@transaction.atomic
def carry_in_balance(*, enrolment, lot, used, left, mismatch_reason, used_reason, by, now):
    """Take over an account from the school's books: `lot` as bought, `used` credits, and `left` as the book says.

    Where bought + gift − used is not left, the book's "left" is kept by an adjustment that says so.
    """
    enrolment = lock(enrolment)
    lot.enrolment = enrolment
    lot.save()
    if lot.paid_minor:
        lot.payments.create(
            method=Payment.Method.BOOK, amount_minor=lot.paid_minor, received_at=lot.sold_at, received_by=by
        )
    ledger = _credit_lot(lot, by=by, now=now, reason=_("Taken over from the books"))
    difference = left - (lot.paid_credits + lot.gift_credits - used)
    reference = f"lot:{lot.pk}"
    if difference:
        ledger.adjust(lot, difference, reference=reference, reason=mismatch_reason, occurred_at=now, by=by)
    if used:
        ledger.take(used, reference=reference, reason=used_reason, occurred_at=now, by=by, may_owe=True)
    return lot


@transaction.atomic
def settle_credits(*, enrolment, reference, target, occurred_at, by, reason):
    """Make the outstanding consumption of `reference` equal `target` credits; repeating it changes nothing.

    A smaller target gives back exactly what was taken, to the lots it came from, newest first.
    Raises NoCreditsLeftError when the credits do not suffice and the branch does not teach past zero.
    """
    enrolment = lock(enrolment)
    ledger = Ledger(enrolment)
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


def lock(enrolment):
    """One writer per ledger."""
    return Enrolment.objects.select_for_update(of=["self"]).select_related(
        "branch", "student", "course"
    ).get(pk=enrolment.pk)


class Ledger:
    """Appends entries to the ledger of a locked enrolment and keeps count of its pools meanwhile."""

    def __init__(self, enrolment):
        self.enrolment = enrolment
        last = enrolment.credit_entries.order_by("-sequence").first()
        self.sequence = last.sequence if last else 0
        self.balance = last.balance_after if last else Decimal(0)
        self.pools = {
            (row["lot_id"], row["is_gift"]): Pool(
                lot_id=row["lot_id"],
                is_gift=row["is_gift"],
                added=row["added"],
                left=row["left"],
                recognised_minor=row["recognised"],
                expires_date=row["lot__expires_date"],
                paid_minor=row["lot__paid_minor"],
                revenue_method=row["lot__revenue_method"],
            )
            for row in enrolment.credit_entries.by_pool()
        }

    def add(self, lot, credits, kind, *, is_gift=False, **facts):
        """Put credits into a lot's paid or gift pool."""
        pool = self.pools.setdefault(
            (lot.pk, is_gift),
            Pool(
                lot.pk, is_gift, Decimal(0), Decimal(0), 0, lot.expires_date, lot.paid_minor, lot.revenue_method
            ),
        )
        pool.added += credits
        self._append(pool, kind, credits, **facts)

    def adjust(self, lot, difference, **facts):
        """Correct a lot by `difference`: a shortage comes out of the gift part first, the rest is owed."""
        if difference > 0:
            self.add(lot, difference, Kind.ADJUSTMENT, **facts)
            return
        for pool in sorted((p for p in self.pools.values() if p.lot_id == lot.pk), key=lambda p: not p.is_gift):
            share = min(pool.left, -difference)
            if share > 0:
                pool.added -= share
                self._append(pool, Kind.ADJUSTMENT, -share, **facts)
                difference += share
        if difference:
            self._append(None, Kind.ADJUSTMENT, difference, **facts)

    def take(self, credits, *, may_owe, **facts):
        """Consume credits in the branch's order, one entry per pool; the rest is owed or refused."""
        pools = list(self.pools.values())
        for pool, share in allocate(pools, credits, self.enrolment.branch.consumption_order):
            if pool is None and not may_owe:
                raise NoCreditsLeftError(self.enrolment)
            revenue = revenue_of(pool, share, pools) if pool else 0
            self._append(pool, Kind.CONSUMPTION, -share, revenue_minor=revenue, **facts)

    def reverse(self, entry, kind, **facts):
        """Undo one consumption: the same credits and fen, back to the same pool."""
        pool = self.pools.get((entry.lot_id, entry.is_gift))
        self._append(pool, kind, -entry.credits, revenue_minor=-entry.revenue_minor, reverses=entry, **facts)

    def _append(self, pool, kind, credits, *, by, revenue_minor=0, **facts):
        self.sequence += 1
        self.balance += credits
        if pool:
            pool.left += credits
            pool.recognised_minor += revenue_minor
        return CreditEntry.objects.create(
            enrolment=self.enrolment,
            lot_id=pool.lot_id if pool else None,
            is_gift=pool.is_gift if pool else False,
            sequence=self.sequence,
            kind=kind,
            credits=credits,
            balance_after=self.balance,
            pool_left_after=pool.left if pool else None,
            revenue_minor=revenue_minor,
            recorded_by=by,
            **facts,
        )


def _credit_lot(lot, *, by, now, reason):
    """The entries that put a sold lot's credits into its ledger."""
    ledger = Ledger(lot.enrolment)
    facts = {"reference": f"lot:{lot.pk}", "reason": reason, "occurred_at": now, "by": by}
    if lot.paid_credits:
        ledger.add(lot, lot.paid_credits, Kind.PURCHASE, **facts)
    if lot.gift_credits:
        ledger.add(lot, lot.gift_credits, Kind.GIFT, is_gift=True, **facts)
    return ledger


def _settle_owed(enrolment, *, by):
    """Lessons taught past zero are now taken from what was bought, each under its own reference."""
    ledger = Ledger(enrolment)
    owed = enrolment.credit_entries.filter(
        lot__isnull=True, kind=Kind.CONSUMPTION, reversed_by__isnull=True
    ).order_by("sequence")
    for entry in list(owed):
        facts = {
            "reference": entry.reference,
            "reason": entry.reason,
            "occurred_at": entry.occurred_at,
            "by": by,
        }
        ledger.reverse(entry, Kind.SETTLEMENT, **facts)
        ledger.take(-entry.credits, may_owe=True, **facts)
