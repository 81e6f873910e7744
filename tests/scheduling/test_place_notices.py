"""Families hear of a make-up or a trial that is booked, moved or cancelled, and of a seat that is offered."""

from datetime import timedelta

import pytest

from core.clock import day_text, moment_text, span_text
from messaging.models import OutboundMessage, Purpose, Status
from messaging.registry import Cancelled, kind_named
from messaging.services import drain_outbox
from scheduling.models import MakeUp, WaitingListEntry
from scheduling.notices import CHANGE_NOTICE
from scheduling.place_notices import MAKE_UP_NOTICE, SEAT_OFFER, TRIAL_NOTICE
from scheduling.services import (
    accept_offer,
    add_to_waiting_list,
    ask_leave,
    book_make_up,
    book_trial,
    call_roll,
    cancel_lesson,
    cancel_make_up,
    cancel_trial,
    lapse_offers,
    open_trial_lesson,
    reschedule_lesson,
    undo_change,
    withdraw_from_waiting_list,
)
from scheduling.services.class_seats import OFFER_LASTS
from tests.factories import (
    NOW,
    ClassGroupFactory,
    EnquiryFactory,
    EnrolmentFactory,
    GuardianFactory,
    GuardianshipFactory,
    LessonFactory,
    RoomFactory,
    at,
    manager_of,
    teacher_of,
)
from tests.scheduling.leave_school import SATURDAY, WEDNESDAY, child_in, lesson_of

pytestmark = pytest.mark.django_db

PHONE = "+8613812345678"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def branch(branch):
    branch.phone = "024-12345678"
    branch.save()
    return branch


@pytest.fixture
def manager(branch):
    return manager_of(branch)


@pytest.fixture
def mother():
    return GuardianFactory(phone=PHONE)


@pytest.fixture
def lesson(branch):
    """Next Saturday at nine."""
    return LessonFactory(class_group__branch=branch, class_group__course__name="围棋", starts_at=SATURDAY)


@pytest.fixture
def texts(fake_twilio):
    """What has arrived at the phones by `now`; a job runs twice, as it may."""

    def texts(now=NOW + MINUTE):
        for _time in range(2):
            drain_outbox(now=now)
        return [message["body"] for message in reversed(fake_twilio.store.messages())]

    return texts


def time_of(lesson):
    lesson.refresh_from_db()
    return span_text(lesson.starts_at, lesson.ends_at, lesson.branch.time_zone)


def move(lesson, start, *, by, now, room=None):
    lesson.refresh_from_db()
    facts = {"starts_at": at(start), "ends_at": at(start) + timedelta(minutes=90), "teacher": lesson.teacher}
    return reschedule_lesson(lesson=lesson, room=room or lesson.room, by=by, now=now, **facts)


def of_kind(kind):
    return OutboundMessage.objects.filter(kind=kind).order_by("pk")


@pytest.mark.parametrize("kind", [MAKE_UP_NOTICE, TRIAL_NOTICE, SEAT_OFFER])
def test_they_are_service_messages(kind):
    assert kind_named(kind).purpose == Purpose.SERVICE


# --- make-ups --------------------------------------------------------------------------------------------


@pytest.fixture
def right(lesson, manager, mother):
    """田萍 is on leave next Saturday."""
    attendance = child_in(lesson, name="田萍")
    GuardianshipFactory(student=attendance.enrolment.student, guardian=mother)
    ask_leave(attendance=attendance, reason="", by=manager, now=NOW)
    return MakeUp.objects.get()


@pytest.fixture
def other(lesson, branch):
    """On Wednesday the 2nd, in another class of the course."""
    return lesson_of(lesson.class_group.course, branch)


@pytest.fixture
def book(right, other, manager):
    return lambda now=NOW: book_make_up(make_up=right, lesson=other, by=manager, now=now)


@pytest.fixture
def give_up(right, manager):
    return lambda now=NOW + MINUTE: cancel_make_up(make_up=right, by=manager, now=now)


def test_a_booked_make_up_is_told(book, right, other, texts):
    book()

    [text] = texts()
    for part in ("田萍", "围棋", time_of(other), day_text(right.original.lesson.local_date), "024-12345678"):
        assert part in text
    assert of_kind(MAKE_UP_NOTICE).get().about == f"student:{right.original.enrolment.student_id}"
    assert texts() == [text]


def test_each_told_guardian_hears_of_it(book, right, texts):
    student = right.original.enrolment.student
    GuardianshipFactory(student=student, is_main=False)
    GuardianshipFactory(student=student, is_main=False, is_told=False)
    GuardianshipFactory(student=student, is_main=False, guardian__phone=None)

    book()

    assert len(texts()) == 2


def test_where_slips_are_handed_out_a_family_without_a_phone_hears_of_it(book, right):
    student = right.original.enrolment.student
    student.guardians.update(phone=None)
    right.original.lesson.branch.channel_routes.create(purpose="service", position=1, channel="slip")

    book()

    assert of_kind(MAKE_UP_NOTICE).count() == 1


def test_a_cancelled_make_up_is_told_with_what_is_left(book, give_up, right, other, texts):
    book()
    texts()

    give_up()

    [_booked, text] = texts(NOW + 2 * MINUTE)
    for part in ("田萍", time_of(other), day_text(right.expires_date)):
        assert part in text


def test_what_was_cancelled_before_it_was_sent_is_not_spoken_of(book, give_up, texts):
    book()
    give_up()

    assert texts() == []
    assert set(of_kind(MAKE_UP_NOTICE).values_list("status", flat=True)) == {Status.CANCELLED}


def test_who_books_again_is_told_again(book, give_up, texts):
    book()
    texts()
    give_up()
    book(NOW + 2 * MINUTE)

    assert len(texts(NOW + 3 * MINUTE)) == 3


def test_a_make_up_in_a_lesson_that_is_cancelled_is_told_once(book, other, manager, texts):
    book()
    texts()

    cancel_lesson(lesson=other, reason="停电", by=manager, now=NOW + MINUTE)

    [_booked, text] = texts(NOW + 2 * MINUTE)
    assert "停电" in text


def test_a_cancelled_lesson_silences_the_booking(book, other, manager, texts):
    book()
    cancel_lesson(lesson=other, reason="停电", by=manager, now=NOW)

    [text] = texts()
    assert "停电" in text
    assert of_kind(MAKE_UP_NOTICE).get().status == Status.CANCELLED


def test_a_told_make_up_that_moves_is_told_at_once(book, other, manager, texts):
    """A class that moves weeks ahead waits for its reminder; a make-up was told with its hour."""
    child_in(other)
    book()
    texts()

    move(other, "2026-12-03 18:00", by=manager, now=NOW + MINUTE)

    [_booked, text] = texts(NOW + 2 * MINUTE)
    assert time_of(other) in text


def test_one_that_moves_before_it_was_sent_is_told_where_it_is(book, other, manager, texts):
    book()
    move(other, "2026-12-03 18:00", by=manager, now=NOW)

    [text] = texts()
    assert time_of(other) in text
    assert not of_kind(CHANGE_NOTICE)


def test_a_make_up_that_has_begun_is_not_told(book, other, texts):
    book(other.starts_at - MINUTE)

    assert texts(other.starts_at) == []


def test_a_child_that_came_all_the_same_does_not_make_up_and_is_told(book, right, other, lesson, manager, texts):
    book()
    texts()

    call_roll(lesson=lesson, exceptions={right.original_id: "present"}, by=manager, now=SATURDAY)

    [_booked, text] = texts(SATURDAY + MINUTE)
    assert time_of(other) in text
    assert day_text(right.expires_date) not in text


# --- trials ----------------------------------------------------------------------------------------------


@pytest.fixture
def enquiry(branch, lesson):
    return EnquiryFactory(branch=branch, child_name="钱小小", phone=PHONE, course=lesson.class_group.course)


@pytest.fixture
def trial(enquiry, lesson, manager):
    return book_trial(enquiry=enquiry, lesson=lesson, by=manager, now=NOW)


def test_a_booked_trial_is_told_to_whoever_asked(trial, lesson, texts, fake_twilio):
    [text] = texts()

    for part in ("钱小小", "围棋", time_of(lesson), lesson.branch.name, "024-12345678"):
        assert part in text
    assert fake_twilio.store.messages()[0]["to_phone"] == PHONE
    assert of_kind(TRIAL_NOTICE).get().about == f"enquiry:{trial.enquiry_id}"


def test_without_a_phone_nobody_is_told(enquiry, lesson, manager):
    enquiry.phone = ""
    enquiry.save()

    book_trial(enquiry=enquiry, lesson=lesson, by=manager, now=NOW)

    assert not of_kind(TRIAL_NOTICE)


def test_a_trial_lesson_of_its_own_is_told(enquiry, branch, lesson, texts):
    teacher, room = teacher_of(branch), RoomFactory(branch=branch, name="301")

    open_trial_lesson(
        enquiry=enquiry, branch=branch, course=lesson.class_group.course, teacher=teacher, room=room,
        starts_at=WEDNESDAY, by=manager_of(branch), now=NOW,
    )  # fmt: skip

    [text] = texts()
    assert "301" in text


def test_a_cancelled_trial_is_told(trial, lesson, manager, texts):
    texts()

    cancel_trial(trial=trial, by=manager, now=NOW + MINUTE)

    [_booked, text] = texts(NOW + 2 * MINUTE)
    assert time_of(lesson) in text


def test_a_trial_cancelled_before_it_was_sent_is_silent(trial, manager, texts):
    cancel_trial(trial=trial, by=manager, now=NOW)

    assert texts() == []


def test_a_trial_that_moves_is_told_with_both_times(trial, lesson, manager, texts):
    texts()
    before = time_of(lesson)

    move(lesson, "2026-11-29 10:00", by=manager, now=NOW + MINUTE)

    [_booked, text] = texts(NOW + 2 * MINUTE)
    assert before in text
    assert time_of(lesson) in text


def test_moved_twice_before_it_was_sent_is_one_message(trial, lesson, manager, texts):
    texts()
    before = time_of(lesson)
    move(lesson, "2026-11-29 10:00", by=manager, now=NOW + MINUTE)
    never_told = time_of(lesson)
    move(lesson, "2026-11-29 14:00", by=manager, now=NOW + MINUTE)

    [_booked, text] = texts(NOW + 2 * MINUTE)
    assert before in text
    assert time_of(lesson) in text
    assert never_told not in text


def test_moved_before_the_booking_was_sent_is_one_message(trial, lesson, manager, texts):
    before = time_of(lesson)
    move(lesson, "2026-12-05 10:00", by=manager, now=NOW)

    [text] = texts()
    assert time_of(lesson) in text
    assert before not in text
    assert of_kind(TRIAL_NOTICE).get().useful_until == lesson.starts_at


def test_another_room_is_told(trial, lesson, manager, texts):
    texts()

    room = RoomFactory(branch=lesson.branch, name="大教室")
    move(lesson, "2026-11-28 09:00", room=room, by=manager, now=NOW + MINUTE)

    assert "大教室" in texts(NOW + 2 * MINUTE)[1]


def test_a_move_that_is_undone_in_time_is_silent(trial, lesson, manager, texts):
    texts()
    move(lesson, "2026-11-29 10:00", by=manager, now=NOW + MINUTE)
    undo_change(change=lesson.changes.get().change, by=manager, now=NOW + MINUTE)

    assert len(texts(NOW + 2 * MINUTE)) == 1


def test_a_cancelled_lesson_is_told_with_its_reason(trial, lesson, manager, texts):
    texts()

    cancel_lesson(lesson=lesson, reason="停电", by=manager, now=NOW + MINUTE)

    [_booked, text] = texts(NOW + 2 * MINUTE)
    assert "停电" in text
    assert time_of(lesson) in text


def test_a_trial_that_has_begun_is_not_told(trial, lesson, texts):
    message = of_kind(TRIAL_NOTICE).get()

    with pytest.raises(Cancelled):
        kind_named(TRIAL_NOTICE).renderer(message, lesson.starts_at)


def test_another_teacher_is_no_news_to_a_guest(trial, lesson, manager, texts):
    texts()
    facts = {"starts_at": lesson.starts_at, "ends_at": lesson.ends_at, "room": lesson.room}

    reschedule_lesson(lesson=lesson, teacher=teacher_of(lesson.branch), by=manager, now=NOW + MINUTE, **facts)

    assert len(texts(NOW + 2 * MINUTE)) == 1


# --- the waiting list ------------------------------------------------------------------------------------


@pytest.fixture
def waiting(branch, manager, mother):
    """Of a class with one free seat: it is offered at once."""
    group = ClassGroupFactory(branch=branch, name="围棋甲班", capacity=1)
    enrolment = EnrolmentFactory(branch=branch, course=group.course, student__name="田萍")
    GuardianshipFactory(student=enrolment.student, guardian=mother)
    return add_to_waiting_list(class_group=group, enrolment=enrolment, by=manager, now=NOW)


def test_an_offered_seat_is_told_with_its_end(waiting, branch, texts):
    [text] = texts()

    for part in ("田萍", "围棋甲班", moment_text(NOW + OFFER_LASTS, branch.time_zone), branch.name, "024-12345678"):
        assert part in text
    assert of_kind(SEAT_OFFER).get().useful_until == waiting.offered_until


def test_at_a_branch_without_a_phone_one_asks_there(waiting, branch, texts):
    branch.phone = ""
    branch.save()

    assert branch.name in texts()[0]


@pytest.mark.parametrize("end", ["accepted", "withdrawn", "lapsed"])
def test_an_offer_that_has_ended_is_not_told(waiting, manager, texts, end):
    {
        "accepted": lambda: accept_offer(entry=waiting, by=manager, now=NOW),
        "withdrawn": lambda: withdraw_from_waiting_list(entry=waiting, now=NOW),
        "lapsed": lambda: lapse_offers(now=NOW + OFFER_LASTS),
    }[end]()

    assert texts() == []


def test_the_next_in_line_is_told_when_an_offer_lapses(waiting, manager, texts):
    student = GuardianshipFactory(student__name="孙大大").student
    enrolment = EnrolmentFactory(branch=waiting.class_group.branch, course=waiting.class_group.course, student=student)
    add_to_waiting_list(class_group=waiting.class_group, enrolment=enrolment, by=manager, now=NOW)
    texts()

    lapse_offers(now=NOW + OFFER_LASTS)
    lapse_offers(now=NOW + OFFER_LASTS + MINUTE)

    [_first, second] = texts(NOW + OFFER_LASTS + 2 * MINUTE)
    assert "孙大大" in second
    assert WaitingListEntry.objects.get(enrolment=enrolment).status == "offered"
