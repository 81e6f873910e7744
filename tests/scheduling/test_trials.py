"""Trials: a seat for somebody who asked; the enquiry follows; no credit is ever taken."""

import pytest

from enrolments.models import CreditEntry
from scheduling.clashes import LessonClashError
from scheduling.models import Lesson, TrialBooking
from scheduling.services import (
    ScheduleError,
    TrialError,
    book_trial,
    call_roll,
    cancel_lesson,
    cancel_trial,
    open_trial_lesson,
    record_trial_result,
    undo_roll_call,
)
from students.models import Enquiry
from tests.factories import NOW, EnquiryFactory, LessonFactory, RoomFactory, at, desk_of, teacher_of
from tests.refusals import refused_by
from tests.scheduling.leave_school import SATURDAY, child_in

pytestmark = pytest.mark.django_db

Status = TrialBooking.Status


@pytest.fixture
def desk(branch):
    return desk_of(branch)


@pytest.fixture
def lesson(branch):
    return LessonFactory(
        class_group__branch=branch, class_group__name="围棋甲班", class_group__capacity=1, starts_at=SATURDAY
    )


@pytest.fixture
def enquiry(branch, lesson):
    return EnquiryFactory(branch=branch, child_name="钱小小", course=lesson.class_group.course)


@pytest.fixture
def book(enquiry, lesson, desk):
    return lambda **facts: book_trial(**{"enquiry": enquiry, "lesson": lesson, "by": desk, "now": NOW} | facts)


@pytest.fixture
def call(lesson, desk):
    return lambda **facts: call_roll(lesson=lesson, exceptions={}, by=desk, now=SATURDAY, **facts)


def statuses(trial):
    trial.refresh_from_db()
    trial.enquiry.refresh_from_db()
    return trial.status, trial.enquiry.stage


def test_a_trial_is_booked_and_the_enquiry_says_so(book):
    trial = book(note="喜欢下棋")

    assert statuses(trial) == (Status.BOOKED, Enquiry.Stage.TRIAL_BOOKED)
    assert trial.note == "喜欢下棋"


def test_a_full_class_takes_one_more(book, lesson):
    child_in(lesson)

    assert book().lesson == lesson


@pytest.mark.parametrize("who", ["a child", "a trial"])
def test_a_class_that_is_never_over_full_refuses(book, lesson, branch, who):
    lesson.class_group.is_capacity_hard = True
    lesson.class_group.save()
    child_in(lesson) if who == "a child" else book(enquiry=EnquiryFactory(branch=branch))

    with pytest.raises(TrialError, match="围棋甲班"):
        book()


def test_a_child_on_leave_leaves_its_seat(book, lesson):
    lesson.class_group.is_capacity_hard = True
    lesson.class_group.save()
    child = child_in(lesson)
    child.status = "leave"
    child.save()

    assert book()


def test_once_at_a_time(book, lesson, enquiry, desk):
    book()

    with pytest.raises(TrialError, match="钱小小"):
        book()
    with pytest.raises(TrialError):
        book(lesson=LessonFactory(starts_at=SATURDAY))
    with refused_by("trialbooking_once"):
        TrialBooking.objects.create(lesson=lesson, enquiry=enquiry, booked_by=desk, booked_at=NOW)


def test_a_held_or_cancelled_lesson_refuses(book, lesson, call, desk):
    call()

    with pytest.raises(ScheduleError):
        book()


def test_a_cancelled_trial_gives_the_seat_back(book, lesson, desk):
    trial = book()

    cancel_trial(trial=trial, by=desk, now=NOW)

    assert statuses(trial) == (Status.CANCELLED, Enquiry.Stage.CONTACTED)
    assert statuses(book()) == (Status.BOOKED, Enquiry.Stage.TRIAL_BOOKED)


def test_the_roll_call_says_who_came(book, call, branch):
    came, stayed_away = book(), book(enquiry=EnquiryFactory(branch=branch))

    call(trials={stayed_away.pk: Status.NO_SHOW})

    assert statuses(came) == (Status.CAME, Enquiry.Stage.CAME)
    assert statuses(stayed_away) == (Status.NO_SHOW, Enquiry.Stage.CONTACTED)
    assert not CreditEntry.objects.exists()


def test_calling_again_keeps_what_was_said(book, call):
    trial = book()
    call(trials={trial.pk: Status.NO_SHOW})

    call()

    assert statuses(trial)[0] == Status.NO_SHOW


def test_undo_expects_the_guests_again(book, call, lesson, desk):
    trial = book()
    call()

    undo_roll_call(lesson=lesson, by=desk)

    assert statuses(trial) == (Status.BOOKED, Enquiry.Stage.TRIAL_BOOKED)


def test_a_result_with_a_line_about_it(book, desk):
    trial = book()

    record_trial_result(trial=trial, status=Status.CAME, note="基础好，可进二级", by=desk, now=SATURDAY)

    assert statuses(trial) == (Status.CAME, Enquiry.Stage.CAME)
    assert trial.note == "基础好，可进二级"


def test_no_result_before_the_lesson_or_of_a_cancelled_trial(book, desk):
    trial = book()

    with pytest.raises(TrialError):
        record_trial_result(trial=trial, status=Status.CAME, note="", by=desk, now=NOW)
    cancel_trial(trial=trial, by=desk, now=NOW)
    with pytest.raises(TrialError):
        record_trial_result(trial=trial, status=Status.CAME, note="", by=desk, now=SATURDAY)


def test_what_was_held_is_not_cancelled(book, call, desk):
    trial = book()
    call()

    with pytest.raises(TrialError):
        cancel_trial(trial=trial, by=desk, now=SATURDAY)


def test_a_trial_goes_with_its_lesson(book, lesson, desk):
    trial = book()

    cancel_lesson(lesson=lesson, reason="停电", by=desk, now=NOW, then="drop")

    assert statuses(trial) == (Status.CANCELLED, Enquiry.Stage.CONTACTED)


@pytest.mark.parametrize("stage", [Enquiry.Stage.LOST, Enquiry.Stage.NEW])
def test_who_was_lost_is_back(book, branch, lesson, stage):
    lost = EnquiryFactory(branch=branch, stage=stage)

    assert statuses(book(enquiry=lost))[1] == Enquiry.Stage.TRIAL_BOOKED


def test_who_signed_up_stays_signed_up(book, call):
    trial = book()
    Enquiry.objects.update(stage=Enquiry.Stage.SIGNED, signed_at=NOW)

    call()

    assert statuses(trial) == (Status.CAME, Enquiry.Stage.SIGNED)


# --- a lesson of its own ---------------------------------------------------------------------------------


@pytest.fixture
def open_lesson(enquiry, branch, desk):
    facts = {
        "enquiry": enquiry,
        "branch": branch,
        "course": enquiry.course,
        "teacher": teacher_of(branch),
        "room": RoomFactory(branch=branch, capacity=6),
        "starts_at": at("2026-11-29 14:00"),
        "by": desk,
        "now": NOW,
    }
    return lambda **other: open_trial_lesson(**facts | other)


def test_a_lesson_of_its_own_takes_no_credits(open_lesson, enquiry):
    trial = open_lesson()

    lesson = Lesson.objects.get(pk=trial.lesson_id)
    assert (lesson.credits, lesson.class_group.lessons_total, lesson.class_group.capacity) == (0, 1, 6)
    assert lesson.ends_at == at("2026-11-29 15:30")
    assert lesson.bookings.count() == 2  # teacher and room
    assert statuses(trial) == (Status.BOOKED, Enquiry.Stage.TRIAL_BOOKED)


def test_a_teacher_who_teaches_then_refuses(open_lesson, lesson):
    lesson.starts_at, lesson.ends_at = at("2026-11-29 14:30"), at("2026-11-29 16:00")
    lesson.save()

    with pytest.raises(LessonClashError, match="围棋甲班"):
        open_lesson(teacher=lesson.teacher)

    assert not TrialBooking.objects.exists()


def test_two_at_one_time_have_names_of_their_own(open_lesson, branch):
    first = open_lesson()
    second = open_lesson(
        enquiry=EnquiryFactory(branch=branch), teacher=teacher_of(branch), room=RoomFactory(branch=branch)
    )

    assert first.lesson.class_group.name != second.lesson.class_group.name
