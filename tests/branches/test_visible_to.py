"""Who sees which row: every model with a branch, every role. Pages start from `visible_to` and add nothing to it."""

import pytest
from django.apps import apps

from branches.models import Branch, Membership, User
from branches.roles import PERMISSIONS, Role
from courses.models import Course, CoursePackage, Subject
from enrolments.models import CreditEntry
from parents.models import Guardian
from scheduling.models import Attendance, ClassGroup, KeptClash, Lesson
from students.models import Student
from tests.factories import (
    NOW,
    AttendanceFactory,
    BranchFactory,
    CalendarDayFactory,
    ClassGroupFactory,
    CoursePackageFactory,
    CreditLotFactory,
    EnquiryFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    MembershipFactory,
    RoomFactory,
    SchoolBreakFactory,
    StudentFactory,
    UserFactory,
    adviser_of,
    desk_of,
    manager_of,
    owner_of_school,
    sell,
    teacher_of,
)

pytestmark = pytest.mark.django_db


def guardianship_at(branch):
    return GuardianshipFactory(student=StudentFactory(branches=[branch]))


def kept_clash_at(branch):
    lesson, other = (LessonFactory(class_group__branch=branch) for _ in range(2))
    return KeptClash.objects.create(
        kind="teacher",
        resource_id=lesson.teacher_id,
        lesson=lesson,
        other=other,
        clash_group=lesson.pk,
        reason="合班",
        kept_by=UserFactory(),
        kept_at=NOW,
    )


# How a row of a branch is made. Rows of the whole school stand below.
OF_A_BRANCH = {
    "branches.branch": lambda branch: branch,
    "branches.room": lambda branch: RoomFactory(branch=branch),
    "branches.calendarday": lambda branch: CalendarDayFactory(branch=branch),
    "branches.schoolbreak": lambda branch: SchoolBreakFactory(branch=branch),
    "branches.user": lambda branch: MembershipFactory(branch=branch).user,
    "branches.membership": lambda branch: MembershipFactory(branch=branch),
    "parents.guardian": lambda branch: guardianship_at(branch).guardian,
    "students.student": lambda branch: StudentFactory(branches=[branch]),
    "students.guardianship": guardianship_at,
    "students.enquiry": lambda branch: EnquiryFactory(branch=branch),
    "enrolments.enrolment": lambda branch: EnrolmentFactory(branch=branch),
    "enrolments.creditlot": lambda branch: CreditLotFactory(enrolment__branch=branch),
    "enrolments.creditentry": lambda branch: sell(EnrolmentFactory(branch=branch)).entries.get(),
    "scheduling.classgroup": lambda branch: ClassGroupFactory(branch=branch),
    "scheduling.lesson": lambda branch: LessonFactory(class_group__branch=branch),
    "scheduling.attendance": lambda branch: AttendanceFactory(lesson__class_group__branch=branch),
    "scheduling.keptclash": kept_clash_at,
}
OF_THE_SCHOOL = {
    "courses.subject": lambda: CoursePackageFactory().course.subject,
    "courses.course": lambda: CoursePackageFactory().course,
    "courses.coursepackage": CoursePackageFactory,
}
NOT_FOR_TEACHERS_AND_DESK = {"branches.user", "branches.membership", "scheduling.keptclash"}
ROLES = {
    Role.MANAGER: manager_of,
    Role.FRONT_DESK: desk_of,
    Role.ADVISER: adviser_of,
    Role.TEACHER: teacher_of,
}


def sees(role, label):
    """Does this role see the rows of its branch that are not its own?"""
    if role == Role.TEACHER:
        return False
    return role == Role.MANAGER or label not in NOT_FOR_TEACHERS_AND_DESK


def visible(label, user):
    return apps.get_model(label).objects.visible_to(User.objects.get(pk=user.pk))  # as a new request finds them


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("label", OF_A_BRANCH)
def test_a_role_sees_the_rows_of_its_branch_alone(label, role, branch, other_branch):
    row, other_row = OF_A_BRANCH[label](branch), OF_A_BRANCH[label](other_branch)
    user = ROLES[role](branch)

    rows = visible(label, user)

    assert (row in rows) is sees(role, label)
    assert other_row not in rows


@pytest.mark.parametrize("label", OF_A_BRANCH)
def test_the_owner_sees_every_branch(label, branch, other_branch, owner):
    rows = {OF_A_BRANCH[label](branch), OF_A_BRANCH[label](other_branch)}

    assert rows <= set(visible(label, owner))


@pytest.mark.parametrize("label", OF_A_BRANCH)
def test_a_superuser_sees_every_branch(label, branch):
    row = OF_A_BRANCH[label](branch)

    assert row in visible(label, UserFactory(is_superuser=True))


@pytest.mark.parametrize("label", OF_A_BRANCH)
@pytest.mark.parametrize("someone", [owner_of_school, lambda **fields: manager_of(Branch.objects.get(), **fields)])
def test_a_closed_account_sees_nothing(label, someone, branch):
    OF_A_BRANCH[label](branch)

    assert not visible(label, someone(is_active=False)).exists()


@pytest.mark.parametrize("label", [*OF_A_BRANCH, *OF_THE_SCHOOL])
def test_an_account_without_a_role_sees_nothing(label, branch):
    OF_A_BRANCH[label](branch) if label in OF_A_BRANCH else OF_THE_SCHOOL[label]()

    assert not visible(label, UserFactory()).exists()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("label", OF_THE_SCHOOL)
def test_what_is_sold_is_seen_at_every_branch(label, role, branch):
    row = OF_THE_SCHOOL[label]()

    assert (row in visible(label, ROLES[role](branch))) is (role != Role.TEACHER)


@pytest.mark.parametrize("label", OF_A_BRANCH)
def test_several_memberships_add_up(label, branch, other_branch):
    user = manager_of(branch)
    MembershipFactory(user=user, branch=other_branch, role=Role.MANAGER)
    third = OF_A_BRANCH[label](BranchFactory())
    rows = {OF_A_BRANCH[label](branch), OF_A_BRANCH[label](other_branch)}

    found = list(visible(label, user))

    assert rows <= set(found)
    assert third not in found
    assert len(found) == len(set(found)), "a row is listed once"


def test_a_role_holds_in_its_own_branch_only(branch, other_branch):
    """A manager here and a teacher there sees the staff of the one branch, not of the other."""
    user = manager_of(branch)
    MembershipFactory(user=user, branch=other_branch, role=Role.TEACHER)
    here, there = (MembershipFactory(branch=place).user for place in (branch, other_branch))

    assert here in visible("branches.user", user)
    assert there not in visible("branches.user", user)


def test_a_child_of_two_branches_is_seen_once_by_both(branch, other_branch):
    child = StudentFactory(branches=[branch, other_branch])
    GuardianshipFactory(student=child)
    user = desk_of(branch)
    MembershipFactory(user=user, branch=other_branch)

    assert list(visible("students.student", user)) == [child]
    assert visible("parents.guardian", user).count() == 1


def test_a_teacher_sees_own_classes_lessons_and_children_at_them(branch):
    teacher = teacher_of(branch)
    own = AttendanceFactory(lesson__class_group=ClassGroupFactory(branch=branch, teacher=teacher))
    AttendanceFactory(lesson__class_group__branch=branch)

    assert list(ClassGroup.objects.visible_to(teacher)) == [own.lesson.class_group]
    assert list(Lesson.objects.visible_to(teacher)) == [own.lesson]
    assert list(Attendance.objects.visible_to(teacher)) == [own]


def test_a_teacher_who_stands_in_sees_that_lesson_and_not_the_class(branch):
    teacher = teacher_of(branch)
    lesson = LessonFactory(class_group__branch=branch, teacher=teacher)

    assert list(Lesson.objects.visible_to(teacher)) == [lesson]
    assert not ClassGroup.objects.visible_to(teacher).exists()


def test_a_teacher_sees_own_lessons_at_a_branch_where_the_desk_is_another_role(branch, other_branch):
    user = desk_of(branch)
    MembershipFactory(user=user, branch=other_branch, role=Role.TEACHER)
    here = LessonFactory(class_group__branch=branch)
    own = LessonFactory(class_group__branch=other_branch, teacher=user)
    LessonFactory(class_group__branch=other_branch)

    assert set(Lesson.objects.visible_to(user)) == {here, own}


def test_a_teacher_whose_account_is_closed_sees_no_lesson(branch):
    teacher = teacher_of(branch, is_active=False)
    LessonFactory(class_group__branch=branch, teacher=teacher)

    assert not Lesson.objects.visible_to(teacher).exists()


def test_every_role_has_a_row_in_the_table_of_permissions():
    assert set(PERMISSIONS) == set(Role)


def test_roles_that_see_less_may_do_less():
    assert PERMISSIONS[Role.TEACHER] < PERMISSIONS[Role.FRONT_DESK] < PERMISSIONS[Role.MANAGER]
    assert PERMISSIONS[Role.MANAGER] < PERMISSIONS[Role.OWNER]


@pytest.mark.parametrize("model", [Branch, Membership, Subject, Course, CoursePackage, CreditEntry, Guardian, Student])
def test_visible_to_can_be_narrowed_like_any_queryset(model, owner):
    assert not model.objects.visible_to(owner).filter(pk=0).exists()
