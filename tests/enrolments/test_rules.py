"""The arithmetic of lesson credits, without a database."""

import datetime
from decimal import Decimal

import pytest

from branches.models import Branch
from enrolments.rules import Pool, allocate, in_order, revenue_of

PAID_FIRST = Branch.ConsumptionOrder.PAID_FIRST
GIFT_FIRST = Branch.ConsumptionOrder.GIFT_FIRST
BLENDED = Branch.RevenueMethod.BLENDED
PAID_ONLY = Branch.RevenueMethod.PAID_ONLY

JUNE = datetime.date(2027, 6, 30)
JULY = datetime.date(2027, 7, 31)


def pool(lot_id, *, is_gift=False, left=10, taken=0, expires=None, paid=1000, method=BLENDED):
    return Pool(
        lot_id=lot_id,
        is_gift=is_gift,
        left=Decimal(str(left)),
        taken_minor=taken,
        expires_date=expires,
        paid_minor=paid,
        revenue_method=method,
    )


def test_in_order_takes_the_earliest_expiry_before_anything_else():
    late, never, early = pool(1, expires=JULY), pool(2), pool(3, is_gift=True, expires=JUNE)

    assert in_order([late, never, early], PAID_FIRST) == [early, late, never]


def test_in_order_takes_paid_before_gift_then_the_oldest():
    gift, newer, older = pool(1, is_gift=True), pool(3), pool(2)

    assert in_order([gift, newer, older], PAID_FIRST) == [older, newer, gift]


def test_in_order_takes_gift_before_paid_where_the_branch_says_so():
    paid, newer_gift, older_gift = pool(1), pool(3, is_gift=True), pool(2, is_gift=True)

    assert in_order([paid, newer_gift, older_gift], GIFT_FIRST) == [older_gift, newer_gift, paid]


def test_allocate_crosses_from_one_pool_to_the_next():
    first, second = pool(1, left="0.5"), pool(2)

    assert allocate([first, second], Decimal(2), PAID_FIRST) == [(first, Decimal("0.5")), (second, Decimal("1.5"))]


def test_allocate_leaves_what_no_pool_can_give_to_nobody():
    first, used_up = pool(1, left=1), pool(2, left=0)

    assert allocate([first, used_up], Decimal(3), PAID_FIRST) == [(first, Decimal(1)), (None, Decimal(2))]


def test_allocate_without_a_pool_owes_everything():
    assert allocate([], Decimal(1), PAID_FIRST) == [(None, Decimal(1))]


@pytest.mark.parametrize(
    ("method", "is_gift", "fen"),
    [(BLENDED, False, 100), (BLENDED, True, 100), (PAID_ONLY, False, 125), (PAID_ONLY, True, 0)],
)
def test_revenue_of_one_lesson_by_method(method, is_gift, fen):
    pools = [pool(1, left=8, method=method), pool(1, is_gift=True, left=2, method=method)]

    assert revenue_of(pools[is_gift], Decimal(1), pools) == fen


def test_revenue_of_a_lot_ignores_other_lots():
    lot, other = pool(1, left=4), pool(2, left=100, paid=1)

    assert revenue_of(lot, Decimal(1), [lot, other]) == 250


def test_revenue_of_the_last_lesson_takes_the_rest():
    lot = pool(1, left=1, taken=667)

    assert revenue_of(lot, Decimal(1), [lot]) == 333
