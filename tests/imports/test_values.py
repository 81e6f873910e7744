"""Single cells: what schools write, what it means, and what is left to a person."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports.dates import EXCEL_EPOCH, clean_date, clean_last_day, clean_time_text
from imports.phones import clean_phone
from imports.problems import BadValueError
from imports.schedules import Slot, clean_schedule
from imports.values import (
    clean_count,
    clean_credits,
    clean_gender,
    clean_label,
    clean_money,
    clean_name,
    clean_note,
    clean_text,
    split_list,
)

AUGUST_30 = datetime.date(2026, 8, 30)
ANY_CELL = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.text("0123456789-/.:年月日周一二六上下午点元万¥,，+ ()~—至、", max_size=20),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(datetime.timedelta(0), datetime.timedelta(days=2)),
)
CLEANERS = [
    *[clean_phone, clean_schedule, clean_date, clean_last_day, clean_money, clean_credits, clean_count],
    *[clean_name, clean_gender, clean_label, clean_note, clean_text, clean_time_text, split_list],
]


def problem_of(clean, cell):
    try:
        clean(cell)
    except BadValueError as error:
        return error
    return None


@given(ANY_CELL, st.sampled_from(CLEANERS))
def test_cleaner_any_cell_gives_value_or_problem(cell, clean):
    problem = problem_of(clean, cell)

    assert problem is None or (problem.reason and problem.mend)


# --- dates -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "2026-08-30",
        "2026/8/30",
        "2026.8.30",
        "2026年8月30日",
        "20260830",
        20260830,
        "2026 年 8 月 30 号",
        "２０２６．８．３０",
        "2026-08-30 00:00:00",
        "2026年8月30日 星期日",
        datetime.datetime(2026, 8, 30, 9, 30),  # noqa: DTZ001 (as openpyxl gives it)
        AUGUST_30,
        46264,
        46264.0,
        "46264",
        " 2026-8-30 ",
    ],
)
def test_date_in_any_shape_is_read(cell):
    assert clean_date(cell) == AUGUST_30


@pytest.mark.parametrize(
    "cell",
    [
        "8月30日",
        "8/30",
        "26/8/30",
        "'26-8-30",
        "2026年8月",
        "2026",
        "8/30/2026",
        "2026-02-30",
        "下周",
        12,
        "#REF!",
    ],
)
def test_date_in_doubt_is_a_problem(cell):
    with pytest.raises(BadValueError):
        clean_date(cell)


@pytest.mark.parametrize("cell", [None, "", "  ", "无", "-", "/", "待定"])
def test_date_empty_is_none(cell):
    assert clean_date(cell) is None


@given(st.dates(datetime.date(1950, 1, 1), datetime.date(2099, 12, 31)))
def test_date_every_shape_comes_back(day):
    shapes = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month}.{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        (day - EXCEL_EPOCH).days,
        str((day - EXCEL_EPOCH).days),
        datetime.datetime.combine(day, datetime.time.min),
    ]

    assert {clean_date(shape) for shape in shapes} == {day}


@pytest.mark.parametrize("cell", ["2026.9.1-2027.8.31", "2026-09-01至2027-08-31", "至2027年8月31日", "2027/8/31"])
def test_last_day_of_a_period_is_its_end(cell):
    assert clean_last_day(cell) == datetime.date(2027, 8, 31)


@pytest.mark.parametrize("cell", ["长期", "永久有效", None])
def test_last_day_without_end_is_none(cell):
    assert clean_last_day(cell) is None


def test_last_day_of_a_period_that_ends_before_it_begins_is_a_problem():
    with pytest.raises(BadValueError):
        clean_last_day("2027.8.31-2026.9.1")


# --- phones ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "１３８１２３４５６７８",
        "+8613812345678",
        "+86 138-1234-5678",
        "0086 13812345678",
        "8613812345678",
        "(86)13812345678",
        "’13812345678",
        "'13812345678",
        "`13812345678 ",
        "妈妈13812345678",
        "13812345678（爸爸）",
        "电话1：13812345678",
        13812345678,
        13812345678.0,
        "1.3812345678E10",
    ],
)
def test_phone_in_any_shape_is_read(cell):
    assert clean_phone(cell).number == "+8613812345678"


def test_phone_with_words_keeps_them():
    assert clean_phone("13812345678（爸爸）").note == "爸爸"


@pytest.mark.parametrize(
    "cell",
    [
        "13812345678/13912345678",
        "13812345678、13912345678",
        "13812345678 13912345678",
        "妈:13812345678 爸:13912345678",
    ],
)
def test_phone_two_in_one_cell_are_main_and_other(cell):
    phone = clean_phone(cell)

    assert (phone.number, phone.others) == ("+8613812345678", ("+8613912345678",))


def test_phone_broken_one_beside_a_good_one_is_told():
    phone = clean_phone("138123456 / 13912345678")

    assert (phone.number, phone.note) == ("+8613912345678", "138123456")


@pytest.mark.parametrize("cell", ["024-22345678", "(024) 2234 5678", "0431-82234567", "02422345678-801"])
def test_phone_landline_is_valid_but_takes_no_sms(cell):
    assert not clean_phone(cell).can_sms


@pytest.mark.parametrize(
    "cell",
    [
        "1381234567",  # ten digits
        "138123456789",
        "13812345678 9",
        "1381234567813912345678",  # two numbers run together: which digits are whose is a guess
        "1.38E+10",  # Excel has dropped the last digits
        "22345678",  # which town?
        "12345678901",
        "微信同号",
        "#N/A",
    ],
)
def test_phone_invalid_is_a_problem(cell):
    with pytest.raises(BadValueError):
        clean_phone(cell)


@pytest.mark.parametrize("cell", [None, "", "无", "—", "没有"])
def test_phone_empty_is_none(cell):
    assert clean_phone(cell) is None


@given(
    st.sampled_from(["130", "138", "150", "159", "166", "177", "186", "199"]),
    st.integers(0, 99_999_999),
    st.sampled_from(["{}{}{}", "{} {} {}", "{}-{}-{}", "+86{}{}{}", "+86 {} {} {}", "’{}{}{}", "妈妈{}{}{}"]),
)
def test_phone_every_shape_comes_back(head, tail, shape):
    tail = f"{tail:08d}"

    assert clean_phone(shape.format(head, tail[:4], tail[4:])).number == f"+86{head}{tail}"


# --- money and numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "fen"),
    [
        ("3,060元", 306000),
        ("¥3060", 306000),
        ("￥3,060.50", 306050),
        ("3060.5", 306050),
        ("0.3万", 300000),
        ("1.2万元", 1200000),
        ("３０６０", 306000),
        ("RMB 300", 30000),
        ("3 060", 306000),
        (3060, 306000),
        (2856.0000000000005, 285600),
        (0, 0),
        ("免", None),
        ("", None),
    ],
)
def test_money_is_read_in_fen(cell, fen):
    if cell == "免":
        with pytest.raises(BadValueError):
            clean_money(cell)
    else:
        assert clean_money(cell) == fen


@pytest.mark.parametrize("cell", ["3,06", "30 60", "3060元/年", "3060+200", "-5", "1.005", "三千", True])
def test_money_in_doubt_is_a_problem(cell):
    with pytest.raises(BadValueError):
        clean_money(cell)


@given(st.integers(0, 10**9), st.sampled_from(["{}", "{}元", "¥{}", "￥{} 元"]))
def test_money_every_shape_comes_back(fen, shape):
    plain, grouped = f"{fen / 100:.2f}", f"{fen / 100:,.2f}"

    assert clean_money(shape.format(plain)) == clean_money(shape.format(grouped)) == fen


@pytest.mark.parametrize(
    ("cell", "credits"),
    [
        ("48节", 48),
        ("48课时", 48),
        ("４８", 48),
        (48.0, 48),
        ("1.5", Decimal("1.5")),
        ("-2", -2),
        (0.1 + 0.2, Decimal("0.3")),
    ],
)
def test_credits_are_read(cell, credits):
    assert clean_credits(cell) == credits


@pytest.mark.parametrize("cell", ["48+4", "1.25", "很多", "48 4", True])
def test_credits_in_doubt_are_a_problem(cell):
    with pytest.raises(BadValueError):
        clean_credits(cell)


@pytest.mark.parametrize(("cell", "count"), [("15人", 15), (15.0, 15), ("90分钟", 90), ("", None)])
def test_count_is_read(cell, count):
    assert clean_count(cell) == count


# --- words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("田　萍 ", "田萍"),
        (" 张 三", "张三"),
        ("王\u200b五", "王五"),
        ("Tom  Smith", "Tom Smith"),
        ("阿依古丽 • 买买提", "阿依古丽·买买提"),
        ("*李四", "李四"),
        ("无", ""),
    ],
)
def test_name_is_cleaned(cell, name):
    assert clean_name(cell) == name


def test_name_of_digits_is_a_problem():
    with pytest.raises(BadValueError):
        clean_name(12)


@pytest.mark.parametrize(("cell", "gender"), [("男", "boy"), ("女孩", "girl"), ("F", "girl"), ("", "")])
def test_gender_is_read(cell, gender):
    assert clean_gender(cell) == gender


@pytest.mark.parametrize(
    "cell", ["银州校区、清河校区", "银州校区/清河校区", "银州校区和清河校区", "银州校区，清河校区"]
)
def test_list_of_branches_is_split(cell):
    assert split_list(cell) == ("银州校区", "清河校区")


def test_list_keeps_a_branch_whose_name_has_and_in_it():
    assert split_list("和平校区") == ("和平校区",)


# --- weekly times ----------------------------------------------------------------------------------------


def slot(weekday, start, end):
    return Slot(weekday, datetime.time.fromisoformat(start), datetime.time.fromisoformat(end))


@pytest.mark.parametrize(
    ("cell", "slots"),
    [
        ("周日 16:50-18:20", [(6, "16:50", "18:20")]),
        ("星期六下午1:30—3:00", [(5, "13:30", "15:00")]),
        ("周二、周四 17:20-18:20", [(1, "17:20", "18:20"), (3, "17:20", "18:20")]),
        ("周二四 17:20-18:20", [(1, "17:20", "18:20"), (3, "17:20", "18:20")]),
        ("周一至周三 18:00-19:00", [(0, "18:00", "19:00"), (1, "18:00", "19:00"), (2, "18:00", "19:00")]),
        ("每周六8:30~10:00", [(5, "08:30", "10:00")]),
        ("六 8:30-10:00", [(5, "08:30", "10:00")]),
        ("周六 08：30－10：00", [(5, "08:30", "10:00")]),
        ("周6 8:30-10:00", [(5, "08:30", "10:00")]),
        ("周六9点-10点半", [(5, "09:00", "10:30")]),
        ("周三 晚上6:30-8:00", [(2, "18:30", "20:00")]),
        ("周日 上午11:30-下午1:00", [(6, "11:30", "13:00")]),
        ("8:30-10:00 周六", [(5, "08:30", "10:00")]),
        ("周二17:20-18:20\n周四18:00-19:00", [(1, "17:20", "18:20"), (3, "18:00", "19:00")]),
        ("周六 8:30-10:00 10:10-11:40", [(5, "08:30", "10:00"), (5, "10:10", "11:40")]),
        ("", []),
    ],
)
def test_schedule_is_read(cell, slots):
    assert clean_schedule(cell) == tuple(slot(*item) for item in slots)


@pytest.mark.parametrize(
    "cell",
    [
        "周六",
        "9:00-10:00",
        "周末 9:00-10:00",  # one day or both?
        "周六 1:30-3:00",  # by night?
        "周六 6:30-8:00",
        "单周周六 9:00-10:00",  # not every week
        "周五至周一 9:00-10:00",
        "周六 10:00-9:00",
        "周六 9:00-25:00",
        "8月30日 9:00-10:00",
        "电话约",
    ],
)
def test_schedule_in_doubt_is_a_problem(cell):
    with pytest.raises(BadValueError):
        clean_schedule(cell)


def test_slots_back_to_back_do_not_overlap():
    assert not slot(5, "08:30", "10:00").overlaps(slot(5, "10:00", "11:30"))


def test_slots_sharing_a_minute_overlap():
    assert slot(5, "08:30", "10:01").overlaps(slot(5, "10:00", "11:30"))
    assert not slot(5, "08:30", "10:01").overlaps(slot(6, "10:00", "11:30"))


@pytest.mark.parametrize(
    "cell",
    [
        datetime.time(8, 30),
        datetime.timedelta(hours=8, minutes=30),
        datetime.datetime(1899, 12, 30, 8, 30),  # noqa: DTZ001 (as openpyxl gives it)
        8.5 / 24,
        "08:30",
    ],
)
def test_time_of_day_in_any_shape_is_text(cell):
    assert clean_time_text(cell) == "08:30"
