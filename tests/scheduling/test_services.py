"""Planning a class, placing children, moving and cancelling lessons."""

import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.clashes import LessonClashError
from scheduling.models import Attendance, ClassMember, Lesson
from scheduling.services import (
    ScheduleError,
    cancel_lesson,
    place_student,
    plan_lessons,
    remove_from_class,
    reschedule_lesson,
)
from tests.factories import (
    NOW,
    TODAY,
    BranchFactory,
    CalendarDayFactory,
    ClassGroupFactory,
    EnrolmentFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    UserFactory,
    at,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return UserFactory(name="校长")


@pytest.fixture
def group(branch):
    """A class of five lessons, Saturdays at nine, from today (a Saturday) on."""
    group = ClassGroupFactory(branch=branch, lessons_total=5)
    ScheduleRuleFactory(class_group=group, room=RoomFactory(branch=branch))
    return group


@pytest.fixture
def plan(manager):
    def plan(group, **more):
        return plan_lessons(class_group=group, by=manager, now=NOW, **more)

    return plan


@pytest.fixture
def place(manager):
    def place(group, enrolment=None, joined_date=TODAY, **more):
        enrolment = enrolment or EnrolmentFactory(branch=group.branch, course=group.course)
        return place_student(
            class_group=group, enrolment=enrolment, joined_date=joined_date, by=manager, now=NOW, **more
        )

    return place


@pytest.fixture
def cancel(manager):
    def cancel(lesson):
        return cancel_lesson(lesson=lesson, reason="停电", by=manager, now=NOW)

    return cancel


@pytest.fixture
def move(manager):
    """move(lesson, "2026-11-22 14:00"): an hour and a half from then on."""

    def move(lesson, start, **more):
        starts_at = at(start)
        target = {"teacher": lesson.teacher, "room": lesson.room} | more
        return reschedule_lesson(
            lesson=lesson,
            starts_at=starts_at,
            ends_at=starts_at + datetime.timedelta(minutes=90),
            by=manager,
            now=NOW,
            **target,
        ).lesson

    return move


def timetable(group):
    """[(number, day)] of the lessons that take place."""
    lessons = group.lessons.active().order_by("starts_at")
    return [(lesson.number, f"{lesson.local_date:%m-%d}") for lesson in lessons]


def days(group):
    return [day for _number, day in timetable(group)]


def expected_at(member):
    attendances = Attendance.objects.filter(enrolment=member.enrolment).order_by("lesson__starts_at")
    return [f"{attendance.lesson.local_date:%m-%d}" for attendance in attendances.select_related("lesson")]


# --- planning --------------------------------------------------------------------------------------------


def test_plan_lessons_until_the_class_has_its_number(group, plan):
    plan(group)

    assert timetable(group) == [(1, "11-21"), (2, "11-28"), (3, "12-05"), (4, "12-12"), (5, "12-19")]


def test_a_planned_lesson_has_what_its_rule_says(group, plan):
    rule = group.rules.get()

    lesson = plan(group)[0]

    assert (lesson.starts_at, lesson.ends_at) == (at("2026-11-21 09:00"), at("2026-11-21 10:30"))
    assert (lesson.teacher, lesson.room, lesson.rule) == (rule.teacher, rule.room, rule)
    assert (lesson.branch, lesson.credits) == (group.branch, group.credits_per_lesson)
    assert lesson.status == Lesson.Status.PLANNED


def test_plan_lessons_twice_adds_nothing(group, plan):
    plan(group)

    assert plan(group) == []
    assert len(days(group)) == 5


def test_plan_lessons_goes_on_when_the_class_gets_more(group, plan):
    plan(group)
    group.lessons_total = 7
    group.save()

    plan(group)

    assert timetable(group)[-2:] == [(6, "12-26"), (7, "01-02")]


def test_plan_lessons_skips_closed_days_and_keeps_the_number(group, plan):
    CalendarDayFactory(branch=group.branch, day=datetime.date(2026, 11, 28))
    CalendarDayFactory(branch=BranchFactory(), day=datetime.date(2026, 12, 5))

    plan(group)

    assert days(group) == ["11-21", "12-05", "12-12", "12-19", "12-26"]


def test_plan_lessons_counts_those_held_before_the_class_was_kept_here(group, plan):
    group.lessons_before = 3
    group.save()

    plan(group)

    assert timetable(group) == [(4, "11-21"), (5, "11-28")]


def test_plan_lessons_with_two_slots_a_week(group, plan):
    ScheduleRuleFactory(class_group=group, weekday=2, start_time=datetime.time(18))

    plan(group)

    assert days(group) == ["11-21", "11-25", "11-28", "12-02", "12-05"]


def test_plan_lessons_from_a_later_day(group, plan):
    plan(group, from_date=datetime.date(2026, 12, 1))

    assert days(group)[0] == "12-05"


def test_plan_lessons_ends_where_the_rule_ends(group, plan):
    group.rules.update(valid_until=datetime.date(2026, 11, 28))

    plan(group)

    assert days(group) == ["11-21", "11-28"]


def test_plan_lessons_without_a_rule_plans_nothing(plan):
    assert plan(ClassGroupFactory()) == []


def test_plan_lessons_that_clash_plans_none_of_them(group, plan):
    LessonFactory(teacher=group.teacher, starts_at=at("2026-12-19 10:00"))

    with pytest.raises(LessonClashError, match=group.teacher.name):
        plan(group)

    assert days(group) == []


def test_plan_lessons_names_what_clashes_with_two_rules_of_one_class(group, plan):
    ScheduleRuleFactory(class_group=group, start_time=datetime.time(10))

    with pytest.raises(LessonClashError):
        plan(group)

    assert days(group) == []


def test_two_rules_of_one_hour_are_one_lesson(group, plan):
    ScheduleRuleFactory(class_group=group)

    plan(group)

    assert days(group) == ["11-21", "11-28", "12-05", "12-12", "12-19"]


@pytest.mark.parametrize(
    ("zone", "first_day"),
    [
        ("Europe/Berlin", datetime.date(2026, 10, 17)),  # back on 25 October
        ("America/New_York", datetime.date(2026, 10, 24)),  # back on 1 November
        ("Europe/Berlin", datetime.date(2027, 3, 13)),  # forward on 28 March
        ("America/New_York", datetime.date(2027, 3, 6)),  # forward on 14 March
    ],
)
def test_a_weekly_lesson_keeps_its_wall_clock_when_the_clock_changes(zone, first_day, plan):
    group = ClassGroupFactory(branch__time_zone=zone, first_date=first_day, lessons_total=4)
    ScheduleRuleFactory(class_group=group)

    lessons = plan(group)

    local = [lesson.starts_at.astimezone(ZoneInfo(zone)) for lesson in lessons]
    assert {start.time() for start in local} == {datetime.time(9)}
    assert [start.date() for start in local] == [lesson.local_date for lesson in lessons]
    assert len({start.utcoffset() for start in local}) == 2, "the clock changes in between"


@given(
    zone=st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Auckland"]),
    first_date=st.dates(datetime.date(2026, 1, 1), datetime.date(2030, 12, 31)),
    start_time=st.times(min_value=datetime.time(6), max_value=datetime.time(21)),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lessons_keep_their_wall_clock_in_every_zone(zone, first_date, start_time, manager):
    group = ClassGroupFactory(
        branch__time_zone=zone, branch__rule_pack="general", first_date=first_date, lessons_total=8
    )
    ScheduleRuleFactory(class_group=group, start_time=start_time, weekday=6)

    lessons = plan_lessons(class_group=group, by=manager, now=NOW)

    starts = [lesson.starts_at.astimezone(ZoneInfo(zone)) for lesson in lessons]
    assert {start.time() for start in starts} == {start_time}
    assert {(later.date() - start.date()).days for start, later in pairwise(starts)} == {7}
    assert {lesson.ends_at - lesson.starts_at for lesson in lessons} == {datetime.timedelta(minutes=90)}


# --- placing children ------------------------------------------------------------------------------------


def test_place_student_expects_the_child_at_every_lesson_to_come(group, plan, place):
    plan(group)

    member = place(group, joined_date=datetime.date(2026, 12, 1))

    assert expected_at(member) == ["12-05", "12-12", "12-19"]


def test_place_student_twice_is_once(group, plan, place):
    plan(group)
    member = place(group)

    assert place(group, member.enrolment) == member
    assert len(expected_at(member)) == 5


def test_lessons_planned_later_expect_the_members_from_the_day_they_join(group, plan, place):
    member = place(group, joined_date=datetime.date(2026, 12, 12))

    plan(group)

    assert expected_at(member) == ["12-12", "12-19"]


def test_lessons_planned_later_expect_a_leaving_member_until_the_day_it_leaves(group, plan, place):
    member = place(group)
    remove_from_class(member=member, left_date=datetime.date(2026, 12, 5), now=NOW)

    plan(group)

    assert expected_at(member) == ["11-21", "11-28"]


def test_place_student_in_a_class_of_another_course_is_refused(group, place):
    with pytest.raises(ScheduleError, match=group.name):
        place(group, EnrolmentFactory(branch=group.branch))


def test_place_student_in_a_class_of_another_branch_is_refused(group, place, other_branch):
    with pytest.raises(ScheduleError):
        place(group, EnrolmentFactory(branch=other_branch, course=group.course))


def test_place_student_who_is_elsewhere_then_changes_nothing(group, plan, place):
    other = ClassGroupFactory(branch=group.branch, course=group.course, lessons_total=1)
    ScheduleRuleFactory(class_group=other, start_time=datetime.time(10))
    plan(group)
    plan(other)
    member = place(other)

    with pytest.raises(LessonClashError, match=member.enrolment.student.name):
        place(group, member.enrolment)

    assert ClassMember.objects.count() == 1


def test_place_student_again_after_a_kept_clash_asks_no_second_time(group, plan, place):
    other = ClassGroupFactory(branch=group.branch, course=group.course, lessons_total=1)
    ScheduleRuleFactory(class_group=other, start_time=datetime.time(10))
    plan(group)
    plan(other)
    enrolment = place(other).enrolment
    place(group, enrolment, keep_reason="先上半节")

    place(group, enrolment)

    assert Attendance.objects.filter(enrolment=enrolment).count() == 6


def test_remove_from_class_leaves_what_is_before_that_day(group, plan, place):
    plan(group)
    member = place(group)

    remove_from_class(member=member, left_date=datetime.date(2026, 12, 5), now=NOW)

    assert expected_at(member) == ["11-21", "11-28"]
    assert member.left_date == datetime.date(2026, 12, 5)


def test_a_child_that_left_may_come_back(group, plan, place):
    plan(group)
    member = place(group)
    remove_from_class(member=member, left_date=datetime.date(2026, 11, 28), now=NOW)

    again = place(group, member.enrolment, joined_date=datetime.date(2026, 12, 12))

    assert again != member
    assert expected_at(again) == ["11-21", "12-12", "12-19"]


# --- moving ----------------------------------------------------------------------------------------------


def test_reschedule_lesson_moves_time_teacher_and_room(group, plan, move):
    lesson = plan(group)[0]
    teacher, room = UserFactory(), RoomFactory(branch=group.branch)

    move(lesson, "2026-11-22 14:00", teacher=teacher, room=room)

    lesson.refresh_from_db()
    assert (lesson.starts_at, lesson.local_date) == (at("2026-11-22 14:00"), datetime.date(2026, 11, 22))
    assert (lesson.teacher, lesson.room) == (teacher, room)


def test_reschedule_lesson_to_its_own_time_is_no_clash(group, plan, move):
    lesson = plan(group)[0]

    move(lesson, "2026-11-21 09:30")

    lesson.refresh_from_db()
    assert lesson.starts_at == at("2026-11-21 09:30")


def test_reschedule_lesson_into_a_clash_leaves_it_where_it_was(group, plan, move):
    first = plan(group)[0]

    with pytest.raises(ScheduleError, match=group.name):
        move(first, "2026-11-28 10:00")

    first.refresh_from_db()
    assert first.starts_at == at("2026-11-21 09:00")


def test_reschedule_lesson_past_another_counts_anew(group, plan, move):
    lesson = plan(group)[0]

    move(lesson, "2026-11-29 09:00")

    assert timetable(group)[:2] == [(1, "11-28"), (2, "11-29")]


def test_the_local_day_of_a_moved_lesson_is_that_of_the_branch(plan, move):
    group = ClassGroupFactory(branch__time_zone="America/New_York", lessons_total=1)
    ScheduleRuleFactory(class_group=group)
    lesson = plan(group)[0]

    moved = move(lesson, "2026-11-24 08:00")  # in Shanghai

    assert moved.local_date == datetime.date(2026, 11, 23)


@pytest.mark.parametrize("status", [Lesson.Status.HELD, Lesson.Status.CANCELLED])
def test_a_lesson_that_is_over_cannot_be_moved_or_cancelled(status, move, cancel, manager):
    called = {"roll_called_at": NOW, "roll_called_by": manager} if status == Lesson.Status.HELD else {}
    lesson = LessonFactory(status=status, cancel_reason="停电", **called)

    with pytest.raises(ScheduleError):
        move(lesson, "2026-11-22 14:00")
    with pytest.raises(ScheduleError):
        cancel(lesson)


# --- cancelling ------------------------------------------------------------------------------------------


def test_cancel_lesson_appends_one_at_the_end(group, plan, cancel):
    lessons = plan(group)

    added = cancel(lessons[1])

    assert timetable(group) == [(1, "11-21"), (2, "12-05"), (3, "12-12"), (4, "12-19"), (5, "12-26")]
    assert [f"{lesson.local_date:%m-%d}" for lesson in added] == ["12-26"]
    lessons[1].refresh_from_db()
    assert (lessons[1].status, lessons[1].cancel_reason) == (Lesson.Status.CANCELLED, "停电")


def test_cancel_the_last_lesson_appends_one_a_week_later(group, plan, cancel):
    cancel(plan(group)[-1])

    assert days(group)[-1] == "12-26"


def test_cancel_the_only_lesson_appends_one_a_week_later(group, plan, cancel):
    group.lessons_total = 1
    group.save()

    cancel(plan(group)[0])

    assert days(group) == ["11-28"]


def test_cancel_the_appended_lesson_too(group, plan, cancel):
    cancel(cancel(plan(group)[-1])[0])

    assert days(group)[-1] == "01-02"


def test_cancel_lesson_appends_after_closed_days(group, plan, cancel):
    lessons = plan(group)
    CalendarDayFactory(branch=group.branch, day=datetime.date(2026, 12, 26))

    cancel(lessons[0])

    assert days(group)[-1] == "01-02"


def test_cancel_lesson_appends_where_teacher_room_and_children_are_free(group, plan, place, cancel):
    lessons = plan(group)
    child = place(group).enrolment.student
    LessonFactory(teacher=group.teacher, starts_at=at("2026-12-26 10:00"))
    LessonFactory(room=lessons[0].room, starts_at=at("2027-01-02 10:00"))
    busy = LessonFactory(starts_at=at("2027-01-09 10:00"))
    Attendance.objects.create(
        lesson=busy, enrolment=EnrolmentFactory(student=child, branch=busy.branch, course=busy.class_group.course)
    )

    cancel(lessons[0])

    assert days(group)[-1] == "01-16"


def test_cancel_lesson_expects_the_members_at_the_appended_one(group, plan, place, cancel):
    lessons = plan(group)
    member = place(group)

    cancel(lessons[0])

    assert expected_at(member)[-1] == "12-26"


def test_a_cancelled_lesson_makes_room_for_another(group, plan, cancel):
    lesson = plan(group)[0]
    cancel(lesson)

    taken = LessonFactory(teacher=lesson.teacher, room=lesson.room, starts_at=lesson.starts_at)

    assert taken.pk
