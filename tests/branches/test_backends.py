"""What a role may do, and where."""

import pytest

from branches.models import User
from branches.roles import Role
from tests.factories import (
    PASSWORD,
    CourseFactory,
    EnrolmentFactory,
    MembershipFactory,
    RoomFactory,
    StudentFactory,
    UserFactory,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.django_db


def test_a_permission_holds_in_the_branch_of_the_object(branch, other_branch):
    manager = manager_of(branch)

    assert manager.has_perm("branches.change_room", RoomFactory(branch=branch))
    assert not manager.has_perm("branches.change_room", RoomFactory(branch=other_branch))


def test_without_an_object_a_permission_in_any_branch_counts(branch):
    assert manager_of(branch).has_perm("branches.change_room")
    assert not desk_of(branch).has_perm("branches.change_room")


def test_an_object_of_several_branches_is_reached_from_each(branch, other_branch):
    student = StudentFactory(branches=[branch, other_branch])

    assert desk_of(branch).has_perm("students.change_student", student)
    assert desk_of(other_branch).has_perm("students.change_student", student)


def test_an_object_of_the_whole_school_is_reached_from_every_branch(branch):
    assert desk_of(branch).has_perm("courses.view_course", CourseFactory())


def test_a_branch_is_an_object_of_itself(branch, other_branch):
    manager = manager_of(branch)

    assert manager.has_perm("branches.change_branch", branch)
    assert not manager.has_perm("branches.change_branch", other_branch)


def test_roles_do_not_mix_between_branches(branch, other_branch):
    user = manager_of(branch)
    MembershipFactory(user=user, branch=other_branch, role=Role.TEACHER)

    assert not user.has_perm("enrolments.add_enrolment", EnrolmentFactory(branch=other_branch))
    assert user.has_perm("enrolments.add_enrolment", EnrolmentFactory(branch=branch))


def test_the_owner_may_at_every_branch(branch, owner):
    assert owner.has_perm("branches.change_branch", branch)


def test_a_superuser_may_everything(branch):
    assert UserFactory(is_superuser=True).has_perm("branches.delete_branch", branch)


def test_nobody_may_anything_with_a_closed_account(branch):
    manager = manager_of(branch, is_active=False)

    assert not manager.has_perm("branches.change_room")
    assert manager.get_all_permissions() == set()


def test_a_teacher_sees_nothing_of_the_sales_side(branch):
    teacher = teacher_of(branch)

    assert not teacher.has_module_perms("students")
    assert teacher.has_module_perms("scheduling")


def test_a_person_signs_in_with_the_mobile_number(client, branch):
    teacher = teacher_of(branch, username="13912345678")

    assert client.login(username="13912345678", password=PASSWORD)
    assert client.session["_auth_user_id"] == str(teacher.pk)


def test_an_account_that_is_closed_cannot_sign_in(client, branch):
    teacher_of(branch, username="13912345678", is_active=False)

    assert not client.login(username="13912345678", password=PASSWORD)


def test_roles_are_read_once_per_request(branch, django_assert_num_queries):
    user = User.objects.get(pk=manager_of(branch).pk)

    with django_assert_num_queries(1):
        for permission in ("branches.change_room", "scheduling.keep_clash", "students.view_student"):
            assert user.has_perm(permission, branch)
