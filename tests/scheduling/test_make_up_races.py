"""Twenty children, one seat: one of them makes up there, the others are told that it is full."""

from functools import partial

import pytest

from scheduling.models import Attendance, MakeUp
from scheduling.services import MakeUpError, ask_leave, book_make_up, book_trial
from scheduling.services.trials import TrialError
from tests.factories import NOW, EnquiryFactory, LessonFactory, manager_of
from tests.races import at_once
from tests.scheduling.leave_school import SATURDAY, child_in, lesson_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_race_at_a_time")]

RIVALS = 20


def test_the_last_make_up_seat_goes_to_exactly_one(branch):
    manager = manager_of(branch)
    missed = LessonFactory(class_group__branch=branch, starts_at=SATURDAY)
    for _number in range(RIVALS):
        ask_leave(attendance=child_in(missed), reason="", by=manager, now=NOW)
    target = lesson_of(missed.class_group.course, branch, capacity=1, make_up_seats=1)
    child_in(target)

    book = partial(book_make_up, lesson=target, by=manager, now=NOW)
    results = at_once([partial(book, make_up=make_up) for make_up in MakeUp.objects.all()])

    assert sum(isinstance(result, Attendance) for result in results) == 1
    assert [repr(one) for one in results if not isinstance(one, (Attendance, MakeUpError))] == []
    assert target.attendances.count() == 2
    assert MakeUp.objects.filter(attendance__isnull=False).count() == 1


def test_one_right_is_used_in_exactly_one_lesson(branch):
    manager = manager_of(branch)
    missed = LessonFactory(class_group__branch=branch, starts_at=SATURDAY)
    attendance = child_in(missed)
    ask_leave(attendance=attendance, reason="", by=manager, now=NOW)
    make_up = MakeUp.objects.get()
    targets = [lesson_of(missed.class_group.course, branch) for _number in range(8)]

    results = at_once(
        [partial(book_make_up, make_up=make_up, lesson=lesson, by=manager, now=NOW) for lesson in targets]
    )

    assert sum(isinstance(result, Attendance) for result in results) == 1
    assert attendance.enrolment.attendances.count() == 2


def test_the_last_trial_seat_goes_to_exactly_one(branch):
    manager = manager_of(branch)
    lesson = LessonFactory(
        class_group__branch=branch, class_group__capacity=1, class_group__is_capacity_hard=True, starts_at=SATURDAY
    )
    enquiries = EnquiryFactory.create_batch(RIVALS, branch=branch)

    results = at_once(
        [partial(book_trial, enquiry=enquiry, lesson=lesson, by=manager, now=NOW) for enquiry in enquiries]
    )

    assert sum(not isinstance(result, Exception) for result in results) == 1
    assert [repr(one) for one in results if isinstance(one, Exception) and not isinstance(one, TrialError)] == []
    assert lesson.trials.count() == 1
