"""Which days a class meets: plain values in, plain values out."""

from datetime import timedelta
from itertools import count, takewhile


def occurrences(rules, first_date, closed_days, runs_weekday=None):
    """(day, rule) of a weekly timetable from `first_date` on, skipping closed days, without an end.

    `runs_weekday` {day: weekday}: the days that run another weekday's timetable (调休).
    `rules` need weekday, start_time, valid_from and valid_until; both ends of the validity count.
    """
    in_week = sorted(rules, key=lambda rule: (rule.weekday, rule.start_time))
    ends = [rule.valid_until for rule in in_week]
    last_date = max(ends) if ends and None not in ends else None
    days = (first_date + timedelta(days=offset) for offset in count())
    if not in_week:
        return
    for day in takewhile(lambda day: last_date is None or day <= last_date, days):
        if day in closed_days:
            continue
        weekday = (runs_weekday or {}).get(day, day.weekday())
        for rule in in_week:
            if rule.weekday == weekday and is_valid(rule, day):
                yield day, rule


def is_valid(rule, day):
    return rule.valid_from <= day and (rule.valid_until is None or day <= rule.valid_until)
