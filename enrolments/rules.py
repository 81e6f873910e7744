"""The arithmetic of lesson credits: plain values in, plain values out (DOMAIN 2.1)."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from branches.models import Branch
from core.money import share_of

FOR_EVER = datetime.date.max


@dataclass
class Pool:
    """The paid or the gift credits of one lot that are left, and what its entries took of the lot's price, in fen.

    `taken_minor` is what they recognised as revenue, paid back, transferred or wrote off.
    """

    lot_id: int
    is_gift: bool
    left: Decimal
    taken_minor: int
    expires_date: datetime.date | None
    paid_minor: int
    revenue_method: str


def in_order(pools, order):
    """Pools in the order they are used up: earliest expiry, then paid before gift (or after), then oldest."""
    gift_first = order == Branch.ConsumptionOrder.GIFT_FIRST
    return sorted(pools, key=lambda pool: (pool.expires_date or FOR_EVER, pool.is_gift != gift_first, pool.lot_id))


def discount_of(price_minor, rule):
    """What a discount rule takes off a price, in fen: a percentage rounded half up, an amount up to the price."""
    if rule.percent is None:
        return min(rule.amount_minor, price_minor)
    return share_of(price_minor, rule.percent, Decimal(100))


def discount_percent(worth_minor, amount_minor):
    """What is let off, as a percentage of what it is worth."""
    return Decimal(100) * (worth_minor - amount_minor) / worth_minor if worth_minor else Decimal(0)


def allocate(pools, credits, order):
    """[(pool, credits)] that make up `credits`; what no pool can give is (None, credits) at the end."""
    shares = []
    for pool in in_order(pools, order):
        share = min(pool.left, credits)
        if share > 0:
            shares.append((pool, share))
            credits -= share
    return [*shares, (None, credits)] if credits > 0 else shares


def value_of(lot_id, pools):
    """What of a lot's price is still for lessons, in fen."""
    mine = [pool for pool in pools if pool.lot_id == lot_id]
    return mine[0].paid_minor - sum(pool.taken_minor for pool in mine)


def priced(pool, pools):
    """The pools that carry the price of a pool's lot: its paid one alone, or both."""
    if pool.revenue_method == Branch.RevenueMethod.PAID_ONLY:
        return [other for other in pools if other.lot_id == pool.lot_id and not other.is_gift]
    return [other for other in pools if other.lot_id == pool.lot_id]


def revenue_of(pool, credits, pools):
    """The fen recognised when `credits` are taken from `pool`, given all pools of the enrolment.

    It is their share of what is left of the price, so that a used-up lot has recognised what was paid, to the fen,
    whatever was corrected, transferred or put back meanwhile.
    """
    carrying = priced(pool, pools)
    if pool not in carrying:
        return 0
    return share_of(value_of(pool.lot_id, pools), credits, sum(other.left for other in carrying))
