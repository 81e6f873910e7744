"""What the database refuses, whoever asks."""

from decimal import Decimal

import pytest
from django.db import connection

from enrolments.guards import CLOSED_MONTH, ENTRY_REFUSAL, PAYMENT_REFUSAL, WALLET_REFUSAL
from enrolments.models import Books, CreditEntry, DiscountRule, OrderItem, Payment, WalletEntry
from tests.factories import (
    NOW,
    TODAY,
    CreditLotFactory,
    EnrolmentFactory,
    GuardianFactory,
    OrderFactory,
    StudentFactory,
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
        "booked_date": TODAY,
        "recorded_by": UserFactory(),
    }
    return CreditEntry.objects.create(**defaults | fields)


def pay(order=None, amount_minor=1000_00, **fields):
    order = order or OrderFactory()
    number = Payment.objects.count()
    facts = {"method": "cash", "received_at": NOW, "booked_date": TODAY, "token": f"payment-{number}"}
    return Payment.objects.create(
        order=order, amount_minor=amount_minor, received_by=order.created_by, **facts | fields
    )


def an_order_paid_twice():
    order = OrderFactory()
    pay(order)
    pay(order)


def money_for_a_draft():
    pay(OrderFactory(status="draft", confirmed_at=None, confirmed_by=None))


def money_taken_back_twice():
    payment = pay()
    for _ in range(2):
        pay(payment.order, -1, reverses=payment, reason="录错")


def item(**fields):
    order = OrderFactory()
    course = EnrolmentFactory().course
    prices = {"list_price_minor": 1, "before_minor": 10, "discount_minor": 0, "amount_minor": 10}
    facts = {"student": StudentFactory(), "course": course, "paid_credits": 1, "start_date": TODAY}
    return OrderItem.objects.create(order=order, **facts | prices | fields)


def move(guardian=None, **fields):
    facts = {
        "sequence": 1,
        "kind": "top_up",
        "amount_minor": 5,
        "balance_after_minor": 5,
        "method": "cash",
        "reference": "",
        "reason": "",
    }
    order = OrderFactory()
    facts |= {"branch": order.branch, "recorded_by": order.created_by, "occurred_at": NOW, "booked_date": TODAY}
    return WalletEntry.objects.create(guardian=guardian or GuardianFactory(), **facts | fields)


def two_wallet_entries_of_one_number():
    guardian = GuardianFactory()
    move(guardian)
    move(guardian)


def a_lot_overdrawn_behind_the_services_back():
    first = entry()
    entry(
        enrolment=first.enrolment,
        lot=first.lot,
        sequence=2,
        kind=Kind.CONSUMPTION,
        credits=-2,
        pool_left_after=0,  # a lie
    )


def more_revenue_than_was_paid():
    first = entry()
    entry(
        enrolment=first.enrolment,
        lot=first.lot,
        sequence=2,
        kind=Kind.CONSUMPTION,
        credits=-1,
        pool_left_after=0,
        revenue_minor=first.lot.paid_minor + 1,
    )


def discount(**fields):
    DiscountRule.objects.create(kind="other", name="开业", **fields)


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
        ("creditlot_left", a_lot_overdrawn_behind_the_services_back),
        ("creditlot_value_left", more_revenue_than_was_paid),
        ("payment_positive_unless_taken_back", lambda: pay(amount_minor=0)),
        ("payment_positive_unless_taken_back", lambda: pay(amount_minor=-1)),
        ("payment_positive_unless_taken_back", lambda: pay(amount_minor=1, reverses=pay())),
        ("payment_positive_unless_taken_back", lambda: pay(amount_minor=-1, reverses=pay(), reason="")),
        ("enrolments_payment_token", lambda: (pay(token="form-1"), pay(token="form-1"))),
        ("reverses_id", money_taken_back_twice),
        ("order_paid_once", an_order_paid_twice),
        ("order_paid_when_confirmed", money_for_a_draft),
        ("order_confirmed_when", lambda: OrderFactory(status="draft")),
        ("order_confirmed_when", lambda: OrderFactory(confirmed_at=None)),
        ("orderitem_amount", lambda: item(discount_minor=1)),
        ("orderitem_amount", lambda: item(discount_minor=11, amount_minor=0)),
        ("orderitem_credits", lambda: item(gift_credits=-1)),
        ("walletentry_sequence", two_wallet_entries_of_one_number),
        ("walletentry_not_overdrawn", lambda: move(amount_minor=-5, balance_after_minor=-5)),
        ("walletentry_method_of_money", lambda: move(method="")),
        ("walletentry_method_of_money", lambda: move(method="wallet")),
        ("walletentry_method_of_money", lambda: move(kind="correction", method="cash")),
        ("walletentry_moves", lambda: move(amount_minor=0)),
        ("discountrule_percent_or_amount", lambda: discount()),
        ("discountrule_percent_or_amount", lambda: discount(percent=10, amount_minor=100)),
        ("discountrule_percent_or_amount", lambda: discount(percent=101)),
        ("discountrule_days", lambda: discount(percent=5, valid_from=TODAY, valid_until=TODAY.replace(year=2025))),
        ("creditentry_lessons_release_nothing", lambda: entry(kind=Kind.CONSUMPTION, credits=-1, released_minor=1)),
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

    with refused_by(ENTRY_REFUSAL):
        change(sold)


@pytest.mark.parametrize(("make", "refusal"), [(pay, PAYMENT_REFUSAL), (move, WALLET_REFUSAL)])
def test_money_is_never_changed(make, refusal):
    made = make()

    with refused_by(refusal):
        made.save()
    with refused_by(refusal):
        made.delete()


@pytest.mark.parametrize("make", [entry, pay, move])
def test_nothing_is_booked_into_a_closed_month(make):
    made = make()
    branch = getattr(made, "branch", None) or getattr(made, "enrolment", None) or made.order
    Books.objects.filter(branch=getattr(branch, "branch", branch)).update(closed_until=TODAY)

    with refused_by(CLOSED_MONTH):
        _again(made)


def _again(made):
    """Another row of the same branch, on the same day."""
    if isinstance(made, CreditEntry):
        entry(enrolment=made.enrolment, lot=made.lot, sequence=2)
    elif isinstance(made, Payment):
        pay(made.order, -1, reverses=made, reason="录错")
    else:
        move(made.guardian, branch=made.branch, sequence=2)


def _execute(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
