"""The rules of pay, on values alone."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payroll.rules import (
    Basis,
    Children,
    LineKind,
    Rate,
    TaughtLesson,
    Terms,
    Tier,
    band_of,
    days_of,
    pay_of,
    total_of,
)

NOVEMBER = datetime.date(2026, 11, 1)
BANDS = (Tier(100_00, Decimal(20)), Tier(500_00, Decimal(25)), Tier(1000_00, Decimal(30)))


TEN = (Children("present", 10),)


def lesson(number=1, *, day=1, children=TEN, course_id=1, is_substitute=False):
    starts_at = datetime.datetime(2026, 11, day, 1, number % 60, tzinfo=datetime.UTC)
    return TaughtLesson(number, starts_at.date(), starts_at, 90, "围棋一班", course_id, is_substitute, tuple(children))


def terms(basis=Basis.LESSON, *, scheme_id=1, amount_minor=100_00, **figures):
    return Terms(scheme_id, "方案", basis, amount_minor, **figures)


def rate(of=None, *, rate_id=1, valid_from=datetime.date(2026, 1, 1), valid_until=None, course_id=None):
    return Rate(rate_id, of or terms(), valid_from, valid_until, course_id)


def paid(lessons, *rates):
    return pay_of(month=NOVEMBER, lessons=lessons, rates=list(rates))


def amounts(lines):
    return [line.amount_minor for line in lines]


def earning(*fen):
    return [lesson(number, children=[Children("present", 5, one)]) for number, one in enumerate(fen)]


# --- bands -----------------------------------------------------------------------------------------------


def test_five_hundred_is_in_the_band_that_begins_there():
    """DOMAIN 5.5: lessons worth 500 and 600, 20 % of [100, 500) and 25 % of [500, 1000): 275, not 250."""
    lines = paid(earning(500_00, 600_00), rate(terms(Basis.REVENUE, tiers=BANDS)))

    assert amounts(lines) == [125_00, 150_00]
    assert total_of(lines) == 275_00
    assert lines[0].working | {"scheme": ""} == {
        "scheme": "",
        "basis": "revenue",
        "revenue": 500_00,
        "percent": "25",
        "from": 500_00,
        "next": 1000_00,
    }


@pytest.mark.parametrize(
    ("value", "percent", "next_from"),
    [
        (99_99, None, 100_00),
        (100_00, 20, 500_00),
        (499_99, 20, 500_00),
        (500_00, 25, 1000_00),
        (999_99, 25, 1000_00),
        (1000_00, 30, None),
    ],
)
def test_a_band_holds_its_beginning_and_not_its_end(value, percent, next_from):
    tier, following = band_of(BANDS, value)

    assert (tier and tier.rate, following) == (percent, next_from)


@given(
    st.lists(st.integers(0, 300_00), unique=True, min_size=1, max_size=6),
    st.integers(0, 400_00),
)
def test_every_value_is_in_the_one_band_that_holds_it(beginnings, value):
    tiers = [Tier(at_least, index) for index, at_least in enumerate(beginnings)]

    tier, following = band_of(tiers, value)

    inside = [one for one in tiers if one.at_least <= value]
    assert tier == max(inside, key=lambda one: one.at_least, default=None)
    assert following is None or following > value


def test_below_the_first_band_is_nothing():
    [line] = paid(earning(99_99), rate(terms(Basis.REVENUE, tiers=BANDS)))

    assert (line.amount_minor, line.working["unpaid"]) == (0, "below")


@pytest.mark.parametrize(
    ("revenue", "percent", "fen"), [(333, "25", 83), (334, "25", 84), (1, "50", 1), (12345, "12.5", 1543)]
)
def test_a_share_is_rounded_half_up_to_the_fen(revenue, percent, fen):
    tiers = (Tier(0, Decimal(percent)),)

    assert amounts(paid(earning(revenue), rate(terms(Basis.REVENUE, tiers=tiers)))) == [fen]


# --- by the lesson ---------------------------------------------------------------------------------------

BY_LESSONS = (Tier(1, 80_00), Tier(3, 100_00))


@pytest.mark.parametrize(
    ("lessons", "is_progressive", "expected"),
    [
        (2, False, [80_00, 80_00]),
        (3, False, [100_00, 100_00, 100_00]),
        (3, True, [80_00, 80_00, 100_00]),
    ],
)
def test_bands_of_lessons_go_by_the_month_or_by_the_place_in_it(lessons, is_progressive, expected):
    scheme = terms(Basis.TIERS, tiers=BY_LESSONS, is_progressive=is_progressive)

    assert amounts(paid([lesson(number) for number in range(lessons)], rate(scheme))) == expected


def test_a_lesson_that_pays_nothing_does_not_lift_the_month_into_a_band():
    nobody = lesson(3, children=[Children("absent", 4)])

    lines = paid([lesson(1), lesson(2), nobody], rate(terms(Basis.TIERS, tiers=BY_LESSONS)))

    assert amounts(lines) == [80_00, 80_00, 0]


@pytest.mark.parametrize(("children", "fen"), [(1, 80_00), (15, 80_00), (16, 85_00), (20, 105_00)])
def test_by_heads_each_child_beyond_those_included_adds(children, fen):
    scheme = terms(Basis.HEADS, amount_minor=80_00, children_included=15, extra_minor=5_00)

    [line] = paid([lesson(children=[Children("present", children - 1), Children("late", 1)])], rate(scheme))

    assert (line.amount_minor, line.children) == (fen, children)


# --- what counts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switch", "children"),
    [
        ("counts_trials", Children("trial", 1)),
        ("counts_make_ups", Children("present", 1, is_make_up=True)),
        ("counts_leave", Children("leave", 1)),
        ("counts_absent", Children("absent", 1)),
    ],
)
def test_a_switch_decides_who_counts(switch, children):
    of_one = [lesson(children=[children])]

    assert amounts(paid(of_one, rate(terms(**{switch: True})))) == [100_00]
    [unpaid] = paid(of_one, rate(terms(**{switch: False})))
    assert (unpaid.amount_minor, unpaid.working["unpaid"]) == (0, "nobody")


def test_a_substitute_is_paid_or_not_as_the_scheme_of_who_taught_says():
    taught = [lesson(is_substitute=True)]

    assert amounts(paid(taught, rate(terms(pays_substitutes=True)))) == [100_00]
    assert paid(taught, rate(terms(pays_substitutes=False)))[0].working["unpaid"] == "substitute"


def test_revenue_is_that_of_the_children_who_count():
    mixed = lesson(children=[Children("present", 2, 200_00), Children("leave", 1, 100_00)])
    tiers = (Tier(0, Decimal(10)),)

    assert amounts(paid([mixed], rate(terms(Basis.REVENUE, tiers=tiers)))) == [20_00]
    assert amounts(paid([mixed], rate(terms(Basis.REVENUE, tiers=tiers, counts_leave=True)))) == [30_00]


# --- dated rates -----------------------------------------------------------------------------------------


def test_a_rate_holds_from_its_first_day_to_its_last():
    old = rate(valid_until=datetime.date(2026, 11, 10))
    new = rate(terms(amount_minor=120_00, scheme_id=2), rate_id=2, valid_from=datetime.date(2026, 11, 11))

    assert amounts(paid([lesson(1, day=10), lesson(2, day=11)], old, new)) == [100_00, 120_00]


def test_the_rate_of_the_course_goes_first():
    of_course = rate(terms(amount_minor=150_00, scheme_id=2), rate_id=2, course_id=7)

    assert amounts(paid([lesson(1, course_id=7), lesson(2, course_id=8)], of_course, rate())) == [150_00, 100_00]


def test_a_lesson_without_a_rate_says_so():
    [line] = paid([lesson(day=1)], rate(valid_from=datetime.date(2026, 11, 2)))

    assert line.has_no_rate
    assert line.amount_minor == 0


# --- by the month ----------------------------------------------------------------------------------------


def test_base_pay_covers_the_first_lessons():
    scheme = terms(base_minor=3000_00, minimum_lessons=2)

    lines = paid([lesson(number) for number in range(3)], rate(scheme))

    assert amounts(lines) == [0, 0, 100_00, 3000_00]
    assert [line.kind for line in lines][-1] == LineKind.BASE


def test_base_pay_goes_by_the_days_the_rate_holds():
    half = rate(terms(base_minor=3000_00, minimum_lessons=10), valid_from=datetime.date(2026, 11, 16))

    lines = paid([lesson(number, day=20) for number in range(6)], half)

    assert days_of(NOVEMBER, half) == (15, 30)
    assert amounts(lines) == [0, 0, 0, 0, 0, 100_00, 1500_00]


def test_base_pay_comes_without_a_lesson():
    assert amounts(paid([], rate(terms(base_minor=3000_00)))) == [3000_00]
    assert paid([], rate(terms(base_minor=3000_00), valid_until=datetime.date(2026, 10, 31))) == []


def test_guaranteed_pay_is_topped_up_to():
    newcomer = rate(terms(guaranteed_minor=250_00), valid_until=datetime.date(2026, 11, 30))

    assert amounts(paid([lesson(1), lesson(2)], newcomer)) == [100_00, 100_00, 50_00]
    assert amounts(paid([lesson(number) for number in range(3)], newcomer)) == [100_00, 100_00, 100_00]


def test_guaranteed_pay_ends_with_its_rate():
    """What is earned after the protection does not count against it."""
    newcomer = rate(terms(guaranteed_minor=300_00), valid_until=datetime.date(2026, 11, 15))
    later = rate(terms(scheme_id=2, amount_minor=200_00), rate_id=2, valid_from=datetime.date(2026, 11, 16))

    lines = paid([lesson(1, day=10), lesson(2, day=20)], newcomer, later)

    assert amounts(lines) == [100_00, 200_00, 50_00]


# --- properties ------------------------------------------------------------------------------------------

groups = st.builds(
    Children,
    st.sampled_from(["present", "late", "leave", "absent", "trial"]),
    st.integers(1, 20),
    st.integers(0, 900_00),
    st.booleans(),
)
lessons = st.lists(
    st.builds(
        lambda number, day, course, substitute, children: lesson(
            number, day=day, children=children, course_id=course, is_substitute=substitute
        ),
        st.integers(1, 50),
        st.integers(1, 30),
        st.integers(1, 2),
        st.booleans(),
        st.lists(groups, max_size=4),
    ),
    max_size=12,
    unique_by=lambda one: one.lesson_id,
)
schemes = st.builds(
    terms,
    st.sampled_from([Basis.LESSON, Basis.HEADS]),
    amount_minor=st.integers(0, 300_00),
    children_included=st.integers(0, 15),
    extra_minor=st.integers(0, 20_00),
    base_minor=st.integers(0, 5000_00),
    minimum_lessons=st.integers(0, 5),
    guaranteed_minor=st.integers(0, 6000_00),
    counts_trials=st.booleans(),
    counts_leave=st.booleans(),
    pays_substitutes=st.booleans(),
)


@given(lessons, schemes)
def test_every_lesson_has_one_line_and_pay_is_never_less_than_guaranteed(taught, scheme):
    lines = paid(taught, rate(scheme))

    assert sorted(line.lesson.lesson_id for line in lines if line.lesson) == sorted(one.lesson_id for one in taught)
    assert all(line.amount_minor >= 0 for line in lines)
    assert total_of(lines) >= max(scheme.base_minor, scheme.guaranteed_minor)


@given(lessons, schemes, st.randoms())
def test_pay_does_not_depend_on_the_order_of_asking(taught, scheme, random):
    shuffled = random.sample(taught, len(taught))

    assert paid(shuffled, rate(scheme)) == paid(taught, rate(scheme))


@given(lessons, schemes, st.integers(1, 29))
def test_splitting_a_rate_changes_no_lesson_of_a_plain_scheme(taught, scheme, last):
    """The same terms in two rates pay the same lessons the same."""
    plain = terms(scheme.basis, amount_minor=scheme.amount_minor, counts_leave=scheme.counts_leave)
    first = rate(plain, valid_until=datetime.date(2026, 11, last))
    second = rate(plain, rate_id=2, valid_from=datetime.date(2026, 11, last + 1))

    assert total_of(paid(taught, first, second)) == total_of(paid(taught, rate(plain)))


# --- bonus for full classes ------------------------------------------------------------------------------


def full(**figures):
    return terms(full_class_children=12, full_class_minor=20_00, **figures)


def with_children(*numbers):
    return [lesson(number, children=[Children("present", one)]) for number, one in enumerate(numbers)]


def test_a_lesson_with_exactly_so_many_children_is_a_full_class():
    lines = paid(with_children(11, 12, 13), rate(full()))

    assert amounts(lines) == [100_00, 100_00, 100_00, 40_00]
    assert lines[-1].kind == LineKind.FULL_CLASS
    assert lines[-1].working == {"scheme": "方案", "lessons": 2, "children": 12, "each": 20_00}


def test_who_does_not_count_fills_no_class():
    """Ten came, one is on leave and one is a guest: twelve by one scheme, eleven by another, ten by a third."""
    mixed = [lesson(children=[Children("present", 10), Children("leave", 1), Children("trial", 1)])]

    assert total_of(paid(mixed, rate(full(counts_leave=True)))) == 120_00
    assert total_of(paid(mixed, rate(full()))) == 100_00
    assert total_of(paid(mixed, rate(full(counts_trials=False)))) == 100_00


def test_a_lesson_that_pays_nothing_has_no_bonus_but_one_that_the_base_pay_covers_has():
    substitute = [lesson(children=[Children("present", 12)], is_substitute=True)]

    assert total_of(paid(substitute, rate(full(pays_substitutes=False)))) == 0
    assert total_of(paid(with_children(12), rate(full(base_minor=3000_00, minimum_lessons=5)))) == 3020_00


def test_a_bonus_counts_towards_the_guaranteed_pay():
    lines = paid(with_children(12, 3), rate(full(guaranteed_minor=250_00)))

    assert (total_of(lines), lines[-1].kind, lines[-1].amount_minor) == (250_00, LineKind.GUARANTEE, 30_00)


def test_a_rate_of_one_course_gives_its_own_bonus():
    """The course's own rate pays the bonus, and the month's guaranteed pay sees it."""
    monthly = rate(terms(guaranteed_minor=300_00))
    own = rate(full(scheme_id=2, amount_minor=150_00), rate_id=2, course_id=1)

    lines = paid(with_children(12, 3), monthly, own)

    assert [(line.kind, line.amount_minor) for line in lines] == [
        ("lesson", 150_00),
        ("lesson", 150_00),
        ("full_class", 20_00),
    ]
