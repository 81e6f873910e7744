"""A clash and an over-full class are solved from their pages, for the whole series, in one tap."""

from datetime import date, time

import pytest
from django.urls import reverse

from scheduling.models import (
    AvailabilityWindow,
    KeptClash,
    Lesson,
    Qualification,
    TeacherAbsence,
    TimetableChange,
)
from scheduling.services import place_student, plan_lessons
from scheduling.solutions import find_seats, find_solutions, sides_of
from tests.factories import (
    TODAY,
    ClassGroupFactory,
    CourseFactory,
    EnrolmentFactory,
    RoomFactory,
    ScheduleRuleFactory,
    at,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch, now):
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)


@pytest.fixture
def manager(branch):
    return manager_of(branch)


@pytest.fixture
def course(db):
    return CourseFactory()


@pytest.fixture
def teacher(branch):
    return teacher_of(branch, name="陈平")


def class_of(branch, course, teacher, *, room=None, keep="", now, manager, weekday=6, start_time=time(10), **fields):
    """Four Sundays from tomorrow on, from 10:00 to 11:30."""
    group = ClassGroupFactory(
        branch=branch, course=course, teacher=teacher, first_date=date(2026, 11, 22), lessons_total=4, **fields
    )
    ScheduleRuleFactory(class_group=group, weekday=weekday, start_time=start_time, room=room)
    plan_lessons(class_group=group, by=manager, now=now, keep_reason=keep)
    return group


def child_in(group, *others, manager, now, keep=""):
    """One child, enrolled for the course and in all of these classes."""
    enrolment = EnrolmentFactory(branch=group.branch, course=group.course)
    for one in (group, *others):
        place_student(enrolment=enrolment, class_group=one, joined_date=TODAY, by=manager, now=now, keep_reason=keep)
    return enrolment


@pytest.fixture
def clash(branch, course, teacher, manager, now):
    """Two classes with one teacher at one time, each with a room."""
    return [
        class_of(branch, course, teacher, room=RoomFactory(branch=branch), keep="合班", now=now, manager=manager)
        for _number in range(2)
    ]


def solutions_of(groups, now, sort):
    found = [one for side in sides_of(groups, now=now) for one in find_solutions(side, now=now)]
    return [one for one in found if one.key.startswith(sort)]


def test_a_free_teacher_is_proposed_for_either_class(clash, branch, now):
    free = teacher_of(branch)

    assert [(one.group, one.teacher) for one in solutions_of(clash, now, "teacher")] == [
        (clash[0], free),
        (clash[1], free),
    ]


def test_a_teacher_who_may_not_teach_the_course_is_not_proposed(clash, branch, course, now):
    teacher_of(branch)
    able = teacher_of(branch)
    Qualification.objects.create(teacher=able, course=course)

    assert {one.teacher for one in solutions_of(clash, now, "teacher")} == {able}


def test_a_teacher_who_is_taken_in_one_of_the_weeks_is_not_proposed(clash, branch, course, manager, now):
    taken = teacher_of(branch)
    class_of(branch, course, taken, now=now, manager=manager)

    assert solutions_of(clash, now, "teacher") == []


def test_a_teacher_who_does_not_teach_then_is_not_proposed(clash, branch, now):
    """What is proposed would be refused, or need a reason."""
    on_saturdays, away, able = teacher_of(branch), teacher_of(branch), teacher_of(branch)
    AvailabilityWindow.objects.create(teacher=on_saturdays, weekday=5, start_time=time(8), end_time=time(20))
    AvailabilityWindow.objects.create(teacher=able, weekday=6, start_time=time(10), end_time=time(11))
    AvailabilityWindow.objects.create(teacher=able, weekday=6, start_time=time(11), end_time=time(12))
    TeacherAbsence.objects.create(
        teacher=away,
        starts_at=at("2026-12-06 00:00"),
        ends_at=at("2026-12-07 00:00"),
        recorded_by=away,
        recorded_at=now,
    )

    assert {one.teacher for one in solutions_of(clash, now, "teacher")} == {able}


def test_a_weekly_time_is_proposed_only_when_the_teacher_teaches(clash, teacher, now):
    AvailabilityWindow.objects.create(teacher=teacher, weekday=6, start_time=time(10), end_time=time(13, 30))
    AvailabilityWindow.objects.create(teacher=teacher, weekday=0, start_time=time(18), end_time=time(20))
    AvailabilityWindow.objects.create(teacher=teacher, day=date(2026, 11, 23))  # not this Monday

    found = {(one.weekday, one.start_time) for one in solutions_of(clash, now, "time")}

    assert found == {(6, time(11, 30)), (6, time(12))}


def test_a_weekly_time_is_proposed_at_which_all_are_free_in_every_week(clash, now):
    [first, *_others] = solutions_of(clash, now, "time")

    assert (first.weekday, first.start_time, len(first.lessons)) == (6, time(8, 30), 4)


def test_a_room_with_enough_seats_is_proposed(branch, course, manager, now):
    room = RoomFactory(branch=branch)
    groups = [
        class_of(branch, course, teacher_of(branch), room=room, keep="合班", now=now, manager=manager)
        for _number in range(2)
    ]
    child_in(groups[0], manager=manager, now=now)
    child_in(groups[0], manager=manager, now=now)
    RoomFactory(branch=branch, capacity=1)
    big = RoomFactory(branch=branch, capacity=20)

    assert [one.room for one in solutions_of([groups[0], groups[1]], now, "room") if one.group == groups[0]] == [big]


def test_the_child_of_a_clash_can_go_to_another_class_of_the_course(branch, course, manager, now):
    groups = [class_of(branch, course, teacher_of(branch), now=now, manager=manager) for _number in range(2)]
    enrolment = child_in(*groups, manager=manager, now=now, keep="家长同意")
    other = class_of(branch, course, teacher_of(branch), now=now, manager=manager, weekday=5)

    assert {(one.member.enrolment, one.target) for one in solutions_of(groups, now, "child")} == {(enrolment, other)}


def test_one_tap_ends_the_clash_for_the_whole_series(client, clash, branch, manager, now):
    free = teacher_of(branch)
    client.force_login(manager)

    response = client.post(
        reverse("clash", args=[clash[0].pk, clash[1].pk]), {"solution": f"teacher:{clash[1].pk}:{free.pk}"}
    )

    assert response.status_code == 302
    assert set(clash[1].lessons.values_list("teacher", flat=True)) == {free.pk}
    assert KeptClash.objects.unsolved().count() == 0
    assert TimetableChange.objects.get().kind == TimetableChange.Kind.SERIES


def test_another_weekly_time_moves_all_lessons(client, clash, manager, now):
    client.force_login(manager)
    solution = solutions_of(clash, now, f"time:{clash[0].pk}")[0]

    client.post(reverse("clash", args=[clash[0].pk, clash[1].pk]), {"solution": solution.key})

    assert KeptClash.objects.unsolved().count() == 0
    assert clash[0].lessons.active().count() == 4


def test_what_is_not_free_any_more_is_said(client, clash, branch, course, manager, now):
    free = teacher_of(branch)
    client.force_login(manager)
    key = f"teacher:{clash[1].pk}:{free.pk}"
    class_of(branch, course, free, now=now, manager=manager)

    response = client.post(reverse("clash", args=[clash[0].pk, clash[1].pk]), {"solution": key})

    assert response.status_code == 200
    assert "solution" in response.context["form"].errors
    assert KeptClash.objects.unsolved().count() == 4


def test_classes_that_do_not_clash_say_so(client, clash, branch, course, manager, now):
    other = class_of(branch, course, teacher_of(branch), now=now, manager=manager, weekday=3)
    client.force_login(manager)

    response = client.get(reverse("clash", args=[clash[0].pk, other.pk]))

    assert response.context["sides"] == []


def test_a_class_does_not_clash_with_itself(client, clash, manager):
    client.force_login(manager)

    assert client.get(reverse("clash", args=[clash[0].pk, clash[0].pk])).status_code == 404


def test_the_desk_may_not_solve_and_another_branch_sees_nothing(client, clash, branch, other_branch):
    url = reverse("clash", args=[clash[0].pk, clash[1].pk])

    client.force_login(desk_of(branch))
    assert client.get(url).status_code == 403
    client.force_login(manager_of(other_branch))
    assert client.get(url).status_code == 404


@pytest.fixture
def full(branch, course, manager, now):
    """A class of one seat with two children."""
    group = class_of(branch, course, teacher_of(branch), now=now, manager=manager, capacity=1)
    for _number in range(2):
        child_in(group, manager=manager, now=now)
    return group


def test_an_over_full_class_sends_the_last_child_to_a_class_with_a_seat(client, full, branch, course, manager, now):
    other = class_of(branch, course, teacher_of(branch), now=now, manager=manager, weekday=3)
    last = full.members.latest("pk")
    client.force_login(manager)

    response = client.post(reverse("over_full", args=[full.pk]), {"solution": f"child:{last.pk}:{other.pk}"})

    assert response["Location"] == reverse("home")
    assert full.members.filter(left_date__isnull=True).count() == 1
    assert other.members.get().enrolment == last.enrolment
    assert Lesson.objects.filter(class_group=other, attendances__enrolment=last.enrolment).count() == 4


def test_a_class_whose_seats_are_taken_is_not_proposed(full, branch, course, manager, now):
    other = class_of(branch, course, teacher_of(branch), now=now, manager=manager, weekday=3, capacity=1)
    child_in(other, manager=manager, now=now)

    assert find_seats(full, now=now) == []


def test_a_class_with_enough_seats_has_nothing_to_solve(client, full, manager):
    full.capacity = 2
    full.save()
    client.force_login(manager)

    response = client.get(reverse("over_full", args=[full.pk]))

    assert (response.context["over"], response.context["form"].by_key) == (0, {})


@pytest.mark.parametrize("others", [1, 3])
def test_an_over_full_class_costs_the_same_with_one_and_three_ways_out(
    client, full, branch, course, manager, now, others, django_assert_num_queries
):
    for weekday in range(others):
        class_of(branch, course, teacher_of(branch), now=now, manager=manager, weekday=weekday)
    client.force_login(manager)

    with django_assert_num_queries(QUERIES_OF_OVER_FULL):
        response = client.get(reverse("over_full", args=[full.pk]))

    assert len(response.context["form"].by_key) == 2 * others


QUERIES_OF_OVER_FULL = 11
