from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import AttendanceFactory, LessonFactory, desk_of, manager_of, teacher_of


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


@pytest.mark.parametrize("lesson_count", [1, 3])
@pytest.mark.parametrize("name", ["home", "to_call"])
def test_lists_of_lessons_cost_the_same_for_one_and_for_three(
    client, branch, lesson_count, name, django_assert_num_queries
):
    manager = manager_of(branch)
    for _number in range(lesson_count):
        AttendanceFactory(lesson=lesson_today(branch))
    client.force_login(manager)

    with django_assert_num_queries({"home": 11, "to_call": 5}[name]):
        response = client.get(reverse(name))

    assert response.status_code == 200
