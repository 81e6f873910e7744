"""Which days a class meets."""

import datetime
from dataclasses import dataclass
from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from scheduling.rules import is_valid, occurrences

MONDAY, WEDNESDAY, SATURDAY = 0, 2, 5
FIRST = datetime.date(2026, 11, 16)  # a Monday


@dataclass(frozen=True)
class Rule:
    weekday: int
    start_time: datetime.time = datetime.time(9)
    valid_from: datetime.date = FIRST
    valid_until: datetime.date | None = None


def days_of(rules, count, *, first_date=FIRST, closed_days=()):
    return [f"{day:%m-%d}" for day, _rule in islice(occurrences(rules, first_date, closed_days), count)]


def test_a_weekly_rule_meets_every_week():
    assert days_of([Rule(SATURDAY)], 3) == ["11-21", "11-28", "12-05"]


def test_the_first_day_counts():
    assert days_of([Rule(MONDAY)], 1) == ["11-16"]


def test_two_slots_a_week_take_turns():
    assert days_of([Rule(SATURDAY), Rule(WEDNESDAY)], 4) == ["11-18", "11-21", "11-25", "11-28"]


def test_two_slots_a_day_come_in_the_order_of_the_clock():
    afternoon, morning = Rule(SATURDAY, datetime.time(14)), Rule(SATURDAY, datetime.time(9))

    found = [rule for _day, rule in islice(occurrences([afternoon, morning], FIRST, ()), 4)]

    assert found == [morning, afternoon, morning, afternoon]


def test_closed_days_are_skipped():
    assert days_of([Rule(SATURDAY)], 2, closed_days={datetime.date(2026, 11, 28)}) == ["11-21", "12-05"]


def test_a_rule_begins_on_its_first_valid_day():
    assert days_of([Rule(SATURDAY, valid_from=datetime.date(2026, 11, 28))], 1) == ["11-28"]


def test_a_rule_ends_with_its_last_valid_day():
    assert days_of([Rule(SATURDAY, valid_until=datetime.date(2026, 11, 28))], 9) == ["11-21", "11-28"]


def test_one_rule_takes_over_from_another():
    old = Rule(WEDNESDAY, valid_until=datetime.date(2026, 11, 25))
    new = Rule(SATURDAY, valid_from=datetime.date(2026, 11, 26))

    assert days_of([old, new], 4) == ["11-18", "11-25", "11-28", "12-05"]


def test_without_a_rule_a_class_never_meets():
    assert days_of([], 1) == []


def test_rules_that_are_over_end_the_search():
    over = Rule(SATURDAY, valid_from=FIRST, valid_until=FIRST)

    assert days_of([over], 1) == []


def test_validity_includes_both_ends():
    rule = Rule(MONDAY, valid_until=FIRST)

    assert is_valid(rule, FIRST)
    assert not is_valid(rule, FIRST + datetime.timedelta(days=1))
    assert not is_valid(rule, FIRST - datetime.timedelta(days=1))


@given(
    weekdays=st.sets(st.integers(0, 6), min_size=1),
    closed=st.sets(st.integers(0, 60).map(lambda offset: FIRST + datetime.timedelta(days=offset))),
    count=st.integers(0, 30),
)
def test_occurrences_are_as_many_as_asked_in_order_and_never_on_a_closed_day(weekdays, closed, count):
    rules = [Rule(weekday) for weekday in weekdays]

    days = [day for day, _rule in islice(occurrences(rules, FIRST, closed), count)]

    assert len(days) == count
    assert days == sorted(set(days))
    assert all(day.weekday() in weekdays and day not in closed for day in days)
