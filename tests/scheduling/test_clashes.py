"""No teacher, room or child is in two places at once, whichever way somebody tries; and what may be kept."""

import datetime
from contextlib import nullcontext, suppress
from itertools import combinations

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.bookings import CLASH
from scheduling.clashes import LessonClashError, find_clashes, wanted_by
from scheduling.models import Attendance, Booking, KeptClash, Lesson
from scheduling.services import place_student, plan_lessons, reschedule_lesson
from tests.factories import (
    NOW,
    TODAY,
    AttendanceFactory,
    ClassGroupFactory,
    EnrolmentFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    UserFactory,
    at,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db

Kind = Booking.Kind


def lesson_at(start, *, end=None, **fields):
    """A lesson on 21 November from "09:00" on, of a class and in a room of its own unless given."""
    starts_at = at(f"2026-11-21 {start}")
    ends_at = at(f"2026-11-21 {end}") if end else starts_at + datetime.timedelta(minutes=60)
    return LessonFactory(starts_at=starts_at, ends_at=ends_at, **fields)


def attend(lesson, student, **fields):
    """The child comes to the lesson."""
    enrolment = EnrolmentFactory(student=student, branch=lesson.branch, course=lesson.class_group.course)
    return Attendance.objects.create(lesson=lesson, enrolment=enrolment, **fields)


def booked(lesson):
    return set(lesson.bookings.values_list("kind", "resource_id"))


@pytest.fixture
def manager():
    return UserFactory(name="校长")


@pytest.fixture
def teacher():
    return UserFactory(name="张老师")


@pytest.fixture
def move(manager):
    """move(lesson, "10:00"): an hour from then on, on 21 November."""

    def move(lesson, start, **more):
        starts_at = at(f"2026-11-21 {start}")
        target = {"teacher": lesson.teacher, "room": lesson.room} | more
        row = reschedule_lesson(
            lesson=lesson,
            starts_at=starts_at,
            ends_at=starts_at + datetime.timedelta(minutes=60),
            by=manager,
            now=NOW,
            **target,
        )
        return row.lesson if row else lesson

    return move


def unsolved():
    """{frozenset of the two lessons} of the kept clashes that are still there."""
    return {frozenset([kept.lesson, kept.other]) for kept in KeptClash.objects.unsolved()}


# --- what a lesson takes ---------------------------------------------------------------------------------


def test_a_lesson_takes_its_teacher_its_room_and_its_children():
    attendance = AttendanceFactory()
    lesson = attendance.lesson

    assert booked(lesson) == {
        (Kind.TEACHER, lesson.teacher_id),
        (Kind.ROOM, lesson.room_id),
        (Kind.STUDENT, attendance.enrolment.student_id),
    }
    assert set(lesson.bookings.values_list("starts_at", "ends_at")) == {(lesson.starts_at, lesson.ends_at)}


def test_a_lesson_without_a_room_takes_none():
    lesson = LessonFactory(room=None)

    assert booked(lesson) == {(Kind.TEACHER, lesson.teacher_id)}


def test_bookings_follow_the_lesson(teacher):
    attendance = AttendanceFactory()
    lesson, room = attendance.lesson, RoomFactory()

    lesson.starts_at, lesson.ends_at = at("2026-11-22 09:00"), at("2026-11-22 10:00")
    lesson.teacher, lesson.room = teacher, room
    lesson.save()

    assert booked(lesson) == {
        (Kind.TEACHER, teacher.pk),
        (Kind.ROOM, room.pk),
        (Kind.STUDENT, attendance.enrolment.student_id),
    }
    assert set(lesson.bookings.values_list("starts_at", flat=True)) == {at("2026-11-22 09:00")}


def test_a_lesson_that_gets_a_room_and_loses_it():
    lesson, room = LessonFactory(room=None), RoomFactory()

    Lesson.objects.update(room=room)
    assert (Kind.ROOM, room.pk) in booked(lesson)
    Lesson.objects.update(room=None)
    assert (Kind.ROOM, room.pk) not in booked(lesson)


def test_a_cancelled_lesson_takes_nothing_and_takes_it_again_when_it_takes_place():
    lesson = AttendanceFactory().lesson
    before = booked(lesson)

    Lesson.objects.update(status=Lesson.Status.CANCELLED, cancel_reason="停电")
    assert booked(lesson) == set()
    Lesson.objects.update(status=Lesson.Status.PLANNED)
    assert booked(lesson) == before


def test_a_deleted_lesson_takes_nothing():
    AttendanceFactory().lesson.delete()

    assert not Booking.objects.exists()


def test_a_child_that_no_longer_comes_is_free():
    attendance = AttendanceFactory()
    attendance.delete()

    assert not Booking.objects.filter(kind=Kind.STUDENT).exists()


def test_an_attendance_that_is_changed_to_another_child():
    attendance = AttendanceFactory()
    other = EnrolmentFactory(branch=attendance.enrolment.branch, course=attendance.enrolment.course)

    Attendance.objects.update(enrolment=other)

    assert Booking.objects.get(kind=Kind.STUDENT).resource_id == other.student_id


def test_an_enrolment_that_is_changed_to_another_child(teacher):
    """Two records of one child are merged."""
    attendance = AttendanceFactory()
    other = EnrolmentFactory().student
    attendance.enrolment.student = other
    attendance.enrolment.save()

    assert Booking.objects.get(kind=Kind.STUDENT).resource_id == other.pk


def test_an_enrolment_cannot_be_changed_to_a_child_that_is_elsewhere():
    attendance, elsewhere = AttendanceFactory.create_batch(2)
    attendance.enrolment.student = elsewhere.enrolment.student

    with refused_by(CLASH):
        attendance.enrolment.save()


# --- the rule --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shared", ["teacher", "room"])
@pytest.mark.parametrize(
    ("start", "end"),
    [("09:00", "10:00"), ("09:59", "11:00"), ("08:00", "09:01"), ("09:15", "09:45"), ("08:00", "11:00")],
    ids=["the same hour", "overlaps the end", "overlaps the beginning", "lies within", "lies around"],
)
def test_an_overlap_is_refused(shared, start, end):
    lesson = lesson_at("09:00", end="10:00")

    with refused_by(CLASH):
        lesson_at(start, end=end, **{shared: getattr(lesson, shared)})


@pytest.mark.parametrize(("start", "end"), [("10:00", "11:00"), ("08:00", "09:00")])
def test_back_to_back_is_no_overlap(start, end):
    lesson = lesson_at("09:00", end="10:00")
    child = attend(lesson, EnrolmentFactory().student).enrolment.student

    neighbour = lesson_at(start, end=end, teacher=lesson.teacher, room=lesson.room)
    attend(neighbour, child)

    assert len(booked(neighbour)) == 3


def test_other_people_in_other_rooms_may_meet_at_the_same_time():
    assert {lesson_at("09:00"), lesson_at("09:00")}


def test_a_child_cannot_be_at_two_lessons():
    lesson, other = lesson_at("09:00"), lesson_at("09:30")
    child = attend(lesson, EnrolmentFactory().student).enrolment.student

    with refused_by(CLASH):
        attend(other, child)


def test_a_room_and_a_teacher_of_one_number_are_not_the_same():
    lesson_at("09:00", room=RoomFactory(pk=1_000_000))

    assert lesson_at("09:00", teacher=UserFactory(pk=1_000_000))


def test_a_cancelled_lesson_does_not_block():
    lesson = lesson_at("09:00", status=Lesson.Status.CANCELLED, cancel_reason="停电")

    assert lesson_at("09:00", teacher=lesson.teacher, room=lesson.room)


def test_a_cancelled_lesson_cannot_come_back_where_it_is_taken():
    lesson = lesson_at("09:00", status=Lesson.Status.CANCELLED, cancel_reason="停电")
    lesson_at("09:00", teacher=lesson.teacher)

    with refused_by(CLASH):
        Lesson.objects.filter(pk=lesson.pk).update(status=Lesson.Status.PLANNED)


def test_a_held_lesson_blocks(teacher):
    lesson_at("09:00", teacher=teacher, status=Lesson.Status.HELD, roll_called_at=NOW, roll_called_by=teacher)

    with refused_by(CLASH):
        lesson_at("09:00", teacher=teacher)


def test_leave_frees_the_child():
    attendance = AttendanceFactory(lesson=lesson_at("09:00"))
    other = lesson_at("09:00")

    Attendance.objects.update(status=Attendance.Status.LEAVE)

    assert attend(other, attendance.enrolment.student).pk


def test_a_child_on_leave_that_is_elsewhere_cannot_come_back():
    attendance = AttendanceFactory(lesson=lesson_at("09:00"), status=Attendance.Status.LEAVE)
    attend(lesson_at("09:00"), attendance.enrolment.student)

    with refused_by(CLASH):
        Attendance.objects.filter(pk=attendance.pk).update(status=Attendance.Status.EXPECTED)


def test_a_clash_may_lie_between_two_branches(teacher, branch, other_branch):
    lesson_at("09:00", teacher=teacher, class_group__branch=branch)

    with refused_by(CLASH):
        lesson_at("09:30", teacher=teacher, class_group__branch=other_branch)


# --- ways around it --------------------------------------------------------------------------------------


def save(lesson, target):
    lesson.starts_at, lesson.ends_at = target.starts_at, target.ends_at
    lesson.save()


def update(lesson, target):
    Lesson.objects.filter(pk=lesson.pk).update(starts_at=target.starts_at, ends_at=target.ends_at)


def bulk_update(lesson, target):
    lesson.starts_at, lesson.ends_at = target.starts_at, target.ends_at
    Lesson.objects.bulk_update([lesson], ["starts_at", "ends_at"])


def sql_update(lesson, target):
    _execute(
        "UPDATE scheduling_lesson SET starts_at = (SELECT starts_at FROM scheduling_lesson WHERE id = %s), "
        "ends_at = (SELECT ends_at FROM scheduling_lesson WHERE id = %s) WHERE id = %s",
        [target.pk, target.pk, lesson.pk],
    )


def bulk_create(lesson, target, **how):
    row = Lesson(
        branch=lesson.branch,
        class_group=lesson.class_group,
        number=2,
        teacher=lesson.teacher,
        starts_at=target.starts_at,
        ends_at=target.ends_at,
        local_date=target.local_date,
    )
    Lesson.objects.bulk_create([row], **how)


def bulk_create_ignoring_conflicts(lesson, target):
    bulk_create(lesson, target, ignore_conflicts=True)


def sql_insert(lesson, target):
    columns = ", ".join(
        field.column for field in Lesson._meta.concrete_fields if field.name not in ("id", "class_group")
    )
    _execute(
        f"INSERT INTO scheduling_lesson (class_group_id, {columns}) "  # noqa: S608  our own columns
        f"SELECT %s, {columns} FROM scheduling_lesson WHERE id = %s",
        [lesson.class_group_id, target.pk],
    )


def _execute(sql, values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.mark.parametrize(
    "way", [save, update, bulk_update, sql_update, bulk_create, bulk_create_ignoring_conflicts, sql_insert]
)
def test_no_way_leads_around_the_rule(way, teacher):
    target = lesson_at("09:00", teacher=teacher)
    lesson = lesson_at("14:00", teacher=teacher)

    with refused_by(CLASH):
        way(lesson, target)

    assert Booking.objects.filter(kind=Kind.TEACHER, resource_id=teacher.pk).count() == 2


def test_nor_does_a_change_of_the_teacher_or_the_room(teacher):
    lesson = lesson_at("09:00", teacher=teacher)
    other = lesson_at("09:00")

    with refused_by(CLASH):
        Lesson.objects.filter(pk=other.pk).update(teacher=teacher)
    with refused_by(CLASH):
        Lesson.objects.filter(pk=other.pk).update(room=lesson.room)


def test_nor_does_a_list_of_attendances():
    attendance = AttendanceFactory(lesson=lesson_at("09:00"))
    other = lesson_at("09:30")
    enrolment = EnrolmentFactory(student=attendance.enrolment.student, branch=other.branch)

    for how in ({}, {"ignore_conflicts": True}):
        with refused_by(CLASH):
            Attendance.objects.bulk_create([Attendance(lesson=other, enrolment=enrolment)], **how)


def test_two_lessons_swap_their_places_by_letting_go_first(teacher):
    morning, noon = lesson_at("09:00", teacher=teacher), lesson_at("12:00", teacher=teacher)
    both = Lesson.objects.filter(pk__in=[morning.pk, noon.pk])

    both.update(is_booked=False)
    Lesson.objects.filter(pk=morning.pk).update(starts_at=noon.starts_at, ends_at=noon.ends_at)
    Lesson.objects.filter(pk=noon.pk).update(starts_at=morning.starts_at, ends_at=morning.ends_at)
    both.update(is_booked=True)

    assert set(Booking.objects.filter(kind=Kind.TEACHER).values_list("lesson", "starts_at")) == {
        (morning.pk, noon.starts_at),
        (noon.pk, morning.starts_at),
    }


def test_who_let_go_cannot_take_again_what_is_taken(teacher):
    lesson = lesson_at("09:00", teacher=teacher, is_booked=False)
    lesson_at("09:00", teacher=teacher)

    with refused_by(CLASH):
        Lesson.objects.filter(pk=lesson.pk).update(is_booked=True)


# --- saying what is in the way ---------------------------------------------------------------------------


def test_find_clashes_says_what_is_taken_by_which_lesson(teacher):
    standing = lesson_at("09:00", teacher=teacher)
    child = attend(standing, EnrolmentFactory().student).enrolment.student
    wish = lesson_at("14:00", teacher=teacher, room=standing.room)
    wish.starts_at, wish.ends_at = standing.starts_at, standing.ends_at

    clashes = find_clashes(wanted_by(wish, [child.pk]))

    assert {(clash.kind, clash.resource_id) for clash in clashes} == booked(standing)
    assert {clash.booking.lesson for clash in clashes} == {standing}


def test_find_clashes_of_many_lessons_asks_as_little_as_of_one(teacher, django_assert_num_queries):
    lesson_at("09:00", teacher=teacher)
    wishes = [Lesson(teacher=teacher, starts_at=at("2026-11-21 09:30"), ends_at=at("2026-11-21 11:00"))] * 5

    with django_assert_num_queries(2):  # what is booked then; the lessons it is booked for
        assert len(find_clashes([want for wish in wishes for want in wanted_by(wish)])) == 5


def test_find_clashes_of_lessons_among_themselves_asks_as_little_of_many_as_of_two(teacher, django_assert_num_queries):
    lessons = [lesson_at("09:00", teacher=teacher, is_booked=False) for _number in range(6)]

    for some in (lessons[:2], lessons):
        with django_assert_num_queries(2):  # what is booked then; what was kept before
            clashes = find_clashes([want for lesson in some for want in wanted_by(lesson)])
        assert len(clashes) == len(some) - 1


def test_find_clashes_of_nothing_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert find_clashes([]) == []


def test_the_error_names_who_is_taken_by_which_class_and_when(teacher, move):
    lesson_at("09:00", teacher=teacher, class_group__name="英语一班")
    wish = lesson_at("14:00")

    with pytest.raises(LessonClashError) as refusal:
        move(wish, "09:30", teacher=teacher)

    assert "张老师" in str(refusal.value)
    assert "英语一班" in str(refusal.value)
    assert "09:00–10:00" in str(refusal.value)
    assert [clash.kind for clash in refusal.value.clashes] == [Kind.TEACHER]


# --- clashes that somebody keeps -------------------------------------------------------------------------


def test_a_kept_clash_says_who_kept_it_and_why(teacher, move, manager):
    standing, wish = lesson_at("09:00", teacher=teacher), lesson_at("14:00")

    move(wish, "09:30", teacher=teacher, keep_reason="两个班合上")

    kept = KeptClash.objects.get()
    assert (kept.kind, kept.resource_id) == (Kind.TEACHER, teacher.pk)
    assert (kept.lesson, kept.other) == (wish, standing)
    assert (kept.reason, kept.kept_by, kept.kept_at) == ("两个班合上", manager, NOW)


def test_a_reason_without_a_clash_keeps_nothing(move):
    move(lesson_at("14:00"), "09:00", keep_reason="以防万一")

    assert not KeptClash.objects.exists()


def test_every_resource_that_clashes_is_kept(move):
    standing, wish = lesson_at("09:00"), lesson_at("14:00")
    child = EnrolmentFactory().student
    attend(standing, child)
    attend(wish, child)

    move(wish, "09:00", teacher=standing.teacher, room=standing.room, keep_reason="合班")

    assert set(KeptClash.objects.values_list("kind", flat=True)) == {Kind.TEACHER, Kind.ROOM, Kind.STUDENT}


def test_a_kept_clash_is_shown_until_one_of_the_lessons_moves(teacher, move):
    standing, wish = lesson_at("09:00", teacher=teacher), lesson_at("14:00", teacher=teacher)
    move(wish, "09:30", keep_reason="合班")
    assert unsolved() == {frozenset([standing, wish])}

    move(standing, "16:00")

    assert unsolved() == set()


def test_a_kept_clash_is_solved_by_cancelling_a_lesson(teacher, move):
    lesson_at("09:00", teacher=teacher)
    wish = lesson_at("14:00", teacher=teacher)
    move(wish, "09:30", keep_reason="合班")

    Lesson.objects.filter(pk=wish.pk).update(status=Lesson.Status.CANCELLED, cancel_reason="停电")

    assert unsolved() == set()


def test_a_kept_clash_is_solved_by_another_teacher(teacher, move):
    lesson_at("09:00", teacher=teacher)
    wish = lesson_at("14:00", teacher=teacher)
    move(wish, "09:30", keep_reason="合班")

    move(wish, "09:30", teacher=UserFactory())

    assert unsolved() == set()


def test_a_kept_clash_is_upcoming_until_the_lesson_is_over(teacher, move):
    lesson_at("09:00", teacher=teacher)
    wish = lesson_at("14:00", teacher=teacher)
    move(wish, "09:30", keep_reason="合班")

    assert KeptClash.objects.upcoming(at("2026-11-21 10:29")).count() == 1
    assert KeptClash.objects.upcoming(at("2026-11-21 10:30")).count() == 0


def test_a_kept_clash_needs_no_new_reason_when_the_room_changes(teacher, move):
    first = lesson_at("09:00", teacher=teacher)
    second = move(lesson_at("14:00", teacher=teacher), "09:00", keep_reason="合班")

    move(second, "09:00", room=RoomFactory(branch=second.branch))

    assert unsolved() == {frozenset([first, second])}
    assert KeptClash.objects.get().reason == "合班"


def test_kept_again_the_latest_word_counts_and_is_shown_once(teacher, move):
    standing, wish = lesson_at("09:00", teacher=teacher), lesson_at("14:00", teacher=teacher)
    move(wish, "09:30", keep_reason="合班")

    move(standing, "09:15", keep_reason="还是合班")

    assert [kept.reason for kept in KeptClash.objects.unsolved()] == ["还是合班"]


def test_a_third_lesson_is_refused_by_both(teacher, move):
    lesson_at("09:00", teacher=teacher)
    move(lesson_at("14:00", teacher=teacher), "09:30", keep_reason="合班")
    third = lesson_at("16:00", teacher=teacher)

    for start in ("09:00", "09:15", "10:00"):
        with pytest.raises(LessonClashError):
            move(third, start)
    with refused_by(CLASH):
        lesson_at("10:15", teacher=teacher)
    with refused_by(CLASH):
        lesson_at("08:30", teacher=teacher)


def test_three_lessons_may_be_kept_together(teacher, move):
    first = lesson_at("09:00", teacher=teacher)
    second, third = lesson_at("14:00", teacher=teacher), lesson_at("16:00", teacher=teacher)

    move(second, "09:30", keep_reason="合班")
    move(third, "09:45", keep_reason="三班合上")

    assert unsolved() == {frozenset(pair) for pair in ([first, second], [first, third], [second, third])}


def test_a_lesson_between_two_others_is_kept_with_both(teacher, move):
    first, second = lesson_at("09:00", teacher=teacher), lesson_at("10:00", teacher=teacher)
    between = lesson_at("14:00", teacher=teacher)

    move(between, "09:30", keep_reason="合班")

    assert unsolved() == {frozenset([first, between]), frozenset([second, between])}


@pytest.mark.parametrize("newcomer_is_oldest", [True, False])
def test_a_lesson_that_overlaps_two_kept_pairs_joins_them(newcomer_is_oldest, teacher, move):
    """Each pair has a clash group of its own; all five must end in one, whatever their numbers."""
    if newcomer_is_oldest:
        between = lesson_at("20:00", teacher=teacher)
    early, early_partner = lesson_at("09:00", teacher=teacher), lesson_at("14:00", teacher=teacher)
    late, late_partner = lesson_at("10:30", teacher=teacher), lesson_at("16:00", teacher=teacher)
    if not newcomer_is_oldest:
        between = lesson_at("20:00", teacher=teacher)
    move(late_partner, "10:45", keep_reason="合班")
    move(early_partner, "08:30", keep_reason="合班")

    move(between, "09:45", keep_reason="合班")

    assert unsolved() == {
        frozenset(pair) for pair in ([early, early_partner], [late, late_partner], [between, early], [between, late])
    }


def test_a_lesson_keeps_its_earlier_partners_when_it_is_kept_with_new_ones(teacher, move):
    """The moved lesson brings the clash group of a clash that is solved by now."""
    old_partner, wish = lesson_at("09:00", teacher=teacher), lesson_at("14:00", teacher=teacher)
    new_partner = lesson_at("11:00", teacher=teacher)
    move(wish, "09:30", keep_reason="合班")

    move(wish, "11:30", keep_reason="合班")

    assert unsolved() == {frozenset([new_partner, wish])}
    move(old_partner, "08:00")


def test_planned_lessons_that_overlap_others_in_a_chain_are_kept(teacher, manager):
    """Two new lessons overlap one long one, and the first of them a second one."""
    group = ClassGroupFactory(teacher=teacher, lessons_total=2)
    ScheduleRuleFactory(class_group=group, start_time=datetime.time(9, 30), minutes=60)
    ScheduleRuleFactory(class_group=group, start_time=datetime.time(10, 30), minutes=60)
    short = lesson_at("08:45", end="09:45", teacher=teacher)
    long = lesson_at("09:45", end="12:00", teacher=teacher)

    first, second = plan_lessons(class_group=group, by=manager, now=NOW, keep_reason="导入时的冲突")

    assert unsolved() == {frozenset(pair) for pair in ([first, short], [first, long], [second, long])}


def test_plan_lessons_keeps_the_clash_of_every_week(teacher, manager):
    others = [LessonFactory(teacher=teacher, starts_at=at(f"2026-{day} 09:30")) for day in ("11-21", "11-28")]
    group = ClassGroupFactory(teacher=teacher, lessons_total=3)
    ScheduleRuleFactory(class_group=group)

    lessons = plan_lessons(class_group=group, by=manager, now=NOW, keep_reason="导入时的冲突")

    assert unsolved() == {frozenset(pair) for pair in zip(lessons, others, strict=False)}
    assert KeptClash.objects.values("clash_group").distinct().count() == 2, "the weeks stay apart"


def test_a_child_kept_in_two_classes(manager):
    child = EnrolmentFactory().student
    groups = ClassGroupFactory.create_batch(2, lessons_total=2)
    for group in groups:
        ScheduleRuleFactory(class_group=group)
        plan_lessons(class_group=group, by=manager, now=NOW)
        enrolment = EnrolmentFactory(student=child, branch=group.branch, course=group.course)
        place_student(
            class_group=group, enrolment=enrolment, joined_date=TODAY, by=manager, now=NOW, keep_reason="家长知道"
        )

    assert set(KeptClash.objects.unsolved().values_list("kind", "resource_id")) == {(Kind.STUDENT, child.pk)}
    assert KeptClash.objects.unsolved().count() == 2


def test_a_kept_clash_of_a_child_on_leave_is_solved(manager):
    child = EnrolmentFactory().student
    lesson, other = lesson_at("09:00"), lesson_at("09:30")
    attendance = attend(lesson, child)
    place_student(
        class_group=other.class_group,
        enrolment=EnrolmentFactory(student=child, branch=other.branch, course=other.class_group.course),
        joined_date=TODAY,
        by=manager,
        now=NOW,
        keep_reason="家长知道",
    )
    assert len(unsolved()) == 1

    attendance.status = Attendance.Status.LEAVE
    attendance.save()

    assert unsolved() == set()


def test_keeping_a_clash_of_the_teacher_lets_no_room_clash_pass(teacher, move):
    standing, wish = lesson_at("09:00", teacher=teacher), lesson_at("14:00", teacher=teacher)
    move(wish, "09:30", keep_reason="合班")

    with refused_by(CLASH):
        Lesson.objects.filter(pk=wish.pk).update(room=standing.room)


@given(
    moves=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 12), st.booleans()), max_size=12),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_lessons_overlap_only_where_somebody_keeps_it(moves, teacher, move):
    """Six lessons of one teacher, moved about by quarters of an hour: (which, to which quarter, keep a clash?)."""
    with transaction.atomic():
        lessons = [lesson_at(f"{hour}:00", teacher=teacher) for hour in range(14, 20)]
        for number, quarter, keep in moves:
            start = f"{9 + quarter // 4:02}:{quarter % 4 * 15:02}"
            with nullcontext() if keep else suppress(LessonClashError), transaction.atomic():
                lessons[number] = move(lessons[number], start, keep_reason="合班" if keep else "")
            assert unsolved() == overlapping(lessons)
        assert Booking.objects.filter(kind=Kind.TEACHER, resource_id=teacher.pk).count() == len(lessons)
        transaction.set_rollback(True)


def overlapping(lessons):
    rows = Lesson.objects.filter(pk__in=[lesson.pk for lesson in lessons])
    return {
        frozenset([one, other])
        for one, other in combinations(rows, 2)
        if one.starts_at < other.ends_at and other.starts_at < one.ends_at
    }


def test_what_a_group_of_kept_clashes_takes_is_booked_once_each(teacher, move):
    lessons = [lesson_at(start, teacher=teacher) for start in ("09:00", "14:00", "16:00")]
    for lesson, start in zip(lessons[1:], ("09:30", "09:45"), strict=True):
        move(lesson, start, keep_reason="合班")

    for lesson in lessons:
        assert booked(lesson) == {(Kind.TEACHER, teacher.pk), (Kind.ROOM, lesson.room_id)}
    assert not Lesson.objects.filter(is_booked=False).exists()
