"""Receipts and contracts as issued: numbers without gaps, frozen, voided, printed."""

import datetime

import pytest
from django.db import transaction

from branches.models import LegalEntity
from enrolments.contract_facts import ContractIncompleteError
from enrolments.document_guards import DOCUMENT_REFUSAL, VOID_REFUSAL
from enrolments.models import Document, Numbering, Payment
from enrolments.services import (
    DocumentError,
    issue_contract,
    issue_receipt,
    record_prints,
    take_back_payment,
    take_payment,
    void_document,
)
from tests.factories import (
    NOW,
    BranchFactory,
    EnrolmentFactory,
    GuardianFactory,
    OrderFactory,
    StudentFactory,
    UserFactory,
    at,
    sell,
)
from tests.papers import CONTRACT
from tests.races import at_once
from tests.refusals import refused_by

NEW_YEAR = at("2027-01-01 00:30")


@pytest.fixture
def desk(db):
    return UserFactory(name="王芳")


def paid(branch=None, amount_minor=400_00, *, method="cash", order=None, now=NOW):
    order = order or OrderFactory(branch=branch or BranchFactory())
    token = f"pay-{order.pk}-{order.payments.count()}"
    return take_payment(
        order=order, method=method, amount_minor=amount_minor, by=order.created_by, now=now, token=token
    )


def receipt_of(payment, desk, now=NOW):
    return issue_receipt(payment=payment, by=desk, now=now)


# --- numbers ---------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_receipts_count_by_branch_and_year(desk):
    first, other = BranchFactory(code="a"), BranchFactory(code="b")

    issued = [
        receipt_of(paid(first), desk),
        receipt_of(paid(first), desk),
        receipt_of(paid(other), desk),
        receipt_of(paid(first), desk, now=NEW_YEAR),
    ]

    assert [document.number_text for document in issued] == [
        "SJ-a-2026-00001",
        "SJ-a-2026-00002",
        "SJ-b-2026-00001",
        "SJ-a-2027-00001",
    ]


@pytest.mark.django_db
def test_the_year_is_that_of_the_branch_s_clock(desk):
    branch = BranchFactory(time_zone="America/New_York")  # where it is still 2026

    assert receipt_of(paid(branch), desk, now=NEW_YEAR).year == 2026


@pytest.mark.django_db
def test_a_receipt_is_issued_once(desk):
    payment = paid()

    first, second = (receipt_of(payment, desk) for _time in range(2))

    assert first == second
    assert Numbering.objects.get().last_number == 1


@pytest.mark.django_db
def test_a_receipt_that_is_rolled_back_leaves_no_gap(desk):
    branch = BranchFactory()

    with transaction.atomic():
        receipt_of(paid(branch), desk)
        transaction.set_rollback(True)

    assert receipt_of(paid(branch), desk).number == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_race_at_a_time")
def test_sixteen_desks_leave_no_gap_and_give_no_number_twice():
    desk, branch = UserFactory(), BranchFactory()
    payments = [paid(branch) for _desk in range(16)]

    def issue(payment, is_lost):
        with transaction.atomic():
            receipt_of(payment, desk)
            if is_lost:
                raise ZeroDivisionError

    results = at_once([lambda p=payment, lost=place % 4 == 0: issue(p, lost) for place, payment in enumerate(payments)])

    assert sum(isinstance(result, ZeroDivisionError) for result in results) == 4
    assert sorted(Document.objects.values_list("number", flat=True)) == list(range(1, 13))
    assert Numbering.objects.get().last_number == 12


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("one_race_at_a_time")
def test_sixteen_clicks_issue_one_receipt():
    desk, payment = UserFactory(), paid()

    results = at_once([lambda: receipt_of(payment, desk)] * 16)

    assert {document.number for document in results} == {1}
    assert Document.objects.count() == 1


# --- what stands on it -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_receipt_knows_what_was_sold_and_paid(desk):
    branch = BranchFactory(name="银州校区", code="yz")
    LegalEntity.objects.create(name="轻校培训学校", supervised_account="中行 2100")
    lot = sell(EnrolmentFactory(branch=branch, student__name="田萍"), 20, gift_credits=2.5, validity_days=365)
    payment = Payment.objects.get()

    data = receipt_of(payment, desk).data

    assert data["number"] == "SJ-yz-2026-00001"
    assert data["received"] == "2026-11-21 12:00"
    assert data["school"] == {"name": "轻校培训学校", "branch": "银州校区", "supervised_account": "中行 2100"}
    assert data["payer"] == "田萍"  # nobody else is known
    assert data["items"] == [
        {
            "student": "田萍",
            "course": lot.enrolment.course.name,
            "paid_credits": "20",
            "gift_credits": "2.5",
            "amount_minor": 2400_00,
            "discount_minor": 0,
            "valid_until": "2027-11-21",
        }
    ]
    assert data["order"] == {"total_minor": 2400_00, "paid_minor": 2400_00}
    assert (data["amount_minor"], data["method"], data["replaces"]) == (2400_00, "wechat", "")


@pytest.mark.django_db
def test_what_was_paid_so_far_is_as_of_then(desk):
    order = OrderFactory()
    payments = [paid(order=order, amount_minor=amount) for amount in (100_00, 200_00)]

    second, first = (receipt_of(payment, desk).data["order"]["paid_minor"] for payment in reversed(payments))

    assert (first, second) == (100_00, 300_00)


@pytest.mark.django_db
def test_a_branch_s_own_details_go_before_the_school_s(desk):
    branch = BranchFactory()
    LegalEntity.objects.create(name="全校")
    LegalEntity.objects.create(name="本校区", branch=branch)

    names = [receipt_of(paid(where), desk).data["school"]["name"] for where in (branch, BranchFactory())]

    assert names == ["本校区", "全校"]


@pytest.mark.django_db
def test_money_that_was_taken_back_gets_no_receipt(desk):
    payment = paid()
    back = take_back_payment(payment=payment, reason="收错", by=desk, now=NOW)

    for row in (payment, back):
        with pytest.raises(DocumentError):
            receipt_of(row, desk)


@pytest.mark.django_db
def test_money_of_the_books_gets_no_receipt(desk):
    with pytest.raises(DocumentError):
        receipt_of(paid(method="book"), desk)


@pytest.mark.django_db
def test_a_receipt_is_no_longer_good_when_its_money_was_taken_back(desk):
    payment = paid()
    document = receipt_of(payment, desk)
    take_back_payment(payment=payment, reason="收错", by=desk, now=NOW)

    assert not Document.objects.get(pk=document.pk).is_valid
    assert not Document.objects.valid().exists()


# --- frozen, void, printed ---------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"),
    [("data", {}), ("number", 7), ("amount_minor", 1), ("verify_code", "X"), ("issued_at", NEW_YEAR), ("year", 2020)],
)
def test_what_was_issued_is_never_changed(desk, field, value):
    document = receipt_of(paid(), desk)

    with refused_by(DOCUMENT_REFUSAL):
        Document.objects.filter(pk=document.pk).update(**{field: value})


@pytest.mark.django_db
def test_a_document_is_never_deleted(desk):
    document = receipt_of(paid(), desk)

    with refused_by(DOCUMENT_REFUSAL):
        document.delete()


@pytest.mark.django_db
def test_void_and_redo_keeps_both_and_each_names_the_other(desk):
    payment = paid()
    wrong = receipt_of(payment, desk)
    void_document(document=wrong, reason="家长姓名写错", by=desk, now=NOW)
    payment.order.guardian = GuardianFactory(name="李𠅤")
    payment.order.save(update_fields=["guardian"])

    right = receipt_of(payment, desk)

    assert (wrong.number, right.number) == (1, 2)
    assert right.replaces == wrong
    assert Document.objects.get(pk=wrong.pk).replaced_by == right
    assert (right.data["payer"], right.data["replaces"]) == ("李𠅤", wrong.number_text)
    assert list(Document.objects.valid()) == [right]


@pytest.mark.django_db
def test_making_void_needs_a_reason_and_counts_once(desk):
    document = receipt_of(paid(), desk)

    with pytest.raises(DocumentError):
        void_document(document=document, reason=" ", by=desk, now=NOW)
    void_document(document=document, reason="写错", by=desk, now=NOW)
    again = void_document(document=document, reason="别的", by=desk, now=NEW_YEAR)

    assert (again.void_reason, again.voided_at) == ("写错", NOW)


@pytest.mark.django_db
def test_void_stays_void(desk):
    document = receipt_of(paid(), desk)
    void_document(document=document, reason="写错", by=desk, now=NOW)

    with refused_by(VOID_REFUSAL):
        Document.objects.filter(pk=document.pk).update(voided_at=None, voided_by=None, void_reason="")


@pytest.mark.django_db
def test_prints_are_counted_and_the_first_is_the_original(desk):
    document, other = receipt_of(paid(), desk), receipt_of(paid(), desk)
    record_prints(documents=[other])

    counts = [record_prints(documents=[document, other]) for _time in range(2)]

    assert counts == [{document.pk: 0, other.pk: 1}, {document.pk: 1, other.pk: 2}]


# --- contracts ---------------------------------------------------------------------------------------------


@pytest.fixture
def sale(db):
    lot = sell(EnrolmentFactory(student__name="田萍"))
    return lot.item.order, lot.enrolment.student


def contract_of(sale, desk, facts=CONTRACT, by_hand=("student_id", "guardian_id"), typed=()):
    order, student = sale
    return issue_contract(
        order=order, student=student, facts=facts, by_hand=list(by_hand), typed=list(typed), by=desk, now=NOW
    )


@pytest.mark.django_db
def test_a_complete_contract_is_issued_once_with_a_number_of_its_own(sale, desk):
    receipt = receipt_of(Payment.objects.get(), desk)

    first, second = (contract_of(sale, desk) for _time in range(2))

    assert first == second
    assert (receipt.number, first.number, first.amount_minor) == (1, 1, 2400_00)
    assert first.data["facts"] == CONTRACT
    assert first.data["by_hand"] == ["guardian_id", "student_id"]


@pytest.mark.django_db
def test_a_contract_with_an_empty_field_is_refused_and_takes_no_number(sale, desk):
    with pytest.raises(ContractIncompleteError) as refusal:
        contract_of(sale, desk, facts=CONTRACT | {"licence_number": ""}, by_hand=["student_id"])

    assert [blank.key for blank in refusal.value.blanks] == ["licence_number", "guardian_id"]
    assert not Numbering.objects.exists()


@pytest.mark.django_db
def test_identity_numbers_are_not_kept(sale, desk):
    document = contract_of(sale, desk, by_hand=["student_id"], typed=["guardian_id"])

    assert document.data["by_hand"] == ["student_id"]
    assert "guardian_id" not in document.data["facts"]


@pytest.mark.django_db
def test_void_terms_of_our_own_stop_the_contract(sale, desk):
    LegalEntity.objects.create(name="轻校", own_terms="一经报名，概不退费。")

    with pytest.raises(DocumentError, match="概不退"):
        contract_of(sale, desk)


@pytest.mark.django_db
def test_a_void_contract_is_followed_by_one_in_its_place(sale, desk):
    first = contract_of(sale, desk)
    void_document(document=first, reason="写错", by=desk, now=NOW)

    second = contract_of(sale, desk, facts=CONTRACT | {"guardian_address": "三号"})

    assert (second.number, second.replaces) == (2, first)


# --- what the database refuses -------------------------------------------------------------------------------


def row(**fields):
    order = fields.pop("order", None) or OrderFactory()
    number = Document.objects.count() + 1
    facts = {"kind": "contract", "year": 2026, "number": number, "amount_minor": 0, "data": {}, "issued_at": NOW}
    facts |= {"order": order, "branch": order.branch, "student": StudentFactory(), "issued_by": order.created_by}
    return Document.objects.create(**facts | {"verify_code": f"{number:016d}"} | fields)


@pytest.mark.django_db
def test_a_number_is_given_once():
    first = row()
    with refused_by("document_number"):
        row(order=first.order, number=first.number)


@pytest.mark.django_db
def test_a_payment_has_one_receipt():
    payment = paid()
    receipt = {"kind": "receipt", "payment": payment, "order": payment.order}
    row(**receipt)
    with refused_by("document_one_receipt"):
        row(**receipt)


@pytest.mark.django_db
def test_a_child_has_one_contract_of_an_order():
    first = row()
    with refused_by("document_one_contract"):
        row(order=first.order, student=first.student)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["receipt", "statement", "invoice"])
def test_a_document_is_about_what_its_kind_says(kind):
    with refused_by("document_is_about"):
        row(kind=kind, student=None)


@pytest.mark.django_db
@pytest.mark.parametrize("fields", [{"voided_at": NOW}, {"void_reason": "写错"}])
def test_a_void_document_says_when_who_and_why(fields):
    with refused_by("document_void_with_reason"):
        row(**fields)


@pytest.mark.django_db
def test_a_branch_counts_each_kind_once_a_year():
    numbering = Numbering.objects.create(branch=BranchFactory(), kind="receipt", year=2026)
    with refused_by("numbering_once"):
        Numbering.objects.create(branch=numbering.branch, kind="receipt", year=2026)


@pytest.mark.django_db
def test_one_set_of_legal_details_is_for_all_branches():
    LegalEntity.objects.create(name="甲")
    with refused_by("legalentity_one_for_all"):
        LegalEntity.objects.create(name="乙")


@pytest.mark.django_db
def test_a_registration_ends_or_not():
    with refused_by("legalentity_registration_ends_or_not"):
        LegalEntity.objects.create(
            name="甲", registration_is_unlimited=True, registration_expires_date=datetime.date(2030, 1, 1)
        )
