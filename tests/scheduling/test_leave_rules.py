"""The policies of the trade (DOMAIN 2.2) as data: what a leave takes at which notice."""

from datetime import timedelta
from decimal import Decimal

import pytest

from scheduling.leave_rules import Tier, cost_of_leave, part_of, without_policy

HALF = Decimal("0.5")
# A Chinese centre's rule for one-to-one: a day before free, six hours before half, later the whole.
ONE_TO_ONE = [
    Tier(24, Decimal(0), gives_make_up=True),
    Tier(6, HALF, gives_make_up=True),
    Tier(0, Decimal(1), gives_make_up=False),
]
# A studio's: free and to be made up with 48 hours of notice, at most twice; else taken.
STUDIO = [Tier(48, Decimal(0), gives_make_up=True)]


def hours(number):
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("notice", "share", "gives_make_up"),
    [
        (hours(100), 0, True),
        (hours(24), 0, True),
        (hours(24) - timedelta(seconds=1), HALF, True),
        (hours(6), HALF, True),
        (hours(6) - timedelta(seconds=1), 1, False),
        (hours(0), 1, False),
        (hours(-2), 1, False),  # after the lesson began, before its roll was called
    ],
)
def test_the_highest_tier_that_the_notice_reaches(notice, share, gives_make_up):
    cost = cost_of_leave(ONE_TO_ONE, notice=notice)

    assert (cost.share, cost.gives_make_up) == (share, gives_make_up)


def test_the_order_of_the_tiers_does_not_matter():
    assert cost_of_leave(ONE_TO_ONE[::-1], notice=hours(7)) == cost_of_leave(ONE_TO_ONE, notice=hours(7))


def test_below_every_tier_the_whole_credit_is_taken():
    cost = cost_of_leave(STUDIO, notice=hours(47))

    assert (cost.share, cost.gives_make_up, cost.tier) == (1, False, None)


@pytest.mark.parametrize(("leaves_before", "share"), [(0, 0), (2, 0), (3, 1), (4, 1)])
def test_beyond_the_cap_leave_takes_the_whole_credit(leaves_before, share):
    """Three leaves in a class of fifteen lessons."""
    cost = cost_of_leave(ONE_TO_ONE, notice=hours(100), leaves_before=leaves_before, cap=3)

    assert (cost.share, cost.gives_make_up, cost.is_over_cap) == (share, share == 0, share == 1)


def test_a_cap_of_none_is_no_cap():
    assert cost_of_leave(ONE_TO_ONE, notice=hours(100), leaves_before=99).share == 0


def test_a_cap_of_zero_means_that_every_leave_costs():
    assert cost_of_leave(ONE_TO_ONE, notice=hours(100), cap=0).share == 1


@pytest.mark.parametrize("takes_credit", [True, False])
def test_without_a_policy_leave_costs_alike_and_is_made_up_where_nothing_was_taken(takes_credit):
    for notice in (hours(100), hours(0)):
        cost = cost_of_leave([without_policy(takes_credit=takes_credit)], notice=notice)

        assert (cost.share, cost.gives_make_up) == (int(takes_credit), not takes_credit)


@pytest.mark.parametrize(
    ("credits", "share", "taken"),
    [
        ("1", "0", "0"),
        ("1", "0.5", "0.5"),
        ("1", "1", "1"),
        ("1.5", "0.5", "0.7"),  # rounded for the family; its make-up takes the other 0.8
        ("0.5", "0.5", "0.2"),
        ("0", "1", "0"),
    ],
)
def test_the_part_of_a_lesson_s_credits(credits, share, taken):
    assert part_of(Decimal(credits), Decimal(share)) == Decimal(taken)
