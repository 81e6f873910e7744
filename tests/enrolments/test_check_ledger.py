"""`manage.py check_ledger` finds what does not add up."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from core.triggers import install_triggers, remove_triggers
from enrolments.models import CreditEntry, WalletEntry
from enrolments.services import settle_credits, top_up_wallet
from tests.factories import NOW, EnrolmentFactory, GuardianFactory, UserFactory, sell

pytestmark = pytest.mark.django_db


def check():
    out = StringIO()
    call_command("check_ledger", stdout=out)
    return out.getvalue()


@pytest.fixture
def lot(db):
    """Three of twenty credits taken, in two lessons, and a wallet that moved once."""
    lot = sell(EnrolmentFactory(), gift_credits=2)
    clerk = UserFactory()
    for number, credits in [(1, 2), (2, 1)]:
        facts = {"reference": f"attendance:{number}", "reason": "点名", "occurred_at": NOW, "by": clerk}
        settle_credits(enrolment=lot.enrolment, target=Decimal(credits), **facts)
    guardian = GuardianFactory()
    facts = {"reference": "", "reason": "预存", "by": clerk, "now": NOW, "token": "form-1"}
    top_up_wallet(guardian=guardian, branch=lot.enrolment.branch, amount_minor=500_00, method="cash", **facts)
    return lot


@pytest.fixture
def no_triggers(lot):
    """The database keeps nothing meanwhile; on PostgreSQL a table with pending checks cannot lose a trigger."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    remove_triggers()
    yield
    install_triggers()


def test_books_that_are_right(lot):
    assert str(1) in check()


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("UPDATE enrolments_enrolment SET balance = balance + 1", "enrolment.balance"),
        ("UPDATE enrolments_creditlot SET paid_left = paid_left - 1", "lot.paid_left"),
        ("UPDATE enrolments_creditlot SET gift_left = gift_left + 1", "lot.gift_left"),
        ("UPDATE enrolments_creditlot SET recognised_minor = recognised_minor + 1", "lot.recognised_minor"),
        ("UPDATE enrolments_creditlot SET released_minor = 1", "lot.released_minor"),
        ("UPDATE enrolments_creditlot SET paid_minor = paid_minor + 1", "lot.paid_minor"),
        ("UPDATE enrolments_order SET paid_minor = paid_minor - 1", "order.paid_minor"),
        ("UPDATE enrolments_order SET total_minor = total_minor + 1", "order.total_minor"),
        ("UPDATE enrolments_creditentry SET balance_after = 1 WHERE sequence = 2", "creditentry.balance_after"),
        ("UPDATE enrolments_creditentry SET pool_left_after = 1 WHERE sequence = 3", "creditentry.pool_left_after"),
        ("UPDATE enrolments_creditentry SET sequence = 9 WHERE sequence = 4", "creditentry.sequence"),
        ("UPDATE enrolments_walletentry SET balance_after_minor = 1", "walletentry.balance_after_minor"),
    ],
)
def test_what_was_changed_behind_the_services_is_found(no_triggers, capsys, sql, found):
    with connection.cursor() as cursor:
        cursor.execute(sql)
    out = StringIO()

    with pytest.raises(CommandError, match="1"):
        call_command("check_ledger", stdout=out)

    [line] = out.getvalue().splitlines()
    assert line.startswith(f"{found} ")


def test_an_entry_that_is_missing_is_found(no_triggers):
    """Its balance, its lot and the number after it."""
    last = CreditEntry.objects.order_by("sequence").last()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM enrolments_creditentry WHERE id = %s", [last.pk])
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("check_ledger", stdout=out)

    found = {line.split()[0] for line in out.getvalue().splitlines()}
    assert found == {"enrolment.balance", "lot.paid_left", "lot.recognised_minor"}


def test_a_wallet_has_no_gaps(no_triggers):
    entry = WalletEntry.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE enrolments_walletentry SET sequence = 3 WHERE id = %s", [entry.pk])
    out = StringIO()

    with pytest.raises(CommandError):
        call_command("check_ledger", stdout=out)

    assert out.getvalue().startswith("walletentry.sequence ")
