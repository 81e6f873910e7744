"""From the roll call to the phone: each stage for itself has tests of its own, here they are one."""

from datetime import timedelta

import pytest

from messaging.models import OutboundMessage, Status
from messaging.services import drain_outbox
from renewals.notifications import plan_renewal_reminders
from scheduling.models import Attendance
from scheduling.reminders import plan_class_reminders
from scheduling.services import call_roll, undo_roll_call
from tests.factories import NOW, LessonFactory, at, sell

MINUTE = timedelta(minutes=1)
TOMORROW = at("2026-11-22 10:00")
pytestmark = pytest.mark.django_db


@pytest.fixture
def child(learner):
    """田萍 has 4 credits and a lesson this morning; her branch reminds at 3."""
    enrolment = learner(4, course__name="乐高机器人")
    enrolment.branch.reminder_policy.steps.all().delete()
    enrolment.branch.reminder_policy.steps.create(kind="credits", value=3)
    enrolment.student.guardians.update(phone="+8613812345678")
    enrolment.branch.sms_signature = "轻校奥体"
    enrolment.branch.save()
    return enrolment


@pytest.fixture
def roll(child):
    """The roll of this morning's lesson, to be called."""
    group = child.class_members.get().class_group
    lesson = LessonFactory(class_group=group, starts_at=at("2026-11-21 09:00"), number=2)
    Attendance.objects.create(lesson=lesson, enrolment=child)
    return lesson


def tick(now):
    """What the jobs do every minute; everything twice, as a job may be."""
    for _time in range(2):
        plan_class_reminders(now=now)
        plan_renewal_reminders(now=now)
    for _time in range(2):
        drain_outbox(now=now)


def texts(fake):
    return [(message["to_phone"], message["body"]) for message in fake.store.messages()]


def test_roll_call_that_leaves_few_credits_reaches_the_phone(roll, child, owner, fake_twilio):
    tick(NOW)
    assert texts(fake_twilio) == []

    call_roll(lesson=roll, exceptions={}, by=owner, now=NOW)
    tick(NOW + MINUTE)
    assert texts(fake_twilio) == []  # today was planned: it waits for the hour of tomorrow
    tick(TOMORROW)
    tick(TOMORROW + MINUTE)

    [(phone, text)] = texts(fake_twilio)
    assert phone == "+8613812345678"
    assert text.startswith("【轻校奥体】")
    assert "田萍" in text
    assert "乐高机器人" in text

    fake_twilio.deliver()

    message = OutboundMessage.objects.get()
    assert (message.status, message.body) == (Status.DELIVERED, text)
    assert message.about == f"student:{child.student_id}"


def test_who_renews_in_between_hears_nothing(roll, child, owner, fake_twilio):
    call_roll(lesson=roll, exceptions={}, by=owner, now=NOW)
    plan_renewal_reminders(now=NOW)
    sell(child, 20)

    tick(NOW + MINUTE)

    assert texts(fake_twilio) == []
    message = OutboundMessage.objects.get()
    assert message.status == Status.CANCELLED
    assert message.reason


def test_roll_call_undone_in_time_says_nothing_and_the_next_one_does(roll, owner, fake_twilio):
    call_roll(lesson=roll, exceptions={}, by=owner, now=NOW)
    plan_renewal_reminders(now=NOW)
    undo_roll_call(lesson=roll, by=owner)
    tick(NOW + MINUTE)
    assert texts(fake_twilio) == []

    call_roll(lesson=roll, exceptions={}, by=owner, now=NOW)
    tick(TOMORROW)

    assert len(texts(fake_twilio)) == 1


def test_evening_waits_for_the_hour_of_the_branch(roll, owner, fake_twilio):
    evening = at("2026-11-21 21:30")
    call_roll(lesson=roll, exceptions={}, by=owner, now=evening)

    tick(evening)
    tick(at("2026-11-22 09:59"))
    assert texts(fake_twilio) == []
    tick(at("2026-11-22 10:00"))

    assert len(texts(fake_twilio)) == 1


def test_class_reminder_reaches_the_phone_the_day_before(child, fake_twilio):
    lesson = child.class_members.get().class_group.lessons.get()  # on Saturday the 28th, at 9
    Attendance.objects.create(lesson=lesson, enrolment=child)

    tick(at("2026-11-27 17:59"))
    assert texts(fake_twilio) == []
    tick(at("2026-11-27 18:00"))
    tick(at("2026-11-28 08:59"))

    [(phone, text)] = texts(fake_twilio)
    assert phone == "+8613812345678"
    assert text.startswith("【轻校奥体】")
    assert "09:00–10:30" in text
