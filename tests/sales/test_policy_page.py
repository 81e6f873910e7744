"""A manager sets the rules of the own branch, and reads them in plain sentences."""

import pytest

from sales.models import SalesPolicy
from tests.factories import desk_of, manager_of, owner_of_school

pytestmark = pytest.mark.django_db
URL = "/enquiries/rules/"
RULES = {
    "owner_rule": "round_robin", "remind_owner_days": 2, "remind_manager_days": 4, "pool_days": "",
    "pool_warning_days": 1, "claims_a_day": "", "cool_down_days": 3, "referral_credits": "1",
}  # fmt: skip


def test_a_manager_changes_the_rules(client, branch):
    client.force_login(manager_of(branch))

    assert client.post(URL, RULES).url == f"{URL}?branch={branch.pk}"

    policy = SalesPolicy.objects.get(branch=branch)
    assert (policy.owner_rule, policy.pool_days, policy.claims_a_day) == ("round_robin", None, None)
    assert policy.counts_from is not None  # stricter than before


def test_steps_out_of_order_are_explained(client, branch):
    client.force_login(manager_of(branch))

    page = client.post(URL, RULES | {"remind_manager_days": 1})

    assert page.context["form"].non_field_errors()
    assert SalesPolicy.objects.get(branch=branch).remind_owner_days == 3


def test_each_sees_the_own_branches_only(client, branch, other_branch):
    client.force_login(manager_of(branch))
    assert client.get(URL, {"branch": other_branch.pk}).status_code == 404
    assert client.post(f"{URL}?branch={other_branch.pk}", RULES).status_code == 404
    client.force_login(owner_of_school())
    assert client.get(URL, {"branch": other_branch.pk}).context["policy"].branch == other_branch
    client.force_login(desk_of(branch))
    assert client.get(URL).status_code == 403
