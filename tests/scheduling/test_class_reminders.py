"""The reminder of the day before: who is told, when, and what it says at the moment it is sent."""

import datetime
from datetime import timedelta

import pytest

from branches.models import Room
from core.clock import span_text
from messaging.models import OutboundMessage
from messaging.registry import Cancelled, kind_named
from messaging.services import drain_outbox
from scheduling.models import Attendance, ClassMember, LessonReminder
from scheduling.reminders import CLASS_REMINDER, plan_class_reminders
from scheduling.services import cancel_lesson, remove_from_class, reschedule_lesson
from tests.factories import (
    BranchFactory,
    ClassGroupFactory,
    EnrolmentFactory,
    GuardianFactory,
    GuardianshipFactory,
    LessonFactory,
    StudentFactory,
    at,
)
from tests.refusals import refused_by

DUE = at("2026-11-22 18:00")  # the Sunday before the lesson
pytestmark = pytest.mark.django_db


@pytest.fixture
def lesson(branch):
    """Monday 23 November, 17:20 to 18:50."""
    return lesson_at(branch, "2026-11-23 17:20")


def lesson_at(branch, start, course="乐高机器人"):
    starts_at = at(start, branch.time_zone)
    return LessonFactory(
        class_group=ClassGroupFactory(branch=branch, course__name=course),
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=90),
        room=Room.objects.get_or_create(branch=branch, name="203", defaults={"capacity": 10})[0],
    )


def expect(lesson, *, name="田萍", guardian=None, **guardianship):
    """A child with a guardian, expected at the lesson."""
    student = StudentFactory(name=name)
    GuardianshipFactory(student=student, guardian=guardian or GuardianFactory(), **guardianship)
    enrolment = EnrolmentFactory(student=student, branch=lesson.branch, course=lesson.class_group.course)
    ClassMember.objects.create(class_group=lesson.class_group, enrolment=enrolment, joined_date=lesson.local_date)
    return Attendance.objects.create(lesson=lesson, enrolment=enrolment)


def rendered(message, now=DUE):
    return kind_named(CLASS_REMINDER).renderer(message, now)


# --- planning --------------------------------------------------------------------------------------------


def test_reminder_is_due_the_day_before(lesson):
    attendance = expect(lesson)

    planned = plan_class_reminders(now=DUE)

    message = OutboundMessage.objects.get()
    assert planned == 1
    assert (message.due_at, message.useful_until) == (DUE, lesson.starts_at)
    assert message.about == f"student:{attendance.enrolment.student_id}"
    assert message.occurrence == "day-before:2026-11-23"
    assert message.branch == lesson.branch


def test_planning_twice_is_planning_once(lesson):
    expect(lesson)

    assert [plan_class_reminders(now=DUE), plan_class_reminders(now=DUE + timedelta(minutes=1))] == [1, 0]


@pytest.fixture
def siblings(lesson):
    """Two children of one guardian: the younger has the later lesson."""
    guardian = GuardianFactory(phone="+8613812345678")
    later = lesson_at(lesson.branch, "2026-11-23 19:00", course="围棋")
    younger = expect(later, name="田安", guardian=guardian)
    return [expect(lesson, name="田萍", guardian=guardian), younger]


def test_two_children_of_one_guardian_are_one_message(siblings):
    assert plan_class_reminders(now=DUE) == 1

    message = OutboundMessage.objects.get()
    words = rendered(message)
    assert words.text.index("田萍") < words.text.index("田安")
    assert (words.template, words.facts) == ("", {})  # no provider has approved two sentences at once
    assert message.useful_until == at("2026-11-23 19:00")
    for attendance in siblings:
        about = f"student:{attendance.enrolment.student_id}"
        assert OutboundMessage.objects.about(about).get() == message


def test_what_is_over_or_changed_is_left_out_and_the_rest_said(siblings, lesson, owner):
    plan_class_reminders(now=DUE)
    message = OutboundMessage.objects.get()

    assert "田萍" not in rendered(message, lesson.starts_at).text
    assert list(message.lesson_reminders.order_by("lesson__starts_at").values_list("was_dropped", flat=True)) == [
        True,
        False,
    ]
    assert "田萍" in rendered(message, DUE).text
    assert not message.lesson_reminders.filter(was_dropped=True).exists()


def test_a_lesson_added_while_the_message_waits_is_in_it(siblings, branch):
    plan_class_reminders(now=DUE)
    evening = lesson_at(branch, "2026-11-23 20:30", course="书法")
    Attendance.objects.create(lesson=evening, enrolment=siblings[0].enrolment)

    assert plan_class_reminders(now=DUE) == 0
    message = OutboundMessage.objects.get()
    assert "书法" in rendered(message).text
    assert message.useful_until == evening.starts_at


def test_a_lesson_added_after_the_message_went_out_gets_the_next_one(siblings, branch):
    plan_class_reminders(now=DUE)
    OutboundMessage.objects.update(attempt_count=1)
    Attendance.objects.create(
        lesson=lesson_at(branch, "2026-11-23 20:30", course="书法"), enrolment=siblings[0].enrolment
    )

    assert [plan_class_reminders(now=DUE), plan_class_reminders(now=DUE)] == [1, 0]
    second = OutboundMessage.objects.latest("pk")
    assert second.occurrence == "day-before:2026-11-23:2"
    assert ("书法" in rendered(second).text, "围棋" in rendered(second).text) == (True, False)


def test_each_branch_writes_for_itself(siblings, other_branch):
    guardian = siblings[0].enrolment.student.main_guardian
    expect(lesson_at(other_branch, "2026-11-23 09:00", course="绘画"), name="田安", guardian=guardian)

    assert plan_class_reminders(now=DUE) == 2


def test_a_provider_of_approved_sentences_gets_one_at_a_time(siblings, branch):
    branch.channel_routes.create(purpose="service", position=1, channel="sms_aliyun")
    branch.channel_routes.create(purpose="service", position=2, channel="sms")

    assert [plan_class_reminders(now=DUE), plan_class_reminders(now=DUE)] == [2, 0]
    assert {rendered(message).template for message in OutboundMessage.objects.all()} == {"class_reminder.room"}


def test_a_lesson_is_reminded_of_once_a_day_it_stands_on(siblings):
    plan_class_reminders(now=DUE)
    line = LessonReminder.objects.first()

    with refused_by("lessonreminder_once"):
        LessonReminder.objects.create(
            message=line.message, lesson=line.lesson, student=line.student, guardian=line.guardian, day=line.day
        )


def test_lessons_taken_out_of_the_timetable_are_not_spoken_of(siblings, lesson):
    plan_class_reminders(now=DUE)
    LessonReminder.objects.filter(lesson=lesson).update(lesson=None)

    assert "田萍" not in rendered(OutboundMessage.objects.get()).text


def test_each_told_guardian_is_reminded(lesson):
    student = expect(lesson).enrolment.student
    GuardianshipFactory(student=student, is_main=False)
    GuardianshipFactory(student=student, is_main=False, is_told=False)
    GuardianshipFactory(student=student, is_main=False, guardian__phone=None)

    assert plan_class_reminders(now=DUE) == 2


def test_a_family_without_a_phone_is_told_where_slips_are_handed_out(lesson, fake_twilio):
    """Of two branches with such a family, only one hands out slips."""
    told = expect(lesson).enrolment.student
    told.guardians.update(phone=None)
    assert plan_class_reminders(now=DUE) == 0
    lesson.branch.channel_routes.create(purpose="service", position=1, channel="sms")
    lesson.branch.channel_routes.create(purpose="service", position=2, channel="slip")

    assert plan_class_reminders(now=DUE) == 1
    drain_outbox(now=OutboundMessage.objects.get().due_at)

    message = OutboundMessage.objects.get()
    assert (message.channel, message.status, told.name in message.body) == ("slip", "accepted", True)


@pytest.mark.parametrize(
    ("now", "planned"),
    [
        ("2026-11-22 16:59", 0),  # too early: it may still change
        ("2026-11-22 17:00", 1),
        ("2026-11-23 08:59", 1),  # the jobs stood still overnight
        ("2026-11-23 09:00", 0),
    ],
)
def test_reminder_is_planned_around_its_hour(lesson, now, planned):
    expect(lesson)

    assert plan_class_reminders(now=at(now)) == planned


def test_lesson_that_has_begun_is_not_planned(branch):
    expect(lesson_at(branch, "2026-11-23 07:00"))

    assert plan_class_reminders(now=at("2026-11-23 07:30")) == 0


def test_branch_without_reminders_is_left_out(lesson):
    expect(lesson)
    lesson.branch.class_reminder_on = False
    lesson.branch.save()

    assert plan_class_reminders(now=DUE) == 0


def test_child_on_leave_is_left_out(lesson):
    attendance = expect(lesson)
    attendance.status = Attendance.Status.LEAVE
    attendance.save()

    assert plan_class_reminders(now=DUE) == 0


@pytest.mark.parametrize("child_count", [1, 3])
def test_planning_takes_a_handful_of_queries(lesson, child_count, django_assert_num_queries):
    for number in range(child_count):
        expect(lesson, name=f"学员{number}")
    BranchFactory()

    # branches, who gets slips, children, what was planned, whose provider takes templates alone; the outbox: what
    # is there, what is new; of what waits: the row, its lines; and savepoints
    with django_assert_num_queries(13):
        assert plan_class_reminders(now=DUE) == child_count


@pytest.mark.parametrize(
    ("lesson_start", "due"),
    [
        ("2026-10-25 10:00", "2026-10-24 16:00+00:00"),  # summer time on the day before
        ("2026-10-26 10:00", "2026-10-25 17:00+00:00"),  # the clock was put back that morning
        ("2027-03-29 10:00", "2027-03-28 16:00+00:00"),  # and put forward
    ],
)
def test_hour_is_the_wall_clock_of_the_branch(lesson_start, due):
    berlin = BranchFactory(time_zone="Europe/Berlin")
    expect(lesson_at(berlin, lesson_start))
    due_at = datetime.datetime.fromisoformat(due)

    plan_class_reminders(now=due_at)

    assert OutboundMessage.objects.get().due_at == due_at


def test_branches_keep_their_own_hours(branch):
    berlin = BranchFactory(time_zone="Europe/Berlin", class_reminder_at=datetime.time(11))
    expect(lesson_at(branch, "2026-11-23 17:20"))
    expect(lesson_at(berlin, "2026-11-23 17:20", course="硬笔书法"))

    plan_class_reminders(now=DUE)

    due_at = dict(OutboundMessage.objects.values_list("branch__time_zone", "due_at"))
    assert due_at == {"Asia/Shanghai": DUE, "Europe/Berlin": at("2026-11-22 11:00", "Europe/Berlin")}


# --- words -----------------------------------------------------------------------------------------------


@pytest.fixture
def message(lesson):
    expect(lesson, guardian=GuardianFactory(phone="+8613812345678"))
    plan_class_reminders(now=DUE)
    return OutboundMessage.objects.get()


@pytest.fixture
def attendance(message):
    return Attendance.objects.get()


def test_words_say_who_what_when_and_where(message, lesson):
    words = rendered(message)

    assert words.to == "+8613812345678"
    for part in ("田萍", "乐高机器人", "17:20–18:50", "奥体校区", "203"):
        assert part in words.text
    assert span_text(lesson.starts_at, lesson.ends_at, "Asia/Shanghai") in words.text


def test_lesson_without_room_has_words(message, lesson):
    lesson.room = None
    lesson.save()

    assert "203" not in rendered(message).text


def test_words_follow_a_lesson_moved_within_its_day(message, lesson, owner):
    reschedule_lesson(
        lesson=lesson, starts_at=at("2026-11-23 19:00"), ends_at=at("2026-11-23 20:30"), teacher=lesson.teacher,
        room=lesson.room, by=owner, now=DUE,
    )  # fmt: skip

    plan_class_reminders(now=DUE)

    message.refresh_from_db()
    assert "19:00–20:30" in rendered(message).text
    assert message.useful_until == at("2026-11-23 19:00")


def test_lesson_moved_to_another_day_gets_its_own_reminder(message, lesson, owner):
    reschedule_lesson(
        lesson=lesson, starts_at=at("2026-11-25 17:20"), ends_at=at("2026-11-25 18:50"), teacher=lesson.teacher,
        room=lesson.room, by=owner, now=DUE,
    )  # fmt: skip

    with pytest.raises(Cancelled):
        rendered(message)
    assert plan_class_reminders(now=at("2026-11-24 18:00")) == 1
    assert "17:20–18:50" in rendered(OutboundMessage.objects.latest("pk"), at("2026-11-24 18:00")).text


def test_cancelled_lesson_is_not_reminded_of(message, lesson, owner):
    cancel_lesson(lesson=lesson, reason="停电", by=owner, now=DUE)

    with pytest.raises(Cancelled):
        rendered(message)


def test_child_that_left_the_class_is_not_reminded(message, attendance):
    remove_from_class(member=ClassMember.objects.get(), left_date=datetime.date(2026, 11, 22), now=DUE)

    with pytest.raises(Cancelled):
        rendered(message)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        ("attendance", {"status": "leave"}),
        ("guardianship", {"is_told": False}),
        ("branch", {"class_reminder_on": False}),
    ],
)
def test_what_changed_meanwhile_cancels(message, attendance, model, change):
    student = attendance.enrolment.student
    row = {
        "attendance": attendance,
        "guardianship": student.guardianships.get(),
        "branch": attendance.lesson.branch,
    }[model]
    type(row).objects.filter(pk=row.pk).update(**change)

    with pytest.raises(Cancelled) as answer:
        rendered(message)
    assert str(answer.value)


def test_lesson_that_begins_is_too_late(message, lesson):
    with pytest.raises(Cancelled):
        rendered(message, lesson.starts_at)
