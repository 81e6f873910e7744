"""The pages of trials: the seats are said before; who asked is found; came or did not come."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from scheduling.models import Lesson, TrialBooking
from scheduling.services import book_trial
from tests.factories import NOW, EnquiryFactory, LessonFactory, RoomFactory, desk_of, teacher_of
from tests.scheduling.leave_school import SATURDAY, WEDNESDAY, child_in, lesson_of

pytestmark = pytest.mark.django_db

Status = TrialBooking.Status


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def lesson(branch):
    return LessonFactory(
        class_group__branch=branch, class_group__teacher=teacher_of(branch), class_group__capacity=2, starts_at=SATURDAY
    )


@pytest.fixture
def enquiry(branch, lesson):
    return EnquiryFactory(branch=branch, child_name="钱小小", phone="+8613812345678", course=lesson.class_group.course)


@pytest.fixture
def desk(branch, client):
    desk = desk_of(branch)
    client.force_login(desk)
    return desk


@pytest.fixture
def a_week_later(monkeypatch, client, desk):
    """The morning of the lesson; a session does not last so long."""

    def come():
        monkeypatch.setattr(timezone, "now", lambda: SATURDAY)
        client.force_login(desk)

    return come


def of_enquiry(enquiry):
    return reverse("enquiry_trial", args=[enquiry.pk])


def of_lesson(lesson):
    return reverse("lesson_trials", args=[lesson.pk])


def test_the_search_leads_to_the_trial(client, enquiry, desk):
    assert of_enquiry(enquiry) in client.get(reverse("search"), {"q": "5678"}).content.decode()
    assert of_enquiry(enquiry) in client.get(reverse("search"), {"q": "钱小"}).content.decode()


def test_the_next_lessons_of_the_course_with_their_seats(client, enquiry, lesson, desk, branch):
    child_in(lesson)
    later = lesson_of(enquiry.course, branch, capacity=1)
    child_in(later)
    LessonFactory(class_group__branch=branch, starts_at=SATURDAY)  # another course

    lessons = client.get(of_enquiry(enquiry)).context["lessons"]

    assert [(one, one.seats_left) for one in lessons] == [(lesson, 1), (later, 0)]


def test_one_button_books_and_the_lesson_leaves_the_list(client, enquiry, lesson, desk):
    response = client.post(of_enquiry(enquiry), {"lesson": lesson.pk}, follow=True)

    assert [trial.lesson for trial in response.context["trials"]] == [lesson]
    assert list(response.context["lessons"]) == []
    assert response.context["enquiry"].stage == "trial_booked"


def test_without_a_course_one_is_chosen(client, branch, desk, lesson):
    enquiry = EnquiryFactory(branch=branch)

    assert client.get(of_enquiry(enquiry)).context["lessons"] == []
    chosen = client.get(of_enquiry(enquiry), {"course": lesson.class_group.course_id})
    assert list(chosen.context["lessons"]) == [lesson]


def test_a_lesson_of_its_own(client, enquiry, branch, desk):
    teacher, room = teacher_of(branch), RoomFactory(branch=branch)
    url = reverse("own_trial", args=[enquiry.pk])
    data = {"day": "2026-11-29", "time": "14:00", "teacher": teacher.pk, "room": room.pk}

    client.post(url, data)
    refused = client.post(url, data | {"time": "15:00"})

    lesson = Lesson.objects.get(trials__enquiry=enquiry)
    assert (lesson.teacher, lesson.room, lesson.credits) == (teacher, room, 0)
    assert refused.context["own_form"].non_field_errors()
    assert TrialBooking.objects.count() == 1


def test_another_branch_s_enquiry_and_lesson_are_not_found(client, enquiry, lesson, other_branch):
    client.force_login(desk_of(other_branch))

    assert client.get(of_enquiry(enquiry)).status_code == 404
    assert client.get(of_lesson(lesson)).status_code == 404


def test_who_asked_for_the_course_is_offered_and_others_are_found(client, enquiry, lesson, desk, branch, other_branch):
    other = EnquiryFactory(branch=branch, child_name="孙大大")
    EnquiryFactory(branch=other_branch, child_name="孙大小")
    EnquiryFactory(branch=branch, child_name="孙大", stage="lost")

    assert list(client.get(of_lesson(lesson)).context["found"]) == [enquiry]
    assert list(client.get(of_lesson(lesson), {"q": "孙大"}).context["found"]) == [other]
    client.post(of_lesson(lesson), {"enquiry": other.pk})
    assert list(client.get(of_lesson(lesson), {"q": "孙大"}).context["found"]) == []


def test_cancel_and_result(client, enquiry, lesson, desk, branch, a_week_later):
    trial = book_trial(enquiry=enquiry, lesson=lesson, by=desk, now=NOW)
    other = book_trial(enquiry=EnquiryFactory(branch=branch), lesson=lesson, by=desk, now=NOW)

    assert client.post(reverse("cancel_trial", args=[other.pk]), {"back": "enquiry"}).url == of_enquiry(other.enquiry)
    a_week_later()
    result = client.post(reverse("trial_result", args=[trial.pk]), {"status": "came", "note": "很好"})
    client.post(reverse("trial_result", args=[trial.pk]), {"status": "booked"})

    trial.refresh_from_db()
    other.refresh_from_db()
    assert (result.url, trial.status, trial.note, other.status) == (of_lesson(lesson), "came", "很好", "cancelled")


def test_the_roll_shows_the_guests(client, enquiry, lesson, desk, a_week_later):
    trial = book_trial(enquiry=enquiry, lesson=lesson, by=desk, now=NOW)
    child = child_in(lesson)
    a_week_later()
    roll = reverse("roll_call", args=[lesson.pk])

    guests = client.get(roll).context["form"].guests()
    client.post(roll, {f"child-{child.pk}": "present", f"trial-{trial.pk}": "no_show"})

    assert [(one, field.value()) for one, field in guests] == [(trial, "came")]
    trial.refresh_from_db()
    assert trial.status == Status.NO_SHOW


@pytest.mark.parametrize("number", [1, 3])
def test_the_pages_cost_the_same_for_one_and_for_three(
    client, enquiry, lesson, desk, branch, number, django_assert_num_queries
):
    for day in range(number - 1):
        lesson_of(enquiry.course, branch, WEDNESDAY + timedelta(days=day))
    for _number in range(number):
        guest = EnquiryFactory(branch=branch, course=enquiry.course)
        book_trial(enquiry=guest, lesson=lesson, by=desk, now=NOW)

    with django_assert_num_queries(6):
        client.get(of_lesson(lesson))
    with django_assert_num_queries(9):
        client.get(of_enquiry(enquiry))
