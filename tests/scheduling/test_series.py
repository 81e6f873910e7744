"""This and following: the weekly times of a running class change, what was held and what was changed by hand stays."""

import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from scheduling.clashes import LessonClashError
from scheduling.models import Attendance, Lesson, ScheduleRule, TimetableChange
from scheduling.services import (
    ScheduleError,
    StaleLessonError,
    Then,
    WeeklySlot,
    call_roll,
    cancel_lesson,
    change_length,
    change_series,
    place_student,
    plan_lessons,
    preview_series,
    reschedule_lesson,
    undo_change,
)
from scheduling.services.series import families_of, rules_at, state_of
from tests.factories import (
    NOW,
    TODAY,
    CalendarDayFactory,
    ClassGroupFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    StudentFactory,
    at,
    manager_of,
    sell,
    teacher_of,
)

pytestmark = pytest.mark.django_db
SATURDAY, TUESDAY, WEDNESDAY = 5, 1, 2


def day(text):
    return datetime.date.fromisoformat(f"2026-{text}")


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="马校长")


@pytest.fixture
def group(branch, manager):
    """Five Saturdays at nine from today (at noon) on: the first has begun, and one child is expected."""
    group = ClassGroupFactory(branch=branch, teacher=teacher_of(branch, name="张老师"), lessons_total=5)
    ScheduleRuleFactory(class_group=group, room=RoomFactory(branch=branch))
    plan_lessons(class_group=group, by=manager, now=NOW)
    enrolment = EnrolmentFactory(branch=branch, course=group.course)
    place_student(class_group=group, enrolment=enrolment, joined_date=TODAY, by=manager, now=NOW)
    return group


@pytest.fixture
def slot(group):
    """slot(WEDNESDAY, 18): what the class has otherwise."""

    def slot(weekday, hour, minutes=90, **other):
        rule = group.rules.first()
        return WeeklySlot(
            weekday, datetime.time(hour), minutes, **({"teacher": rule.teacher, "room": rule.room} | other)
        )

    return slot


@pytest.fixture
def change(group, manager):
    def change(from_date, *slots, **more):
        facts = {"by": manager, "now": NOW} | more
        return change_series(class_group=group, from_date=day(from_date), slots=list(slots), **facts)

    return change


@pytest.fixture
def move(manager):
    def move(lesson, starts_at=None, **other):
        starts_at = at(starts_at) if starts_at else lesson.starts_at
        facts = {"teacher": lesson.teacher, "room": lesson.room} | other
        ends_at = starts_at + datetime.timedelta(minutes=90)
        row = reschedule_lesson(lesson=lesson, starts_at=starts_at, ends_at=ends_at, by=manager, now=NOW, **facts)
        return row.lesson

    return move


def days(group):
    return [f"{lesson.local_date:%m-%d}" for lesson in group.lessons.active().order_by("starts_at")]


def ids(group):
    return list(group.lessons.active().order_by("starts_at").values_list("pk", flat=True))


def hours(group):
    zone = ZoneInfo(group.branch.time_zone)
    return [f"{lesson.starts_at.astimezone(zone):%H:%M}" for lesson in group.lessons.active().order_by("starts_at")]


def lesson_on(group, text):
    return group.lessons.active().get(local_date=day(text))


# --- this and following ----------------------------------------------------------------------------------


def test_lessons_to_come_move_in_place_and_in_order(group, change, slot):
    before = ids(group)

    change("12-05", slot(WEDNESDAY, 18))

    assert days(group) == ["11-21", "11-28", "12-09", "12-16", "12-23"]
    assert hours(group) == ["09:00", "09:00", "18:00", "18:00", "18:00"]
    assert ids(group) == before
    assert [lesson.number for lesson in group.lessons.order_by("starts_at")] == [1, 2, 3, 4, 5]
    assert Attendance.objects.count() == 5


def test_the_old_rule_ends_the_day_before_and_the_new_one_begins(group, change, slot):
    old = group.rules.get()

    change("12-05", slot(WEDNESDAY, 18))

    old.refresh_from_db()
    new = group.rules.exclude(pk=old.pk).get()
    assert old.valid_until == day("12-04")
    assert (new.weekday, new.valid_from, new.valid_until) == (WEDNESDAY, day("12-05"), None)
    assert set(new.lessons.all()) == set(group.lessons.filter(local_date__gte=day("12-05")))
    assert rules_at(group, day("12-05")) == [new]


def test_it_is_recorded_as_one_change(group, change, slot, manager):
    change("12-05", slot(WEDNESDAY, 18), reason="家长要求")

    recorded = TimetableChange.objects.get()
    assert (recorded.kind, recorded.reason, recorded.by) == ("series", "家长要求", manager)
    assert recorded.lessons.count() == 3


def test_lessons_added_later_follow_the_new_times(group, change, slot, manager):
    change("12-05", slot(WEDNESDAY, 18))

    change_length(class_group=group, lessons_total=6, by=manager, now=NOW)

    assert days(group)[-1] == "12-30"


def test_split_at_the_first_lesson_changes_all_that_has_not_begun(group, change, slot):
    change("11-21", slot(WEDNESDAY, 18))

    assert days(group) == ["11-21", "11-25", "12-02", "12-09", "12-16"]
    assert hours(group)[0] == "09:00"


def test_split_after_the_last_lesson_changes_nothing_and_says_so(group, change, slot):
    with pytest.raises(ScheduleError, match=group.name):
        change("12-20", slot(WEDNESDAY, 18))

    assert ScheduleRule.objects.count() == 1
    assert not TimetableChange.objects.exists()


def test_the_same_times_again_change_nothing_and_say_so(group, change, slot):
    with pytest.raises(ScheduleError, match=group.name):
        change("12-05", slot(SATURDAY, 9))

    assert set(Lesson.objects.values_list("version", flat=True)) == {1}


def test_a_second_split_in_the_same_range(group, change, slot):
    change("11-28", slot(WEDNESDAY, 18))
    change("12-09", slot(SATURDAY, 14))

    assert days(group) == ["11-21", "12-02", "12-12", "12-19", "12-26"]
    assert hours(group) == ["09:00", "18:00", "14:00", "14:00", "14:00"]
    assert len(rules_at(group, day("12-12"))) == 1


def test_a_second_split_before_the_first_one(group, change, slot):
    change("12-12", slot(WEDNESDAY, 18))
    change("11-28", slot(SATURDAY, 14))

    assert days(group) == ["11-21", "11-28", "12-05", "12-12", "12-19"]
    assert [(rule.weekday, f"{rule.start_time:%H}") for rule in rules_at(group, day("12-30"))] == [(SATURDAY, "14")]


def test_a_weekday_earlier_in_the_week_never_lies_in_the_past(group, change, slot):
    change("11-21", slot(SATURDAY, 10), slot(TUESDAY, 18))

    assert days(group) == ["11-21", "11-24", "11-28", "12-01", "12-05"]
    assert all(lesson.starts_at > NOW for lesson in group.lessons.filter(local_date__gt=TODAY))


def test_today_only_what_lies_ahead(group, change, slot):
    """The lesson of nine has begun; from noon on there is still time for one at two, which clashes with nothing."""
    change("11-21", slot(SATURDAY, 14))

    assert days(group) == ["11-21", "11-21", "11-28", "12-05", "12-12"]
    assert hours(group)[:2] == ["09:00", "14:00"]


def test_what_was_held_is_never_touched(group, change, slot, manager):
    held = lesson_on(group, "11-28")
    sell(Attendance.objects.first().enrolment)
    call_roll(lesson=held, exceptions={}, by=manager, now=at("2026-11-28 09:30"))
    held.refresh_from_db()
    before = vars(held).copy()

    change("11-21", slot(WEDNESDAY, 18), now=at("2026-11-28 12:00"))

    held.refresh_from_db()
    assert {**before, "_state": None} == {**vars(held), "_state": None}
    assert days(group) == ["11-21", "11-28", "12-02", "12-09", "12-16"]


def test_once_a_week_becomes_twice_and_once_again(group, change, slot):
    """Lessons take one another's place within the class."""
    change("11-28", slot(SATURDAY, 9), slot(WEDNESDAY, 18))
    assert days(group) == ["11-21", "11-28", "12-02", "12-05", "12-09"]

    change("12-02", slot(SATURDAY, 9))
    assert days(group) == ["11-21", "11-28", "12-05", "12-12", "12-19"]


def test_a_week_later_each_takes_the_place_of_the_next(group, change, slot):
    CalendarDayFactory(branch=group.branch, day=day("11-28"))

    change("11-28", slot(SATURDAY, 9, minutes=60), slot(WEDNESDAY, 18))
    change("12-02", slot(SATURDAY, 9))

    assert days(group) == ["11-21", "12-05", "12-12", "12-19", "12-26"]


def test_closed_days_are_skipped(group, change, slot):
    CalendarDayFactory(branch=group.branch, day=day("12-16"))

    change("12-05", slot(WEDNESDAY, 18))

    assert days(group) == ["11-21", "11-28", "12-09", "12-23", "12-30"]


def test_a_day_that_was_cancelled_stays_free(group, change, slot, manager):
    cancel_lesson(lesson=lesson_on(group, "12-12"), reason="停电", by=manager, now=NOW)

    change("12-05", slot(SATURDAY, 14))

    assert days(group) == ["11-21", "11-28", "12-05", "12-19", "12-26"]


def test_wall_clock_is_kept_over_the_change_of_clocks(manager, slot, group):
    group.branch.time_zone = "Europe/Berlin"
    group.branch.save()
    group.lessons.all().delete()
    group.first_date = datetime.date(2027, 3, 6)
    group.save()
    group.rules.update(valid_from=group.first_date)
    plan_lessons(class_group=group, by=manager, now=NOW)

    new = slot(WEDNESDAY, 18)
    change_series(class_group=group, from_date=datetime.date(2027, 3, 13), slots=[new], by=manager, now=NOW)

    starts = [lesson.starts_at.astimezone(ZoneInfo("Europe/Berlin")) for lesson in group.lessons.order_by("starts_at")]
    assert {start.hour for start in starts[1:]} == {18}
    assert {(later.date() - start.date()).days for start, later in pairwise(starts[1:])} == {7}
    assert len({start.utcoffset() for start in starts[1:]}) == 2


# --- what was changed by hand ----------------------------------------------------------------------------


def test_a_lesson_that_was_moved_keeps_its_time_and_uses_up_its_week(group, change, slot, move):
    moved = move(lesson_on(group, "12-12"), "2026-12-13 15:00")
    other = teacher_of(group.branch)

    change("12-05", slot(WEDNESDAY, 18, teacher=other))

    assert days(group) == ["11-21", "11-28", "12-09", "12-13", "12-23"]
    moved.refresh_from_db()
    assert (moved.starts_at, moved.teacher) == (at("2026-12-13 15:00"), other)


def test_a_substitute_stays_while_the_time_moves(group, change, slot, move):
    substitute, other = teacher_of(group.branch), teacher_of(group.branch)
    lesson = move(lesson_on(group, "12-12"), teacher=substitute)

    change("12-05", slot(WEDNESDAY, 18, teacher=other))

    lesson.refresh_from_db()
    assert lesson.local_date == day("12-16")
    assert lesson.teacher == substitute
    assert lesson_on(group, "12-09").teacher == other


def test_a_room_of_its_own_stays(group, change, slot, move):
    own, other = RoomFactory(branch=group.branch), RoomFactory(branch=group.branch)
    lesson = move(lesson_on(group, "12-12"), room=own)

    change("12-05", slot(SATURDAY, 9, room=other))

    lesson.refresh_from_db()
    assert lesson.room == own
    assert lesson_on(group, "12-19").room == other


def test_a_slot_that_a_moved_lesson_overlaps_is_its_own(group, change, slot, move):
    move(lesson_on(group, "12-12"), "2026-12-16 18:30")

    change("12-05", slot(WEDNESDAY, 18))

    assert days(group) == ["11-21", "11-28", "12-09", "12-16", "12-23"]
    assert hours(group)[3] == "18:30"


def test_another_teacher_alone_moves_nothing(group, change, slot, manager):
    """Also where the lessons do not stand in every week: one was put at the end."""
    cancel_lesson(lesson=lesson_on(group, "12-05"), reason="停电", by=manager, now=NOW)
    before, other = days(group), teacher_of(group.branch)

    change("11-28", slot(SATURDAY, 9, teacher=other))

    assert days(group) == before
    assert {lesson.teacher for lesson in group.lessons.planned().filter(starts_at__gt=NOW)} == {other}
    group.refresh_from_db()
    assert group.teacher == other


def test_of_two_weekly_times_only_the_changed_one_is_touched(group, change, slot):
    change("11-28", slot(SATURDAY, 9), slot(WEDNESDAY, 18))
    versions = dict(group.lessons.values_list("pk", "version"))
    other = teacher_of(group.branch)

    change("11-28", slot(SATURDAY, 9), slot(WEDNESDAY, 18, teacher=other))

    changed = {lesson for lesson in group.lessons.all() if versions[lesson.pk] != lesson.version}
    assert {lesson.local_date.weekday() for lesson in changed} == {WEDNESDAY}


# --- refusing, previewing, undoing -----------------------------------------------------------------------


def test_a_clash_changes_nothing(group, change, slot):
    LessonFactory(teacher=group.teacher, starts_at=at("2026-12-16 18:00"))

    with pytest.raises(LessonClashError, match="张老师"):
        change("12-05", slot(WEDNESDAY, 18))

    assert days(group) == ["11-21", "11-28", "12-05", "12-12", "12-19"]
    assert ScheduleRule.objects.get().valid_until is None


def test_a_clash_is_kept_with_a_reason(group, change, slot):
    LessonFactory(teacher=group.teacher, starts_at=at("2026-12-16 18:00"))

    change("12-05", slot(WEDNESDAY, 18), keep_reason="等新老师")

    assert "12-16" in days(group)


def test_two_people_at_once(group, change, slot):
    seen = state_of(group)
    change("12-05", slot(WEDNESDAY, 18), state=seen)

    with pytest.raises(StaleLessonError):
        change("12-05", slot(TUESDAY, 18), state=seen)


def test_the_preview_is_what_happens(group, change, slot, move):
    move(lesson_on(group, "12-12"), "2026-12-13 15:00")
    student = Attendance.objects.first().enrolment.student
    GuardianshipFactory(student=student)

    series, clashes = preview_series(class_group=group, from_date=day("12-05"), slots=[slot(WEDNESDAY, 18)], now=NOW)
    drawn_up = [slot.local_date for lesson, slot in series.pairs if not lesson.has_own_time]

    assert (len(series.moved()), len(series.pairs), clashes) == (2, 3, [])
    assert families_of(series.changed()) == 1
    assert days(group)[2:] == ["12-05", "12-13", "12-19"]
    change("12-05", slot(WEDNESDAY, 18))
    assert drawn_up == [row.local_date for row in group.lessons.filter(has_own_time=False, local_date__gt=day("12-05"))]


def test_the_preview_knows_who_else_is_there(group, slot):
    LessonFactory(teacher=group.teacher, starts_at=at("2026-12-16 18:00"))

    _series, clashes = preview_series(class_group=group, from_date=day("12-05"), slots=[slot(WEDNESDAY, 18)], now=NOW)

    assert [clash.lesson.local_date for clash in clashes] == [day("12-16")]


def test_the_preview_takes_no_lesson_of_the_class_for_a_clash(group, slot):
    slots = [slot(SATURDAY, 9), slot(WEDNESDAY, 18)]

    _series, clashes = preview_series(class_group=group, from_date=day("11-28"), slots=slots, now=NOW)

    assert clashes == []


def test_brothers_are_one_family(group, manager):
    first = Attendance.objects.first().enrolment.student
    brother = StudentFactory(branches=[group.branch])
    guardian = GuardianshipFactory(student=first).guardian
    GuardianshipFactory(student=brother, guardian=guardian)
    enrolment = EnrolmentFactory(student=brother, branch=group.branch, course=group.course)
    place_student(class_group=group, enrolment=enrolment, joined_date=TODAY, by=manager, now=NOW)

    assert families_of(group.lessons.all()) == 1


def test_undone_it_is_as_it_was(group, change, slot, manager):
    teacher, other = group.teacher, teacher_of(group.branch)
    done = change("12-05", slot(WEDNESDAY, 18, teacher=other))

    undo_change(change=done, by=manager, now=NOW)

    group.refresh_from_db()
    assert days(group) == ["11-21", "11-28", "12-05", "12-12", "12-19"]
    assert group.teacher == teacher
    (rule,) = rules_at(group, day("12-30"))
    assert (rule.weekday, rule.valid_until) == (SATURDAY, None)


# --- more lessons, or fewer ------------------------------------------------------------------------------


def test_a_class_gets_more_lessons(group, manager):
    LessonFactory(teacher=group.teacher, starts_at=at("2026-12-26 09:00"))

    change = change_length(class_group=group, lessons_total=7, by=manager, now=NOW)

    group.refresh_from_db()
    assert days(group)[5:] == ["01-02", "01-09"]
    assert group.lessons_total == 7
    assert Attendance.objects.count() == 7
    undo_change(change=change, by=manager, now=NOW)
    group.refresh_from_db()
    assert (group.lessons_total, group.lessons.active().count()) == (5, 5)


def test_a_class_has_fewer_lessons(group, manager):
    change = change_length(class_group=group, lessons_total=3, by=manager, now=NOW, reason="提前结课")

    group.refresh_from_db()
    assert days(group) == ["11-21", "11-28", "12-05"]
    assert group.lessons_total == 3
    undo_change(change=change, by=manager, now=NOW)
    group.refresh_from_db()
    assert (group.lessons_total, len(days(group))) == (5, 5)


@pytest.mark.parametrize("total", [6, 17])
def test_more_lessons_take_the_same_queries_for_many(group, manager, total, django_assert_max_num_queries):
    with django_assert_max_num_queries(50):
        change_length(class_group=group, lessons_total=total, by=manager, now=NOW)

    assert group.lessons.active().count() == total


@pytest.mark.parametrize("total", [4, 2])
def test_fewer_lessons_take_the_same_queries_for_many(group, manager, total, django_assert_max_num_queries):
    with django_assert_max_num_queries(50):
        change_length(class_group=group, lessons_total=total, by=manager, now=NOW)

    assert group.lessons.active().count() == total


def test_a_class_that_ended_long_ago_goes_on_from_now(group, manager):
    later = at("2027-03-01 12:00")

    change_length(class_group=group, lessons_total=6, by=manager, now=later)

    assert group.lessons.last().starts_at > later


def test_what_has_begun_cannot_fall_away(group, manager):
    with pytest.raises(ScheduleError, match="4"):
        change_length(class_group=group, lessons_total=0, by=manager, now=NOW)

    assert len(days(group)) == 5


def test_the_same_number_changes_nothing(group, manager):
    assert change_length(class_group=group, lessons_total=5, by=manager, now=NOW) is None


def test_a_class_without_weekly_times_cannot_go_on(group, manager):
    group.rules.all().delete()

    with pytest.raises(ScheduleError):
        change_length(class_group=group, lessons_total=6, by=manager, now=NOW)

    group.refresh_from_db()
    assert group.lessons_total == 5


def test_two_dropped_lessons_are_two_fewer(group, manager):
    for text in ("12-12", "12-19"):
        cancel_lesson(lesson=lesson_on(group, text), reason="停电", by=manager, now=NOW, then=Then.DROP)

    group.refresh_from_db()
    assert group.lessons_total == 3
