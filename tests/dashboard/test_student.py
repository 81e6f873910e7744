import logging
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from enrolments.services import settle_credits
from tests.factories import (
    AttendanceFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    UserFactory,
    desk_of,
    sell,
)


def enrolled(branch, **fields):
    enrolment = EnrolmentFactory(branch=branch, **fields)
    sell(enrolment, 11, price_minor=1280_00)
    return enrolment


def use_credit(enrolment, number=1):
    settle_credits(
        enrolment=enrolment,
        reference=f"attendance:{number}",
        target=1,
        occurred_at=timezone.now(),
        by=UserFactory(),
        reason="围棋银44班 第3次",
    )


def page_of(client, student):
    return client.get(reverse("student", args=[student.pk]))


def test_the_page_says_what_is_left_and_why(client, branch):
    enrolment = enrolled(branch)
    use_credit(enrolment)
    client.force_login(desk_of(branch))

    text = page_of(client, enrolment.student).content.decode()

    assert "还剩 10 课时" in text
    assert "围棋银44班 第3次" in text
    assert "¥1,280.00" in text


def test_the_page_has_the_guardians_with_a_number_to_show(client, branch):
    enrolment = enrolled(branch)
    guardian = GuardianshipFactory(student=enrolment.student, guardian__phone="+8613812345678").guardian
    client.force_login(desk_of(branch))

    text = page_of(client, enrolment.student).content.decode()

    assert "138****5678" in text
    assert reverse("reveal_phone", args=["guardian", guardian.pk]) in text
    assert "13812345678" not in text
    assert "138 1234 5678" not in text


def test_the_page_shows_the_account_of_the_own_branch_only(client, branch, other_branch):
    here = enrolled(branch)
    there = enrolled(other_branch, student=here.student)
    client.force_login(desk_of(branch))

    response = page_of(client, here.student)

    assert response.context["accounts"] == [here]
    assert str(there.course) not in response.content.decode()


def test_the_next_lessons_are_listed(client, branch):
    starts_at = timezone.now() + timedelta(days=1)
    attendance = AttendanceFactory(lesson=LessonFactory(class_group__branch=branch, starts_at=starts_at))
    client.force_login(desk_of(branch))

    response = page_of(client, attendance.enrolment.student)

    assert [row.lesson for row in response.context["next_lessons"]] == [attendance.lesson]


def test_looking_at_a_child_is_logged_without_its_name(client, branch, caplog):
    enrolment = enrolled(branch, student__name="田萍")
    desk = desk_of(branch)
    client.force_login(desk)

    with caplog.at_level(logging.INFO, logger="access"):
        page_of(client, enrolment.student)

    assert f"student page {enrolment.student.pk} seen by staff {desk.pk}" in caplog.text
    assert "田萍" not in caplog.text


@pytest.mark.parametrize("entry_count", [1, 3])
def test_the_page_costs_the_same_for_one_and_for_three_entries(client, branch, entry_count, django_assert_num_queries):
    student = enrolled(branch).student
    for number in range(entry_count):
        use_credit(enrolled(branch, student=student), number)
        GuardianshipFactory(student=student, is_main=number == 0)
    client.force_login(desk_of(branch))

    with django_assert_num_queries(23):
        page_of(client, student)
