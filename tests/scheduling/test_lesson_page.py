import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from branches.models import CalendarDay
from scheduling.models import Attendance, KeptClash, Lesson, RuleOverride
from scheduling.services import cancel_lesson, plan_lessons, reschedule_lesson
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    LessonFactory,
    RoomFactory,
    ScheduleRuleFactory,
    at,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def lesson(branch):
    """Next Saturday at nine."""
    group = ClassGroupFactory(branch=branch, name="围棋甲班", teacher=teacher_of(branch, name="张老师"))
    return LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"), room__name="101", room__capacity=12)


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="马校长")


def page_of(client, lesson):
    return client.get(reverse("lesson", args=[lesson.pk]))


def moved_to(lesson, **wanted):
    """What the form sends; what is not named stays as it is."""
    return {
        "day": "2026-11-28",
        "time": "09:00",
        "minutes": 90,
        "teacher": lesson.teacher_id,
        "room": lesson.room_id or "",
        "version": lesson.version,
        **wanted,
    }


def send(client, name, lesson, data):
    return client.post(reverse(name, args=[lesson.pk]), data)


def reschedule(lesson, manager, text, **fields):
    starts_at = at(text)
    place = {"teacher": lesson.teacher, "room": lesson.room} | fields
    ends_at = starts_at + datetime.timedelta(minutes=90)
    row = reschedule_lesson(lesson=lesson, starts_at=starts_at, ends_at=ends_at, by=manager, now=NOW, **place)
    return row.lesson


# --- what it says ---


def test_page_names_class_teacher_room_and_children(client, lesson, manager):
    attendance = AttendanceFactory(lesson=lesson)
    client.force_login(manager)

    page = page_of(client, lesson).content.decode()

    for text in ("围棋甲班", "张老师", "101", attendance.enrolment.student.name, "11月28日 周六 09:00–10:30"):
        assert text in page


def test_page_names_the_class_teacher_beside_who_really_teaches(client, lesson, manager):
    reschedule(lesson, manager, "2026-11-28 09:00", teacher=teacher_of(lesson.branch, name="李老师"))
    client.force_login(manager)

    page = page_of(client, lesson).content.decode()

    assert "李老师" in page
    assert "张老师" in page


def test_page_tells_what_was_changed_by_whom(client, lesson, manager):
    reschedule(lesson, manager, "2026-11-29 14:00", room=RoomFactory(branch=lesson.branch, name="102"))
    client.force_login(manager)

    (row,) = page_of(client, lesson).context["history"]

    assert row["change"].by == manager
    assert row["may_undo"]
    assert "11月28日 周六 09:00–10:30" in row["sentences"][0]
    assert "11月29日 周日 14:00–15:30" in row["sentences"][0]
    assert "101" in row["sentences"][1]
    assert "102" in row["sentences"][1]


def test_only_the_latest_change_within_the_hour_can_be_undone(client, lesson, manager):
    first = reschedule(lesson, manager, "2026-11-29 14:00")
    reschedule(first, manager, "2026-11-29 16:00")
    client.force_login(manager)

    assert [row["may_undo"] for row in page_of(client, lesson).context["history"]] == [True, False]


def test_page_shows_what_was_kept_all_the_same(client, lesson, manager):
    other = LessonFactory(class_group=ClassGroupFactory(branch=lesson.branch, name="书法班"), teacher=lesson.teacher)
    KeptClash.objects.create(
        kind="teacher",
        resource_id=lesson.teacher_id,
        lesson=lesson,
        other=other,
        clash_group=other.pk,
        reason="合班上课",
        kept_by=manager,
        kept_at=NOW,
    )
    RuleOverride.objects.create(lesson=lesson, rule="latest_end", text="太晚", reason="家长要求", by=manager, at=NOW)
    client.force_login(manager)

    page = page_of(client, lesson).content.decode()

    for text in ("书法班", "合班上课", "太晚", "家长要求"):
        assert text in page


def test_front_desk_and_teacher_read_the_page_and_change_nothing(client, lesson):
    for user in (desk_of(lesson.branch), lesson.teacher):
        client.force_login(user)
        response = page_of(client, lesson)

        assert response.status_code == 200
        assert not response.context["may_move"]
        assert response.context["history"] == []
        assert reverse("lesson_move", args=[lesson.pk]) not in response.content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_page_query_count(client, lesson, manager, django_assert_max_num_queries, number):
    AttendanceFactory.create_batch(number, lesson=lesson)
    for hour in range(number):
        lesson = reschedule(lesson, manager, f"2026-11-28 {14 + hour}:00")
    client.force_login(manager)

    with django_assert_max_num_queries(17):
        page_of(client, lesson)


# --- moving ---


def test_a_lesson_is_moved(client, lesson, manager):
    room, teacher = RoomFactory(branch=lesson.branch), teacher_of(lesson.branch)
    client.force_login(manager)

    response = send(
        client,
        "lesson_move",
        lesson,
        moved_to(lesson, day="2026-11-29", time="15:00", minutes=60, room=room.pk, teacher=teacher.pk),
    )
    lesson.refresh_from_db()

    assert response.url == reverse("lesson", args=[lesson.pk])
    assert (lesson.starts_at, lesson.ends_at) == (at("2026-11-29 15:00"), at("2026-11-29 16:00"))
    assert (lesson.room, lesson.teacher) == (room, teacher)


def test_the_form_begins_with_the_lesson_as_it_is(client, lesson, manager):
    client.force_login(manager)

    form = page_of(client, lesson).context["move_form"]

    assert form.initial == {
        "day": datetime.date(2026, 11, 28),
        "time": datetime.time(9),
        "minutes": 90,
        "teacher": lesson.teacher_id,
        "room": lesson.room_id,
        "version": 1,
    }


def test_a_lesson_may_lose_its_room(client, lesson, manager):
    client.force_login(manager)

    send(client, "lesson_move", lesson, moved_to(lesson, room=""))
    lesson.refresh_from_db()

    assert lesson.room is None


def test_a_clash_offers_three_ways_out_and_a_reason(client, lesson, manager):
    other = LessonFactory(
        class_group=ClassGroupFactory(branch=lesson.branch, name="书法班"),
        starts_at=at("2026-11-28 14:00"),
        room=lesson.room,
    )
    RoomFactory(branch=lesson.branch)
    client.force_login(manager)

    response = send(client, "lesson_move", lesson, moved_to(lesson, time="14:00"))
    page = response.content.decode()

    assert response.status_code == 200
    assert str(other.class_group) in page
    assert len(response.context["alternatives"]) == 3
    assert 'name="keep_reason"' in page
    for choice, form in response.context["alternatives"]:
        assert choice.text in page
        assert form.initial["version"] == lesson.version


def test_an_alternative_is_one_tap(client, lesson, manager):
    LessonFactory(
        class_group=ClassGroupFactory(branch=lesson.branch), starts_at=at("2026-11-28 14:00"), room=lesson.room
    )
    client.force_login(manager)
    refused = send(client, "lesson_move", lesson, moved_to(lesson, time="14:00"))
    choice, form = refused.context["alternatives"][0]

    response = send(client, "lesson_move", lesson, {name: form[name].value() or "" for name in form.fields})
    lesson.refresh_from_db()

    assert response.status_code == 302
    assert lesson.starts_at == choice.starts_at


def test_a_clash_is_kept_with_a_reason(client, lesson, manager):
    LessonFactory(
        class_group=ClassGroupFactory(branch=lesson.branch), starts_at=at("2026-11-28 14:00"), room=lesson.room
    )
    client.force_login(manager)

    send(client, "lesson_move", lesson, moved_to(lesson, time="14:00", keep_reason="合班上课"))

    assert KeptClash.objects.get().reason == "合班上课"


def test_a_warning_needs_a_reason_and_shows_a_clash_beside_it(client, lesson, manager):
    CalendarDay.objects.create(branch=lesson.branch, day=datetime.date(2026, 11, 29), reason="校庆")
    other = LessonFactory(
        class_group=ClassGroupFactory(branch=lesson.branch, name="书法班"),
        starts_at=at("2026-11-29 09:00"),
        room=lesson.room,
    )
    client.force_login(manager)

    refusal = send(client, "lesson_move", lesson, moved_to(lesson, day="2026-11-29")).context["refusal"]

    assert [finding.rule.code for finding in refusal.findings] == ["closed_day"]
    assert str(other.class_group) in refusal.clashes[0]


def test_a_warning_is_passed_with_a_reason(client, lesson, manager):
    CalendarDay.objects.create(branch=lesson.branch, day=datetime.date(2026, 11, 29), reason="校庆")
    client.force_login(manager)
    refused = send(client, "lesson_move", lesson, moved_to(lesson, day="2026-11-29"))

    send(client, "lesson_move", lesson, moved_to(lesson, day="2026-11-29", keep_reason="家长要求"))
    lesson.refresh_from_db()

    assert refused.context["refusal"].may_keep
    assert lesson.local_date == datetime.date(2026, 11, 29)
    assert RuleOverride.objects.get().reason == "家长要求"


def test_an_old_page_changes_nothing(client, lesson, manager):
    reschedule(lesson, manager, "2026-11-28 14:00")
    client.force_login(manager)

    response = send(client, "lesson_move", lesson, moved_to(lesson, time="16:00"))
    lesson.refresh_from_db()

    assert response.context["refusal"].is_stale
    assert lesson.starts_at == at("2026-11-28 14:00")


# --- cancelling ---


def cancelling(**data):
    return {f"cancel-{name}": value for name, value in {"then": "append", "version": 1, **data}.items()}


def test_cancel_adds_a_lesson_at_the_end(client, manager, branch):
    group = ClassGroupFactory(branch=branch, lessons_total=2, first_date=datetime.date(2026, 11, 28))
    ScheduleRuleFactory(class_group=group)
    ClassMemberFactory(class_group=group)
    first = plan_lessons(class_group=group, by=manager, now=NOW)[0]
    first.refresh_from_db()
    client.force_login(manager)

    response = send(client, "lesson_cancel", first, cancelling(reason="停电", version=first.version))
    first.refresh_from_db()

    assert response.url == reverse("lesson", args=[first.pk])
    assert (first.status, first.cancel_reason) == (Lesson.Status.CANCELLED, "停电")
    assert group.lessons.active().count() == 2
    assert group.lessons.active().last().starts_at == at("2026-12-12 09:00")


def test_cancel_without_another_lesson_makes_the_class_shorter(client, lesson, manager):
    client.force_login(manager)

    send(client, "lesson_cancel", lesson, cancelling(reason="停电", then="drop"))
    lesson.class_group.refresh_from_db()

    assert lesson.class_group.lessons_total == 9


def test_cancel_asks_for_a_reason(client, lesson, manager):
    client.force_login(manager)

    response = send(client, "lesson_cancel", lesson, cancelling(reason=""))
    lesson.refresh_from_db()

    assert response.context["cancel_form"].errors["reason"]
    assert lesson.status == Lesson.Status.PLANNED


def test_cancel_of_an_old_page_changes_nothing(client, lesson, manager):
    reschedule(lesson, manager, "2026-11-28 14:00")
    client.force_login(manager)

    response = send(client, "lesson_cancel", lesson, cancelling(reason="停电"))
    lesson.refresh_from_db()

    assert response.context["cancel_form"].non_field_errors()
    assert lesson.status == Lesson.Status.PLANNED


def test_a_cancelled_lesson_offers_neither(client, lesson, manager):
    cancel_lesson(lesson=lesson, reason="停电", by=manager, now=NOW, then="drop")
    client.force_login(manager)

    response = page_of(client, lesson)

    assert not response.context["may_move"]
    assert "停电" in response.content.decode()


def test_children_on_leave_are_named_with_their_state(client, lesson, manager):
    AttendanceFactory(lesson=lesson, status=Attendance.Status.LEAVE)
    client.force_login(manager)

    assert "请假" in page_of(client, lesson).content.decode()
