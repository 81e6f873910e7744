"""Many people at once, with real transactions: one of them wins, the others are told so, and nothing else happens.

No deadlock, no "database is locked", no lesson taken twice.
"""

import datetime
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from itertools import combinations, pairwise

import pytest
from django.db import IntegrityError, transaction

from branches.models import Branch
from enrolments.ledger import NoCreditsLeftError
from enrolments.models import CreditEntry, CreditLot, Enrolment, Payment
from enrolments.services import enrol_student
from scheduling.bookings import CLASH
from scheduling.clashes import LessonClashError
from scheduling.models import Attendance, Booking, KeptClash, Lesson
from scheduling.services import call_roll, place_student, plan_lessons, reschedule_lesson, undo_roll_call
from tests.factories import (
    NOW,
    TODAY,
    AttendanceFactory,
    BranchFactory,
    ClassGroupFactory,
    CoursePackageFactory,
    EnrolmentFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    StudentFactory,
    UserFactory,
    at,
    sell,
)
from tests.races import at_once, with_own_connection

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_race_at_a_time")]

RIVALS = 50
NOON = at("2026-11-28 12:00")
ONE = at("2026-11-28 13:00")


@pytest.fixture
def manager():
    return UserFactory(name="校长")


@pytest.fixture
def rivals(branch):
    """Lessons of as many classes, all with one child, each at a time, in a room and by a teacher of its own."""
    child = StudentFactory(branches=[branch])
    morning = at("2026-11-21 06:00")
    lessons = []
    for number in range(RIVALS):
        group = ClassGroupFactory(branch=branch)
        lesson = LessonFactory(
            class_group=group,
            starts_at=morning + datetime.timedelta(hours=number),
            ends_at=morning + datetime.timedelta(hours=number + 1),
        )
        enrolment = EnrolmentFactory(student=child, branch=branch, course=group.course)
        Attendance.objects.create(lesson=lesson, enrolment=enrolment)
        lessons.append(lesson)
    return lessons


def winners(results):
    return [result for result in results if not isinstance(result, Exception)]


def check_that_one_won(results, *errors):
    losers = [result for result in results if isinstance(result, Exception)]
    assert [repr(error) for error in losers if not isinstance(error, errors)] == []
    assert [repr(error) for error in losers if isinstance(error, IntegrityError) and CLASH not in str(error)] == []
    assert len(winners(results)) == 1


def check_that_nobody_is_in_two_places():
    bookings = Booking.objects.order_by("kind", "resource_id", "starts_at")
    for one, other in pairwise(bookings):
        assert (one.kind, one.resource_id) != (other.kind, other.resource_id) or other.starts_at >= one.ends_at


# --- one hour, many who want it --------------------------------------------------------------------------


@pytest.mark.parametrize("shared", ["teacher", "room", "child", "teacher, room and child"])
def test_fifty_lessons_are_moved_to_one_hour(shared, rivals, manager, branch):
    teacher, room = UserFactory(), RoomFactory(branch=branch)
    if "child" not in shared:
        Attendance.objects.all().delete()

    results = at_once(
        [
            partial(
                reschedule_lesson,
                lesson=lesson,
                starts_at=NOON,
                ends_at=ONE,
                teacher=teacher if "teacher" in shared else lesson.teacher,
                room=room if "room" in shared else lesson.room,
                by=manager,
                now=NOW,
            )
            for lesson in rivals
        ]
    )

    check_that_one_won(results, LessonClashError)
    assert Lesson.objects.filter(starts_at=NOON).count() == 1
    check_that_nobody_is_in_two_places()


def test_fifty_lessons_are_written_into_one_hour_by_hand(branch):
    """Past the services, as an import or a script might."""
    teacher, room, child = UserFactory(), RoomFactory(branch=branch), StudentFactory(branches=[branch])
    enrolments = [
        EnrolmentFactory(student=child, branch=branch, course=ClassGroupFactory(branch=branch).course)
        for _ in range(RIVALS)
    ]

    def write(enrolment):
        with transaction.atomic():
            lesson = Lesson.objects.create(
                branch=branch,
                class_group=enrolment.course.class_groups.get(),
                number=1,
                teacher=teacher,
                room=room,
                starts_at=NOON,
                ends_at=ONE,
                local_date=datetime.date(2026, 11, 28),
            )
            return Attendance.objects.create(lesson=lesson, enrolment=enrolment)

    results = at_once([partial(write, enrolment) for enrolment in enrolments])

    check_that_one_won(results, IntegrityError)
    assert Lesson.objects.count() == Attendance.objects.count() == 1


def test_fifty_times_one_child_is_written_into_lessons_of_one_hour(branch):
    child = StudentFactory(branches=[branch])
    lessons = [LessonFactory(class_group__branch=branch, starts_at=NOON, ends_at=ONE) for _ in range(RIVALS)]

    def write(lesson):
        enrolment = EnrolmentFactory(student=child, branch=branch, course=lesson.class_group.course)
        return Attendance.objects.create(lesson=lesson, enrolment=enrolment)

    results = at_once([partial(write, lesson) for lesson in lessons])

    check_that_one_won(results, IntegrityError)
    assert Attendance.objects.count() == 1


def test_one_class_is_planned_by_many_at_once(manager):
    group = ClassGroupFactory(lessons_total=10)
    ScheduleRuleFactory(class_group=group)

    results = at_once([partial(plan_lessons, class_group=group, by=manager, now=NOW)] * 8)

    assert sorted(len(result) for result in results) == [0] * 7 + [10]
    assert list(group.lessons.values_list("number", flat=True).order_by("starts_at")) == list(range(1, 11))


def test_lessons_and_children_come_at_once_and_every_child_is_expected_at_every_lesson(branch, manager):
    group = ClassGroupFactory(branch=branch, lessons_total=6)
    ScheduleRuleFactory(class_group=group)
    enrolments = EnrolmentFactory.create_batch(7, branch=branch, course=group.course)

    results = at_once(
        [
            partial(plan_lessons, class_group=group, by=manager, now=NOW),
            *(
                partial(place_student, class_group=group, enrolment=enrolment, joined_date=TODAY, by=manager, now=NOW)
                for enrolment in enrolments
            ),
        ]
    )

    assert len(winners(results)) == 8
    assert Attendance.objects.count() == 6 * 7


def test_lessons_that_change_places_and_are_kept_do_not_wait_in_a_circle(branch, manager):
    """Everybody moves onto everybody else's hour, teacher and room, in both directions."""
    hours = [at(f"2026-11-28 {hour:02}:00") for hour in range(8, 20, 2)]
    lessons = [LessonFactory(class_group__branch=branch, starts_at=hour) for hour in hours]

    def move(lesson, target):
        return reschedule_lesson(
            lesson=lesson,
            starts_at=target.starts_at,
            ends_at=target.ends_at,
            teacher=target.teacher,
            room=target.room,
            by=manager,
            now=NOW,
            keep_reason="合班",
        )

    pairs = [*pairwise(lessons), *pairwise(lessons[::-1]), (lessons[0], lessons[-1]), (lessons[-1], lessons[0])]
    results = at_once([partial(move, one, other) for one, other in pairs])

    assert [repr(result) for result in results if isinstance(result, Exception)] == []
    taken = Booking.objects.filter(kind=Booking.Kind.TEACHER).values_list("lesson", "resource_id", "starts_at")
    together = {frozenset([one[0], other[0]]) for one, other in combinations(taken, 2) if one[1:] == other[1:]}
    kept = KeptClash.objects.unsolved().values_list("lesson", "other")
    assert {frozenset(pair) for pair in kept} == together


# --- the roll --------------------------------------------------------------------------------------------


@pytest.fixture
def lesson(branch):
    lesson = LessonFactory(class_group__branch=branch)
    for attendance in AttendanceFactory.create_batch(4, lesson=lesson):
        sell(attendance.enrolment, 10)
    return lesson


def balances():
    return sorted(Enrolment.objects.values_list("balance", flat=True))


def test_sixteen_times_the_same_roll_takes_the_credits_once(lesson, manager):
    results = at_once([partial(call_roll, lesson=lesson, exceptions={}, by=manager, now=NOW)] * 16)

    assert len(winners(results)) == 16
    assert balances() == [9] * 4
    assert CreditEntry.objects.filter(kind=CreditEntry.Kind.CONSUMPTION).count() == 4


def test_calling_and_undoing_at_once_ends_in_one_of_both(lesson, manager):
    call_roll(lesson=lesson, exceptions={}, by=manager, now=NOW)

    at_once(
        [
            partial(call_roll, lesson=lesson, exceptions={}, by=manager, now=NOW),
            partial(undo_roll_call, lesson=lesson, by=manager),
        ]
        * 4
    )

    lesson.refresh_from_db()
    assert balances() == [9 if lesson.is_held else 10] * 4


def test_a_correction_waits_for_the_roll_call_before_it(lesson, manager):
    """It must not decide by the statuses of before: the credits would then be taken of children on leave."""
    call_roll(lesson=lesson, exceptions={}, by=manager, now=NOW)
    all_on_leave = dict.fromkeys(lesson.attendances.values_list("pk", flat=True), Attendance.Status.LEAVE)

    correction = partial(call_roll, lesson=lesson, exceptions={}, by=manager, now=NOW)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            call_roll(lesson=lesson, exceptions=all_on_leave, by=manager, now=NOW)
            other = pool.submit(with_own_connection, correction)
            time.sleep(0.5)  # it has come as far as it can
        assert other.result() == lesson

    assert set(lesson.attendances.values_list("status", flat=True)) == {Attendance.Status.PRESENT}
    assert balances() == [9] * 4


def test_two_classes_with_the_same_children_are_called_at_once(branch, manager):
    """Both teachers call from the top, and the children stand in another order."""
    enrolments = EnrolmentFactory.create_batch(6, branch=branch)
    for enrolment in enrolments:
        sell(enrolment, 10)
    lessons = []
    for hour, order in ((8, enrolments), (10, enrolments[::-1])):
        group = ClassGroupFactory(branch=branch, course=enrolments[0].course)
        start = at(f"2026-11-21 {hour:02}:00")
        lesson = LessonFactory(class_group=group, starts_at=start)
        for enrolment in order:
            Attendance.objects.create(lesson=lesson, enrolment=enrolment)
        lessons.append(lesson)

    results = at_once([partial(call_roll, lesson=lesson, exceptions={}, by=manager, now=NOW) for lesson in lessons * 4])

    assert len(winners(results)) == 8
    assert balances() == [8] * 6


def test_the_last_credit_is_spent_once(manager):
    branch = BranchFactory(may_owe=False)
    enrolment = EnrolmentFactory(branch=branch)
    sell(enrolment, 1)
    lessons = []
    for hour in (8, 10):
        group = ClassGroupFactory(branch=branch, course=enrolment.course)
        lesson = LessonFactory(class_group=group, starts_at=at(f"2026-11-21 {hour:02}:00"))
        Attendance.objects.create(lesson=lesson, enrolment=enrolment)
        lessons.append(lesson)

    results = at_once([partial(call_roll, lesson=lesson, exceptions={}, by=manager, now=NOW) for lesson in lessons])

    check_that_one_won(results, NoCreditsLeftError)
    assert balances() == [0]


# --- selling ---------------------------------------------------------------------------------------------


def test_sixteen_clicks_with_one_token_sell_once(branch, manager):
    sale = partial(
        enrol_student,
        student=StudentFactory(),
        branch=branch,
        package=CoursePackageFactory(),
        method=Payment.Method.WECHAT,
        sold_by=manager,
        start_date=TODAY,
        now=NOW,
        token="form-1",
    )

    results = at_once([sale] * 16)

    assert results == [CreditLot.objects.get()] * 16
    assert Payment.objects.count() == Enrolment.objects.count() == 1
    assert balances() == [20]


def test_a_sale_and_roll_calls_at_once_leave_a_ledger_that_adds_up(lesson, manager):
    Branch.objects.update(consumption_order=Branch.ConsumptionOrder.GIFT_FIRST)
    enrolment = lesson.attendances.first().enrolment

    results = at_once(
        [
            *(partial(sell, enrolment, Decimal(5), gift_credits=1) for _ in range(4)),
            *[partial(call_roll, lesson=lesson, exceptions={}, by=manager, now=NOW)] * 4,
        ]
    )

    assert len(winners(results)) == 8
    entries = list(enrolment.credit_entries.order_by("sequence"))
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[-1].balance_after == sum(entry.credits for entry in entries) == 10 + 4 * 6 - 1
