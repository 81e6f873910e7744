"""Invoices: asked for up to what was paid, issued, reversed when the money goes back."""

import pytest

from enrolments.models import InvoiceRequest, Refund, RefundLine
from enrolments.services import (
    InvoiceError,
    ask_for_reversals,
    invoiceable_minor,
    issue_invoice,
    request_invoice,
    reverse_invoice,
    take_back_payment,
    take_payment,
    withdraw_invoice,
)
from tests.factories import NOW, TODAY, EnrolmentFactory, OrderFactory, UserFactory, sell
from tests.races import at_once
from tests.refusals import refused_by

State = InvoiceRequest.State
Title = InvoiceRequest.Title
CODE = "91350100M000100Y43"


@pytest.fixture
def order(db):
    order = OrderFactory()
    take_payment(order=order, method="cash", amount_minor=1000_00, by=order.created_by, now=NOW, token="cash")
    return order


def ask(order, amount_minor=1000_00, name="one", **fields):
    facts = {"title_kind": Title.PERSON, "title": "李芳", "by": order.created_by, "now": NOW}
    return request_invoice(order=order, amount_minor=amount_minor, token=name, **facts | fields)


def issued(order, amount_minor=1000_00, name="one"):
    return issue_invoice(
        invoice=ask(order, amount_minor, name), invoice_number=f"2621{name}", by=order.created_by, now=NOW
    )


def test_an_invoice_goes_from_asked_for_to_issued(order):
    invoice = issued(order)

    assert (invoice.state, invoice.invoice_number, invoice.issued_at) == (State.ISSUED, "2621one", NOW)
    assert invoiceable_minor(order) == 0


def test_a_double_click_asks_once(order):
    assert ask(order) == ask(order)


@pytest.mark.parametrize("amount_minor", [0, -1, 1000_01])
def test_never_more_than_was_paid(order, amount_minor):
    with pytest.raises(InvoiceError):
        ask(order, amount_minor)


def test_never_more_than_was_paid_in_several_invoices(order):
    ask(order, 700_00)

    with pytest.raises(InvoiceError, match="300"):
        ask(order, 300_01, name="two")
    assert ask(order, 300_00, name="three").amount_minor == 300_00


def test_what_is_withdrawn_can_be_asked_for_again(order):
    withdraw_invoice(invoice=ask(order), by=order.created_by)

    assert ask(order, name="two").state == State.REQUESTED


def test_a_company_needs_its_tax_number_which_is_cleaned(order):
    with pytest.raises(InvoiceError):
        ask(order, title_kind=Title.COMPANY, title="某公司")

    invoice = ask(order, title_kind=Title.COMPANY, title="某公司", tax_number="9135 0100 m000100y43")
    assert invoice.tax_number == CODE


def test_an_issued_invoice_is_not_withdrawn(order):
    with pytest.raises(InvoiceError):
        withdraw_invoice(invoice=issued(order), by=order.created_by)


def test_money_that_goes_back_asks_for_the_reversal(order):
    first, second = issued(order, 600_00, "one"), issued(order, 400_00, "two")

    take_back_payment(payment=order.payments.get(), reason="收错", by=order.created_by, now=NOW)

    assert set(InvoiceRequest.objects.to_do()) == {first, second}
    states = InvoiceRequest.objects.values_list("state", "reversal_reason").distinct()
    assert list(states.order_by()) == [(State.REVERSAL_NEEDED, "收错")]


def test_a_refund_reverses_as_few_invoices_as_it_can(db):
    lot = sell(EnrolmentFactory(), price_minor=1000_00)
    order, by = lot.item.order, UserFactory()
    first, second = issued(order, 600_00, "one"), issued(order, 400_00, "two")
    refund = Refund.objects.create(
        enrolment=lot.enrolment,
        status="paid",
        cause="parent",
        reason="搬家",
        method="cash",
        amount_minor=300_00,
        sheet={},
        needs_second_person=False,
        requested_date=TODAY,
        answer_by_date=TODAY,
        requested_at=NOW,
        requested_by=by,
        approved_at=NOW,
        ended_at=NOW,
        ended_by=by,
        token="refund",
    )
    RefundLine.objects.create(
        refund=refund,
        lot=lot,
        formula="contract",
        paid_credits=5,
        gift_credits=0,
        value_minor=300_00,
        amount_minor=300_00,
    )

    to_reverse = ask_for_reversals(order=order, reason="退费")

    assert to_reverse == [second]
    assert InvoiceRequest.objects.get(pk=first.pk).state == State.ISSUED
    assert invoiceable_minor(order) == 100_00  # of the 700 that the school keeps, 600 are invoiced


def test_a_request_that_nobody_issued_is_withdrawn_before_an_issued_one_is_reversed(order):
    card = {"order": order, "method": "card", "by": order.created_by, "now": NOW}
    order.total_minor = 1600_00
    order.save(update_fields=["total_minor"])
    payment = take_payment(amount_minor=600_00, token="card", **card)
    first, asked = issued(order, 1000_00, "one"), ask(order, 600_00, "two")

    take_back_payment(payment=payment, reason="收错", by=order.created_by, now=NOW)

    states = dict(InvoiceRequest.objects.values_list("pk", "state"))
    assert states == {first.pk: State.ISSUED, asked.pk: State.WITHDRAWN}


def test_a_reversal_is_written_down_with_its_number(order):
    issued(order)
    take_back_payment(payment=order.payments.get(), reason="收错", by=order.created_by, now=NOW)
    invoice = InvoiceRequest.objects.get()

    first, second = (
        reverse_invoice(invoice=invoice, reversal_number="26219", by=order.created_by, now=NOW) for _time in range(2)
    )

    assert first == second
    assert (second.state, second.reversal_number, second.reversed_at) == (State.REVERSED, "26219", NOW)
    assert not InvoiceRequest.objects.to_do().exists()


def test_only_what_has_to_be_is_reversed(order):
    with pytest.raises(InvoiceError):
        reverse_invoice(invoice=issued(order), reversal_number="1", by=order.created_by, now=NOW)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_race_at_a_time")
def test_eight_desks_together_ask_for_no_more_than_was_paid():
    order = OrderFactory()
    take_payment(order=order, method="cash", amount_minor=1000_00, by=order.created_by, now=NOW, token="cash")

    results = at_once([lambda n=number: ask(order, 300_00, name=f"desk-{n}") for number in range(8)])

    assert sum(isinstance(result, InvoiceError) for result in results) == 5
    assert InvoiceRequest.objects.count() == 3


# --- what the database refuses -------------------------------------------------------------------------------


def row(order, **fields):
    facts = {
        "title": "李芳",
        "amount_minor": 100,
        "requested_at": NOW,
        "requested_by": order.created_by,
        "token": "row",
    }
    return InvoiceRequest.objects.create(order=order, **facts | fields)


def test_an_invoice_is_about_some_money(order):
    with refused_by("invoicerequest_amount"):
        row(order, amount_minor=0)


def test_a_company_s_invoice_has_its_tax_number(order):
    with refused_by("invoicerequest_company_has_number"):
        row(order, title_kind=Title.COMPANY)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": State.ISSUED},
        {"state": State.REQUESTED, "invoice_number": "1"},
        {"state": State.REVERSED, "invoice_number": "1"},
        {"state": State.ISSUED, "invoice_number": "1", "reversal_number": "2"},
    ],
)
def test_numbers_are_those_of_the_state(order, fields):
    with refused_by("invoicerequest_numbers"):
        row(order, **fields)
