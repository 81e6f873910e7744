"""The hours between which times are proposed, as minutes of a day in the branch's wall-clock time."""

from datetime import time

from scheduling.rulebook import rules_of

EARLIEST = time(8)
LATEST = time(20, 30)  # where no rule of the branch says until when


def minutes_of(wall_time):
    return wall_time.hour * 60 + wall_time.minute


def time_at(minutes):
    return time(*divmod(minutes, 60))


def hours_of_day(branch):
    """(first, last): no lesson is proposed to begin before the one, or to end after the other."""
    rule = rules_of(branch.rule_pack).get("latest_end")
    return minutes_of(EARLIEST), minutes_of(rule.time("latest_end") if rule else LATEST)
