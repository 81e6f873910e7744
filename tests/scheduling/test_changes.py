"""The one way in which lessons change, and how a change is taken back."""

import datetime
from datetime import timedelta

import pytest

from scheduling.clashes import LessonClashError
from scheduling.models import Lesson, TimetableChange
from scheduling.services import (
    Edit,
    ScheduleError,
    StaleLessonError,
    Then,
    call_roll,
    cancel_lesson,
    change_lessons,
    plan_lessons,
    reschedule_lesson,
    undo_change,
)
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
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
def change(branch, manager):
    def change(*edits, **more):
        return change_lessons(branch=branch, kind="move", edits=edits, by=manager, now=NOW, **more)

    return change


@pytest.fixture
def undo(manager):
    def undo(change, *, now=NOW):
        return undo_change(change=change, by=manager, now=now)

    return undo


@pytest.fixture
def group(branch, manager):
    """A class of three Saturdays, the first of them today."""
    group = ClassGroupFactory(branch=branch, lessons_total=3)
    ScheduleRuleFactory(class_group=group, room=RoomFactory(branch=branch))
    plan_lessons(class_group=group, by=manager, now=NOW)
    return group


def lesson_at(branch, start, **fields):
    return LessonFactory(class_group=ClassGroupFactory(branch=branch), starts_at=at(start), **fields)


def times(start):
    return {"starts_at": at(start), "ends_at": at(start) + timedelta(minutes=90)}


def reload(lesson):
    return Lesson.objects.get(pk=lesson.pk)


# --- changed ---


def test_two_lessons_of_one_room_swap(branch, change):
    room = RoomFactory(branch=branch)
    first, second = (lesson_at(branch, f"2026-11-28 {hour}", room=room) for hour in ("09:00", "11:00"))

    change(Edit(first.pk, times("2026-11-28 11:00")), Edit(second.pk, times("2026-11-28 09:00")))

    assert reload(first).starts_at == at("2026-11-28 11:00")
    assert reload(second).starts_at == at("2026-11-28 09:00")
    assert list(room.lessons.filter(bookings__kind="room").distinct()) == [second, first]


def test_all_or_nothing(branch, change):
    first, second, other = (lesson_at(branch, f"2026-11-28 {hour}") for hour in ("09:00", "11:00", "14:00"))

    with pytest.raises(LessonClashError):
        change(
            Edit(first.pk, times("2026-11-29 09:00")),
            Edit(second.pk, {**times("2026-11-28 14:30"), "room_id": other.room_id}),
        )

    assert reload(first).starts_at == first.starts_at
    assert reload(second).is_booked
    assert not TimetableChange.objects.exists()


def test_version_counts_and_a_stale_one_is_refused(branch, change):
    lesson = lesson_at(branch, "2026-11-28 09:00")
    change(Edit(lesson.pk, times("2026-11-28 10:00"), version=1))
    assert reload(lesson).version == 2

    with pytest.raises(StaleLessonError):
        change(Edit(lesson.pk, times("2026-11-28 11:00"), version=1))


def test_held_lesson_is_refused(branch, change, manager):
    lesson = lesson_at(branch, "2026-11-21 09:00")
    call_roll(lesson=lesson, exceptions={}, by=manager, now=NOW)

    with pytest.raises(ScheduleError):
        change(Edit(lesson.pk, times("2026-11-28 11:00")))


def test_lesson_cannot_end_before_it_begins(branch, change):
    lesson = lesson_at(branch, "2026-11-28 09:00")

    with pytest.raises(ScheduleError):
        change(Edit(lesson.pk, {"ends_at": at("2026-11-28 08:00")}))


def test_nothing_that_differs_is_no_change(branch, change):
    lesson = lesson_at(branch, "2026-11-28 09:00")

    assert change(Edit(lesson.pk, {"teacher_id": lesson.teacher_id})) is None
    assert reload(lesson).version == 1


def test_change_keeps_what_was_before(branch, change, manager):
    lesson = lesson_at(branch, "2026-11-28 09:00")

    row = change(Edit(lesson.pk, times("2026-11-28 10:00")), reason="老师有事").lessons.get()

    assert row.before["starts_at"] == "2026-11-28T01:00:00+00:00"
    assert row.after["starts_at"] == "2026-11-28T02:00:00+00:00"
    assert (row.version, row.change.reason, row.change.by) == (2, "老师有事", manager)


def test_lessons_are_numbered_anew(group, change):
    first, second, _third = group.lessons.order_by("starts_at")

    change(Edit(first.pk, times("2026-12-30 09:00")))

    assert list(group.lessons.order_by("number").values_list("pk", flat=True)[:1]) == [second.pk]
    assert reload(first).number == 3


def test_lessons_before_the_class_was_kept_here_count(branch, change, manager):
    group = ClassGroupFactory(branch=branch, lessons_total=5, lessons_before=2)
    ScheduleRuleFactory(class_group=group)
    first, *_others = plan_lessons(class_group=group, by=manager, now=NOW)

    change(Edit(first.pk, times("2026-12-30 09:00")))

    assert list(group.lessons.order_by("starts_at").values_list("number", flat=True)) == [3, 4, 5]


# --- undone ---


def test_undo_of_a_move(branch, change, undo):
    lesson = lesson_at(branch, "2026-11-28 09:00")
    moved = change(Edit(lesson.pk, {**times("2026-11-29 10:00"), "has_own_time": True}))

    undone = undo(moved)

    again = reload(lesson)
    assert (again.starts_at, again.local_date, again.has_own_time) == (lesson.starts_at, lesson.local_date, False)
    assert again.version == 3
    assert (undone.kind, undone.undoes) == (TimetableChange.Kind.UNDO, moved)


def test_undo_of_a_swap(branch, change, undo):
    room = RoomFactory(branch=branch)
    first, second = (lesson_at(branch, f"2026-11-28 {hour}", room=room) for hour in ("09:00", "11:00"))

    undo(change(Edit(first.pk, times("2026-11-28 11:00")), Edit(second.pk, times("2026-11-28 09:00"))))

    assert [reload(first).starts_at, reload(second).starts_at] == [first.starts_at, second.starts_at]


@pytest.mark.parametrize("then", Then.values)
def test_undo_of_a_cancelled_lesson(group, manager, undo, then):
    lesson = group.lessons.last()
    cancel_lesson(lesson=lesson, reason="停电", by=manager, now=NOW, then=then)

    undo(TimetableChange.objects.get())

    group.refresh_from_db()
    assert group.lessons_total == 3
    assert group.lessons.active().count() == 3
    assert list(group.lessons.active().values_list("number", flat=True)) == [1, 2, 3]
    assert reload(lesson).cancel_reason == ""


def test_undo_within_an_hour(branch, change, undo):
    lesson = lesson_at(branch, "2026-11-28 09:00")
    moved = change(Edit(lesson.pk, times("2026-11-29 10:00")))

    with pytest.raises(ScheduleError):
        undo(moved, now=NOW + timedelta(hours=1, seconds=1))

    assert undo(moved, now=NOW + timedelta(hours=1))


def test_undo_once(branch, change, undo):
    moved = change(Edit(lesson_at(branch, "2026-11-28 09:00").pk, times("2026-11-29 10:00")))
    undo(moved)

    with pytest.raises(ScheduleError):
        undo(moved)


def test_undo_after_another_change_is_refused(branch, change, undo):
    lesson = lesson_at(branch, "2026-11-28 09:00")
    moved = change(Edit(lesson.pk, times("2026-11-29 10:00")))
    change(Edit(lesson.pk, {"room_id": RoomFactory(branch=branch).pk}))

    with pytest.raises(StaleLessonError):
        undo(moved)

    assert reload(lesson).starts_at == at("2026-11-29 10:00")


def test_undo_is_refused_when_the_old_time_was_taken(branch, change, undo):
    lesson = lesson_at(branch, "2026-11-28 09:00")
    moved = change(Edit(lesson.pk, times("2026-11-29 10:00")))
    lesson_at(branch, "2026-11-28 09:00", room=lesson.room)

    with pytest.raises(LessonClashError):
        undo(moved)


def test_child_that_joined_meanwhile_comes_at_the_old_time(branch, change, undo):
    lesson = lesson_at(branch, "2026-11-28 09:00")
    moved = change(Edit(lesson.pk, times("2026-11-29 10:00")))
    attendance = AttendanceFactory(lesson=lesson)

    undo(moved)

    assert attendance.lesson.bookings.get(kind="student").starts_at == lesson.starts_at


def test_undo_puts_the_day_of_the_branch_back(branch, manager, undo):
    """Late in the evening in UTC it is the next day already."""
    lesson = lesson_at(branch, "2026-11-28 07:00")
    reschedule_lesson(
        lesson=lesson,
        teacher=lesson.teacher,
        room=lesson.room,
        by=manager,
        now=NOW,
        **times("2026-11-29 07:30"),
    )

    undo(TimetableChange.objects.get())

    assert reload(lesson).local_date == datetime.date(2026, 11, 28)
