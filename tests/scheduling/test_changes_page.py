"""The page of changes, and the page on which a day is cancelled."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling.models import Lesson, TimetableChange
from scheduling.services import Edit, change_lessons
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    GuardianshipFactory,
    LessonFactory,
    at,
    desk_of,
    manager_of,
    owner_of_school,
)

PAGE = reverse("timetable_changes")
DAY_PAGE = reverse("cancel_day")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """clock(hours): so many hours later."""

    def later(hours=0):
        monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(hours=hours))

    later()
    return later


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="校长")


def lesson_at(branch, start):
    return LessonFactory(class_group=ClassGroupFactory(branch=branch), starts_at=at(start))


def cancelled(branch, by, *, hour=9, kind="cancel", at_hour=0):
    """A change that cancels one lesson of next Saturday, whose mother is told."""
    lesson = lesson_at(branch, f"2026-11-28 {hour:02d}:00")
    GuardianshipFactory(student=AttendanceFactory(lesson=lesson).enrolment.student)
    facts = {"status": Lesson.Status.CANCELLED, "cancel_reason": "停电"}
    now = NOW + timedelta(hours=at_hour)
    return change_lessons(branch=branch, kind=kind, edits=[Edit(lesson.pk, facts)], by=by, now=now, reason="停电")


# --- what was changed ---


def test_newest_change_comes_first_with_what_it_means(client, branch, manager):
    first = cancelled(branch, manager)
    second = cancelled(branch, manager, hour=11, at_hour=0.1)
    client.force_login(manager)

    shown = list(client.get(PAGE).context["changes"])

    assert shown == [second, first]
    assert [(one.lesson_count, one.is_undoable, one.told_count) for one in shown] == [(1, True, 1)] * 2


def test_after_an_hour_it_cannot_be_undone(client, branch, manager, clock):
    change = cancelled(branch, manager)
    clock(1.1)
    client.force_login(manager)

    response = client.get(PAGE)

    assert reverse("undo_change", args=[change.pk]) not in response.content.decode()


def test_changes_of_other_branches_are_not_shown(client, branch, other_branch, manager):
    cancelled(other_branch, manager)
    client.force_login(manager)

    assert list(client.get(PAGE).context["changes"]) == []


def test_filters(client, branch, other_branch, manager):
    here = cancelled(branch, manager)
    moved = cancelled(branch, manager, hour=11, kind="move")
    cancelled(other_branch, manager, hour=13)
    client.force_login(owner_of_school())

    response = client.get(PAGE, {"branch": branch.pk, "kind": "cancel"})

    assert list(response.context["changes"]) == [here]
    assert set(client.get(PAGE, {"branch": branch.pk}).context["changes"]) == {here, moved}
    assert len(client.get(PAGE, {"kind": "nonsense"}).context["changes"]) == 3


def test_pages(client, branch, manager):
    TimetableChange.objects.bulk_create(
        TimetableChange(branch=branch, kind="move", by=manager, at=NOW - timedelta(days=number)) for number in range(26)
    )
    client.force_login(manager)

    assert len(client.get(PAGE).context["changes"]) == 25
    assert len(client.get(PAGE, {"page": 2}).context["changes"]) == 1


def test_undo(client, branch, manager):
    change = cancelled(branch, manager)
    client.force_login(manager)

    client.post(reverse("undo_change", args=[change.pk]))

    assert Lesson.objects.get().status == Lesson.Status.PLANNED
    undone = TimetableChange.objects.get(kind="undo")
    shown = list(client.get(PAGE).context["changes"])
    assert (shown, shown[1].undone_by) == ([undone, change], undone)


def test_undo_that_is_refused_says_why(client, branch, manager, clock):
    change = cancelled(branch, manager)
    clock(2)
    client.force_login(manager)

    response = client.post(reverse("undo_change", args=[change.pk]), follow=True)

    assert Lesson.objects.get().status == Lesson.Status.CANCELLED
    assert len(list(response.context["messages"])) == 1


def test_manager_of_another_branch_cannot_undo(client, branch, other_branch, manager):
    change = cancelled(branch, manager)
    client.force_login(manager_of(other_branch))

    assert client.post(reverse("undo_change", args=[change.pk])).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_the_same_queries_for_many(client, branch, manager, count, django_assert_num_queries):
    for number in range(count):
        cancelled(branch, manager, hour=9 + 2 * number)
    client.force_login(manager)

    with django_assert_num_queries(7):
        client.get(PAGE)


# --- a day is cancelled ---


def test_day_page_counts_first(client, branch, manager):
    lesson = lesson_at(branch, "2026-11-21 15:00")
    GuardianshipFactory(student=AttendanceFactory(lesson=lesson).enrolment.student)
    AttendanceFactory(lesson=lesson)
    client.force_login(manager)

    lost = client.get(DAY_PAGE).context["lost"]

    assert (lost.lessons, lost.child_count, lost.message_count, len(lost.unreachable)) == ([lesson], 2, 1, 1)


def test_day_page_cancels(client, branch, manager):
    lesson = lesson_at(branch, "2026-11-22 15:00")
    client.force_login(manager)

    response = client.post(f"{DAY_PAGE}?when=tomorrow", {"reason": "snow", "made": "append"})

    lesson.refresh_from_db()
    assert response["Location"] == PAGE
    assert lesson.status == Lesson.Status.CANCELLED
    assert TimetableChange.objects.get().kind == TimetableChange.Kind.CANCEL_DAY


def test_day_page_moves(client, branch, manager):
    lesson = lesson_at(branch, "2026-11-22 15:00")
    client.force_login(manager)
    offer = client.get(DAY_PAGE, {"when": "tomorrow"}).context["offer"]

    client.post(f"{DAY_PAGE}?when=tomorrow", {"reason": "snow", "made": "move", "to_day": offer.day.isoformat()})

    lesson.refresh_from_db()
    assert lesson.local_date == offer.day
    assert lesson.status == Lesson.Status.PLANNED


@pytest.mark.parametrize(
    ("data", "is_done"),
    [
        ({"made": "append"}, False),
        ({"made": "append", "reason": "other"}, False),
        ({"made": "append", "reason": "other", "other": "消防检查"}, True),
        ({"made": "move", "reason": "snow"}, True),  # without an offer: at the end
    ],
)
def test_day_page_wants_a_reason(client, branch, manager, data, is_done):
    lesson_at(branch, "2026-11-22 15:00")
    client.force_login(manager)

    client.post(f"{DAY_PAGE}?when=tomorrow", data)

    assert TimetableChange.objects.exists() is is_done


@pytest.mark.parametrize("query", ["when=other", "when=other&day=2026-11-20", "branch=0", "when=nonsense"])
def test_day_page_without_a_day_does_nothing(client, branch, manager, query):
    lesson_at(branch, "2026-11-22 15:00")
    client.force_login(manager)

    response = client.post(f"{DAY_PAGE}?{query}", {"reason": "snow", "made": "append"})

    assert response.status_code == 200
    assert not TimetableChange.objects.exists()


def test_day_of_another_branch_cannot_be_cancelled(client, branch, other_branch, manager):
    lesson_at(other_branch, "2026-11-22 15:00")
    client.force_login(manager)

    client.post(f"{DAY_PAGE}?when=tomorrow&branch={other_branch.pk}", {"reason": "snow", "made": "append"})

    assert not TimetableChange.objects.exists()


def test_desk_cannot_cancel_a_day(client, branch):
    client.force_login(desk_of(branch))

    assert client.get(DAY_PAGE).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_day_page_takes_the_same_queries_for_many(client, branch, manager, count, django_assert_max_num_queries):
    for number in range(count):
        lesson_at(branch, f"2026-11-22 {9 + 2 * number:02d}:00")
    client.force_login(manager)

    with django_assert_max_num_queries(25):
        client.get(DAY_PAGE, {"when": "tomorrow"})
