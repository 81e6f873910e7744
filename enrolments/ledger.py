"""The ledger of one enrolment: how the next entries follow from those before."""

from decimal import Decimal

from django.utils.translation import gettext as _

from enrolments.models import CreditEntry
from enrolments.rules import Pool, allocate, priced, revenue_of, value_of

Kind = CreditEntry.Kind


class NoCreditsLeftError(Exception):
    """The child has no credits left and the branch does not teach past zero."""

    def __init__(self, enrolment):
        super().__init__(
            _("%(student)s has no credits left for %(course)s: renew first, or mark the child as on leave.")
            % {"student": enrolment.student, "course": enrolment.course}
        )


class Ledger:
    """The next entries of a locked enrolment; keeps count of its pools meanwhile. `save` writes them."""

    def __init__(self, enrolment):
        self.enrolment = enrolment
        self.sequence, self.balance, self.pools, self.unsaved = 0, Decimal(0), {}, []

    @classmethod
    def of(cls, enrolment):
        """The ledger as the database has it."""
        ledger = cls(enrolment)
        if last := enrolment.credit_entries.order_by("-sequence").first():
            ledger.sequence, ledger.balance = last.sequence, last.balance_after
            ledger.pools = {(row["lot_id"], row["is_gift"]): _pool(row) for row in enrolment.credit_entries.by_pool()}
        return ledger

    def save(self):
        """Write the new entries, in their order."""
        CreditEntry.objects.bulk_create(self.unsaved)
        self.unsaved = []

    def add(self, lot, credits, kind, *, is_gift=False, **facts):
        """Put credits into a lot's paid or gift pool."""
        pool = self.pools.setdefault(
            (lot.pk, is_gift),
            Pool(
                lot.pk,
                is_gift,
                Decimal(0),
                0,
                lot.expires_date,
                lot.paid_minor,
                lot.revenue_method,
            ),
        )
        self._append(pool, kind, credits, **facts)

    def adjust(self, lot, difference, **facts):
        """Correct a lot by `difference`: a shortage comes out of the gift part first, the rest is owed.

        The price stays with the credits that are left; where none is left, the rest of it is income now.
        """
        if difference > 0:
            self.add(lot, difference, Kind.ADJUSTMENT, **facts)
            return
        for pool in sorted(self._of(lot), key=lambda p: not p.is_gift):
            share = min(pool.left, -difference)
            if share > 0:
                self._append(pool, Kind.ADJUSTMENT, -share, revenue_minor=self._rest(pool, share), **facts)
                difference += share
        if difference:
            self._append(None, Kind.ADJUSTMENT, difference, **facts)

    def _rest(self, pool, share):
        """What is left of the price when `share` of a pool goes and with it the last credit that carried it."""
        carrying = priced(pool, self._all)
        is_last = pool in carrying and share == sum(other.left for other in carrying)
        return value_of(pool.lot_id, self._all) if is_last else 0

    def take(self, credits, *, may_owe, lot=None, **facts):
        """Consume credits in the branch's order (of one lot only, if given), one entry per pool.

        The rest is owed, or refused with NoCreditsLeftError.
        """
        pools = self._all if lot is None else self._of(lot)
        for pool, share in allocate(pools, credits, self.enrolment.branch.consumption_order):
            if pool is None and not may_owe:
                raise NoCreditsLeftError(self.enrolment)
            revenue = revenue_of(pool, share, pools) if pool else 0
            self._append(pool, Kind.CONSUMPTION, -share, revenue_minor=revenue, **facts)

    def close_lot(self, lot, kind, *, released_minor, revenue_minor=0, **facts):
        """Take all that is left of a lot, and the rest of its price with the last of its entries."""
        pools = [pool for pool in self._of(lot) if pool.left]
        for pool in pools:
            value = {"revenue_minor": revenue_minor, "released_minor": released_minor} if pool is pools[-1] else {}
            self._append(pool, kind, -pool.left, **value, **facts)

    def reverse(self, entry, kind, **facts):
        """Undo what took credits: the same credits and fen, back to the same pool."""
        pool = self.pools.get((entry.lot_id, entry.is_gift))
        fen = {"revenue_minor": -entry.revenue_minor, "released_minor": -entry.released_minor}
        self._append(pool, kind, -entry.credits, **fen, reverses=entry, **facts)

    @property
    def left(self):
        """What the pools still hold; more than the balance when credits are owed."""
        return sum((pool.left for pool in self._all), Decimal(0))

    @property
    def _all(self):
        return list(self.pools.values())

    def _of(self, lot):
        return [pool for pool in self._all if pool.lot_id == lot.pk]

    def settle_owed(self, *, by):
        """Take what is owed from what there is now, oldest first, each under its own reference."""
        self.save()  # what was just owed counts too
        owed = list(self.enrolment.credit_entries.owed()) if self.left > max(self.balance, 0) else []
        for entry in owed:
            if not self.left:
                break
            facts = {"reference": entry.reference, "reason": entry.reason, "occurred_at": entry.occurred_at}
            self.reverse(entry, Kind.SETTLEMENT, by=by, **facts)
            self.take(-entry.credits, may_owe=True, by=by, **facts)
        self.save()

    def _append(self, pool, kind, credits, *, by, occurred_at, revenue_minor=0, released_minor=0, **facts):
        self.sequence += 1
        self.balance += credits
        if pool:
            pool.left += credits
            pool.taken_minor += revenue_minor + released_minor
        branch = self.enrolment.branch
        entry = CreditEntry(
            enrolment=self.enrolment,
            lot_id=pool.lot_id if pool else None,
            is_gift=pool.is_gift if pool else False,
            sequence=self.sequence,
            kind=kind,
            credits=credits,
            balance_after=self.balance,
            pool_left_after=pool.left if pool else None,
            revenue_minor=revenue_minor,
            released_minor=released_minor,
            occurred_at=occurred_at,
            booked_date=branch.books.booked_on(occurred_at),
            recorded_by=by,
            **facts,
        )
        self.unsaved.append(entry)


def _pool(row):
    return Pool(
        lot_id=row["lot_id"],
        is_gift=row["is_gift"],
        left=row["left"],
        taken_minor=row["taken"],
        expires_date=row["lot__expires_date"],
        paid_minor=row["lot__paid_minor"],
        revenue_method=row["lot__revenue_method"],
    )
