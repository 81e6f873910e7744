from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from branches.models import Branch
from enrolments.models import CreditLot, Enrolment, Order, Payment
from parents.models import Guardian
from scheduling.models import Attendance, ClassMember
from students.models import Student
from tests.factories import (
    AttendanceFactory,
    ClassGroupFactory,
    CoursePackageFactory,
    EnrolmentFactory,
    LessonFactory,
    StudentFactory,
    desk_of,
    manager_of,
)


def enrol(client, student, package, **changes):
    data = {
        "token": "one-click",
        "branch": Branch.objects.first().pk,
        "package": package.pk,
        "class_group": "",
        "start_date": timezone.localdate().isoformat(),
        "method": "wechat",
    }
    url = reverse("enrol", args=[student.pk]) + f"?course={package.course_id}"
    return client.post(url, data | changes, follow=True)


@pytest.fixture
def student(branch):
    return StudentFactory(name="田萍", branches=[branch])


@pytest.fixture
def package(db):
    return CoursePackageFactory(paid_credits=24, gift_credits=2, price_minor=1710_00)


@pytest.fixture
def group(branch, package):
    """A class of the course with a lesson tomorrow."""
    lesson = LessonFactory(
        class_group=ClassGroupFactory(branch=branch, course=package.course, name="围棋银44班"),
        starts_at=timezone.now() + timedelta(days=1),
    )
    return lesson.class_group


def test_enrolling_sells_the_package_and_shows_the_order(client, branch, student, package):
    client.force_login(desk_of(branch))

    response = enrol(client, student, package)

    assert response.redirect_chain[-1][0] == reverse("order", args=[Order.objects.get().pk])
    assert Enrolment.objects.get().balance == 26
    assert Payment.objects.get().amount_minor == 1710_00
    assert "¥1,710.00" in response.content.decode()


def test_a_double_click_enrols_once(client, branch, student, package):
    client.force_login(desk_of(branch))

    enrol(client, student, package)
    enrol(client, student, package)

    assert CreditLot.objects.count() == Payment.objects.count() == 1


def test_enrolling_with_a_class_expects_the_child_at_its_lessons(client, branch, student, package, group):
    client.force_login(desk_of(branch))

    enrol(client, student, package, class_group=group.pk)

    assert ClassMember.objects.get().class_group == group
    assert Attendance.objects.get().lesson.class_group == group


def test_a_clash_is_explained_and_nothing_is_sold(client, branch, student, package, group):
    lesson = group.lessons.get()
    AttendanceFactory(
        enrolment=EnrolmentFactory(student=student, branch=branch),
        lesson=LessonFactory(
            class_group__branch=branch, class_group__name="乐高机器银19班", starts_at=lesson.starts_at
        ),
    )
    client.force_login(desk_of(branch))

    response = enrol(client, student, package, class_group=group.pk)

    assert "乐高机器银19班" in response.content.decode()
    assert not CreditLot.objects.exists()


def test_a_package_that_is_not_on_sale_is_refused(client, branch, student, package):
    package.is_active = False
    package.save()
    client.force_login(desk_of(branch))

    response = enrol(client, student, package)

    assert response.context["form"].errors["package"]
    assert not CreditLot.objects.exists()


def test_another_branch_cannot_be_sold_for(client, branch, other_branch, student, package):
    client.force_login(desk_of(branch))

    response = enrol(client, student, package, branch=other_branch.pk)

    assert response.context["form"].errors["branch"]


def test_bad_dates_keep_what_was_entered(client, branch, student, package):
    client.force_login(desk_of(branch))

    response = enrol(client, student, package, start_date="31.12.")

    assert response.context["form"].errors["start_date"]
    assert response.context["form"]["package"].value() == str(package.pk)


# --- a new child -------------------------------------------------------------------------------------------


def take_in(client, **changes):
    data = {
        "token": "one-click",
        "branch": Branch.objects.first().pk,
        "phone": "138 1234 5678",
        "guardian_name": "田海燕",
        "relation": "妈妈",
        "name": "田 萍",
        "gender": "girl",
        "birth_date": "2015-07-08",
    }
    return client.post(reverse("student_new"), data | changes, follow=True)


def test_a_new_child_goes_straight_to_its_enrolment(client, branch):
    client.force_login(desk_of(branch))

    response = take_in(client)

    student = Student.objects.get()
    assert (student.name, student.name_initials) == ("田萍", "tp")
    assert list(student.branches.all()) == [branch]
    assert student.guardianships.get().guardian.phone == "+8613812345678"
    assert response.redirect_chain[-1][0] == reverse("enrol", args=[student.pk])


def test_a_double_click_takes_in_one_child_and_a_sibling_shares_the_guardian(client, branch):
    client.force_login(desk_of(branch))

    take_in(client)
    take_in(client)
    take_in(client, name="田强")

    assert Student.objects.count() == 2
    assert Guardian.objects.count() == 1


@pytest.mark.parametrize("phone", ["12345", "妈妈的", "1381234567"])
def test_a_wrong_phone_is_named_and_nothing_is_lost(client, branch, phone):
    client.force_login(desk_of(branch))

    response = take_in(client, phone=phone)

    assert phone in response.context["form"].errors["phone"][0]
    assert response.context["form"]["name"].value() == "田 萍"
    assert not Student.objects.exists()


# --- a class for an enrolment ------------------------------------------------------------------------------


def place(client, enrolment, group, **changes):
    data = {"token": "t", "class_group": group.pk, "joined_date": timezone.localdate().isoformat()}
    return client.post(reverse("place", args=[enrolment.pk]), data | changes, follow=True)


def test_a_class_is_chosen_for_an_enrolled_child(client, branch, student, package, group):
    enrolment = EnrolmentFactory(student=student, branch=branch, course=package.course)
    client.force_login(desk_of(branch))

    response = place(client, enrolment, group)

    assert "围棋银44班" in response.content.decode()
    assert Attendance.objects.get().enrolment == enrolment


def test_only_a_manager_may_keep_a_clash(client, branch, student, package, group):
    other = LessonFactory(class_group__branch=branch, starts_at=group.lessons.get().starts_at)
    AttendanceFactory(enrolment=EnrolmentFactory(student=student, branch=branch), lesson=other)
    enrolment = EnrolmentFactory(student=student, branch=branch, course=package.course)
    client.force_login(desk_of(branch))
    place(client, enrolment, group, keep_reason="家长同意")
    assert not ClassMember.objects.filter(class_group=group).exists()
    client.force_login(manager_of(branch))

    place(client, enrolment, group, keep_reason="家长同意")

    assert other.kept_clashes_of_others.get().reason == "家长同意"


@pytest.mark.parametrize("group_count", [1, 3])
def test_the_choice_of_classes_costs_the_same_for_one_and_for_three(
    client, branch, student, package, group_count, django_assert_num_queries
):
    for _number in range(group_count):
        starts_at = timezone.now() + timedelta(days=1)
        LessonFactory(class_group__branch=branch, class_group__course=package.course, starts_at=starts_at)
    enrolment = EnrolmentFactory(student=student, branch=branch, course=package.course)
    client.force_login(desk_of(branch))

    with django_assert_num_queries(6):
        client.get(reverse("place", args=[enrolment.pk]))
