from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError

from branches.models import Branch, User
from branches.roles import Role
from tests.factories import (
    NOW,
    TODAY,
    BranchFactory,
    CalendarDayFactory,
    MembershipFactory,
    RoomFactory,
    SchoolBreakFactory,
    UserFactory,
    at,
    manager_of,
    teacher_of,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db


def twice(factory, **fields):
    factory(**fields)
    factory(**fields)


@pytest.mark.parametrize(
    ("constraint", "make"),
    [
        ("branches_branch_name", lambda branch: twice(BranchFactory, name="总校")),
        ("branches_branch_code", lambda branch: twice(BranchFactory, code="hq")),
        ("branch_renewal_threshold_not_negative", lambda branch: BranchFactory(renewal_threshold=-1)),
        ("branch_sms_price", lambda branch: BranchFactory(sms_part_price_fen=-1)),
        ("room_name_in_branch", lambda branch: twice(RoomFactory, branch=branch, name="101")),
        ("room_has_seats", lambda branch: RoomFactory(capacity=0)),
        ("room_has_area", lambda branch: RoomFactory(area_m2=0)),
        ("branch_school_hours", lambda branch: BranchFactory(school_from="08:00")),
        ("branch_school_hours", lambda branch: BranchFactory(school_until="17:00")),
        ("branch_school_hours", lambda branch: BranchFactory(school_from="17:00", school_until="08:00")),
        ("calendarday_once", lambda branch: twice(CalendarDayFactory, branch=branch, day=TODAY)),
        ("calendarday_weekday_if_it_runs_one", lambda branch: CalendarDayFactory(kind="runs_weekday")),
        ("calendarday_weekday_if_it_runs_one", lambda branch: CalendarDayFactory(kind="closed", runs_weekday=2)),
        (
            "calendarday_weekday_if_it_runs_one",
            lambda branch: CalendarDayFactory(kind="runs_weekday", runs_weekday=7),
        ),
        ("calendarday_own_is_certain", lambda branch: CalendarDayFactory(is_provisional=True)),
        ("schoolbreak_in_order", lambda branch: SchoolBreakFactory(last_date=TODAY - timedelta(days=1))),
        (
            "membership_days_in_order",
            lambda branch: MembershipFactory(valid_from=TODAY, valid_until=TODAY - timedelta(days=1)),
        ),
        ("branches_user_username", lambda branch: twice(UserFactory, username="13900000000")),
        ("membership_once", lambda branch: twice(MembershipFactory, branch=branch, user=User.objects.get())),
        (
            "membership_owner_once",
            lambda branch: twice(MembershipFactory, branch=None, role=Role.OWNER, user=User.objects.get()),
        ),
        ("membership_branch_unless_owner", lambda branch: MembershipFactory(branch=None, role=Role.MANAGER)),
        ("membership_branch_unless_owner", lambda branch: MembershipFactory(branch=branch, role=Role.OWNER)),
    ],
)
def test_the_database_refuses(constraint, make, branch):
    UserFactory()

    with refused_by(constraint):
        make(branch)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Asia/Nowhere"),
        ("color", "blue"),
        ("sms_signature", "【轻校】"),
        ("renewal_threshold", -1),
    ],
)
def test_a_branch_says_what_is_wrong_with_its_settings(field, value, branch):
    setattr(branch, field, value)

    with pytest.raises(ValidationError):
        branch.full_clean()


def test_two_branches_may_have_rooms_of_one_name(branch, other_branch):
    rooms = [RoomFactory(branch=place, name="101") for place in (branch, other_branch)]

    assert len(set(rooms)) == 2


def test_a_person_may_work_at_several_branches_in_several_roles(branch, other_branch):
    user = manager_of(branch)
    MembershipFactory(user=user, branch=branch, role=Role.TEACHER)
    MembershipFactory(user=user, branch=other_branch, role=Role.TEACHER)

    assert user.roles == {
        (branch.pk, Role.MANAGER),
        (branch.pk, Role.TEACHER),
        (other_branch.pk, Role.TEACHER),
    }
    assert user.branch_ids_with("scheduling.keep_clash") == {branch.pk}
    assert user.branch_ids_with("scheduling.call_roll") == {branch.pk, other_branch.pk}


def test_the_owner_has_every_branch(branch, owner):
    assert owner.is_owner
    assert owner.branch_ids_with("scheduling.keep_clash") is None


def test_an_inactive_person_has_no_branch(branch):
    assert manager_of(branch, is_active=False).branch_ids_with("scheduling.keep_clash") == set()


def test_teaching_at_lists_the_active_teachers_of_a_branch(branch, other_branch):
    teacher = teacher_of(branch)
    MembershipFactory(user=teacher, branch=branch, role=Role.MANAGER)
    teacher_of(branch, is_active=False)
    teacher_of(other_branch)
    manager_of(branch)

    assert list(User.objects.teaching_at(branch)) == [teacher]


def test_a_branch_belongs_to_itself():
    branch = BranchFactory()

    assert branch.branch_id == branch.pk


def test_policies_have_a_default():
    branch = Branch(name="总校", code="hq")

    branch.full_clean()


@pytest.mark.parametrize(
    ("days", "holds"),
    [
        ({}, True),
        ({"valid_from": TODAY, "valid_until": TODAY}, True),
        ({"valid_from": TODAY + timedelta(days=1)}, False),
        ({"valid_until": TODAY - timedelta(days=1)}, False),
    ],
)
def test_a_role_holds_on_its_days_only(branch, monkeypatch, days, holds):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    user = MembershipFactory(branch=branch, role=Role.MANAGER, **days).user

    assert user.roles == ({(branch.pk, Role.MANAGER)} if holds else set())
    assert user.has_perm("scheduling.change_lesson", branch) == holds
    assert list(User.objects.get(pk=user.pk).branches_with("branches.view_branch")) == ([branch] if holds else [])


def test_the_day_of_a_role_is_that_of_its_branch(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: at("2026-11-21 07:30"))  # 20 November in London
    membership = MembershipFactory(branch=BranchFactory(time_zone="Europe/London"), valid_until=date(2026, 11, 20))

    assert membership.user.roles
    assert not MembershipFactory(branch=BranchFactory(), valid_until=date(2026, 11, 20)).user.roles


def test_who_may_be_given_a_class_here(branch):
    teacher, gone = teacher_of(branch), UserFactory()
    MembershipFactory(user=gone, branch=branch, role=Role.TEACHER, valid_until=TODAY - timedelta(days=1))
    MembershipFactory(user=UserFactory(), branch=branch, role=Role.TEACHER, valid_until=date(2999, 1, 1))

    assert set(User.objects.teaching_at(branch)) == {
        teacher,
        User.objects.get(memberships__valid_until=date(2999, 1, 1)),
    }
    assert gone not in User.objects.teaching_at(branch)
