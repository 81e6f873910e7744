"""Opening a class: what is drawn up is what is made; and what is proposed is free."""

import datetime
from dataclasses import replace

import pytest

from branches.models import CalendarDay
from scheduling.clashes import LessonClashError
from scheduling.models import ClassGroup, KeptClash, Lesson, ScheduleRule
from scheduling.proposals import Wish, propose
from scheduling.services import NewClass, ScheduleError, WeeklySlot, draw_up, open_class
from scheduling.services.opening import overlapping_slots, propose_name
from tests.factories import (
    NOW,
    CalendarDayFactory,
    ClassGroupFactory,
    CourseFactory,
    LessonFactory,
    RoomFactory,
    UserFactory,
    at,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.django_db
SATURDAY, WEDNESDAY = 5, 2
FIRST = datetime.date(2026, 11, 23)  # a Monday


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="马校长")


@pytest.fixture
def teacher(branch):
    return teacher_of(branch, name="张老师")


@pytest.fixture
def room(branch):
    return RoomFactory(branch=branch, name="2号教室", capacity=12)


@pytest.fixture
def drawn_up(branch, teacher, room):
    """Saturdays at nine and Wednesdays at half past six, five lessons, from a Monday on."""
    slots = (
        WeeklySlot(SATURDAY, datetime.time(9), 90, teacher, room),
        WeeklySlot(WEDNESDAY, datetime.time(18, 30), 60, teacher, room),
    )
    return NewClass(
        branch=branch,
        course=CourseFactory(name="围棋"),
        name="围棋1班",
        teacher=teacher,
        slots=slots,
        first_date=FIRST,
        lessons_total=5,
        capacity=10,
    )


def days(lessons):
    return [f"{lesson.local_date:%m-%d}" for lesson in lessons]


def facts(lessons):
    return [(row.number, row.starts_at, row.ends_at, row.teacher_id, row.room_id) for row in lessons]


def test_a_class_is_opened_with_its_times_and_lessons(drawn_up, manager, teacher, room):
    group = open_class(new_class=drawn_up, by=manager, now=NOW)

    assert (group.name, group.capacity, group.lessons_total, group.teacher) == ("围棋1班", 10, 5, teacher)
    assert [str(rule.start_time)[:5] for rule in group.rules.all()] == ["18:30", "09:00"]
    assert days(group.lessons.all()) == ["11-25", "11-28", "12-02", "12-05", "12-09"]
    assert {lesson.room for lesson in group.lessons.all()} == {room}


def test_what_is_drawn_up_is_what_is_made(drawn_up, manager, branch):
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 12, 2))
    draft = draw_up(drawn_up, now=NOW)
    assert not ClassGroup.objects.exists()

    group = open_class(new_class=drawn_up, by=manager, now=NOW)

    assert facts(draft.lessons) == facts(group.lessons.all())
    assert draft.last_date == group.lessons.last().local_date


def test_skipped_days_say_why(drawn_up, branch):
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 11, 28), reason="校庆")
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 11, 29), reason="周日")  # no lesson falls on it
    runs_monday = {"kind": CalendarDay.Kind.RUNS_WEEKDAY, "runs_weekday": 0}
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 12, 2), reason="调休", **runs_monday)

    draft = draw_up(drawn_up, now=NOW)

    assert [row["skipped"].reason for row in draft.days if "skipped" in row] == ["校庆", "调休"]
    assert ["skipped" in row for row in draft.days] == [False, True, True, False, False, False, False]


def test_what_is_in_the_way_stands_with_its_date(drawn_up, teacher, manager):
    LessonFactory(teacher=teacher, starts_at=at("2026-12-05 10:00"))

    draft = draw_up(drawn_up, now=NOW)

    assert draft.clashing_number == 1
    assert [bool(row["against"]) for row in draft.days] == [False, False, False, True, False]
    with pytest.raises(LessonClashError, match="张老师"):
        open_class(new_class=drawn_up, by=manager, now=NOW)
    assert not ClassGroup.objects.filter(name="围棋1班").exists()


def test_a_clash_is_kept_with_a_reason(drawn_up, teacher, manager):
    LessonFactory(teacher=teacher, starts_at=at("2026-12-05 10:00"))

    group = open_class(new_class=drawn_up, by=manager, now=NOW, keep_reason="等新老师")

    assert group.lessons.count() == 5
    assert KeptClash.objects.get().reason == "等新老师"


def test_a_name_that_the_branch_has_is_refused(drawn_up, manager, branch):
    ClassGroupFactory(branch=branch, name="围棋1班")

    with pytest.raises(ScheduleError, match="围棋1班"):
        open_class(new_class=drawn_up, by=manager, now=NOW)


def test_a_class_without_times_or_with_overlapping_ones_is_refused(drawn_up, manager):
    later = replace(drawn_up.slots[0], start_time=datetime.time(10))
    for slots in ((), (drawn_up.slots[0], later)):
        with pytest.raises(ScheduleError):
            open_class(new_class=replace(drawn_up, slots=slots), by=manager, now=NOW)

    assert not ScheduleRule.objects.exists()


def test_the_week_is_a_circle():
    late = WeeklySlot(6, datetime.time(23), 90)
    early = WeeklySlot(0, datetime.time(0, 15), 45)

    assert overlapping_slots([late, early])
    assert not overlapping_slots([late, replace(early, start_time=datetime.time(0, 30))])
    assert not overlapping_slots([late])


def test_the_proposed_name_is_the_next_free_one(branch):
    course = CourseFactory(name="围棋")
    first = propose_name(branch, course)
    ClassGroupFactory(branch=branch, name=first)

    assert propose_name(branch, course) not in ("", first)


# --- proposals -------------------------------------------------------------------------------------------


@pytest.fixture
def wish(branch, teacher, room):
    return Wish(
        branch=branch,
        course=CourseFactory(),
        minutes=90,
        capacity=10,
        first_date=FIRST,
        lessons_total=4,
        teacher=teacher,
        room=room,
        slots=((SATURDAY, datetime.time(9), 90),),
    )


def test_what_was_wished_for_and_is_free_comes_first(wish):
    best, *others = propose(wish, now=NOW)

    assert (best.teacher, best.room, best.times) == (wish.teacher, wish.room, wish.slots)
    assert best.differs_in == frozenset()
    assert len(others) == 4


def test_a_teacher_who_is_taken_once_is_not_proposed_at_that_time(wish, branch):
    LessonFactory(teacher=wish.teacher, starts_at=at("2026-12-12 08:00"), branch=branch)
    other = teacher_of(branch, name="李老师")

    found = propose(wish, now=NOW)

    at_nine = [one.teacher for one in found if one.times == wish.slots]
    assert at_nine == [other]
    assert all(one.times[0][1] >= datetime.time(9, 30) for one in found if one.teacher == wish.teacher)


def test_rooms_that_are_too_small_or_taken_are_not_proposed(wish, branch):
    RoomFactory(branch=branch, capacity=9)
    hall = RoomFactory(branch=branch, capacity=40)
    LessonFactory(room=wish.room, starts_at=at("2026-11-28 09:00"), class_group__branch=branch)

    found = propose(wish, now=NOW)

    assert [one.room for one in found if one.times == wish.slots] == [hall]
    assert {one.room for one in found} == {wish.room, hall}


def test_only_those_who_may_teach_the_course_are_proposed(wish, branch):
    named = teacher_of(branch)
    wish.course.qualifications.create(teacher=named)

    assert {one.teacher for one in propose(wish, now=NOW)} == {named}


def test_teachers_are_proposed_within_their_hours(wish):
    wish.teacher.availability.create(weekday=SATURDAY, start_time="13:00", end_time="18:00")

    assert propose(wish, now=NOW) == []


def test_without_a_wish_usual_times_are_proposed(wish):
    found = propose(replace(wish, slots=(), teacher=None, room=None), now=NOW)

    assert len(found) == 5
    assert all(one.differs_in == frozenset() for one in found)


def test_nobody_and_nowhere_is_proposed_at_an_empty_branch(wish, other_branch):
    assert propose(replace(wish, branch=other_branch), now=NOW) == []


def test_a_proposal_can_be_made(wish, manager):
    for proposal in propose(wish, now=NOW):
        new_class = NewClass(
            branch=wish.branch,
            course=wish.course,
            name=proposal.key,
            teacher=proposal.teacher,
            slots=tuple(WeeklySlot(*slot, proposal.teacher, proposal.room) for slot in proposal.times),
            first_date=FIRST,
            lessons_total=4,
            capacity=10,
        )
        group = open_class(new_class=new_class, by=manager, now=NOW)
        assert group.lessons.last().local_date == proposal.last_date
        Lesson.objects.all().delete()


def test_users_without_a_role_are_no_teachers_to_propose(wish):
    UserFactory()

    assert {one.teacher for one in propose(wish, now=NOW)} == {wish.teacher}
