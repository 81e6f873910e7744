"""The pages of receipts, contracts and invoices, and what a QR code leads to."""

from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from branches.models import LegalEntity
from enrolments.models import Document, InvoiceRequest, Payment
from enrolments.services import issue_receipt, take_back_payment, take_payment, void_document
from tests.factories import (
    NOW,
    TODAY,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    OrderFactory,
    ScheduleRuleFactory,
    StudentFactory,
    at,
    desk_of,
    manager_of,
    owner_of_school,
    sell,
)
from tests.papers import squeezed, text_of

pytestmark = pytest.mark.django_db
CODE = "91350100M000100Y43"


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(branch):
    return desk_of(branch, name="王芳")


@pytest.fixture
def payment(branch):
    """A child's package, paid at noon; the mother is known."""
    student = StudentFactory(name="田𠅤", branches=[branch])
    GuardianshipFactory(student=student, guardian__name="李㛃", relation="妈妈")
    sell(EnrolmentFactory(branch=branch, student=student))
    return Payment.objects.get()


def child_of(payment):
    return payment.order.items.get().student


def receipt_of(payment, desk):
    return issue_receipt(payment=payment, by=desk, now=NOW)


def pages(response):
    return len(PdfReader(BytesIO(response.content)).pages)


# --- receipts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["80mm", "a5"])
def test_one_click_issues_and_prints_the_receipt(client, desk, payment, size):
    client.force_login(desk)

    response = client.post(reverse("receipt_print", args=[payment.pk]), {"size": size})

    document = Document.objects.get()
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"] == 'inline; filename="receipt.pdf"'
    text = text_of(response.content)
    assert "田𠅤" in text
    assert "李㛃" in text
    assert (document.payment, document.prints, document.issued_by) == (payment, 1, desk)


def test_the_second_print_is_the_same_receipt_and_says_that_it_is_one(client, desk, payment):
    client.force_login(desk)
    url = reverse("receipt_print", args=[payment.pk])

    first, second = (squeezed(text_of(client.post(url).content)) for _time in range(2))

    assert Document.objects.get().prints == 2
    assert "2026-11-2112:00" in first
    assert second.count("2026-11-21") == first.count("2026-11-21") + 1  # the day of the reprint


@pytest.mark.parametrize("name", ["order_papers", "student_papers"])
def test_papers_list_receipts_and_children(client, desk, payment, name):
    document = receipt_of(payment, desk)
    client.force_login(desk)
    pk = payment.order_id if name == "order_papers" else child_of(payment).pk

    response = client.get(reverse(name, args=[pk]))

    assert document.number_text in response.content.decode()
    assert reverse("contract", args=[payment.order_id, child_of(payment).pk]) in response.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_papers_query_count(client, desk, branch, django_assert_num_queries, count):
    student = StudentFactory(branches=[branch])
    for _order in range(count):
        lot = sell(EnrolmentFactory(branch=branch, student=student))
        receipt_of(lot.item.order.payments.get(), desk)
    client.force_login(desk)

    with django_assert_num_queries(11):
        client.get(reverse("student_papers", args=[student.pk]))


def test_another_branch_s_papers_do_not_exist(client, payment, other_branch, desk):
    document = receipt_of(payment, desk)
    client.force_login(manager_of(other_branch))

    for name, pk in (("order_papers", payment.order_id), ("document", document.pk)):
        assert client.get(reverse(name, args=[pk])).status_code == 404
    for name, pk in (("receipt_print", payment.pk), ("document_print", document.pk), ("document_void", document.pk)):
        assert client.post(reverse(name, args=[pk])).status_code == 404


def test_the_desk_does_not_void(client, desk, payment):
    document = receipt_of(payment, desk)
    client.force_login(desk)

    assert client.post(reverse("document_void", args=[document.pk]), {"reason": "写错"}).status_code == 403


def test_the_manager_voids_and_issues_anew(client, branch, desk, payment):
    wrong = receipt_of(payment, desk)
    client.force_login(manager_of(branch))

    response = client.post(reverse("document_void", args=[wrong.pk]), {"reason": "家长姓名写错", "redo": "1"})

    right = Document.objects.get(voided_at=None)
    assert response.url == right.get_absolute_url()
    assert (right.number, right.replaces) == (2, wrong)
    for document, other in ((wrong, right), (right, wrong)):
        assert other.number_text in client.get(document.get_absolute_url()).content.decode()


def test_a_void_receipt_prints_as_void(client, desk, payment):
    document = receipt_of(payment, desk)
    url = reverse("document_print", args=[document.pk])
    client.force_login(desk)
    valid = client.post(url, {"size": "a5"}).content
    void_document(document=document, reason="写错", by=desk, now=NOW)

    assert len(client.post(url, {"size": "a5"}).content) > len(valid)


def test_a_payment_that_was_taken_back_prints_nothing(client, desk, payment):
    take_back_payment(payment=payment, reason="收错", by=desk, now=NOW)
    client.force_login(desk)

    response = client.post(reverse("receipt_print", args=[payment.pk]))

    assert response.url == reverse("order_papers", args=[payment.order_id])
    assert not Document.objects.exists()


# --- a day ---------------------------------------------------------------------------------------------------


def test_a_day_s_receipts_are_one_pdf(client, desk, branch, payment):
    first = receipt_of(payment, desk)
    other = OrderFactory(branch=branch)
    for token, moment in (("late", at("2026-11-21 23:59")), ("next day", at("2026-11-22 00:00"))):
        take_payment(order=other, method="cash", amount_minor=100_00, by=desk, now=moment, token=token)
    client.force_login(desk)

    response = client.post(reverse("receipt_day"), {"day": f"{TODAY}", "branch": branch.pk, "size": "80mm"})

    assert pages(response) == 2
    assert Document.objects.count() == 2
    assert Document.objects.get(pk=first.pk).prints == 1


def test_a_day_shows_what_came_in(client, desk, payment):
    client.force_login(desk)

    response = client.get(reverse("receipt_day"))

    assert response.context["total_minor"] == 2400_00
    assert response.context["missing"] == 1


def test_a_day_without_money_prints_nothing(client, desk):
    client.force_login(desk)

    assert client.post(reverse("receipt_day")).url == reverse("receipt_day")


@pytest.mark.parametrize("count", [1, 3])
def test_a_day_s_query_count(client, desk, branch, django_assert_num_queries, count):
    for _sale in range(count):
        lot = sell(EnrolmentFactory(branch=branch))
        receipt_of(lot.item.order.payments.get(), desk)
    client.force_login(desk)

    with django_assert_num_queries(8):
        client.get(reverse("receipt_day"))


# --- contracts -----------------------------------------------------------------------------------------------


@pytest.fixture
def complete(payment, branch, desk):
    """Everything that can be kept is."""
    branch.address, branch.phone, branch.refund_full_days = "银州区一号", "024-12345678", 7
    branch.save()
    LegalEntity.objects.create(
        name="轻校培训学校",
        credit_code=CODE,
        approving_authority="银州区教育局",
        registering_authority="银州区市场监督管理局",
        registration_is_unlimited=True,
        licence_number="教民121120270000001号",
        licence_expires_date="2028-06-30",
        contact_name="王芳",
        supervision="custody",
        supervised_account="中行 2100",
        refund_days_before=3,
        own_terms="课本由甲方免费提供。",
    )
    student = child_of(payment)
    student.gender, student.birth_date, student.school, student.grade = "girl", "2017-05-06", "银州一小", "三年级"
    student.save()
    enrolment = student.enrolments.get()
    group = ClassGroupFactory(branch=branch, course=enrolment.course, name="周六甲班", teacher__name="张伟")
    ScheduleRuleFactory(class_group=group)
    ClassMemberFactory(class_group=group, enrolment=enrolment)
    LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
    return payment


def contract_url(payment):
    return reverse("contract", args=[payment.order_id, child_of(payment).pk])


def test_an_empty_school_names_every_blank_and_where_it_is_filled_in(client, branch, payment):
    client.force_login(manager_of(branch))

    response = client.get(contract_url(payment))

    blanks = {blank.key for blank, *_rest in response.context["missing"]}
    assert {
        "school_name",
        "licence_number",
        "student_id",
        "guardian_address",
        "class_name.0",
        "refund_days_after",
    } <= blanks
    assert "student_name" not in blanks
    assert reverse("admin:branches_branch_change", args=[branch.pk]) in response.content.decode()


def test_a_contract_with_blanks_is_refused_with_their_names(client, desk, payment):
    client.force_login(desk)

    response = client.post(contract_url(payment))

    assert response.status_code == 200
    assert response.context["form"].non_field_errors()
    assert not Document.objects.exists()


def test_only_identity_and_address_are_left_to_type(client, desk, complete):
    client.force_login(desk)

    response = client.get(contract_url(complete))

    blanks = [blank.key for blank, *_rest in response.context["missing"]]
    assert blanks == ["student_id", "guardian_address", "guardian_id"]


def test_the_contract_carries_what_is_kept_and_what_is_typed(client, desk, complete):
    client.force_login(desk)
    typed = {
        "guardian_address": "二号",
        "teacher.0": "李伟",
        "student_id": "211202201705060000",
        "hand-guardian_id": "on",
    }
    initial = {field.name: field.value() for field in client.get(contract_url(complete)).context["form"].changeable}

    assert not {"amount", "lessons_total.0"} & set(initial)  # what was sold, and for how much, is not typed
    response = client.post(contract_url(complete), initial | typed | {"amount": "¥1.00"})

    text = squeezed(text_of(response.content))
    for words in (
        *("轻校培训学校", CODE, "长期", "银行托管", "中行2100", "田𠅤", "女", "2017-05-06", "李㛃", "妈妈", "二号"),
        *("线下非学科类培训", "周六甲班", "2026-11-28", "小班额面授课", "李伟", "一次性付清", "¥2,400.00"),
        *("人民币贰仟肆佰元整", "211202201705060000", "课本由甲方免费提供"),
    ):
        assert words in text
    document = Document.objects.get()
    assert "211202201705060000" not in str(document.data)
    assert document.data["by_hand"] == ["guardian_id"]
    assert client.get(contract_url(complete)).url == document.get_absolute_url()


def test_all_blanks_may_be_left_to_the_pen(client, desk, payment):
    client.force_login(desk)
    boxes = {f"hand-{blank.key}": "on" for blank, *_rest in client.get(contract_url(payment)).context["missing"]}

    response = client.post(contract_url(payment), boxes)

    assert response["Content-Type"] == "application/pdf"
    assert text_of(response.content).count("（签约时手写填入）") == len(boxes)


def test_an_order_with_two_children_has_a_contract_for_each(client, desk, complete):
    other = StudentFactory()
    client.force_login(desk)

    assert client.get(reverse("contract", args=[complete.order_id, other.pk])).status_code == 404


# --- invoices ------------------------------------------------------------------------------------------------


def invoice_data(**changes):
    return {"title_kind": "person", "title": "李㛃", "amount_minor": "2400", "token": "one"} | changes


def test_an_invoice_is_asked_for_and_issued(client, desk, payment):
    client.force_login(desk)
    client.post(reverse("invoice_new", args=[payment.order_id]), invoice_data())
    invoice = InvoiceRequest.objects.get()
    assert invoice in client.get(reverse("invoice_list")).context["page_obj"].object_list

    client.post(reverse("invoice_step", args=[invoice.pk]), {"step": "issue", "number": "26212000001"})

    invoice.refresh_from_db()
    assert (invoice.state, invoice.invoice_number, invoice.handled_by) == ("issued", "26212000001", desk)
    assert not client.get(reverse("invoice_list")).context["page_obj"].object_list
    assert client.get(reverse("invoice_list") + "?state=issued").context["page_obj"].object_list


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": "2400.01"},
        {"title_kind": "company", "title": "某公司"},
        {"title_kind": "company", "title": "某公司", "tax_number": "91350100M000100Y44"},
    ],
)
def test_a_wrong_invoice_is_not_asked_for(client, desk, payment, changes):
    client.force_login(desk)

    response = client.post(reverse("invoice_new", args=[payment.order_id]), invoice_data(**changes))

    assert response.context["form"].errors
    assert not InvoiceRequest.objects.exists()


def test_an_invoice_without_its_number_stays_to_do(client, desk, payment):
    client.force_login(desk)
    client.post(reverse("invoice_new", args=[payment.order_id]), invoice_data())

    client.post(reverse("invoice_step", args=[InvoiceRequest.objects.get().pk]), {"step": "issue"})

    assert InvoiceRequest.objects.get().state == "requested"


def test_a_reversal_is_worked_off_in_the_list(client, desk, payment):
    client.force_login(desk)
    client.post(reverse("invoice_new", args=[payment.order_id]), invoice_data())
    invoice = InvoiceRequest.objects.get()
    url = reverse("invoice_step", args=[invoice.pk])
    client.post(url, {"step": "issue", "number": "1"})
    take_back_payment(payment=payment, reason="收错", by=desk, now=NOW)
    assert invoice in client.get(reverse("invoice_list")).context["page_obj"].object_list

    client.post(url, {"step": "reverse", "number": "2"})

    assert InvoiceRequest.objects.get().state == "reversed"


@pytest.mark.parametrize("count", [1, 3])
def test_invoice_list_query_count(client, desk, payment, django_assert_num_queries, count):
    client.force_login(desk)
    for number in range(count):
        data = invoice_data(amount_minor="100", token=f"{number}")
        client.post(reverse("invoice_new", args=[payment.order_id]), data)

    with django_assert_num_queries(5):
        client.get(reverse("invoice_list"))


# --- what a QR code leads to -----------------------------------------------------------------------------------


def test_anybody_with_the_code_sees_that_a_receipt_is_good_and_no_name(client, desk, payment):
    document = receipt_of(payment, desk)

    response = client.get(reverse("verify", args=[document.verify_code]))

    page = response.content.decode()
    for words in (
        document.number_text,
        "2026-11-21",
        "¥2,400.00",
        payment.order.branch.name,
        "李＊",
        'data-test="valid"',
    ):
        assert words in page
    for words in ("李㛃", "田𠅤", payment.reference or "-" * 99):
        assert words not in page
    assert response["X-Robots-Tag"] == "noindex, nofollow"


def test_a_code_may_be_typed_in_small_letters(client, desk, payment):
    assert client.get(reverse("verify", args=[receipt_of(payment, desk).verify_code.lower()])).status_code == 200


def test_a_void_receipt_says_so_and_which_stands_in_its_place(client, desk, payment):
    void = receipt_of(payment, desk)
    void_document(document=void, reason="写错", by=desk, now=NOW)
    right = receipt_of(payment, desk)

    page = client.get(reverse("verify", args=[void.verify_code])).content.decode()

    assert 'data-test="void"' in page
    assert right.number_text in page


def test_money_taken_back_makes_the_receipt_void(client, desk, payment):
    document = receipt_of(payment, desk)
    take_back_payment(payment=payment, reason="收错", by=desk, now=NOW)

    assert 'data-test="void"' in client.get(reverse("verify", args=[document.verify_code])).content.decode()


def test_an_unknown_code_is_not_found(client, db):
    assert client.get(reverse("verify", args=["22223333444455AA"])).status_code == 404


# --- the school's legal details --------------------------------------------------------------------------------


def test_the_owner_writes_them_for_all_branches_and_a_slip_is_noticed(client, branch):
    client.force_login(owner_of_school())
    url = reverse("admin:branches_legalentity_add")

    client.post(url, {"name": "轻校", "credit_code": "91350100M000100Y44"})
    assert not LegalEntity.objects.exists()
    client.post(url, {"name": "轻校", "own_terms": "一经报名概不退费"})
    assert not LegalEntity.objects.exists()

    client.post(url, {"name": "轻校", "credit_code": CODE})
    assert LegalEntity.objects.get().branch is None


def test_a_manager_keeps_to_the_own_branch(client, branch, other_branch):
    own = LegalEntity.objects.create(name="甲", branch=branch)
    client.force_login(manager_of(branch))

    client.post(reverse("admin:branches_legalentity_change", args=[own.pk]), {"name": "乙", "branch": other_branch.pk})

    own.refresh_from_db()
    assert (own.name, own.branch) == ("乙", branch)
    whole = LegalEntity.objects.create(name="全校")
    assert client.get(reverse("admin:branches_legalentity_change", args=[whole.pk])).status_code == 404
