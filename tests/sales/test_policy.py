import pytest

from sales.models import SalesPolicy
from tests.factories import BranchFactory
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db


def test_every_branch_has_rules_from_its_first_day():
    policy = BranchFactory().sales_policy

    assert (policy.owner_rule, policy.remind_owner_days, policy.remind_manager_days) == ("creator", 3, 5)
    assert (policy.pool_days, policy.pool_warning_days, policy.claims_a_day, policy.cool_down_days) == (7, 1, 5, 7)
    assert policy.referral_credits == 0


@pytest.mark.parametrize("facts", [{"remind_manager_days": 2}, {"pool_days": 4}])
def test_the_steps_come_in_their_order(branch, facts):
    with refused_by("salespolicy_days_in_order"):
        SalesPolicy.objects.filter(branch=branch).update(**facts)


def test_a_branch_may_have_no_pool(branch):
    SalesPolicy.objects.filter(branch=branch).update(pool_days=None)
