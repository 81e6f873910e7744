"""Notices of changed lessons: who gets one, and what it says at the moment it is sent."""

import datetime
from datetime import timedelta

import pytest

from messaging.models import OutboundMessage, Status
from messaging.registry import Cancelled, kind_named
from scheduling.models import Attendance, Lesson, MakeUp, TimetableChange
from scheduling.notices import CHANGE_NOTICE, queue_change_notices
from scheduling.reminders import CLASS_REMINDER, plan_class_reminders
from scheduling.services import Edit, Then, cancel_lesson, change_lessons, reschedule_lesson, undo_change
from tests.factories import (
    TODAY,
    ClassGroupFactory,
    EnrolmentFactory,
    GuardianFactory,
    GuardianshipFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    StudentFactory,
    UserFactory,
    at,
)

DAY_BEFORE = at("2026-11-22 12:00")
EVENING = at("2026-11-22 18:00")  # the reminder's hour
MORNING = at("2026-11-23 08:30")
pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return UserFactory(name="校长")


@pytest.fixture
def lesson(branch):
    """Monday 23 November, 17:20 to 18:50, in room 203."""
    return lesson_at(branch, "2026-11-23 17:20")


def lesson_at(branch, start, **fields):
    fields.setdefault("room", RoomFactory(branch=branch, name=f"203-{Lesson.objects.count()}"))
    group = fields.pop("class_group", None) or ClassGroupFactory(branch=branch, course__name="乐高机器人")
    return LessonFactory(class_group=group, starts_at=at(start), **fields)


@pytest.fixture
def mother():
    return GuardianFactory(phone="+8613812345678")


@pytest.fixture
def child(mother):
    student = StudentFactory(name="田萍")
    GuardianshipFactory(student=student, guardian=mother)
    return student


def expect(lesson, student):
    enrolment = student.enrolments.filter(course=lesson.class_group.course).first() or EnrolmentFactory(
        student=student, branch=lesson.branch, course=lesson.class_group.course
    )
    return Attendance.objects.create(lesson=lesson, enrolment=enrolment)


@pytest.fixture
def move(manager):
    def move(lesson, start=None, *, now, teacher=None, room=None, **more):
        lesson = Lesson.objects.select_related("branch").get(pk=lesson.pk)
        starts_at = at(start) if start else lesson.starts_at
        return reschedule_lesson(
            lesson=lesson,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=90),
            teacher=teacher or lesson.teacher,
            room=room or lesson.room,
            by=manager,
            now=now,
            **more,
        )

    return move


@pytest.fixture
def cancel(manager):
    def cancel(lesson, *, now, then=Then.DROP):
        return cancel_lesson(lesson=lesson, reason="停电", by=manager, now=now, then=then)

    return cancel


def remind(status=Status.SENT, *, now=EVENING):
    """The reminders are planned, and have become what the status says."""
    plan_class_reminders(now=now)
    settle(OutboundMessage.objects.filter(kind=CLASS_REMINDER, status=Status.QUEUED), status, now=now)


def settle(messages, status, *, now):
    for message in messages:
        given_out = {
            "attempt_count": 1,
            "channel": "sms",
            "to_phone": "+8613812345678",
            "body": "…",
            "provider_sid": f"SM{message.pk}",
        }
        held = {"token": "t", "lease_until": now + timedelta(minutes=5)} if status == Status.CLAIMED else {}
        message.move_to(status, now=now, **given_out, **held)


def notices():
    return OutboundMessage.objects.filter(kind=CHANGE_NOTICE).order_by("pk")


def text_of(message, now):
    return kind_named(message.kind).renderer(message, now).text


def last_change():
    return TimetableChange.objects.latest("pk")


# --- who gets one ----------------------------------------------------------------------------------------


def test_move_before_the_reminder_gets_only_the_new_reminder(lesson, child, move):
    expect(lesson, child)

    move(lesson, "2026-11-25 17:20", now=DAY_BEFORE)
    plan_class_reminders(now=EVENING)
    plan_class_reminders(now=at("2026-11-24 18:00"))

    reminder = OutboundMessage.objects.get()
    assert reminder.kind == CLASS_REMINDER
    assert reminder.due_at == at("2026-11-24 18:00")


def test_waiting_reminder_says_the_new_time_of_the_same_day(lesson, child, move):
    expect(lesson, child)
    plan_class_reminders(now=EVENING)

    move(lesson, "2026-11-23 19:00", now=EVENING + timedelta(seconds=20))

    assert not notices()
    assert "19:00–20:30" in text_of(OutboundMessage.objects.get(), EVENING + timedelta(seconds=30))


def test_waiting_reminder_of_a_lesson_that_leaves_its_day_is_dropped(lesson, child, move):
    expect(lesson, child)
    plan_class_reminders(now=EVENING)

    move(lesson, "2026-11-25 17:20", now=EVENING + timedelta(seconds=20))

    assert not notices()
    with pytest.raises(Cancelled):
        text_of(OutboundMessage.objects.get(), EVENING + timedelta(seconds=30))


@pytest.mark.parametrize("status", [Status.SENT, Status.DELIVERED, Status.UNKNOWN, Status.ACCEPTED, Status.CLAIMED])
def test_move_after_the_reminder_is_told(lesson, child, move, status):
    expect(lesson, child)
    remind(status)

    move(lesson, "2026-11-25 17:20", now=MORNING)

    notice = notices().get()
    assert (notice.due_at, notice.useful_until) == (MORNING, at("2026-11-25 17:20"))
    assert notice.about == f"student:{child.pk}"
    assert notice.branch == lesson.branch


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_move_is_told_when_the_reminder_never_came(lesson, child, move, status):
    expect(lesson, child)
    remind(status)

    move(lesson, "2026-11-25 17:20", now=MORNING)

    assert notices().count() == 1


def test_move_into_tonight_is_told(branch, child, move):
    """Its reminder's hour has passed: none will come."""
    lesson = lesson_at(branch, "2026-11-27 17:20")
    expect(lesson, child)

    move(lesson, "2026-11-23 19:00", now=MORNING)

    assert "19:00–20:30" in text_of(notices().get(), MORNING)


def test_cancelled_lesson_is_told_long_before(branch, child, cancel):
    lesson = lesson_at(branch, "2026-12-05 09:00")
    expect(lesson, child)

    cancel(lesson, now=MORNING)

    assert notices().get().useful_until == lesson.starts_at


def test_substitute_is_told_before_the_reminder(branch, child, move):
    lesson = lesson_at(branch, "2026-12-05 09:00")
    expect(lesson, child)

    move(lesson, teacher=UserFactory(name="王老师"), kind=TimetableChange.Kind.SUBSTITUTE, now=MORNING)

    assert "王老师" in text_of(notices().get(), MORNING)


def test_past_lesson_is_not_told(lesson, child, cancel):
    expect(lesson, child)

    cancel(lesson, now=at("2026-11-23 17:21"))

    assert not notices()


def test_change_that_families_do_not_see_is_not_told(lesson, child, manager):
    expect(lesson, child)
    remind()

    change_lessons(
        branch=lesson.branch, kind="move", edits=[Edit(lesson.pk, {"has_own_time": True})], by=manager, now=MORNING
    )

    assert TimetableChange.objects.count() == 1
    assert not notices()


def test_only_who_is_told_and_has_a_phone_and_whose_child_comes(lesson, child, cancel):
    expect(lesson, child)
    GuardianshipFactory(student=child, is_main=False, is_told=False)
    GuardianshipFactory(student=child, is_main=False, guardian__phone=None)
    on_leave = GuardianshipFactory().student
    Attendance.objects.filter(pk=expect(lesson, on_leave).pk).update(status=Attendance.Status.LEAVE)

    cancel(lesson, now=MORNING)

    assert notices().count() == 1


def test_one_notice_per_family_and_change(branch, lesson, child, mother, manager):
    brother = StudentFactory(name="田安")
    GuardianshipFactory(student=brother, guardian=mother)
    later = lesson_at(branch, "2026-11-24 17:20", class_group=lesson.class_group)
    for of_both in (lesson, later):
        expect(of_both, child)
        expect(of_both, brother)
    facts = {"status": Lesson.Status.CANCELLED, "cancel_reason": "停电"}

    change_lessons(
        branch=branch,
        kind="cancel",
        edits=[Edit(of_both.pk, facts) for of_both in (lesson, later)],
        by=manager,
        now=MORNING,
    )

    notice = notices().get()
    words = text_of(notice, MORNING)
    assert notice.useful_until == later.starts_at
    assert (words.count("田萍"), words.count("田安"), words.count("停电")) == (2, 2, 4)


def test_long_list_is_cut(branch, child, manager):
    group = ClassGroupFactory(branch=branch)
    lessons = [lesson_at(branch, f"2026-12-{day:02d} 17:20", class_group=group) for day in range(1, 10)]
    for lesson in lessons:
        expect(lesson, child)
    facts = {"status": Lesson.Status.CANCELLED, "cancel_reason": "停电"}

    change_lessons(
        branch=branch, kind="cancel", edits=[Edit(lesson.pk, facts) for lesson in lessons], by=manager, now=MORNING
    )

    words = text_of(notices().get(), MORNING)
    assert words.count("田萍") == 6
    assert "3" in words.rpartition("停电")[2]


# --- what it says ----------------------------------------------------------------------------------------


def test_moved_says_from_when_to_when_and_where(lesson, child, move):
    expect(lesson, child)
    remind()

    move(lesson, "2026-11-25 18:00", now=MORNING)

    words = kind_named(CHANGE_NOTICE).renderer(notices().get(), MORNING)
    assert words.to == "+8613812345678"
    for part in ("田萍", "乐高机器人", "17:20–18:50", "18:00–19:30", "奥体校区", lesson.room.name):
        assert part in words.text


def test_cancelled_says_why_and_what_was_added(branch, child, cancel):
    group = ClassGroupFactory(branch=branch, course__name="围棋", lessons_total=1)
    ScheduleRuleFactory(class_group=group)
    lesson = lesson_at(branch, "2026-11-28 09:00", class_group=group)
    member = group.members.create(enrolment=expect(lesson, child).enrolment, joined_date=TODAY)

    [added] = cancel(lesson, now=MORNING, then=Then.APPEND)

    words = text_of(notices().get(), MORNING)
    assert "停电" in words
    assert f"{added.local_date.month}" in words.rpartition("停电")[2]
    assert added.attendances.get().enrolment == member.enrolment


def test_moved_again_before_it_was_sent_says_the_last_time_once(lesson, child, move):
    expect(lesson, child)
    remind()

    move(lesson, "2026-11-25 18:00", now=MORNING)
    move(lesson, "2026-11-26 19:00", now=MORNING + timedelta(minutes=1))

    first, second = notices()
    with pytest.raises(Cancelled):
        text_of(first, MORNING + timedelta(minutes=2))
    words = text_of(second, MORNING + timedelta(minutes=2))
    assert "17:20–18:50" in words  # as the family knows it, not the time it was never told
    assert "19:00–20:30" in words
    assert "18:00" not in words


def test_moved_again_after_it_was_sent_speaks_of_what_was_sent(lesson, child, move):
    expect(lesson, child)
    remind()
    move(lesson, "2026-11-25 18:00", now=MORNING)
    settle(notices(), Status.SENT, now=MORNING)

    move(lesson, "2026-11-26 19:00", now=MORNING + timedelta(minutes=1))

    words = text_of(notices().last(), MORNING + timedelta(minutes=2))
    assert "18:00–19:30" in words
    assert "17:20" not in words


def test_second_change_of_a_lesson_far_away_is_told_after_the_first_was(branch, child, cancel, manager):
    lesson = lesson_at(branch, "2026-12-05 09:00")
    expect(lesson, child)
    cancel(lesson, now=MORNING)
    settle(notices(), Status.DELIVERED, now=MORNING)

    change_lessons(
        branch=branch,
        kind="move",
        edits=[Edit(lesson.pk, {"status": Lesson.Status.PLANNED, "cancel_reason": ""})],
        by=manager,
        now=MORNING + timedelta(hours=3),
    )

    assert "09:00–10:30" in text_of(notices().last(), MORNING + timedelta(hours=3))


def test_where_slips_are_handed_out_a_family_without_a_phone_is_told(lesson, child, mother, cancel):
    expect(lesson, child)
    type(mother).objects.update(phone=None)
    lesson.branch.channel_routes.create(purpose="service", position=1, channel="slip")

    cancel(lesson, now=MORNING)

    assert notices().count() == 1


def test_lesson_that_is_over_is_left_out(lesson, child, cancel):
    expect(lesson, child)
    cancel(lesson, now=MORNING)

    with pytest.raises(Cancelled):
        text_of(notices().get(), lesson.starts_at)


@pytest.mark.parametrize("change", ["told", "leave"])
def test_what_changed_meanwhile_cancels(lesson, child, mother, cancel, change):
    attendance = expect(lesson, child)
    cancel(lesson, now=MORNING)
    {
        "told": lambda: child.guardianships.update(is_told=False),
        "leave": lambda: Attendance.objects.filter(pk=attendance.pk).update(status=Attendance.Status.LEAVE),
    }[change]()

    with pytest.raises(Cancelled) as answer:
        text_of(notices().get(), MORNING)
    assert str(answer.value)


def test_child_that_was_to_make_up_there_is_told(lesson, branch, child, cancel, manager):
    missed = expect(lesson_at(branch, "2026-11-16 17:20", class_group=lesson.class_group), child)
    Attendance.objects.filter(pk=missed.pk).update(status=Attendance.Status.LEAVE)
    right = MakeUp.objects.create(original=missed, expires_date=datetime.date(2026, 12, 31), opened_at=DAY_BEFORE)
    right.attendance = expect(lesson, child)
    right.save()

    cancel(lesson, now=MORNING)

    right.refresh_from_db()
    assert right.attendance is None
    assert "停电" in text_of(notices().get(), MORNING)


# --- undone ----------------------------------------------------------------------------------------------


def test_undo_before_it_was_sent_says_nothing(lesson, child, cancel, manager):
    expect(lesson, child)
    cancel(lesson, now=MORNING)

    undo_change(change=last_change(), by=manager, now=MORNING + timedelta(minutes=1))

    for notice in notices():
        with pytest.raises(Cancelled):
            text_of(notice, MORNING + timedelta(minutes=2))


def test_undo_after_it_was_sent_says_that_it_takes_place(lesson, child, cancel, manager):
    expect(lesson, child)
    cancel(lesson, now=MORNING)
    settle(notices(), Status.SENT, now=MORNING)

    undo_change(change=last_change(), by=manager, now=MORNING + timedelta(minutes=10))

    words = text_of(notices().last(), MORNING + timedelta(minutes=10))
    assert notices().count() == 2
    assert "17:20–18:50" in words
    assert "停电" not in words


def test_undo_of_a_move_after_the_reminder_said_the_new_time(lesson, child, move, manager):
    expect(lesson, child)
    move(lesson, "2026-11-23 19:00", now=EVENING - timedelta(minutes=20))
    remind()

    undo_change(change=last_change(), by=manager, now=EVENING + timedelta(minutes=20))

    assert "17:20–18:50" in text_of(notices().get(), EVENING + timedelta(minutes=20))


def test_undo_of_what_nobody_was_told_is_silent(branch, child, move, manager):
    lesson = lesson_at(branch, "2026-12-05 09:00")
    expect(lesson, child)
    move(lesson, "2026-12-06 09:00", now=MORNING)

    undo_change(change=last_change(), by=manager, now=MORNING + timedelta(minutes=1))

    assert not notices()


def test_undo_does_not_speak_of_the_lesson_that_was_added(branch, child, cancel, manager):
    group = ClassGroupFactory(branch=branch, lessons_total=1)
    ScheduleRuleFactory(class_group=group)
    lesson = lesson_at(branch, "2026-11-28 09:00", class_group=group)
    group.members.create(enrolment=expect(lesson, child).enrolment, joined_date=datetime.date(2026, 11, 1))
    cancel(lesson, now=MORNING, then=Then.APPEND)
    settle(notices(), Status.SENT, now=MORNING)

    undo_change(change=last_change(), by=manager, now=MORNING + timedelta(minutes=10))

    words = text_of(notices().last(), MORNING + timedelta(minutes=10))
    assert words.count("田萍") == 1


# --- queries ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("child_count", [1, 3])
def test_queueing_takes_the_same_queries_for_many(lesson, move, child_count, django_assert_num_queries):
    for number in range(child_count):
        expect(lesson, GuardianshipFactory(student__name=f"学员{number}").student)
    remind()
    move(lesson, "2026-11-25 17:20", now=MORNING)
    notices().delete()

    # the lessons, trials, who gets slips, families, branch, earlier changes and reminders; the rest queues
    with django_assert_num_queries(12):
        assert queue_change_notices(last_change(), now=MORNING) == child_count
