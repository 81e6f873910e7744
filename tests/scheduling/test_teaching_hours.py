"""When a teacher can teach, judged once: by the rules, by what is proposed, and by what is painted during a drag."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from branches.models import Branch
from scheduling.alternatives import find_alternatives
from scheduling.board import slots_for
from scheduling.findings import check_rules
from scheduling.hours_of_day import hours_of_day
from scheduling.models import AvailabilityWindow
from scheduling.rulebook import rules_of
from scheduling.teaching_hours import TeachingHours
from scheduling.timetable import By
from tests.factories import NOW, ClassGroupFactory, LessonFactory, at, teacher_of

SATURDAY = date(2026, 11, 28)
pytestmark = pytest.mark.django_db


@pytest.fixture
def teacher(branch):
    return teacher_of(branch)


@pytest.fixture
def hours(branch, teacher):
    """hours(): of that Saturday, as they are stored by then."""

    def hours():
        return TeachingHours([teacher.pk], days=[SATURDAY, SATURDAY], time_zone=branch.time_zone)

    return hours


def offer(teacher, *hours, weekday=5, day=None):
    """Weekly, on Saturdays; with a `day` on this day alone."""
    when = {"day": day} if day else {"weekday": weekday}
    for start, end in hours:
        AvailabilityWindow.objects.create(
            teacher=teacher, start_time=time.fromisoformat(start), end_time=time.fromisoformat(end), **when
        )


def on_saturday(start, minutes=90):
    starts_at = at(f"2026-11-28 {start}")
    return starts_at, starts_at + timedelta(minutes=minutes)


def says_the_rule(branch, teacher, start):
    """What the rules find, and whether the same hour holds for what is proposed."""
    group = ClassGroupFactory(branch=branch, teacher=teacher)
    lesson = LessonFactory(class_group=group, teacher=teacher, starts_at=at(f"2026-11-28 {start}"))
    return "teacher_unavailable" in {finding.rule.code for finding in check_rules([lesson], now=NOW)}


@pytest.mark.parametrize(
    ("windows", "start", "is_held"),
    [
        ([], "09:00", True),
        ([("09:00", "10:30")], "09:00", True),
        ([("09:00", "10:30")], "09:15", False),
        ([("09:00", "10:00"), ("10:00", "12:00")], "09:00", True),
        ([("10:00", "12:00"), ("08:00", "11:00")], "09:00", True),
        ([("08:00", "12:00"), ("09:00", "10:00")], "10:00", True),
        ([("09:00", "10:00"), ("10:15", "12:00")], "09:00", False),
        ([("20:00", "23:59")], "23:00", False),
    ],
)
def test_windows_that_touch_are_one_for_the_rule_and_for_what_is_proposed(
    branch, teacher, hours, windows, start, is_held
):
    offer(teacher, *windows)

    assert hours().hold(teacher.pk, *on_saturday(start)) is is_held
    assert says_the_rule(branch, teacher, start) is not is_held


def test_a_dated_window_replaces_the_weekly_ones(branch, teacher, hours):
    offer(teacher, ("09:00", "12:00"))
    offer(teacher, ("14:00", "15:00"), ("15:00", "16:00"), day=SATURDAY)

    assert hours().windows_on(teacher.pk, SATURDAY) == [(time(14), time(16))]
    assert not hours().hold(teacher.pk, *on_saturday("09:00"))
    assert hours().hold(teacher.pk, *on_saturday("14:30"))


def test_a_dated_window_without_times_closes_the_day(branch, teacher, hours):
    AvailabilityWindow.objects.create(teacher=teacher, day=SATURDAY)

    assert hours().windows_on(teacher.pk, SATURDAY) == []
    assert says_the_rule(branch, teacher, "09:00")


def test_an_alternative_may_go_over_windows_that_touch(branch, teacher):
    offer(teacher, ("09:00", "10:00"), ("10:00", "11:00"))
    lesson = LessonFactory(
        class_group=ClassGroupFactory(branch=branch, teacher=teacher), starts_at=at("2026-11-28 08:00")
    )

    starts = {one.starts_at for one in find_alternatives(lesson, now=NOW)}

    assert at("2026-11-28 09:00") in starts


def test_a_drag_shows_no_gap_between_windows_that_touch(branch, teacher):
    offer(teacher, ("09:00", "10:00"), ("10:00", "11:00"))
    lesson = LessonFactory(
        class_group=ClassGroupFactory(branch=branch, teacher=teacher), starts_at=at("2026-11-28 09:00")
    )

    slots = slots_for(lesson, [SATURDAY], by=By.DAY, columns=[], is_by_cell=False)

    assert [(slot["start"][11:16], slot["end"][11:16]) for slot in slots] == [("00:00", "09:00"), ("11:00", "00:00")]


def test_proposals_end_when_the_branch_s_rules_say_so(monkeypatch):
    assert hours_of_day(Branch(rule_pack=Branch.RulePack.NATIONAL)) == (8 * 60, 20 * 60 + 30)
    assert hours_of_day(Branch(rule_pack=Branch.RulePack.GENERAL)) == (8 * 60, 20 * 60 + 30)  # no rule: the usual

    stricter = replace(rules_of("national")["latest_end"], parameters={"latest_end": "19:00"})
    monkeypatch.setattr("scheduling.hours_of_day.rules_of", lambda pack: {"latest_end": stricter})

    assert hours_of_day(Branch()) == (8 * 60, 19 * 60)
