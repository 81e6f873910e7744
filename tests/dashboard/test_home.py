from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from branches.models import CalendarDay
from core.clock import day_text, moment_text
from tests.factories import (
    NOW,
    AttendanceFactory,
    CalendarDayFactory,
    ClassGroupFactory,
    LessonFactory,
    ScheduleRuleFactory,
    WaitingListEntryFactory,
    desk_of,
    manager_of,
    owner_of_school,
    teacher_of,
)


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def lesson_today(branch, **fields):
    starts_at = timezone.now() - timedelta(minutes=5)
    return LessonFactory(class_group__branch=branch, starts_at=starts_at, **fields)


def card(response, name):
    return next(card for card in response.context["cards"] if card.name == name)


def test_home_counts_the_lessons_that_nobody_called(client, branch):
    lesson_today(branch)
    client.force_login(desk_of(branch))

    response = client.get(reverse("home"))

    assert card(response, "to_call").number == 1
    assert response.context["lessons"][0].branch == branch


def test_home_shows_a_teacher_the_own_lessons_only(client, branch):
    teacher = teacher_of(branch)
    own = lesson_today(branch, teacher=teacher)
    lesson_today(branch)
    client.force_login(teacher)

    response = client.get(reverse("home"))

    assert list(response.context["lessons"]) == [own]
    assert [card.name for card in response.context["cards"]] == ["to_call"]


def test_home_shows_nothing_of_another_branch(client, branch, other_branch):
    lesson_today(other_branch)
    client.force_login(manager_of(branch))

    response = client.get(reverse("home"))

    assert not response.context["lessons"]
    assert card(response, "to_call").number == 0


# --- seats offered ---------------------------------------------------------------------------------------


def offer(group, *, hours=5, **fields):
    until = timezone.now() + timedelta(hours=hours)
    return WaitingListEntryFactory(class_group=group, status="offered", offered_until=until, **fields)


def names(response):
    return {card.name for card in response.context["cards"]}


def test_home_says_until_when_a_seat_is_offered_and_leads_to_the_class(client, branch, other_branch):
    group = ClassGroupFactory(branch=branch)
    entry = offer(group)
    WaitingListEntryFactory(class_group=group)  # waits, without an offer
    offer(group, hours=-1)  # lapsed
    offer(ClassGroupFactory(branch=other_branch))
    client.force_login(desk_of(branch))

    response = client.get(reverse("home"))

    shown = card(response, "offers")
    assert (shown.number, shown.url) == (1, reverse("class_detail", args=[group.pk]) + "#waiting")
    assert moment_text(entry.offered_until, branch.time_zone) in shown.note
    assert shown.note in response.content.decode()


def test_offers_of_several_classes_lead_to_the_list_that_marks_them(client, branch):
    soon = offer(ClassGroupFactory(branch=branch, name="围棋甲班"), hours=1)
    offer(ClassGroupFactory(branch=branch, name="围棋乙班"))
    WaitingListEntryFactory(class_group__branch=branch)
    client.force_login(manager_of(branch))

    shown = card(client.get(reverse("home")), "offers")
    listed = client.get(shown.url).context["page_obj"].object_list

    assert shown.number == 2
    assert moment_text(soon.offered_until, branch.time_zone) in shown.note
    assert sorted(group.offer_count for group in listed) == [0, 1, 1]


# --- lessons that the calendar has no longer -------------------------------------------------------------


def hit_lesson(branch, **fields):
    """Planned for the day after tomorrow, which was closed since."""
    lesson = LessonFactory(class_group__branch=branch, starts_at=timezone.now() + timedelta(days=2), **fields)
    CalendarDay.objects.get_or_create(branch=branch, day=lesson.local_date, reason="停电")
    return lesson


def test_home_counts_lessons_on_days_closed_since_and_leads_to_the_calendar(client, branch, other_branch):
    lesson = hit_lesson(branch)
    hit_lesson(other_branch)
    client.force_login(manager_of(branch))

    response = client.get(reverse("home"))

    shown = card(response, "off_calendar")
    assert shown.number == 1
    assert day_text(lesson.local_date) in shown.note
    assert [day for day, _why, _lessons in client.get(shown.url).context["hits"]] == [lesson.local_date]


def test_a_day_that_now_runs_another_weekday_is_counted(client, branch):
    lesson = LessonFactory(class_group__branch=branch, starts_at=timezone.now() + timedelta(days=2))
    weekday = lesson.local_date.weekday()
    lesson.rule = ScheduleRuleFactory(class_group=lesson.class_group, weekday=weekday)
    lesson.save()
    CalendarDayFactory(branch=branch, day=lesson.local_date, kind="runs_weekday", runs_weekday=(weekday + 1) % 7)
    client.force_login(manager_of(branch))

    assert card(client.get(reverse("home")), "off_calendar").number == 1


def test_the_owner_s_card_leads_to_the_branch_whose_lessons_come_first(client, branch, other_branch):
    hit_lesson(branch)
    earlier = LessonFactory(class_group__branch=other_branch, starts_at=timezone.now() + timedelta(days=1))
    CalendarDayFactory(branch=other_branch, day=earlier.local_date)
    client.force_login(owner_of_school())

    shown = card(client.get(reverse("home")), "off_calendar")

    assert shown.number == 2
    assert f"branch={other_branch.pk}&" in shown.url
    assert other_branch.name in shown.note


def test_where_nothing_is_offered_or_hit_there_is_no_such_card(client, branch):
    lesson_today(branch)
    CalendarDayFactory(branch=branch, day=timezone.localdate() + timedelta(days=3))
    client.force_login(manager_of(branch))

    assert not {"offers", "off_calendar"} & names(client.get(reverse("home")))


def test_who_does_not_mend_the_timetable_has_no_card_of_it(client, branch):
    hit_lesson(branch)
    client.force_login(desk_of(branch))

    assert "off_calendar" not in names(client.get(reverse("home")))


def test_the_cards_cost_the_same_for_one_and_for_three(client, branch):
    client.force_login(manager_of(branch))

    def queries(number):
        for _number in range(number):
            offer(ClassGroupFactory(branch=branch))
            hit_lesson(branch)
        with CaptureQueriesContext(connection) as context:
            client.get(reverse("home"))
        return len(context)

    assert queries(1) == queries(2)  # three by then


@pytest.mark.parametrize("lesson_count", [1, 3])
@pytest.mark.parametrize("name", ["home", "to_call"])
def test_lists_of_lessons_cost_the_same_for_one_and_for_three(
    client, branch, lesson_count, name, django_assert_num_queries
):
    manager = manager_of(branch)
    for _number in range(lesson_count):
        AttendanceFactory(lesson=lesson_today(branch))
    client.force_login(manager)

    with django_assert_num_queries({"home": 27, "to_call": 5}[name]):
        response = client.get(reverse(name))

    assert response.status_code == 200
