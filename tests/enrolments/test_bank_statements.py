"""Statements are read as their providers write them, and what is certain is matched."""

import datetime
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrolments.bank_statements.matching import REFERENCE, TIME, Item, Line, match, rank
from enrolments.bank_statements.reading import StatementError, UnknownColumnsError, read_statement
from imports.files import read_sheets
from tests.enrolments.statement_cases import (
    alipay_merchant,
    alipay_personal,
    bank,
    wechat_merchant,
    wechat_paid,
    wechat_personal,
    wechat_refunded,
)
from tests.factories import SHANGHAI, at


@pytest.fixture
def read(tmp_path):
    def read(content, kind="wechat", **options):
        path = Path(tmp_path / "bill.csv")
        path.write_bytes(content)
        return read_statement(read_sheets(path)[0].rows, kind=kind, time_zone=SHANGHAI, **options)

    return read


def told(statement):
    return [(row.occurred_at, row.amount_minor, row.reference) for row in statement.rows]


# --- reading -----------------------------------------------------------------------------------------------


def test_a_merchant_bill_of_wechat(read):
    statement = read(
        wechat_merchant(
            wechat_paid("2026-11-21 10:02:33", "4200001", "2400.00", order="M5"),
            wechat_refunded("2026-11-21 11:00:00", "4200001", "5030001", "300.00"),
        )
    )

    assert told(statement) == [
        (at("2026-11-21 10:02:33"), 2400_00, "4200001"),
        (at("2026-11-21 11:00:00"), -300_00, "5030001"),
    ]
    assert statement.account_number == "1900000109"
    assert statement.rows[0].others == ("M5",)
    assert "4200001" in statement.rows[1].others  # the payment that it gives back


def test_a_personal_bill_of_wechat_keeps_no_name(read):
    statement = read(
        wechat_personal(
            ("2026-11-21 10:02:33", "王小明", "收入", "1280.50", "已收钱", "1000039501"),
            ("2026-11-21 12:00:00", "李芳", "支出", "100.00", "已转账", "1000039502"),
            ("2026-11-21 13:00:00", "/", "/", "500.00", "提现已到账", "1000039503"),
        )
    )

    assert [row.amount_minor for row in statement.rows] == [1280_50, -100_00]
    assert statement.rows[0].payer == "王**"
    assert "小明" not in repr(statement)
    assert statement.passed_over == 1


def test_a_merchant_bill_of_alipay(read):
    statement = read(
        alipay_merchant(
            ("2026-11-21 10:00:30", "交易", "35.80", "2026112122001", ""),
            ("2026-11-21 10:30:00", "退款", "-35.80", "2026112122001", "RF9"),
        ),
        kind="alipay",
    )

    assert told(statement) == [
        (at("2026-11-21 10:00:30"), 35_80, "2026112122001"),
        (at("2026-11-21 10:30:00"), -35_80, "RF9"),
    ]
    assert statement.account_number == "20881234567801560156"


def test_a_personal_bill_of_alipay(read):
    statement = read(
        alipay_personal(
            ("2026-11-21 10:02:33", "赵六", "收入", "99.00", "交易成功", "A1"),
            ("2026-11-21 10:03:00", "赵六", "收入", "99.00", "交易关闭", "A2"),
            ("2026-11-21 10:04:00", "余额宝", "不计收支", "0.05", "交易成功", "A3"),
        ),
        kind="alipay",
    )

    assert told(statement) == [(at("2026-11-21 10:02:33"), 99_00, "A1")]
    assert statement.passed_over == 2


def test_a_bank_by_the_words_of_its_titles(read):
    statement = read(
        bank(
            ("20261121", "10:02:33", "2,400.00", "", "9,000.00", "王小明", "6222", "学费", "7001"),
            ("20261122", "08:00:00", "", "15.00", "8,985.00", "某某银行", "", "手续费", "7002"),
        ),
        kind="bank",
    )

    assert told(statement) == [
        (at("2026-11-21 10:02:33"), 2400_00, "7001"),
        (at("2026-11-22 08:00:00"), -15_00, "7002"),
    ]
    assert statement.account_number == "6217000012345678901"


def test_a_bank_whose_columns_somebody_names(read):
    content = bank(("2026年11月21日", "2400.00", "贷", "某人"), titles="何日,多少,哪边,何人")

    with pytest.raises(UnknownColumnsError) as unknown:
        read(content, kind="bank")
    columns = {"time": "何日", "amount": "多少", "direction": "哪边", "payer": "何人"}
    [row] = read(content, kind="bank", columns=columns).rows

    assert unknown.value.titles == ["何日", "多少", "哪边", "何人"]
    assert (row.day, row.has_time, row.amount_minor) == (datetime.date(2026, 11, 21), False, 2400_00)


def test_equal_lines_of_a_bank_without_numbers_are_told_apart_by_counting(read):
    row = ("20261121", "", "10.00", "", "", "甲", "", "", "")

    once, twice = read(bank(row), kind="bank"), read(bank(row, row), kind="bank")

    assert once.rows[0].key == twice.rows[0].key
    assert len({row.key for row in twice.rows}) == 2


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (wechat_merchant(), "wechat"),  # no line in it
        (wechat_merchant(wechat_paid("2026-11-21 10:00", "1", "1.00")), "alipay"),  # of another kind
        (wechat_merchant(wechat_paid("2026-11-21 10:00", "1", "many")), "wechat"),
        (wechat_merchant(wechat_paid("2026-11-31 10:00", "1", "1.00")), "wechat"),  # no such day
        (wechat_merchant(wechat_paid("2026-11-21 10:00", "1", "1.005")), "wechat"),
        (wechat_merchant(wechat_paid("2026-11-21 10:00", "1", "30000000.00")), "wechat"),  # more than is stored
        (
            wechat_merchant(
                wechat_paid("2026-11-21 10:00", "1", "1.00"),
                wechat_paid("2026-11-21 10:00", "2", "1.00", merchant="1900000110"),
            ),
            "wechat",
        ),
        ("学员花名册\n张三".encode(), "wechat"),
    ],
)
def test_what_is_no_statement_of_the_account_is_refused_whole(read, content, kind):
    with pytest.raises(StatementError):
        read(content, kind=kind)


# --- matching ----------------------------------------------------------------------------------------------

TEN = at("2026-11-21 10:00")


def line(key, minor=100, minutes=0, references=(), **facts):
    moment = TEN + datetime.timedelta(minutes=minutes)
    return Line(key, minor, moment, moment.date(), tuple(references), **facts)


def item(key, minor=100, minutes=0, reference="", **facts):
    moment = TEN + datetime.timedelta(minutes=minutes)
    return Item(("payment", key), minor, moment, moment.date(), reference, **facts)


def keys(pairs):
    return {(pair.line.key, pair.item.key[1], pair.rule) for pair in pairs}


def test_the_number_matches_at_any_time_and_time_matches_within_ten_minutes():
    lines = [line(1, references=["N1", "M1"]), line(2, 200), line(3, 300)]
    items = [item(1, minutes=9000, reference=" m1 "), item(2, 200, minutes=-10), item(3, 300, minutes=11)]

    assert keys(match(lines, items)) == {(1, 1, REFERENCE), (2, 2, TIME)}


def test_what_fits_two_is_left_to_a_person():
    assert match([line(1)], [item(1), item(2, minutes=5)]) == []
    assert match([line(1), line(2, minutes=5)], [item(1)]) == []
    assert match([line(1), line(2, minutes=8)], [item(1), item(2, minutes=16)]) == []  # a chain: each end has one
    assert match([line(1, by_day=True), line(2)], [item(1)]) == []
    assert match([line(1, references=["N"])], [item(1, reference="N"), item(2, reference="N")]) == []
    assert match([line(1, references=["N1"])], [item(1, reference="X99")]) == []  # another number was written down
    assert keys(match([line(1, references=["420001"])], [item(1, reference="0001")])) == {(1, 1, TIME)}


def test_a_bank_is_compared_by_days():
    day, later = 24 * 60, 2 * 24 * 60

    assert keys(match([line(1, by_day=True)], [item(1, minutes=day)])) == {(1, 1, TIME)}
    assert match([line(1, by_day=True)], [item(1, minutes=later)]) == []
    assert match([line(1, by_day=True)], [item(1), item(2, minutes=day)]) == []


def test_a_payment_taken_back_is_in_the_statement_with_its_refund_only():
    paid = item(1, cancels=("payment", 2))
    back = item(2, -100, minutes=3, cancels=("payment", 1))
    anew = item(3, minutes=4)

    assert keys(match([line(1)], [paid, back])) == set()  # mistyped: the line is of something else
    assert keys(match([line(1), line(2, -100, minutes=4)], [paid, back])) == {(1, 1, TIME), (2, 2, TIME)}
    assert keys(match([line(1)], [paid, back, anew])) == {(1, 3, TIME)}


def test_the_likeliest_stands_first_and_only_equal_money_is_offered():
    one = line(1, references=["420007"], payer="王**")
    items = [
        item(1, minutes=60),
        item(2, minutes=90, payer="王芳"),
        item(3, minutes=5000, reference="0007"),
        item(4, 99),
    ]

    assert [found.key[1] for found in rank(one, items)] == [3, 2, 1]


AMOUNTS, MINUTES = st.sampled_from([100, 200, -100]), st.integers(0, 40)
NUMBERS = st.sampled_from(["", "", "N1", "N2", "420001", "0001"])
LINES = st.lists(st.tuples(AMOUNTS, MINUTES, st.lists(NUMBERS.filter(bool), max_size=2), st.booleans()), max_size=8)
ITEMS = st.lists(st.tuples(AMOUNTS, MINUTES, NUMBERS, st.booleans()), max_size=8)


def _lines(facts):
    return [line(number, *rest[:3], by_day=rest[3]) for number, rest in enumerate(facts)]


def _items(facts):
    """Some are taken back by the next of the opposite amount."""
    items = []
    for number, (minor, minutes, reference, is_taken_back) in enumerate(facts):
        key, back = 2 * number, 2 * number + 1
        items.append(item(key, minor, minutes, reference, cancels=("payment", back) if is_taken_back else None))
        if is_taken_back:
            items.append(item(back, -minor, minutes + 2, reference, cancels=("payment", key)))
    return items


@given(LINES, ITEMS, st.randoms(use_true_random=False))
def test_no_side_is_matched_twice_money_is_equal_and_the_order_does_not_matter(line_facts, item_facts, random):
    lines, items = _lines(line_facts), _items(item_facts)

    pairs = match(lines, items)

    assert all(number == 1 for number in Counter(pair.line.key for pair in pairs).values())
    assert all(number == 1 for number in Counter(pair.item.key for pair in pairs).values())
    assert all(pair.line.amount_minor == pair.item.amount_minor for pair in pairs)
    shuffled_lines, shuffled_items = random.sample(lines, len(lines)), random.sample(items, len(items))
    assert keys(match(shuffled_lines, shuffled_items)) == keys(pairs)
