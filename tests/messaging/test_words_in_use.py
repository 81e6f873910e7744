"""What goes out: the school's words in each app's messages, in the language of the guardian."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation

from core.clock import span_text
from messaging.models import MessageTemplate, OutboundMessage
from messaging.registry import Cancelled, kind_named
from parents.models import Guardian
from scheduling.reminders import plan_class_reminders
from scheduling.services import cancel_lesson
from tests.factories import (
    NOW,
    AttendanceFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    RoomFactory,
    UserFactory,
    at,
    desk_of,
    manager_of,
)

pytestmark = pytest.mark.django_db
STARTS = at("2026-11-28 09:00")
EVENING = at("2026-11-27 18:00")


@pytest.fixture
def lesson(branch):
    attendance = AttendanceFactory(
        lesson__branch=branch,
        lesson__class_group__branch=branch,
        lesson__class_group__course__name="围棋",
        lesson__starts_at=STARTS,
        lesson__ends_at=STARTS + timedelta(minutes=90),
        lesson__room=RoomFactory(branch=branch, name="203"),
        enrolment=EnrolmentFactory(branch=branch, student__name="田萍"),
    )
    GuardianshipFactory(student=attendance.enrolment.student)
    return attendance.lesson


def write(key, text, *, language="zh-hans", branch=None):
    facts = {"version": 1, "state": "approved", "written_by": UserFactory(), "written_at": NOW}
    return MessageTemplate.objects.create(key=key, text=text, language=language, branch=branch, **facts)


def read(message, now):
    return kind_named(message.kind).renderer(message, now)


def reminder():
    plan_class_reminders(now=EVENING)
    return OutboundMessage.objects.get()


# --- the school's own words ------------------------------------------------------------------------------


def test_a_class_reminder_says_the_school_s_words(lesson):
    write("class_reminder.room", "{child}家长：{when}在{branch}{room}上{course}，请带水杯")

    rendered = read(reminder(), EVENING)

    when = span_text(lesson.starts_at, lesson.ends_at, "Asia/Shanghai")
    assert rendered.text == f"田萍家长：{when}在奥体校区203上围棋，请带水杯"
    assert rendered.template == "class_reminder.room"
    assert rendered.facts == {"child": "田萍", "course": "围棋", "when": when, "branch": "奥体校区", "room": "203"}


def test_a_reminder_without_a_room_has_words_of_its_own(lesson):
    write("class_reminder.plain", "{child}明天{course}")
    lesson.room = None
    lesson.save()

    assert read(reminder(), EVENING).text == "田萍明天围棋"


def test_a_change_says_the_school_s_words(branch, lesson):
    write("change_notice.cancelled", "{child}{course}停课：{reason}")
    cancel_lesson(lesson=lesson, reason="停电", by=manager_of(branch), now=NOW)

    assert read(OutboundMessage.objects.get(), NOW).text == "田萍围棋停课：停电"


@pytest.mark.parametrize("own", [False, True])
def test_words_cost_one_query_a_message(lesson, own, django_assert_num_queries):
    if own:
        write("class_reminder.room", "{child}{when}")
        write("class_reminder.room", "{child}", branch=lesson.branch)
    message = OutboundMessage.objects.select_related("branch").get(pk=reminder().pk)

    with django_assert_num_queries(4):  # what it speaks of, the lessons, the guardian, the words
        read(message, EVENING)


# --- the guardian's language -----------------------------------------------------------------------------


def test_a_guardian_is_written_to_in_his_language(lesson):
    Guardian.objects.update(language="en")

    text = read(reminder(), EVENING).text

    with translation.override("en"):
        assert span_text(lesson.starts_at, lesson.ends_at, "Asia/Shanghai") in text
    assert text.startswith("Class reminder: 田萍, 围棋, 11/28 Sat")


def test_without_one_it_is_the_school_s_whoever_looks(lesson):
    with translation.override("en"):
        assert read(reminder(), EVENING).text.startswith("上课提醒")


def test_why_nothing_was_said_is_for_staff_and_in_their_language(lesson):
    Guardian.objects.update(language="en")
    message = reminder()
    lesson.status = "cancelled"
    lesson.cancel_reason = "停电"
    lesson.save()

    with pytest.raises(Cancelled) as answer:
        read(message, EVENING)

    assert "cancelled" not in str(answer.value)


def test_the_desk_notes_the_language(client, branch):
    tie = GuardianshipFactory(student__branches=[branch])
    client.force_login(desk_of(branch))
    url = reverse("admin:parents_guardian_change", args=[tie.guardian_id])
    guardian = tie.guardian

    client.post(url, {"name": guardian.name, "phone": guardian.phone, "other_phone": "", "language": "en", "note": ""})

    guardian.refresh_from_db()
    assert (guardian.language, guardian.message_language) == ("en", "en")
