"""A family's wallet: money in, money out, once, and never below zero."""

import pytest

from enrolments.models import WalletEntry
from enrolments.services import WalletError, pay_out_wallet, top_up_wallet, wallet_balance
from tests.factories import NOW, BranchFactory, GuardianFactory, UserFactory

pytestmark = pytest.mark.django_db


def facts(guardian, amount_minor, form=1):
    return {
        "guardian": guardian,
        "branch": BranchFactory(),
        "amount_minor": amount_minor,
        "method": "cash",
        "reference": "",
        "reason": "预存",
        "by": UserFactory(),
        "now": NOW,
        "token": f"form-{form}",
    }


def test_money_goes_in_and_out_once_each():
    guardian = GuardianFactory()

    for _click in range(2):
        top_up_wallet(**facts(guardian, 500_00, 1))
        pay_out_wallet(**facts(guardian, 200_00, 2))

    assert wallet_balance(guardian) == 300_00
    assert list(WalletEntry.objects.order_by("sequence").values_list("sequence", "kind", "amount_minor")) == [
        (1, "top_up", 500_00),
        (2, "paid_out", -200_00),
    ]


def test_no_more_goes_out_than_is_in():
    guardian = GuardianFactory()
    top_up_wallet(**facts(guardian, 1))

    with pytest.raises(WalletError):
        pay_out_wallet(**facts(guardian, 2, 2))


@pytest.mark.parametrize("service", [top_up_wallet, pay_out_wallet])
@pytest.mark.parametrize("amount", [0, -5])
def test_amounts_are_above_zero(service, amount):
    with pytest.raises(WalletError):
        service(**facts(GuardianFactory(), amount))
