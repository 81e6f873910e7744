"""Receipts and contracts on paper, from frozen facts alone: no database."""

import datetime
import time
from io import BytesIO

import pytest
from pypdf import PdfReader

from enrolments.contract_facts import ContractIncompleteError, blanks_of, fields_of, value_of, with_values
from enrolments.pdf.capitals import capital_amount
from enrolments.pdf.contract import contract_pdf
from enrolments.pdf.receipts import Receipt, receipts_pdf
from tests.core.test_pdf import RARE
from tests.papers import CONTRACT, COURSE, receipt_data, squeezed, text_of

URL = "https://school.example.com/verify/7K3MQ2XH9TBD4N6P/"
SIZES = ["80mm", "a5"]
MILLIMETRE = 72 / 25.4


def receipt(**changes):
    return Receipt(receipt_data(**changes), URL)


def pages_of(pdf):
    return PdfReader(BytesIO(pdf)).pages


@pytest.mark.parametrize("size", SIZES)
def test_a_receipt_says_what_a_parent_and_an_accountant_look_for(size):
    text = squeezed(text_of(receipts_pdf([receipt()], size=size)))

    for words in (
        "SJ-yinzhou-2026-00001",
        "2026-11-2112:00",
        "铁岭市银州区轻校教育培训学校",
        "银州校区",
        "田萍",
        "李芳",
        "少儿围棋",
        "¥6,000.00",  # before the discount
        "¥1,200.00",
        "¥4,800.00",  # due
        "¥1,800.00",  # received
        "¥3,000.00",  # still due
        "人民币壹仟捌佰元整",
        "2027-11-21",
        "4200001234202611210012345678",
        "21001234",  # the supervised account
        "王芳",
        "7K3MQ2XH9TBD4N6P",
    ):
        assert words in text


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", RARE)
def test_every_name_can_be_copied_out_of_a_receipt(size, name):
    text = text_of(receipts_pdf([receipt(student=name, payer=name[::-1])], size=size))

    assert name in text
    assert name[::-1] in text


@pytest.mark.parametrize("size", SIZES)
def test_what_is_paid_in_full_owes_nothing(size):
    paid = receipt(amount_minor=4800_00, order={"total_minor": 4800_00, "paid_minor": 4800_00})

    assert "¥0.00" not in text_of(receipts_pdf([paid], size=size))


def test_the_roll_is_80_mm_wide_and_as_long_as_the_receipt():
    items = receipt_data()["items"]

    short, long = (pages_of(receipts_pdf([receipt(items=items * many)], size="80mm"))[0] for many in (1, 6))

    assert float(short.mediabox.width) == pytest.approx(80 * MILLIMETRE)
    assert long.mediabox.height > short.mediabox.height + 100


def test_a5_goes_on_to_a_second_page_when_a_family_bought_much():
    pages = pages_of(receipts_pdf([receipt(items=receipt_data()["items"] * 12)], size="a5"))

    assert len(pages) == 2
    assert float(pages[0].mediabox.width) == pytest.approx(210 * MILLIMETRE, abs=0.1)


@pytest.mark.parametrize("size", SIZES)
def test_a_reprint_says_so_and_is_else_the_same(size):
    again = Receipt(receipt_data(), URL, copy=2, reprinted=datetime.date(2026, 11, 23))

    first, second = (text_of(receipts_pdf([paper], size=size)) for paper in (receipt(), again))

    assert "2026-11-23" not in first
    assert "2026-11-23" in second
    assert set(squeezed(first)) <= set(squeezed(second))


@pytest.mark.parametrize("size", SIZES)
def test_a_void_receipt_is_marked(size):
    void = Receipt(receipt_data(), URL, is_void=True)

    valid, voided = (len(receipts_pdf([paper], size=size)) for paper in (receipt(), void))

    assert voided > valid


@pytest.mark.parametrize("size", SIZES)
def test_the_same_receipts_are_the_same_file(size):
    first, second = (receipts_pdf([receipt(), receipt(number=2)], size=size) for _time in range(2))

    assert first == second


@pytest.mark.parametrize("size", SIZES)
def test_a_hundred_receipts_take_three_seconds_at_most(size):
    """Of the processor's time: a thousand in half a minute, on a machine that others use too."""
    receipts = [Receipt(receipt_data(number=number), f"{URL}{number}") for number in range(1, 101)]
    began = time.process_time()

    pdf = receipts_pdf(receipts, size=size)

    assert time.process_time() - began < 3
    assert len(pages_of(pdf)) == 100


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"),
        (5, "伍分"),
        (50, "伍角整"),
        (325_04, "叁佰贰拾伍元零肆分"),
        (1409_50, "壹仟肆佰零玖元伍角整"),
        (6007_14, "陆仟零柒元壹角肆分"),
        (107_000_53, "壹拾万零柒仟元伍角叁分"),
        (10_010_000_00, "壹仟零壹万元整"),
        (100_000_000_00, "壹亿元整"),
        (-50_00, "负伍拾元整"),
    ],
)
def test_amounts_in_words(fen, words):
    assert capital_amount(fen) == f"人民币{words}"


# --- contracts -------------------------------------------------------------------------------------------


def contract(**changes):
    data = {"number": "HT-yinzhou-2026-00001", "verify_code": "7K3MQ2XH9TBD4N6P", "facts": CONTRACT, "own_terms": []}
    return data | {"by_hand": ["student_id", "guardian_id"]} | changes


def test_a_contract_has_every_field_filled():
    text = squeezed(text_of(contract_pdf(contract(), verify_url=URL)))

    for key, _field, _course in fields_of(CONTRACT):
        assert squeezed(value_of(CONTRACT, key)) in text
    assert "3天前" in text
    assert "7天内" in text


@pytest.mark.parametrize("name", RARE)
def test_every_name_can_be_copied_out_of_a_contract(name):
    facts = CONTRACT | {"student_name": name, "guardian_name": name[::-1]}
    text = text_of(contract_pdf(contract(facts=facts), verify_url=URL))

    assert name in text
    assert name[::-1] in text


def test_what_is_left_to_the_pen_says_so():
    text = squeezed(text_of(contract_pdf(contract(), verify_url=URL)))

    assert text.count("（签约时手写填入）") == 2


def test_identity_numbers_are_on_the_paper_once_and_kept_nowhere():
    data = contract(by_hand=[])
    first = text_of(contract_pdf(data, verify_url=URL, unkept={"student_id": "211202201705060000"}))
    second = text_of(contract_pdf(data, verify_url=URL, copy=1))

    assert "211202201705060000" in first
    assert "211202201705060000" not in second
    assert squeezed(second).count("（系统不保存，见签字原件）") == 2


def test_every_page_says_which_of_how_many_it_is():
    data = contract(facts=CONTRACT | {"courses": [COURSE] * 3})
    pages = pages_of(contract_pdf(data, verify_url=URL))

    assert len(pages) > 1
    assert all("HT-yinzhou-2026-00001" in page.extract_text() for page in pages)


def test_our_own_terms_are_added_at_the_end():
    assert "课本由甲方免费提供" in text_of(contract_pdf(contract(own_terms=["课本由甲方免费提供。"]), verify_url=URL))


def test_nothing_is_blank_in_complete_facts_but_identity_numbers():
    assert [blank.key for blank in blanks_of(CONTRACT)] == ["student_id", "guardian_id"]
    assert blanks_of(CONTRACT, by_hand=["student_id"], typed=["guardian_id"]) == []


@pytest.mark.parametrize("key", [key for key, _field, _course in fields_of(CONTRACT)])
def test_each_empty_field_is_named(key):
    facts = CONTRACT | {"courses": [dict(COURSE)]}
    (facts["courses"][0] if "." in key else facts).pop(key.partition(".")[0], None)

    blanks = {blank.key: blank for blank in blanks_of(facts)}

    assert set(blanks) == {key, "student_id", "guardian_id"}
    assert str(blanks[key].field.label) in str(ContractIncompleteError([blanks[key]]))


def test_of_two_courses_the_empty_field_says_whose_it_is():
    facts = CONTRACT | {"courses": [COURSE, COURSE | {"course_name": "书法", "teacher": ""}]}

    (blank,) = blanks_of(facts, by_hand=["student_id", "guardian_id"])

    assert blank.key == "teacher.1"
    assert "书法" in blank.label


def test_typed_values_fill_in_and_leave_the_rest():
    facts = with_values(CONTRACT, {"guardian_address": "三号", "teacher.0": "李伟", "amount": ""})

    assert facts["guardian_address"] == "三号"
    assert facts["courses"][0]["teacher"] == "李伟"
    assert facts["amount"] == CONTRACT["amount"]
    assert CONTRACT["courses"][0]["teacher"] == "张伟"
