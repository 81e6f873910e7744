import datetime

import pytest

from scheduling.alternatives import find_alternatives
from scheduling.clashes import find_clashes, wanted_by
from scheduling.models import AvailabilityWindow, Qualification, TeacherAbsence, TeachingLimit
from tests.factories import (
    NOW,
    AttendanceFactory,
    CalendarDayFactory,
    ClassGroupFactory,
    EnrolmentFactory,
    LessonFactory,
    RoomFactory,
    at,
    teacher_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson(branch):
    """Next Saturday at nine, with a child, in the only room, by the only teacher."""
    group = ClassGroupFactory(branch=branch, teacher=teacher_of(branch, name="张老师"))
    room = RoomFactory(branch=branch, name="101", capacity=12)
    lesson = LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"), room=room)
    AttendanceFactory(lesson=lesson)
    return lesson


def take(branch, text, *, student=None, **fields):
    """Somebody else's lesson there."""
    lesson = LessonFactory(class_group=ClassGroupFactory(branch=branch), starts_at=at(text), **fields)
    if student:
        AttendanceFactory(lesson=lesson, enrolment=EnrolmentFactory(student=student, branch=branch))
    return lesson


def child_of(lesson):
    return lesson.attendances.get().enrolment.student


def wanted(lesson, text, **kwargs):
    starts_at = at(text)
    return find_alternatives(
        lesson, now=NOW, starts_at=starts_at, ends_at=starts_at + datetime.timedelta(minutes=90), **kwargs
    )


def test_three_kinds_are_mixed_and_all_of_them_are_free(branch, lesson):
    other_room, other_teacher = RoomFactory(branch=branch, name="102"), teacher_of(branch, name="李老师")
    take(branch, "2026-11-28 14:00", room=lesson.room, teacher=teacher_of(branch, name="王老师"))

    found = wanted(lesson, "2026-11-28 14:00")

    assert [one.kind for one in found] == ["room", "time", "time"]
    assert found[0].room == other_room
    take(branch, "2026-11-28 16:00", room=RoomFactory(branch=branch, capacity=1), teacher=lesson.teacher)
    assert wanted(lesson, "2026-11-28 16:00")[0].teacher == other_teacher


def test_what_is_offered_clashes_with_nothing(branch, lesson):
    take(branch, "2026-11-28 14:00", room=lesson.room, teacher=lesson.teacher, student=child_of(lesson))

    found = wanted(lesson, "2026-11-28 14:00")

    assert len(found) == 3
    for one in found:
        lesson.starts_at, lesson.ends_at, lesson.teacher, lesson.room = (
            one.starts_at,
            one.ends_at,
            one.teacher,
            one.room,
        )
        assert find_clashes(wanted_by(lesson, [child_of(lesson).pk])) == []


def test_the_nearest_time_of_the_same_day_comes_first_and_each_day_once(branch, lesson):
    take(branch, "2026-11-28 14:00", room=lesson.room, teacher=lesson.teacher)

    found = wanted(lesson, "2026-11-28 14:00")

    assert [one.starts_at for one in found] == [
        at("2026-11-28 12:30"),
        at("2026-11-27 14:00"),
        at("2026-11-29 14:00"),
    ]


def test_no_time_in_the_past_nor_outside_of_the_hours(branch, lesson):
    take(branch, "2026-11-21 12:30", room=lesson.room, teacher=lesson.teacher)
    take(branch, "2026-11-21 19:00", room=lesson.room, teacher=lesson.teacher)

    found = wanted(lesson, "2026-11-21 12:30", limit=20)

    assert found[0].starts_at == at("2026-11-21 14:00")
    zone = datetime.timezone(datetime.timedelta(hours=8))
    for one in found:
        assert one.starts_at > NOW
        assert datetime.time(8) <= one.starts_at.astimezone(zone).time()
        assert one.ends_at.astimezone(zone).time() <= datetime.time(20, 30)


def test_closed_days_are_left_out(branch, lesson):
    take(branch, "2026-11-28 14:00", room=lesson.room, teacher=lesson.teacher)
    for day in (27, 28):
        CalendarDayFactory(branch=branch, day=datetime.date(2026, 11, day))

    found = wanted(lesson, "2026-11-28 14:00")

    assert [one.starts_at for one in found][:2] == [at("2026-11-29 14:00"), at("2026-11-26 14:00")]


def test_a_child_who_is_elsewhere_leaves_only_other_times(branch, lesson):
    RoomFactory(branch=branch)
    teacher_of(branch)
    take(branch, "2026-11-28 14:00", student=child_of(lesson))

    assert {one.kind for one in wanted(lesson, "2026-11-28 14:00")} == {"time"}


def test_a_room_has_seats_for_the_children(branch, lesson):
    AttendanceFactory(lesson=lesson)
    RoomFactory(branch=branch, capacity=1)
    fitting = RoomFactory(branch=branch, capacity=12)
    take(branch, "2026-11-28 14:00", room=lesson.room)

    rooms = [one.room for one in wanted(lesson, "2026-11-28 14:00") if one.kind == "room"]

    assert rooms == [fitting]


def test_only_qualified_teachers_stand_in(branch, lesson):
    named, _other = teacher_of(branch), teacher_of(branch)
    Qualification.objects.create(teacher=named, course=lesson.class_group.course)
    take(branch, "2026-11-28 14:00", teacher=lesson.teacher)

    assert [one.teacher for one in wanted(lesson, "2026-11-28 14:00") if one.kind == "teacher"] == [named]


def test_a_teacher_who_is_away_is_not_offered(branch, lesson):
    away = teacher_of(branch)
    TeacherAbsence.objects.create(
        teacher=away,
        starts_at=at("2026-11-28 00:00"),
        ends_at=at("2026-11-29 00:00"),
        recorded_by=away,
        recorded_at=NOW,
    )
    take(branch, "2026-11-28 14:00", teacher=lesson.teacher)

    assert "teacher" not in {one.kind for one in wanted(lesson, "2026-11-28 14:00")}


def test_times_keep_to_the_hours_of_the_teacher(branch, lesson):
    AvailabilityWindow.objects.create(
        teacher=lesson.teacher, weekday=5, start_time=datetime.time(16), end_time=datetime.time(18)
    )
    take(branch, "2026-11-28 14:00", room=lesson.room)

    found = wanted(lesson, "2026-11-28 14:00")

    assert [one.starts_at for one in found] == [at("2026-11-28 16:00"), at("2026-12-05 16:00")]


def test_a_day_off_stands_before_the_weekly_hours(branch, lesson):
    for fields in (
        {"weekday": 5, "start_time": datetime.time(8), "end_time": datetime.time(20)},
        {"day": datetime.date(2026, 11, 28)},
    ):
        AvailabilityWindow.objects.create(teacher=lesson.teacher, **fields)

    found = wanted(lesson, "2026-11-28 14:00")

    assert [one.starts_at for one in found] == [at("2026-12-05 14:00")]


def test_an_online_lesson_needs_no_room(branch, lesson):
    take(branch, "2026-11-28 14:00", teacher=lesson.teacher)

    found = wanted(lesson, "2026-11-28 14:00", room=None)

    assert {(one.kind, one.room) for one in found} == {("time", None)}


def test_the_same_question_has_the_same_answer(branch, lesson):
    for _more in range(3):
        RoomFactory(branch=branch, capacity=12)
        teacher_of(branch)
    take(branch, "2026-11-28 14:00", room=lesson.room)

    assert wanted(lesson, "2026-11-28 14:00") == wanted(lesson, "2026-11-28 14:00")


@pytest.mark.parametrize("number", [1, 4])
def test_query_count(branch, lesson, django_assert_max_num_queries, number):
    for hour in range(number):
        AttendanceFactory(lesson=lesson)
        take(branch, f"2026-11-28 {14 + hour}:00", teacher=teacher_of(branch))

    with django_assert_max_num_queries(22):
        wanted(lesson, "2026-11-28 14:00")


def test_what_a_rule_speaks_against_is_not_offered(branch, lesson):
    branch.school_from, branch.school_until = datetime.time(8), datetime.time(17)
    branch.save()
    take(branch, "2026-11-26 17:30", room=lesson.room, teacher=lesson.teacher)

    found = wanted(lesson, "2026-11-26 17:30")

    assert [one.starts_at for one in found] == [
        at("2026-11-26 19:00"),
        at("2026-11-25 17:30"),
        at("2026-11-27 17:30"),
    ]


def test_what_spoke_against_the_lesson_before_hides_nothing(branch, lesson):
    """Its teacher is not named for the course: another room does not change that."""
    Qualification.objects.create(teacher=teacher_of(branch), course=lesson.class_group.course)
    RoomFactory(branch=branch, capacity=12)
    take(branch, "2026-11-28 14:00", room=lesson.room)

    assert [one.kind for one in wanted(lesson, "2026-11-28 14:00")] == ["room", "time", "time"]


def test_one_candidate_does_not_count_against_the_limit_of_another(branch, lesson):
    TeachingLimit.objects.create(teacher=lesson.teacher, minutes_a_week=90)
    RoomFactory(branch=branch, capacity=12)
    take(branch, "2026-11-28 14:00", room=lesson.room)

    assert len(wanted(lesson, "2026-11-28 14:00")) == 3
