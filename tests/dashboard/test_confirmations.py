"""Lessons that families confirm: the rule, the desk's note of what they say, and the month for the platform."""

from datetime import date, timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from branches.models import Branch
from scheduling.confirmation import State, confirmation_of, days_to_confirm
from scheduling.models import Attendance, LessonReply
from scheduling.services import ReplyError, call_roll, record_reply, undo_roll_call
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    EnrolmentFactory,
    LessonFactory,
    UserFactory,
    desk_of,
    manager_of,
    sell,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db

LAST_DAY = date(2026, 12, 11)  # fifteen working days after Saturday, 21 November


@pytest.fixture
def at_noon(monkeypatch):
    """Pages look at the clock: here it stands at NOW, or some days later."""

    def later(days=0):
        monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + timedelta(days=days))

    later()
    return later


@pytest.fixture
def attendance(branch):
    """A lesson that was held and took one of twenty credits."""
    return taught(branch)


def taught(branch, status="present"):
    group = ClassGroupFactory(branch=branch)
    enrolment = EnrolmentFactory(branch=branch, course=group.course)
    sell(enrolment, 20)
    attendance = AttendanceFactory(lesson=LessonFactory(class_group=group), enrolment=enrolment)
    call_roll(lesson=attendance.lesson, exceptions={attendance.pk: status}, by=UserFactory(), now=NOW)
    return Attendance.objects.select_related("lesson__branch").get(pk=attendance.pk)


def reply(attendance, answer, reason="", *, days=0):
    by, now = UserFactory(), NOW + timedelta(days=days)
    return record_reply(attendance=attendance, answer=answer, reason=reason, by=by, now=now)


def state_now(client, attendance):
    rows = client.get(reverse("statement", args=[attendance.enrolment_id])).context["rows"]
    return next((row.taken.confirmation.state for row in rows if row.taken), None)


# --- the rule ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "today", "state"),
    [
        ("", LAST_DAY, State.WAITING),
        ("", LAST_DAY + timedelta(days=1), State.NO_REPLY),
        ("confirmed", LAST_DAY, State.CONFIRMED),
        ("disputed", LAST_DAY + timedelta(days=300), State.DISPUTED),
    ],
)
def test_without_a_reply_a_lesson_is_confirmed_after_fifteen_working_days(answer, today, state):
    found = confirmation_of(called_on=date(2026, 11, 21), answer=answer, today=today, working_days=15)

    assert (found.state, found.until) == (state, LAST_DAY)


def test_public_holidays_and_the_days_worked_for_them_count_as_the_law_has_it():
    """From 30 September 2026: the first week of October is off, Saturday the 10th is worked."""
    found = confirmation_of(called_on=date(2026, 9, 30), answer="", today=date(2026, 10, 1), working_days=3)

    assert found.until == date(2026, 10, 10)


@pytest.mark.parametrize(("pack", "days"), [("general", None), ("national", 15), ("liaoning", 15)])
def test_the_packs_say_how_many_days_there_are(pack, days):
    assert days_to_confirm(pack) == days
    assert set(Branch.RulePack.values) == {"general", "national", "liaoning"}


# --- what the family says ----------------------------------------------------------------------------------


def test_the_last_reply_stands_and_the_same_one_twice_is_one(attendance):
    reply(attendance, "disputed", "那天没来")
    assert reply(attendance, "disputed", "那天没来") == LessonReply.objects.get()
    reply(attendance, "confirmed", days=30)

    assert list(LessonReply.objects.values_list("answer", flat=True)) == ["disputed", "confirmed"]


def test_a_dispute_comes_in_time_with_what_the_family_says(attendance):
    with pytest.raises(ReplyError):
        reply(attendance, "disputed")
    with pytest.raises(ReplyError, match="12月11日"):
        reply(attendance, "disputed", "那天没来", days=21)
    reply(attendance, "disputed", "那天没来", days=20)

    assert LessonReply.objects.count() == 1


def test_the_database_wants_a_reason_for_a_dispute(attendance):
    with refused_by("lessonreply_dispute_with_reason"):
        LessonReply.objects.create(attendance=attendance, answer="disputed", recorded_at=NOW, recorded_by=UserFactory())


def test_a_lesson_that_took_nothing_is_not_confirmed(branch):
    with pytest.raises(ReplyError):
        reply(taught(branch, status="leave"), "confirmed")


def test_a_branch_without_the_rule_asks_nobody(branch, attendance, client, at_noon):
    Branch.objects.filter(pk=branch.pk).update(rule_pack="general")
    attendance.refresh_from_db()
    client.force_login(desk_of(branch))

    with pytest.raises(ReplyError):
        reply(attendance, "confirmed")
    assert state_now(client, attendance) is None


# --- pages -------------------------------------------------------------------------------------------------


def test_the_statement_says_where_a_lesson_stands(branch, attendance, client, at_noon):
    desk, url = desk_of(branch), reverse("lesson_reply", args=[attendance.pk])
    client.force_login(desk)

    assert state_now(client, attendance) == State.WAITING
    at_noon(30)
    client.force_login(desk)  # the session of that morning has ended
    assert state_now(client, attendance) == State.NO_REPLY
    at_noon()
    client.post(url, {"answer": "disputed", "reason": "那天没来"})
    assert state_now(client, attendance) == State.DISPUTED
    client.post(url, {"answer": "confirmed"})
    assert state_now(client, attendance) == State.CONFIRMED


def test_a_reply_to_a_roll_call_that_was_undone_says_nothing(branch, attendance, client, at_noon):
    client.force_login(desk_of(branch))
    reply(attendance, "disputed", "那天没来")
    undo_roll_call(lesson=attendance.lesson, by=UserFactory())
    assert state_now(client, attendance) is None

    later = NOW + timedelta(hours=1)
    call_roll(lesson=attendance.lesson, exceptions={}, by=UserFactory(), now=later)

    assert state_now(client, attendance) == State.WAITING


@pytest.mark.parametrize("number", [1, 3])
def test_the_month_lists_and_exports_what_was_taken(branch, client, at_noon, number, django_assert_num_queries):
    lessons = [taught(branch) for _number in range(number)]
    taught(branch, status="leave")
    reply(lessons[0], "disputed", "那天没来")
    client.force_login(manager_of(branch))
    month = [branch.pk, 2026, 11]

    with django_assert_num_queries(6):
        page = client.get(reverse("confirmations", args=month), {"state": "disputed"})

    assert [one.attendance for one in page.context["page_obj"]] == [lessons[0]]
    assert dict(page.context["states"]) == {"disputed": 1, "waiting": number - 1, "confirmed": 0, "no_reply": 0}
    content = client.get(reverse("confirmations_xlsx", args=month)).content
    rows = list(load_workbook(BytesIO(content)).active.values)[1:]
    assert len(rows) == number
    assert {(row[0], row[7], row[9].date()) for row in rows} == {
        (one.enrolment.student.name, 1, LAST_DAY) for one in lessons
    }
    assert [row[11] for row in rows].count("那天没来") == 1
    assert not client.get(reverse("confirmations", args=[branch.pk, 2026, 10])).context["page_obj"].object_list
