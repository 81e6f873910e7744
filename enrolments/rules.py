"""The arithmetic of lesson credits: plain values in, plain values out (DOMAIN 2.1)."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from branches.models import Branch
from core.money import share_of

FOR_EVER = datetime.date.max


@dataclass
class Pool:
    """The paid or the gift credits of one lot: `added` in all, `left` now; money in fen."""

    lot_id: int
    is_gift: bool
    added: Decimal
    left: Decimal
    recognised_minor: int
    expires_date: datetime.date | None
    paid_minor: int
    revenue_method: str


def in_order(pools, order):
    """Pools in the order they are used up: earliest expiry, then paid before gift (or after), then oldest."""
    gift_first = order == Branch.ConsumptionOrder.GIFT_FIRST
    return sorted(pools, key=lambda pool: (pool.expires_date or FOR_EVER, pool.is_gift != gift_first, pool.lot_id))


def allocate(pools, credits, order):
    """[(pool, credits)] that make up `credits`; what no pool can give is (None, credits) at the end."""
    shares = []
    for pool in in_order(pools, order):
        share = min(pool.left, credits)
        if share > 0:
            shares.append((pool, share))
            credits -= share
    return [*shares, (None, credits)] if credits > 0 else shares


def revenue_of(pool, credits, pools):
    """The fen recognised when `credits` are taken from `pool`, given all pools of the enrolment.

    It is the share of the price due after this lesson less what the lot recognised before, so that a
    used-up lot has recognised what was paid, to the fen.
    """
    priced = [other for other in pools if other.lot_id == pool.lot_id]
    if pool.revenue_method == Branch.RevenueMethod.PAID_ONLY:
        if pool.is_gift:
            return 0
        priced = [pool]
    whole = sum(other.added for other in priced)
    used = sum(other.added - other.left for other in priced) + credits
    return share_of(pool.paid_minor, used, whole) - sum(other.recognised_minor for other in priced)
