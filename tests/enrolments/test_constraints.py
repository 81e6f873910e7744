"""What the database refuses, whoever asks."""

from decimal import Decimal

import pytest
from django.db import connection

from enrolments.guards import REFUSAL
from enrolments.models import CreditEntry, Payment
from tests.factories import (
    NOW,
    TODAY,
    CreditLotFactory,
    EnrolmentFactory,
    UserFactory,
    sell,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db

Kind = CreditEntry.Kind


def entry(**fields):
    """A purchase of one credit, with other fields where given."""
    if "enrolment" not in fields:
        fields["enrolment"] = EnrolmentFactory()
    defaults = {
        "lot": CreditLotFactory(enrolment=fields["enrolment"]),
        "sequence": 1,
        "kind": Kind.PURCHASE,
        "credits": Decimal(1),
        "balance_after": Decimal(1),
        "pool_left_after": Decimal(1),
        "reference": "lot:1",
        "reason": "购买",
        "occurred_at": NOW,
        "recorded_by": UserFactory(),
    }
    return CreditEntry.objects.create(**defaults | fields)


def payment_of_nothing():
    Payment.objects.create(
        lot=CreditLotFactory(), method="cash", amount_minor=0, received_at=NOW, received_by=UserFactory()
    )


def two_accounts():
    enrolment = EnrolmentFactory()
    EnrolmentFactory(student=enrolment.student, branch=enrolment.branch, course=enrolment.course)


def two_entries_of_one_number():
    enrolment = EnrolmentFactory()
    entry(enrolment=enrolment)
    entry(enrolment=enrolment)


def an_entry_reversed_twice():
    first = entry()
    for sequence in (2, 3):
        entry(enrolment=first.enrolment, sequence=sequence, kind=Kind.RETURN, reverses=first)


def a_token_used_twice():
    CreditLotFactory(token="form-1")
    CreditLotFactory(token="form-1")


owed = {"lot": None, "pool_left_after": None}


def an_extension_of_no_days():
    lot = CreditLotFactory()
    lot.extensions.create(days=0, expires_date=TODAY, reason="停电", by=lot.sold_by, at=NOW)


@pytest.mark.parametrize(
    ("constraint", "make"),
    [
        ("enrolment_once", two_accounts),
        ("creditlot_credits_not_negative", lambda: CreditLotFactory(paid_credits=-1)),
        ("creditlot_credits_not_negative", lambda: CreditLotFactory(gift_credits=-1)),
        ("creditlot_validity", lambda: CreditLotFactory(expires_date=TODAY.replace(year=2025))),
        ("enrolments_creditlot_token", a_token_used_twice),
        ("payment_positive", payment_of_nothing),
        ("creditentry_sequence", two_entries_of_one_number),
        ("creditentry_sign_matches_kind", lambda: entry(credits=-1)),
        ("creditentry_sign_matches_kind", lambda: entry(kind=Kind.GIFT, credits=0)),
        ("creditentry_sign_matches_kind", lambda: entry(kind=Kind.CONSUMPTION, credits=1)),
        ("creditentry_sign_matches_kind", lambda: entry(kind=Kind.ADJUSTMENT, credits=0)),
        ("creditentry_sign_matches_kind", lambda: entry(kind="invented")),
        ("creditentry_lot_not_overdrawn", lambda: entry(pool_left_after=-1)),
        ("creditentry_lot_not_overdrawn", lambda: entry(pool_left_after=None)),
        ("creditentry_lot_not_overdrawn", lambda: entry(lot=None)),
        (
            "creditentry_lot_not_overdrawn",
            lambda: entry(kind=Kind.CONSUMPTION, credits=-1, revenue_minor=1, **owed),
        ),
        ("creditentry_return_names_entry", lambda: entry(kind=Kind.RETURN)),
        ("creditentry_return_names_entry", lambda: entry(reverses=entry(), sequence=2)),
        ("reverses_id", an_entry_reversed_twice),
        ("validityextension_of_days", an_extension_of_no_days),
    ],
)
def test_the_database_refuses(constraint, make):
    with refused_by(constraint):
        make()


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.save(),
        lambda entry: CreditEntry.objects.update(reason="其他"),
        lambda entry: CreditEntry.objects.bulk_update([entry], ["reason"]),
        lambda entry: entry.delete(),
        lambda entry: CreditEntry.objects.all().delete(),
        lambda entry: _execute("UPDATE enrolments_creditentry SET credits = 99"),
        lambda entry: _execute("DELETE FROM enrolments_creditentry"),
    ],
    ids=["save", "update", "bulk_update", "delete", "queryset_delete", "sql_update", "sql_delete"],
)
def test_an_entry_is_never_changed(change):
    sold = sell(EnrolmentFactory()).entries.get()

    with refused_by(REFUSAL):
        change(sold)


def _execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
