"""Whatever is bought, taken, corrected and given back: the ledger adds up, to the half credit and the fen."""

from collections import defaultdict
from contextlib import suppress
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branches.models import Branch
from enrolments.ledger import Ledger, NoCreditsLeftError
from enrolments.models import CreditEntry, Enrolment
from enrolments.services import settle_credits
from tests.factories import NOW, BranchFactory, EnrolmentFactory, UserFactory, sell

pytestmark = pytest.mark.django_db

halves = st.integers(0, 6).map(lambda number: Decimal(number) / 2)
purchase = st.fixed_dictionaries(
    {
        "paid_credits": halves.filter(bool),
        "gift_credits": halves,
        "price_minor": st.integers(0, 1000),
        "validity_days": st.sampled_from([None, 30, 365]),
    }
)
lesson = st.tuples(st.integers(1, 4), halves)  # (which lesson, the credits it takes from now on)


@given(
    order=st.sampled_from(Branch.ConsumptionOrder.values),
    method=st.sampled_from(Branch.RevenueMethod.values),
    may_owe=st.booleans(),
    steps=st.lists(purchase | lesson, max_size=12),
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_ledger_adds_up(order, method, may_owe, steps):
    with transaction.atomic():
        branch = BranchFactory(consumption_order=order, revenue_method=method, may_owe=may_owe)
        enrolment = EnrolmentFactory(branch=branch)
        clerk = UserFactory()
        targets = {}
        for step in steps:
            if isinstance(step, dict):
                sell(enrolment, **step)
            else:
                _teach(enrolment, *step, targets=targets, clerk=clerk)
            _check(enrolment, targets)
        transaction.set_rollback(True)


def _teach(enrolment, number, credits, *, targets, clerk):
    with suppress(NoCreditsLeftError), transaction.atomic():
        settle_credits(
            enrolment=enrolment,
            reference=f"attendance:{number}",
            target=credits,
            occurred_at=NOW,
            by=clerk,
            reason="点名",
        )
        targets[number] = credits


def _check(enrolment, targets):
    entries = list(enrolment.credit_entries.select_related("lot").order_by("sequence"))
    balance, pools, revenue, used = _replay(entries)

    assert Enrolment.objects.get(pk=enrolment.pk).balance == balance
    assert all(left >= 0 for left in pools.values())
    assert {number: used[f"attendance:{number}"] for number in targets} == targets
    owed = -enrolment.credit_entries.owed().total()
    assert balance == sum(pools.values()) - owed
    assert not (owed and any(pools.values())), "nothing is owed while a lot still has credits"
    _check_revenue(enrolment, pools, revenue)
    _check_what_the_ledger_knows(enrolment, balance, pools)


def _replay(entries):
    """Balance, pools, revenue of the lots and use by reference, from the entries alone."""
    balance, pools, revenue, used = Decimal(0), defaultdict(Decimal), defaultdict(int), defaultdict(Decimal)
    for number, entry in enumerate(entries, start=1):
        balance += entry.credits
        assert (entry.sequence, entry.balance_after) == (number, balance)
        if entry.lot:
            pools[entry.lot_id, entry.is_gift] += entry.credits
            revenue[entry.lot_id] += entry.revenue_minor
            assert entry.pool_left_after == pools[entry.lot_id, entry.is_gift]
        if entry.kind not in (CreditEntry.Kind.PURCHASE, CreditEntry.Kind.GIFT):
            used[entry.reference] -= entry.credits
    return balance, pools, revenue, used


def _check_revenue(enrolment, pools, revenue):
    for lot in enrolment.lots.all():
        left = pools[lot.pk, False]
        if lot.revenue_method == Branch.RevenueMethod.BLENDED:
            left += pools.get((lot.pk, True), 0)
        assert 0 <= revenue[lot.pk] <= lot.paid_minor
        if not left:
            assert revenue[lot.pk] == lot.paid_minor


def _check_what_the_ledger_knows(enrolment, balance, pools):
    ledger = Ledger.of(enrolment)

    assert ledger.balance == balance
    assert {key: pool.left for key, pool in ledger.pools.items()} == dict(pools)
