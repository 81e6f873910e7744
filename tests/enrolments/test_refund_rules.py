"""The formulas of refunds: the vectors of the field, the corners, and what must hold of every one of them."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrolments.refund_rates import rate_for
from enrolments.refund_rules import (
    Cause,
    Deduction,
    Formula,
    Lot,
    Terms,
    at_list_price,
    blended,
    contract_unit,
    entitled,
    figures_of,
    full_refund,
    interest,
    is_deductible,
    last_day_to_withdraw,
    of_time_card,
    of_wallet,
    offer,
    shares_of_arrears,
    total,
    within_seven_days,
)

START = date(2026, 9, 1)
LATER = date(2026, 11, 22)
NO_TERMS = Terms()


def lot(used_paid=0, used_gift=0, *, price=4800_00, paid=40, gift=4, list_price=150_00, **facts):
    numbers = [Decimal(str(number)) for number in (paid, gift, used_paid, used_gift)]
    return Lot(price, *numbers, list_price_minor=list_price, start_date=START, **facts)


def best(bought, cause, *, ended_on=LATER, terms=NO_TERMS, generous=None):
    return offer(bought, cause=cause, ended_on=ended_on, terms=terms, generous=generous)


# Package of 40 + 4 lessons at 4,800 yuan, list price 150: used paid, used gift → A, B, C, F (paid consumed first).
VECTORS = [
    (0, 0, 4800_00, 4800_00, 4800_00, 4800_00),
    (0.5, 0, 4740_00, 4745_45, 4725_00, 4740_00),
    (1, 0, 4680_00, 4690_91, 4650_00, 4680_00),
    (10, 0, 3600_00, 3709_09, 3300_00, 3600_00),
    (10.5, 0, 3540_00, 3654_55, 3225_00, 3540_00),
    (32, 0, 960_00, 1309_09, 0, 960_00),
    (38, 0, 240_00, 654_55, 0, 240_00),
    (40, 0, 0, 436_36, 0, 0),
    (40, 3.5, 0, 54_55, 0, 0),
    (40, 4, 0, 0, 0, 0),
    # gift consumed first: the same number of lessons leaves more that were paid
    (0, 4, 4800_00, 4363_64, 4200_00, 4320_00),
    (6, 4, 4080_00, 3709_09, 3300_00, 3600_00),
    (34, 4, 720_00, 654_55, 0, 240_00),
]


@pytest.mark.parametrize(("used_paid", "used_gift", "a", "b", "c", "f"), VECTORS)
def test_formulas_give_the_known_figures(used_paid, used_gift, a, b, c, f):
    bought = lot(used_paid, used_gift)

    figures = [contract_unit(bought), blended(bought), at_list_price(bought), within_seven_days(bought)]

    assert [figure.amount_minor for figure in figures] == [a, b, c, f]


@pytest.mark.parametrize(
    ("used_paid", "used_gift", "cause", "amount", "formula"),
    [
        (10, 0, Cause.SCHOOL, 3709_09, Formula.SCHOOL),
        (10, 0, Cause.PARENT, 3600_00, Formula.CONTRACT),  # the contract is better than the law
        (10, 0, Cause.SEVEN_DAYS, 3600_00, Formula.CONTRACT),
        (6, 4, Cause.SCHOOL, 4080_00, Formula.CONTRACT),  # gift first: the contract beats the blended price
        (40, 0, Cause.SCHOOL, 436_36, Formula.SCHOOL),
        (40, 0, Cause.PARENT, 0, Formula.CONTRACT),
        (0, 0, Cause.SEVEN_DAYS, 4800_00, Formula.CONTRACT),
    ],
)
def test_offer_is_the_best_that_the_family_may_call_on(used_paid, used_gift, cause, amount, formula):
    offered = best(lot(used_paid, used_gift), cause)

    assert (offered.amount_minor, offered.best.formula) == (amount, formula)


def test_each_figure_shows_the_numbers_it_is_made_of():
    figures = figures_of(lot(10, expires_date=START + timedelta(days=89)), ended_on=LATER, terms=NO_TERMS)

    a, b, c = (figures[formula] for formula in (Formula.CONTRACT, Formula.SCHOOL, Formula.PARENT))
    assert (a.part, a.whole, a.served_minor) == (10, 40, 1200_00)
    assert (b.part, b.whole, b.served_minor) == (10, 44, 1090_91)
    assert (c.part, c.each_minor, c.served_minor) == (10, 150_00, 1500_00)
    assert [figures[f].article for f in (Formula.CONTRACT, Formula.SCHOOL, Formula.PARENT)] == ["15", "18", "19–20"]
    assert (figures[Formula.TIME_CARD].article, figures[Formula.SEVEN_DAYS].article) == ("22", "14")


def test_list_price_is_never_claimed_back_beyond_what_was_prepaid():
    figure = at_list_price(lot(40, 4, list_price=300_00))

    assert (figure.amount_minor, figure.served_minor) == (0, 13200_00)


def test_without_a_list_price_the_contract_decides():
    bought = lot(10, list_price=0)

    assert at_list_price(bought) is None
    assert best(bought, Cause.PARENT).amount_minor == 3600_00


def test_half_a_lesson_at_an_odd_list_price_is_rounded_to_the_fen():
    assert at_list_price(lot(0.5, list_price=99_99)).served_minor == 50_00


def test_a_lot_without_a_price_gives_nothing_back():
    free = lot(2, price=0, gift=0)

    assert {figure.amount_minor for figure in figures_of(free, ended_on=LATER, terms=NO_TERMS).values()} == {0}


def test_more_gifts_than_lessons():
    bought = lot(10, 5, price=1000_00, paid=10, gift=20)

    assert best(bought, Cause.SCHOOL).amount_minor == 500_00
    assert best(bought, Cause.PARENT).amount_minor == 0


def test_a_price_for_gift_lessons_alone_is_spread_over_them():
    bought = lot(0, 5, price=1000_00, paid=0, gift=20)

    assert contract_unit(bought).amount_minor == 750_00
    assert within_seven_days(bought).amount_minor == 750_00


# --- cards by time, wallets, days --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used_days", "amount"), [(35, 1100_00), (0, 1800_00), (-20, 1800_00), (1, 1780_00), (89, 20_00), (90, 0), (400, 0)]
)
def test_a_card_by_time_gives_back_the_days_left(used_days, amount):
    card = lot(price=1800_00, expires_date=START + timedelta(days=89), by_time=True)

    figure = of_time_card(card, START + timedelta(days=used_days - 1))

    assert figure.amount_minor == amount


def test_by_time_counts_only_for_a_card_by_time():
    lessons = lot(20, expires_date=START + timedelta(days=364))

    assert Formula.TIME_CARD not in entitled(lessons, Cause.PARENT)
    assert best(lessons, Cause.PARENT).best.formula == Formula.CONTRACT
    assert of_time_card(lot(), LATER) is None


def test_a_card_by_time_counts_days_whoever_ends_it():
    card = lot(paid=0, gift=0, price=1800_00, expires_date=START + timedelta(days=89), by_time=True)

    for cause in Cause:
        assert best(card, cause, ended_on=START + timedelta(days=34)).amount_minor == 1100_00


@pytest.mark.parametrize(
    ("topped_up", "gifted", "spent", "amount"),
    [
        (1000_00, 200_00, 0, 1000_00),
        (1000_00, 200_00, 600_00, 500_00),
        (1000_00, 0, 600_00, 400_00),
        (1000_00, 200_00, 1200_00, 0),
        (0, 200_00, 100_00, 0),
        (0, 0, 0, 0),
    ],
)
def test_a_wallet_gives_back_what_was_paid_of_what_is_left(topped_up, gifted, spent, amount):
    figure = of_wallet(topped_up_minor=topped_up, gifted_minor=gifted, spent_minor=spent)

    assert figure.amount_minor == amount


@pytest.mark.parametrize(("days", "applies"), [(0, True), (7, True), (14, True), (15, False)])
def test_contract_gives_all_back_in_the_days_that_it_names(days, applies):
    bought, terms = lot(3), Terms(full_refund_days=14)

    offered = best(bought, Cause.PARENT, ended_on=START + timedelta(days=days), terms=terms)

    assert (full_refund(bought, terms, START + timedelta(days=days)) is not None) == applies
    assert offered.amount_minor == (4800_00 if applies else 4440_00)


def test_before_the_class_opens_everything_is_given_back_whatever_the_contract_says():
    for cause in Cause:
        assert best(lot(), cause, ended_on=START - timedelta(days=1)).amount_minor == 4800_00


@pytest.mark.parametrize(
    ("days_off", "last"),
    [
        ([], date(2026, 11, 28)),
        ([date(2026, 11, 28), date(2026, 11, 29)], date(2026, 11, 30)),
        ([date(2026, 11, 25)], date(2026, 11, 28)),
    ],
)
def test_seven_days_begin_after_the_payment_and_end_on_a_working_day(days_off, last):
    assert last_day_to_withdraw(date(2026, 11, 21), days_off.__contains__) == last


# --- money that was never paid, deductions, interest --------------------------------------------------------


@pytest.mark.parametrize(
    ("arrears", "forgiven", "amount"),
    [
        (0, 0, 3600_00),
        (1800_00, 1800_00, 1800_00),
        (3600_00, 3600_00, 0),
        (4000_00, 3600_00, 0),  # 400 yuan of lessons were taken and never paid: still owed
        (4800_00, 3600_00, 0),
    ],
)
def test_what_was_never_paid_is_forgiven_first(arrears, forgiven, amount):
    offered = best(lot(10, arrears_minor=arrears), Cause.PARENT)

    assert (offered.value_minor, offered.forgiven_minor, offered.amount_minor) == (3600_00, forgiven, amount)


@pytest.mark.parametrize(
    ("open_minor", "prices", "shares"),
    [
        (0, [100, 200], [0, 0]),
        (100, [100, 100, 100], [33, 34, 33]),
        (1800_00, [4800_00, 2400_00], [1200_00, 600_00]),
        (0, [0, 0], [0, 0]),
    ],
)
def test_arrears_are_shared_out_by_price(open_minor, prices, shares):
    assert shares_of_arrears(open_minor, prices) == shares


def test_deductions_stop_at_nothing():
    offers = [best(lot(38), Cause.PARENT), best(lot(40), Cause.PARENT)]
    books = Deduction("教材", 300_00, "领用单 12")

    assert total(offers).amount_minor == 240_00
    assert total(offers, [Deduction("教材", 80_00, "领用单 12")]).amount_minor == 160_00
    assert total(offers, [books]).amount_minor == 0
    assert total(offers, [books]).deducted_minor == 240_00


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("教材", True),
        ("围棋棋盘", True),
        ("退费手续费", False),
        ("顾问提成", False),
        ("违约金", False),
        ("Handling fee", False),
    ],
)
def test_fees_and_commission_are_no_deduction(name, allowed):
    assert is_deductible(name) == allowed


@pytest.mark.parametrize(
    ("amount", "percent", "days", "fen"),
    [(3650_00, "3.00", 10, 3_00), (3600_00, "1.50", 0, 0), (3600_00, "1.50", -3, 0), (3709_09, "3.45", 7, 2_45)],
)
def test_interest_is_simple_and_by_the_day(amount, percent, days, fen):
    assert interest(amount, Decimal(percent), days) == fen


@pytest.mark.parametrize(
    ("cause", "day", "percent", "is_certain"),
    [
        (Cause.SCHOOL, date(2024, 10, 20), "3.35", True),
        (Cause.SCHOOL, date(2024, 10, 21), "3.10", True),
        (Cause.SCHOOL, date(2026, 11, 22), "3.00", False),
        (Cause.PARENT, date(2024, 10, 21), "1.50", True),
    ],
)
def test_rate_is_that_of_the_day_of_the_contract(cause, day, percent, is_certain):
    rate = rate_for(cause, day)

    assert (rate.percent, rate.is_certain) == (Decimal(percent), is_certain)
    assert rate.published <= day


def test_no_rate_where_the_law_gives_none_or_the_table_begins_later():
    assert rate_for(Cause.SEVEN_DAYS, LATER) is None
    assert rate_for(Cause.SCHOOL, date(2010, 1, 1)) is None


def test_the_school_may_give_more_but_never_less():
    bought = lot(10)

    assert best(bought, Cause.PARENT, generous=Formula.SCHOOL).amount_minor == 3709_09
    assert best(bought, Cause.SCHOOL, generous=Formula.PARENT).amount_minor == 3709_09
    assert best(bought, Cause.PARENT, generous=Formula.FULL).amount_minor == 3600_00


# --- what holds of all of them -----------------------------------------------------------------------------

halves = st.integers(0, 160).map(lambda number: Decimal(number) / 2)
fen = st.integers(0, 20_000_00)


@st.composite
def lots(draw):
    paid, gift, price = draw(halves), draw(halves), draw(fen)
    return Lot(
        price,
        paid,
        gift,
        min(draw(halves), paid),
        min(draw(halves), gift),
        list_price_minor=draw(st.integers(0, 500_00)),
        start_date=START,
        expires_date=draw(st.none() | st.integers(0, 400).map(lambda days: START + timedelta(days=days))),
        arrears_minor=draw(st.integers(0, price)),
    )


days = st.integers(-30, 500).map(lambda number: START + timedelta(days=number))
all_terms = st.builds(Terms, st.none() | st.integers(0, 60))
causes = st.sampled_from(Cause)


def exact(bought, cause):
    """What law and contract give, as fractions, by the text of DOMAIN 4.3 and not by our code."""
    price, whole = Fraction(bought.price_minor), Fraction(bought.whole)
    unit = price / Fraction(bought.paid_credits) if bought.paid_credits else None
    found = {"contract": price - Fraction(bought.used_paid) * unit} if unit is not None else {}
    if cause == Cause.SCHOOL and whole:
        found["school"] = price / whole * (whole - Fraction(bought.used))
    if cause == Cause.PARENT and bought.list_price_minor:
        found["parent"] = price - Fraction(bought.used) * bought.list_price_minor
    if cause == Cause.SEVEN_DAYS and unit is not None:
        found["seven_days"] = price - Fraction(bought.used) * unit
    return max([*found.values(), Fraction(0)])


@given(lots(), causes, days, all_terms)
def test_offer_is_never_below_law_or_contract_nor_above_what_was_paid(bought, cause, day, terms):
    offered = best(bought, cause, ended_on=day, terms=terms)

    assert offered.value_minor >= exact(bought, cause) - Fraction(1, 2)  # half a fen of rounding
    assert all(
        offered.value_minor >= offered.figures[f].amount_minor for f in entitled(bought, cause) if f in offered.figures
    )
    assert 0 <= offered.amount_minor <= bought.received_minor
    assert offered.amount_minor + offered.forgiven_minor == offered.value_minor <= bought.price_minor


@given(lots(), causes, days, all_terms, st.sampled_from(Formula))
def test_generosity_never_takes_away_nor_goes_above_what_was_paid(bought, cause, day, terms, formula):
    offered = best(bought, cause, ended_on=day, terms=terms)
    generous = best(bought, cause, ended_on=day, terms=terms, generous=formula)

    assert offered.amount_minor <= generous.amount_minor <= bought.received_minor


@given(lots(), causes, days, all_terms)
def test_every_figure_is_the_price_less_what_was_served(bought, cause, day, terms):
    for figure in figures_of(bought, ended_on=day, terms=terms).values():
        assert figure.amount_minor == max(0, figure.price_minor - figure.served_minor)
        assert 0 <= figure.amount_minor <= bought.price_minor


@given(lots(), causes, days, halves)
def test_a_lesson_more_never_gives_more_back(bought, cause, day, more):
    used = min(bought.used_paid + more, bought.paid_credits)
    later = Lot(**{**vars(bought), "used_paid": used})

    assert best(later, cause, ended_on=day).amount_minor <= best(bought, cause, ended_on=day).amount_minor


@given(lots(), days)
def test_the_schools_cause_never_gives_less_than_the_familys(bought, day):
    """As long as the list price is not below the price that was paid, gifts spread over it."""
    each = ceil(bought.price_minor / (bought.paid_credits or 1))  # half a lesson for 2 fen is 4 fen a lesson
    fair = Lot(**{**vars(bought), "list_price_minor": max(bought.list_price_minor, bought.price_minor, each)})

    assert best(fair, Cause.SCHOOL, ended_on=day).amount_minor >= best(fair, Cause.PARENT, ended_on=day).amount_minor


@given(st.lists(lots(), max_size=4), st.lists(st.integers(0, 5_000_00), max_size=3), causes)
def test_sheet_adds_up_and_never_asks_for_money(bought, materials, cause):
    offers = [best(each, cause) for each in bought]

    result = total(offers, [Deduction("教材", amount, "单据") for amount in materials])

    assert result.offered_minor == sum(each.amount_minor for each in offers)
    assert result.amount_minor == max(0, result.offered_minor - sum(materials))
    assert result.amount_minor + result.deducted_minor == result.offered_minor


@given(st.lists(fen, min_size=1, max_size=5), st.integers(0, 100))
def test_shares_of_arrears_add_up_and_stay_within_the_price(prices, percent):
    owed = sum(prices) * percent // 100

    shares = shares_of_arrears(owed, prices)

    assert sum(shares) == owed
    assert all(0 <= share <= price for share, price in zip(shares, prices, strict=True))
