"""A guest who comes to try takes a seat, wherever seats are counted; and may be a child of the school, busy then."""

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling.alternatives import find_alternatives
from scheduling.make_ups import fitting_lessons
from scheduling.models import MakeUp, TrialBooking
from scheduling.services import TrialElsewhereError, ask_leave, book_trial, cancel_trial
from tests.factories import (
    NOW,
    EnquiryFactory,
    GuardianshipFactory,
    LessonFactory,
    RoomFactory,
    desk_of,
    manager_of,
    teacher_of,
)
from tests.scheduling.leave_school import SATURDAY, WEDNESDAY, child_in, lesson_of

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def manager(branch):
    return manager_of(branch)


@pytest.fixture
def lesson(branch):
    """Two seats, one child."""
    group = {"class_group__branch": branch, "class_group__capacity": 2, "class_group__name": "围棋甲班"}
    lesson = LessonFactory(**group, starts_at=SATURDAY)
    child_in(lesson)
    return lesson


@pytest.fixture
def try_in(manager):
    def try_in(lesson, **facts):
        enquiry = EnquiryFactory(branch=lesson.branch, course=lesson.class_group.course, **facts)
        return book_trial(enquiry=enquiry, lesson=lesson, by=manager, now=NOW)

    return try_in


# --- seats -----------------------------------------------------------------------------------------------


def card_on_week(client, by="day"):
    [card] = client.get(reverse("timetable_data"), {"day": "2026-11-28", "by": by}).json()["lessons"]
    return card["count"], card["isOverfull"]


def test_the_card_of_the_week_counts_guests(client, lesson, manager, try_in):
    client.force_login(manager)
    assert card_on_week(client) == ("1/2", False)

    trial = try_in(lesson)
    assert card_on_week(client) == ("1+1/2", False)
    try_in(lesson)
    assert card_on_week(client) == ("1+2/2", True)
    assert "1+2/2" in client.get(reverse("week"), {"day": "2026-11-28"}).content.decode()

    cancel_trial(trial=trial, by=manager, now=NOW)
    assert card_on_week(client) == ("1+1/2", False)


def test_the_page_of_the_class_counts_guests_lesson_by_lesson(client, lesson, manager, try_in):
    try_in(lesson)
    try_in(lesson)
    client.force_login(manager)

    response = client.get(reverse("class_detail", args=[lesson.class_group_id]))

    [shown] = response.context["lessons"]
    assert (shown.seats_taken, shown.trial_count, shown.seats_left) == (3, 2, -1)
    assert response.context["seats"].taken == 0  # of the class itself: nobody joined it


def test_a_make_up_is_not_offered_on_the_seat_of_a_guest(lesson, branch, manager, try_in):
    attendance = lesson.attendances.get()
    ask_leave(attendance=attendance, reason="", by=manager, now=NOW)
    other = lesson_of(lesson.class_group.course, branch, WEDNESDAY, capacity=1)
    facts = {"lessons": type(lesson).objects.all(), "now": NOW}
    assert [offer.lesson for offer in fitting_lessons(MakeUp.objects.get(), **facts)] == [other]

    try_in(other)

    assert fitting_lessons(MakeUp.objects.get(), **facts) == []


def test_another_room_has_a_seat_for_the_guest_too(lesson, branch, try_in):
    RoomFactory(branch=branch, name="1座", capacity=1)
    RoomFactory(branch=branch, name="2座", capacity=2)
    lesson.class_group.capacity = 1
    lesson.class_group.save()

    def rooms():
        return {one.room.name for one in find_alternatives(lesson, now=NOW, limit=9) if one.kind == "room"}

    assert rooms() == {"1座", "2座"}
    try_in(lesson)
    assert rooms() == {"2座"}


def test_lists_of_lessons_name_guests_apart(client, lesson, manager, try_in, monkeypatch):
    try_in(lesson)
    monkeypatch.setattr(timezone, "now", lambda: SATURDAY)
    client.force_login(manager)

    [shown] = client.get(reverse("home")).context["lessons"]

    assert (shown.student_count, shown.trial_count) == (1, 1)


# --- a child of the school -------------------------------------------------------------------------------


@pytest.fixture
def busy(branch, lesson):
    """田萍 has another lesson at that time."""
    other = lesson_of(lesson.class_group.course, branch, SATURDAY, name="书法班")
    student = child_in(other, name="田萍").enrolment.student
    GuardianshipFactory(student=student, guardian__phone=PHONE)
    return other


@pytest.fixture
def enquiry(branch, lesson):
    return EnquiryFactory(branch=branch, child_name="田萍", phone=PHONE, course=lesson.class_group.course)


def test_a_child_that_has_a_lesson_then_is_asked_about(busy, enquiry, lesson, manager):
    with pytest.raises(TrialElsewhereError, match="书法班"):
        book_trial(enquiry=enquiry, lesson=lesson, by=manager, now=NOW)

    assert book_trial(enquiry=enquiry, lesson=lesson, by=manager, now=NOW, is_confirmed=True)


@pytest.mark.parametrize("fact", [{"phone": "+8613900000000"}, {"child_name": "田安"}, {"phone": ""}])
def test_somebody_else_is_not(busy, enquiry, lesson, manager, fact):
    for name, value in fact.items():
        setattr(enquiry, name, value)
    enquiry.save()

    assert book_trial(enquiry=enquiry, lesson=lesson, by=manager, now=NOW)


def test_a_child_on_leave_then_is_free(busy, enquiry, lesson, manager):
    ask_leave(attendance=busy.attendances.get(), reason="", by=manager, now=NOW)

    assert book_trial(enquiry=enquiry, lesson=lesson, by=manager, now=NOW)


@pytest.mark.parametrize("page", ["enquiry_trial", "lesson_trials"])
def test_the_page_names_the_other_lesson_and_books_when_it_is_confirmed(client, busy, enquiry, lesson, branch, page):
    client.force_login(desk_of(branch))
    url = reverse(page, args=[enquiry.pk if page == "enquiry_trial" else lesson.pk])
    data = {"lesson": lesson.pk, "enquiry": enquiry.pk}

    asked = client.post(url, data)
    assert "书法班" in asked.context["asked"]["text"]
    assert not TrialBooking.objects.exists()

    assert client.post(url, data | {"is_confirmed": "1"}).url == url
    assert TrialBooking.objects.get().lesson == lesson


def test_a_trial_lesson_of_its_own_asks_too(client, busy, enquiry, branch):
    client.force_login(desk_of(branch))
    url = reverse("own_trial", args=[enquiry.pk])
    data = {
        "day": "2026-11-28",
        "time": "09:30",
        "teacher": teacher_of(branch).pk,
        "room": RoomFactory(branch=branch).pk,
    }

    asked = client.post(url, data)
    assert asked.context["own_form"].is_asked
    assert 'name="is_confirmed"' in asked.content.decode()
    client.post(url, data | {"is_confirmed": "1"})

    assert TrialBooking.objects.get().enquiry == enquiry
