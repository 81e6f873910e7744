"""A branch's day is lost: what is at stake, what becomes of the lessons, and how all of it is taken back."""

import datetime
from datetime import timedelta

import pytest

from branches.models import CalendarDay
from enrolments.models import CreditEntry, ValidityExtension
from enrolments.services import extend_validity, take_back_extensions
from messaging.models import OutboundMessage
from messaging.registry import kind_named
from scheduling.lost_days import fit_on, lost_day, offer_day
from scheduling.models import Attendance, Lesson, TimetableChange
from scheduling.notices import CHANGE_NOTICE
from scheduling.services import ScheduleError, call_roll, cancel_day, place_student, plan_lessons, undo_change
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
    UserFactory,
    at,
    sell,
)

DAY = datetime.date(2026, 11, 28)  # the Saturday after NOW
pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return UserFactory(name="校长")


@pytest.fixture
def new_class(branch, manager):
    """A class of five Saturdays with one child whose mother is told."""

    def new_class(start="09:00", *, guardian=None, **fields):
        group = ClassGroupFactory(branch=branch, lessons_total=5, **fields)
        hour = datetime.time.fromisoformat(start)
        ScheduleRuleFactory(class_group=group, start_time=hour, room=RoomFactory(branch=branch))
        plan_lessons(class_group=group, by=manager, now=NOW)
        guardianship = GuardianshipFactory(**({"guardian": guardian} if guardian else {}))
        enrolment = EnrolmentFactory(student=guardianship.student, branch=branch, course=group.course)
        place_student(class_group=group, enrolment=enrolment, joined_date=TODAY, by=manager, now=NOW)
        return group

    return new_class


@pytest.fixture
def cancel(branch, manager):
    def cancel(**more):
        return cancel_day(branch=branch, day=DAY, reason="大雪", by=manager, now=NOW, **more)

    return cancel


def child_of(group):
    return group.members.get().enrolment


def numbers_are_kept(group):
    group.refresh_from_db()
    active = group.lessons.active()
    numbers = list(active.order_by("starts_at").values_list("number", flat=True))
    return numbers == list(range(1, group.lessons_total + 1)) and group.lessons_total == 5


# --- what is at stake ---


def test_counts(branch, new_class):
    first = new_class()
    new_class("11:00", guardian=child_of(first).student.guardians.get())
    GuardianshipFactory(student=child_of(first).student, is_main=False)
    child_of(new_class("14:00")).student.guardianships.update(is_told=False)

    lost = lost_day(branch, DAY, now=NOW)

    assert (len(lost.lessons), lost.child_count, lost.message_count, len(lost.unreachable)) == (3, 3, 2, 1)


def test_lessons_that_have_begun_and_children_on_leave_are_left_out(branch, new_class):
    group = new_class()
    Attendance.objects.update(status=Attendance.Status.LEAVE)

    assert lost_day(branch, DAY, now=NOW).child_count == 0
    assert lost_day(branch, TODAY, now=NOW).lessons == []
    assert group.lessons.filter(local_date=TODAY).exists()


@pytest.mark.parametrize("count", [1, 3])
def test_counting_takes_two_queries(branch, new_class, count, django_assert_num_queries):
    for hour in range(count):
        new_class(f"{9 + 2 * hour:02d}:00")

    with django_assert_num_queries(2):
        assert len(lost_day(branch, DAY, now=NOW).lessons) == count


# --- cancelled and added at the end ---


def test_each_lesson_is_added_at_the_end_of_its_class(cancel, new_class):
    groups = [new_class(), new_class("11:00")]

    change = cancel()

    assert change.kind == TimetableChange.Kind.CANCEL_DAY
    for group in groups:
        assert group.lessons.get(local_date=DAY).cancel_reason == "大雪"
        added = group.lessons.active().latest("starts_at")
        assert added.local_date == datetime.date(2026, 12, 26)
        assert added.attendances.get().enrolment == child_of(group)
        assert added.bookings.count() == 3
        assert numbers_are_kept(group)


def test_class_with_two_lessons_that_day_gets_two(cancel, branch, manager):
    group = ClassGroupFactory(branch=branch, lessons_total=5)
    ScheduleRuleFactory(class_group=group)
    ScheduleRuleFactory(class_group=group, start_time=datetime.time(14))
    plan_lessons(class_group=group, by=manager, now=NOW)

    cancel()

    assert group.lessons.filter(status=Lesson.Status.CANCELLED).count() == 2
    assert numbers_are_kept(group)


def test_slot_at_which_somebody_is_taken_is_passed_over(cancel, new_class, branch):
    group = new_class()
    LessonFactory(class_group__branch=branch, teacher=group.teacher, starts_at=at("2026-12-26 09:30"))

    cancel()

    assert group.lessons.latest("starts_at").local_date == datetime.date(2027, 1, 2)


def test_two_classes_that_want_the_same_slot_do_not_both_get_it(cancel, new_class, manager):
    """One room, and the first class has ended when the other begins: both would go on in the room."""
    first, second = new_class(), new_class("11:00")
    second.rules.update(start_time=datetime.time(9, 30), room=first.rules.get().room)

    cancel()

    spans = [group.lessons.latest("starts_at") for group in (first, second)]
    assert sorted(lesson.local_date for lesson in spans) == [datetime.date(2026, 12, 26), datetime.date(2027, 1, 2)]


def test_class_without_weekly_times_meets_as_it_did(cancel, branch):
    lesson = LessonFactory(
        class_group__branch=branch, class_group__lessons_total=1, starts_at=at("2026-11-28 15:00"), room=None
    )

    cancel()

    added = lesson.class_group.lessons.active().get()
    assert (added.starts_at, added.teacher, added.rule) == (at("2026-12-05 15:00"), lesson.teacher, None)


def test_class_with_more_lessons_than_it_needs_gets_none(cancel, branch):
    lesson = LessonFactory(class_group__branch=branch, class_group__lessons_total=1, starts_at=at("2026-11-28 15:00"))
    LessonFactory(class_group=lesson.class_group, starts_at=at("2026-11-29 15:00"))

    cancel()

    assert lesson.class_group.lessons.active().count() == 1


def test_no_credit_is_taken(cancel, new_class):
    group = new_class()
    sell(child_of(group), 10)
    entries = CreditEntry.objects.count()

    cancel()

    assert CreditEntry.objects.count() == entries


def test_day_is_closed_in_the_calendar(cancel, new_class, branch):
    new_class()

    cancel()

    row = CalendarDay.objects.get(branch=branch)
    assert (row.day, row.kind, row.reason) == (DAY, CalendarDay.Kind.CLOSED, "大雪")


def test_day_without_lessons_to_come_is_refused(cancel):
    with pytest.raises(ScheduleError):
        cancel()

    assert not CalendarDay.objects.exists()


def test_one_message_per_family(cancel, new_class, branch):
    first = new_class()
    new_class("11:00", guardian=child_of(first).student.guardians.get())

    cancel()

    message = OutboundMessage.objects.get(kind=CHANGE_NOTICE)
    words = kind_named(CHANGE_NOTICE).renderer(message, NOW).text
    assert words.count("大雪") == 2
    assert words.count("12月26日") == 2


# --- moved to another day ---


def test_first_day_on_which_all_fit_is_offered(branch, new_class):
    group = new_class()
    LessonFactory(class_group__branch=branch, teacher=group.teacher, starts_at=at("2026-11-29 09:30"))
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 11, 30))

    offer = offer_day(lost_day(branch, DAY, now=NOW), now=NOW)

    assert (offer.day, len(offer.fit), offer.rest) == (datetime.date(2026, 12, 1), 1, [])


def test_offer_says_what_does_not_fit(branch, new_class):
    first, second = new_class(), new_class("11:00")
    for offset in range(1, 15):
        starts_at = at("2026-11-28 11:00") + timedelta(days=offset)
        if not Lesson.objects.filter(teacher=second.teacher, starts_at=starts_at).exists():
            LessonFactory(class_group__branch=branch, teacher=second.teacher, starts_at=starts_at)

    offer = offer_day(lost_day(branch, DAY, now=NOW), now=NOW)

    assert offer.day == datetime.date(2026, 11, 29)
    assert [lesson.class_group for lesson in offer.fit] == [first]
    assert [lesson.class_group for lesson in offer.rest] == [second]


def test_lessons_that_fit_move_and_the_others_are_added_at_the_end(cancel, new_class, branch):
    first, second = new_class(), new_class("11:00")
    LessonFactory(class_group__branch=branch, teacher=second.teacher, starts_at=at("2026-11-29 11:00"))

    cancel(to_day=datetime.date(2026, 11, 29))

    moved = first.lessons.get(starts_at=at("2026-11-29 09:00"))
    assert (moved.number, moved.has_own_time, moved.status) == (2, True, Lesson.Status.PLANNED)
    assert second.lessons.get(local_date=DAY).status == Lesson.Status.CANCELLED
    assert numbers_are_kept(first)
    assert numbers_are_kept(second)


def test_closed_day_takes_nothing(branch, new_class):
    new_class()
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 11, 29))

    assert fit_on(lost_day(branch, DAY, now=NOW), datetime.date(2026, 11, 29), now=NOW).fit == []


# --- validity ---


def test_credits_are_valid_as_much_longer_as_the_class_ends_later(cancel, new_class):
    lot = sell(child_of(new_class()), 10, validity_days=90)
    expires_date = lot.expires_date

    change = cancel()

    lot.refresh_from_db()
    extension = ValidityExtension.objects.get()
    assert lot.expires_date == expires_date + timedelta(days=7)
    assert (extension.days, extension.expires_date, extension.reason) == (7, lot.expires_date, "大雪")
    assert extension.reference == f"change:{change.pk}"


def test_moved_lessons_extend_by_the_days_they_move(cancel, new_class):
    lot = sell(child_of(new_class()), 10, validity_days=90)

    cancel(to_day=datetime.date(2026, 11, 29))

    assert lot.extensions.get().days == 1


def test_lots_that_have_ended_or_never_end_stay_so(cancel, new_class):
    enrolment = child_of(new_class())
    sell(enrolment, 10, validity_days=3)
    sell(enrolment, 10)

    cancel()

    assert not ValidityExtension.objects.exists()


def test_extension_can_be_taken_back_once(new_class, manager):
    lot = sell(child_of(new_class()), 10, validity_days=90)
    expires_date = lot.expires_date
    facts = {"reason": "大雪", "by": manager, "now": NOW, "reference": "change:1"}

    assert extend_validity(lots=[lot], days=3, **facts) == 1
    assert [take_back_extensions(**facts), take_back_extensions(**facts)] == [1, 0]

    lot.refresh_from_db()
    assert lot.expires_date == expires_date
    assert lot.extensions.count() == 2


# --- undone ---


def test_undo_takes_back_all_of_it(cancel, new_class, branch, manager):
    group = new_class()
    lot = sell(child_of(group), 10, validity_days=90)
    expires_date = lot.expires_date
    change = cancel()

    undo_change(change=change, by=manager, now=NOW + timedelta(minutes=59))

    lot.refresh_from_db()
    assert lot.expires_date == expires_date
    assert not CalendarDay.objects.exists()
    assert group.lessons.get(local_date=DAY).status == Lesson.Status.PLANNED
    assert group.lessons.active().count() == 5
    assert numbers_are_kept(group)


def test_undo_gives_the_day_back_what_it_was(cancel, new_class, branch, manager):
    new_class()
    CalendarDayFactory(branch=branch, day=DAY, kind="runs_weekday", runs_weekday=0, reason="调休")

    undo_change(change=cancel(), by=manager, now=NOW)

    row = CalendarDay.objects.get(branch=branch)
    assert (row.kind, row.runs_weekday, row.reason) == ("runs_weekday", 0, "调休")


def test_undo_leaves_a_day_that_was_closed_before(cancel, new_class, branch, manager):
    new_class()
    CalendarDayFactory(branch=branch, day=DAY, reason="盘点")

    undo_change(change=cancel(), by=manager, now=NOW)

    assert CalendarDay.objects.get(branch=branch).reason == "盘点"


def test_undo_is_refused_when_a_lesson_was_held_meanwhile(cancel, new_class, manager):
    group = new_class()
    change = cancel(to_day=datetime.date(2026, 11, 29))
    moved = group.lessons.get(starts_at=at("2026-11-29 09:00"))
    call_roll(lesson=moved, exceptions={}, by=manager, now=moved.starts_at)

    with pytest.raises(ScheduleError):
        undo_change(change=change, by=manager, now=NOW)

    assert CalendarDay.objects.exists()
    assert not ValidityExtension.objects.filter(days__lt=0).exists()


# --- size ---


@pytest.mark.parametrize("count", [1, 3])
def test_number_of_queries_does_not_grow(cancel, new_class, count, django_assert_max_num_queries):
    for hour in range(count):
        sell(child_of(new_class(f"{9 + 2 * hour:02d}:00")), 10, validity_days=90)

    with django_assert_max_num_queries(95):
        cancel()
