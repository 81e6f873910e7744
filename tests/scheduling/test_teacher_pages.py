"""The teachers: the list with what is due, the page of one, and the minutes between branches."""

import datetime

import pytest
from django.urls import reverse

from branches.models import Membership
from branches.roles import Role
from scheduling.models import AvailabilityWindow, Qualification, StaffCheck, TeachingLimit, TravelTime
from scheduling.services.teachers import set_travel_times
from scheduling.teachers import hours_of, papers_of
from tests.factories import (
    NOW,
    TODAY,
    BranchFactory,
    ClassGroupFactory,
    CourseFactory,
    LessonFactory,
    MembershipFactory,
    UserFactory,
    at,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def manager(client, branch):
    manager = manager_of(branch)
    client.force_login(manager)
    return manager


@pytest.fixture
def teacher(branch):
    return teacher_of(branch, name="马老师")


def detail(teacher, name="teacher_detail"):
    return reverse(name, args=[teacher.pk])


# --- the list --------------------------------------------------------------------------------------------


def test_the_list_has_the_teachers_of_the_managers_branches(client, branch, other_branch, manager, teacher):
    teacher_of(other_branch)
    desk_of(branch)
    MembershipFactory(user=teacher, branch=other_branch, role=Role.TEACHER)

    response = client.get(reverse("teacher_list"))

    assert [row[0] for row in response.context["rows"]] == [teacher]


def test_the_owner_narrows_it_to_a_branch(client, branch, other_branch, owner, teacher):
    elsewhere = teacher_of(other_branch)
    client.force_login(owner)

    everywhere = client.get(reverse("teacher_list"))
    here = client.get(reverse("teacher_list"), {"branch": other_branch.pk})

    assert {row[0] for row in everywhere.context["rows"]} == {teacher, elsewhere}
    assert [row[0] for row in here.context["rows"]] == [elsewhere]
    assert client.get(reverse("teacher_list"), {"branch": 99999}).status_code == 404


@pytest.mark.parametrize("teachers", [1, 3])
def test_query_count(client, branch, manager, teachers, django_assert_num_queries):
    for _number in range(teachers):
        one = teacher_of(branch)
        Qualification.objects.create(teacher=one, course=CourseFactory())
        StaffCheck.objects.create(teacher=one, kind="record", valid_until=TODAY)
        LessonFactory(class_group=ClassGroupFactory(branch=branch, teacher=one))

    with django_assert_num_queries(13):
        response = client.get(reverse("teacher_list"))

    assert len(response.context["rows"]) == teachers


@pytest.mark.parametrize(
    ("days", "state"),
    [(-1, "bad"), (0, "warn"), (29, "warn"), (30, "ok"), (None, "")],
)
def test_a_paper_says_when_it_is_due(teacher, days, state):
    if days is not None:
        StaffCheck.objects.create(
            teacher=teacher, kind="certificate", valid_until=TODAY + datetime.timedelta(days=days)
        )

    assert papers_of(teacher, TODAY)[0].state == state


def test_the_list_can_show_only_papers_to_renew(client, branch, manager, teacher):
    StaffCheck.objects.create(teacher=teacher, kind="record", valid_until=TODAY)
    StaffCheck.objects.create(teacher=teacher_of(branch), kind="record", valid_until=datetime.date(2027, 6, 1))

    response = client.get(reverse("teacher_list"), {"papers": "1"})

    assert [row[0] for row in response.context["rows"]] == [teacher]
    assert response.context["papers_to_renew"] == 1


def test_hours_are_those_of_this_week_and_month(branch, teacher):
    TeachingLimit.objects.create(teacher=teacher, minutes_a_week=100)
    group = ClassGroupFactory(branch=branch, teacher=teacher)
    for day in ("2026-11-15", "2026-11-16", "2026-11-22", "2026-11-23", "2026-12-01"):
        LessonFactory(class_group=group, starts_at=at(f"{day} 09:00"))
    LessonFactory(class_group=group, starts_at=at("2026-11-18 09:00"), status="cancelled", cancel_reason="停电")

    week, month = hours_of([teacher], TODAY)[teacher.pk]

    assert (week.minutes, week.is_over, week.hours) == (180, True, 3.0)
    assert (month.minutes, month.is_over) == (360, False)


# --- one teacher -----------------------------------------------------------------------------------------


def test_a_teacher_of_another_branch_does_not_exist(client, other_branch, manager):
    stranger = teacher_of(other_branch)

    assert client.get(detail(stranger)).status_code == 404
    for name in ("teacher_detail", "teacher_weekly_time", "teacher_dated_time"):
        assert client.post(detail(stranger, name)).status_code == 404


def test_limits_papers_and_courses_are_written(client, manager, teacher):
    stays, goes, comes = CourseFactory.create_batch(3)
    hidden = CourseFactory(is_active=False)
    for course in (stays, goes):
        Qualification.objects.create(teacher=teacher, course=course)
    StaffCheck.objects.create(teacher=teacher, kind="record", valid_until=TODAY)
    data = {"minutes_a_week": "1200", "certificate": "2027-06-30", "courses": [stays.pk, comes.pk]}

    for _twice in range(2):
        assert client.post(detail(teacher), data).status_code == 302

    assert (teacher.teaching_limit.minutes_a_week, teacher.teaching_limit.minutes_a_day) == (1200, None)
    assert list(teacher.checks.values_list("kind", "valid_until")) == [("certificate", datetime.date(2027, 6, 30))]
    assert set(teacher.qualifications.values_list("course", flat=True)) == {stays.pk, comes.pk}
    assert hidden.pk not in teacher.qualifications.values_list("course", flat=True)


def test_a_wrong_limit_is_said_at_its_field(client, manager, teacher):
    response = client.post(detail(teacher), {"minutes_a_day": "99999"})

    assert list(response.context["form"].errors) == ["minutes_a_day"]


def test_weekly_times_come_and_go(client, manager, teacher):
    data = {"weekly-weekday": "5", "weekly-start_time": "09:00", "weekly-end_time": "17:00"}

    client.post(detail(teacher, "teacher_weekly_time"), data)
    window = AvailabilityWindow.objects.get()
    assert (window.teacher, window.weekday, window.end_time) == (teacher, 5, datetime.time(17))

    client.post(reverse("teacher_time_remove", args=[window.pk]))
    assert not AvailabilityWindow.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        {"weekly-weekday": "5", "weekly-start_time": "17:00", "weekly-end_time": "09:00"},
        {"weekly-weekday": "", "weekly-start_time": "09:00", "weekly-end_time": "17:00"},
        {"weekly-weekday": "5", "weekly-start_time": "", "weekly-end_time": "17:00"},
    ],
)
def test_a_mistake_in_a_time_is_shown(client, manager, teacher, data):
    response = client.post(detail(teacher, "teacher_weekly_time"), data)

    assert response.context["weekly_form"].errors
    assert not AvailabilityWindow.objects.exists()


@pytest.mark.parametrize(
    ("start", "end", "is_saved"),
    [("", "", True), ("09:00", "12:00", True), ("09:00", "", False), ("12:00", "09:00", False)],
)
def test_a_single_day_has_both_times_or_none(client, manager, teacher, start, end, is_saved):
    data = {"dated-day": "2026-12-05", "dated-start_time": start, "dated-end_time": end}

    client.post(detail(teacher, "teacher_dated_time"), data)

    assert AvailabilityWindow.objects.filter(teacher=teacher, day="2026-12-05").exists() == is_saved


def test_times_of_a_stranger_stay(client, other_branch, manager):
    window = AvailabilityWindow.objects.create(teacher=teacher_of(other_branch), day="2026-12-05")

    assert client.post(reverse("teacher_time_remove", args=[window.pk])).status_code == 404


def test_the_page_says_what_speaks_against_planned_lessons(client, branch, manager, teacher):
    group = ClassGroupFactory(branch=branch, teacher=teacher)
    hit = LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
    LessonFactory(class_group=group, starts_at=at("2026-11-28 14:00"))
    AvailabilityWindow.objects.create(teacher=teacher, weekday=5, start_time="13:00", end_time="18:00")

    response = client.get(detail(teacher))

    [(rule, [finding])] = response.context["findings"].items()
    assert (rule.code, finding.lesson) == ("teacher_unavailable", hit)


# --- work at another branch, and the way there -----------------------------------------------------------


def test_the_owner_sends_a_teacher_to_a_second_branch_for_some_days(client, owner, other_branch, teacher):
    client.force_login(owner)
    data = {"work-branch": other_branch.pk, "work-valid_from": "2026-12-01", "work-valid_until": "2026-12-31"}

    for _twice in range(2):
        assert client.post(detail(teacher, "teacher_work"), data).status_code == 302

    membership = Membership.objects.get(user=teacher, branch=other_branch)
    assert (membership.role, membership.valid_until) == (Role.TEACHER, datetime.date(2026, 12, 31))
    wrong = client.post(detail(teacher, "teacher_work"), data | {"work-valid_until": "2026-11-01"})
    assert wrong.context["work_form"].errors


def test_a_manager_sends_nobody(client, manager, other_branch, teacher):
    assert client.post(detail(teacher, "teacher_work"), {"work-branch": other_branch.pk}).status_code == 403


def test_travel_times_are_the_same_both_ways(client, branch, other_branch, owner):
    client.force_login(owner)
    first, second = sorted([branch, other_branch], key=lambda place: place.pk)

    client.post(reverse("travel_times"), {f"minutes-{first.pk}-{second.pk}": "35"})
    assert TravelTime.objects.get(branch=first, other=second).minutes == 35

    set_travel_times(minutes={(second.pk, first.pk): 40})
    assert TravelTime.objects.get().minutes == 40

    client.post(reverse("travel_times"), {f"minutes-{first.pk}-{second.pk}": ""})
    assert not TravelTime.objects.exists()


def test_every_pair_of_branches_stands_once(client, owner):
    BranchFactory.create_batch(4)
    client.force_login(owner)

    form = client.get(reverse("travel_times")).context["form"]

    assert len(form.fields) == 6
    assert [len(fields) for _branch, fields in form.rows()] == [0, 1, 2, 3]


def test_of_many_branches_one_is_shown_at_a_time(client, owner):
    branches = BranchFactory.create_batch(13)
    client.force_login(owner)
    url = f"{reverse('travel_times')}?branch={branches[5].pk}"

    form = client.get(url).context["form"]
    assert len(form.fields) == 12
    assert all(branches[5] in pair for pair in form.pairs)

    client.post(url, {f"minutes-{branches[0].pk}-{branches[5].pk}": "20"})
    assert TravelTime.objects.get().minutes == 20


def test_a_teacher_whose_work_has_ended_is_still_listed_with_its_days(client, branch, manager):
    gone = UserFactory()
    MembershipFactory(user=gone, branch=branch, role=Role.TEACHER, valid_until=datetime.date(2026, 10, 31))

    assert client.get(detail(gone)).status_code == 200
