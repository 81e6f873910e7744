"""More lessons or fewer, before it is done: which are added or fall away, what is passed over and why."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling.findings import RuleRefusedError
from scheduling.models import Lesson
from scheduling.services import ScheduleError, StaleLessonError, change_length, place_student, plan_lessons
from scheduling.services.length_preview import preview_length
from scheduling.services.series import state_of
from tests.factories import (
    NOW,
    CalendarDayFactory,
    ClassGroupFactory,
    EnrolmentFactory,
    GuardianshipFactory,
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
def manager(branch):
    return manager_of(branch)


@pytest.fixture
def group(branch, manager):
    """Saturdays at nine from 28 November on: four lessons, the last on 19 December; one child."""
    group = ClassGroupFactory(
        branch=branch, teacher=teacher_of(branch), lessons_total=4, first_date=datetime.date(2026, 11, 28)
    )
    ScheduleRuleFactory(class_group=group)
    plan_lessons(class_group=group, by=manager, now=NOW)
    enrolment = EnrolmentFactory(branch=branch, course=group.course)
    GuardianshipFactory(student=enrolment.student)
    place_student(class_group=group, enrolment=enrolment, joined_date=group.first_date, by=manager, now=NOW)
    return group


def preview(group, lessons_total):
    return preview_length(class_group=group, lessons_total=lessons_total, now=NOW)


def days(lessons):
    return sorted(f"{lesson.local_date:%m-%d}" for lesson in lessons)


def test_more_lessons_with_what_is_skipped_and_what_is_taken(group, branch):
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 12, 26), reason="停电")
    LessonFactory(teacher=group.teacher, class_group__name="书法班", starts_at=at("2027-01-02 09:30"))

    shown = preview(group, 6)

    assert days(shown.added) == ["01-09", "01-16"]
    assert [lesson.number for lesson in shown.added] == [5, 6]
    assert [closed.reason for closed in shown.skipped] == ["停电"]
    assert days(shown.passed_over) == ["01-02"]
    [taken] = [row for row in shown.days if "passed_over" in row]
    assert "书法班" in taken["against"][0]
    assert (shown.last_date, shown.families, shown.clashing_number) == (datetime.date(2027, 1, 16), 1, 0)
    assert Lesson.objects.filter(class_group=group).count() == 4


def test_fewer_lessons(group):
    shown = preview(group, 2)

    assert days(shown.dropped) == ["12-12", "12-19"]
    assert (shown.last_date, shown.families) == (datetime.date(2026, 12, 5), 1)


@pytest.mark.parametrize("total", [2, 3, 5, 9])
def test_it_comes_as_it_was_shown(group, manager, branch, total):
    CalendarDayFactory(branch=branch, day=datetime.date(2026, 12, 26))
    LessonFactory(teacher=group.teacher, starts_at=at("2027-01-02 09:30"))
    shown, before = preview(group, total), set(group.lessons.active())

    change_length(class_group=group, lessons_total=total, by=manager, now=NOW)

    after = set(group.lessons.active())
    assert (days(after - before), days(before - after)) == (days(shown.added), days(shown.dropped))
    assert max(lesson.local_date for lesson in after) == shown.last_date


def test_a_rule_that_speaks_against_every_slot_is_named_and_needs_a_reason(group, manager, branch):
    group.rules.update(room=RoomFactory(branch=branch, capacity=group.capacity - 1))

    shown = preview(group, 5)

    assert shown.clashing_number == 1
    with pytest.raises(RuleRefusedError):
        change_length(class_group=group, lessons_total=5, by=manager, now=NOW)
    assert change_length(class_group=group, lessons_total=5, by=manager, now=NOW, reason="家长同意")


def test_as_many_as_now_is_nothing(group):
    assert preview(group, 4) is None


def test_what_cannot_be_done_is_said(group):
    with pytest.raises(ScheduleError, match="2"):
        preview_length(class_group=group, lessons_total=1, now=at("2026-12-06 12:00"))
    group.rules.all().delete()
    with pytest.raises(ScheduleError):
        preview(group, 5)


def test_a_class_that_was_changed_meanwhile_is_not_touched(group, manager):
    state = state_of(group)
    change_length(class_group=group, lessons_total=5, by=manager, now=NOW)

    with pytest.raises(StaleLessonError):
        change_length(class_group=group, lessons_total=6, by=manager, now=NOW, state=state)


# --- the page --------------------------------------------------------------------------------------------


def url_of(group):
    return reverse("class_length", args=[group.pk])


def test_the_page_shows_it_first_and_then_does_it(client, group, manager):
    client.force_login(manager)

    response = client.post(url_of(group), {"lessons_total": "6", "state": state_of(group), "action": "preview"})
    assert days(response.context["length"].added) == ["01-02", "12-26"]
    assert group.lessons.count() == 4

    data = {"lessons_total": "6", "state": state_of(group), "action": "change"}
    assert client.post(url_of(group), data).url == reverse("class_detail", args=[group.pk])
    assert group.lessons.count() == 6


def test_the_fragment_is_the_preview_alone(client, group, manager):
    client.force_login(manager)

    data = {"lessons_total": "2", "state": state_of(group)}
    response = client.post(url_of(group), data, headers={"X-Fragment": "preview"})

    assert days(response.context["length"].dropped) == ["12-12", "12-19"]
    assert "<html" not in response.content.decode()


@pytest.mark.parametrize("data", [{"lessons_total": ""}, {"lessons_total": "x"}, {"lessons_total": "1000"}])
def test_a_number_that_cannot_be_is_refused_on_the_page(client, group, manager, data):
    client.force_login(manager)

    response = client.post(url_of(group), data | {"state": state_of(group), "action": "change"})

    assert response.context["length_form"].errors
    assert group.lessons.count() == 4


def test_a_refusal_stands_beside_the_form(client, group, manager):
    client.force_login(manager)
    data = {"lessons_total": "2", "state": state_of(group) - 1, "action": "change"}

    response = client.post(url_of(group), data)

    assert group.name in response.context["length_error"]
    assert group.lessons.active().count() == 4


def test_the_front_desk_does_not(client, group, branch):
    client.force_login(desk_of(branch))

    assert client.post(url_of(group), {"lessons_total": "2", "action": "change"}).status_code == 403


@pytest.mark.parametrize("more", [1, 3])
def test_the_preview_asks_for_each_slot_as_it_is_done(group, more, django_assert_max_num_queries):
    with django_assert_max_num_queries(24 + 12 * more):
        preview(group, 4 + more)
