"""Make-ups: what is offered, booked in one other lesson, paid once together with the missed one."""

import datetime
from decimal import Decimal

import pytest

from scheduling.clashes import LessonClashError
from scheduling.make_ups import fitting_lessons
from scheduling.models import Attendance, Booking, Lesson, MakeUp
from scheduling.reminders import plan_class_reminders
from scheduling.services import (
    MakeUpError,
    RollCallError,
    ScheduleError,
    ask_leave,
    book_make_up,
    call_roll,
    cancel_lesson,
    cancel_make_up,
    place_student,
    remove_from_class,
    undo_roll_call,
    withdraw_leave,
)
from tests.factories import (
    NOW,
    TODAY,
    AttendanceFactory,
    CourseFactory,
    EnquiryFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    UserFactory,
    at,
    manager_of,
)
from tests.refusals import refused_by
from tests.scheduling.leave_school import SATURDAY, WEDNESDAY, child_in, lesson_of, policy_of, taken_by

pytestmark = pytest.mark.django_db

Status = Attendance.Status
HALF = Decimal("0.5")


@pytest.fixture
def manager(branch):
    return manager_of(branch)


@pytest.fixture
def missed(branch, manager):
    """A child on leave from next Saturday's lesson: nothing is taken, a make-up is given."""
    lesson = LessonFactory(class_group__branch=branch, class_group__name="围棋甲班", starts_at=SATURDAY)
    attendance = child_in(lesson, name="田萍")
    ask_leave(attendance=attendance, reason="", by=manager, now=NOW)
    return attendance


@pytest.fixture
def make_up(missed):
    return MakeUp.objects.get(original=missed)


@pytest.fixture
def other(missed, branch):
    """A lesson of another class of the course, on Wednesday."""
    return lesson_of(missed.lesson.class_group.course, branch, name="围棋乙班")


@pytest.fixture
def book(make_up, manager):
    return lambda lesson: book_make_up(make_up=make_up, lesson=lesson, by=manager, now=NOW)


@pytest.fixture
def call(manager):
    def call(lesson, exceptions=None):
        return call_roll(lesson=lesson, exceptions=exceptions or {}, by=manager, now=lesson.starts_at)

    return call


def offered(make_up, now=NOW):
    return [offer.lesson for offer in fitting_lessons(make_up, lessons=Lesson.objects.all(), now=now)]


def state(make_up):
    make_up.refresh_from_db()
    return make_up.attendance


# --- what is offered -------------------------------------------------------------------------------------


def test_lessons_of_the_same_course_are_offered(make_up, other):
    lesson_of(CourseFactory(), other.branch)

    assert offered(make_up) == [other]


def test_what_has_begun_is_not_offered(make_up, other):
    assert offered(make_up, now=other.starts_at) == []


def test_what_is_cancelled_or_beyond_the_expiry_is_not_offered(make_up, other, branch):
    course = other.class_group.course
    late = lesson_of(course, branch, at("2027-02-06 09:00"))
    cancelled = lesson_of(course, branch, at("2026-12-03 18:00"))
    Lesson.objects.filter(pk=cancelled.pk).update(status="cancelled", cancel_reason="停电")
    assert late.local_date > make_up.expires_date

    assert offered(make_up) == [other]


def test_own_lessons_are_not_offered(make_up, missed, other):
    later = LessonFactory(class_group=missed.lesson.class_group, starts_at=at("2026-12-05 09:00"), number=2)
    AttendanceFactory(lesson=later, enrolment=missed.enrolment)

    assert offered(make_up) == [other]


def test_a_lesson_at_a_time_when_the_child_is_elsewhere_is_not_offered(make_up, missed, other):
    swimming = LessonFactory(starts_at=other.starts_at)
    enrolment = EnrolmentFactory(
        student=missed.enrolment.student, branch=swimming.branch, course=swimming.class_group.course
    )
    AttendanceFactory(lesson=swimming, enrolment=enrolment)

    assert offered(make_up) == []


@pytest.mark.parametrize(
    ("capacity", "extra", "children", "on_leave", "trials", "is_offered"),
    [
        (2, 0, 1, 0, 0, True),
        (2, 0, 2, 0, 0, False),
        (2, 1, 2, 0, 0, True),
        (2, 0, 1, 1, 0, True),  # a child on leave leaves its seat
        (2, 0, 1, 0, 1, False),
        (2, 1, 3, 0, 0, False),  # over-full already
    ],
)
def test_a_seat_must_be_free(make_up, branch, capacity, extra, children, on_leave, trials, is_offered):
    course = make_up.original.enrolment.course
    lesson = lesson_of(course, branch, capacity=capacity, make_up_seats=extra)
    AttendanceFactory.create_batch(children, lesson=lesson)
    AttendanceFactory.create_batch(on_leave, lesson=lesson, status=Status.LEAVE)
    for _number in range(trials):
        lesson.trials.create(enquiry=EnquiryFactory(branch=branch), booked_by=UserFactory(), booked_at=NOW)

    assert offered(make_up) == ([lesson] if is_offered else [])


def test_only_the_level_of_the_class_is_offered(make_up, missed, other, branch):
    group = missed.lesson.class_group
    group.level = "三级"
    group.save()
    same = lesson_of(group.course, branch, at("2026-12-03 18:00"), level="三级")
    make_up = MakeUp.objects.get(pk=make_up.pk)

    assert offered(make_up) == [same]


def test_own_branch_first_then_closest_to_the_missed_lesson(make_up, other_branch, other, branch):
    course = other.class_group.course
    far = lesson_of(course, branch, at("2026-12-09 18:00"))
    elsewhere = lesson_of(course, other_branch, at("2026-11-28 14:00"))
    day_before = lesson_of(course, branch, at("2026-11-27 18:00"))

    assert offered(make_up) == [day_before, other, far, elsewhere]


def test_children_of_another_age_come_last(missed, make_up, other, branch):
    course = other.class_group.course
    student = missed.enrolment.student
    student.birth_date = datetime.date(2018, 5, 1)
    student.save()
    little = lesson_of(course, branch, at("2026-11-30 18:00"))
    child_in(little, birth_date=datetime.date(2021, 5, 1))
    child_in(other, birth_date=datetime.date(2017, 1, 1))

    offers = fitting_lessons(MakeUp.objects.get(pk=make_up.pk), lessons=Lesson.objects.all(), now=NOW)

    assert [(offer.lesson, offer.fits_age) for offer in offers] == [(other, True), (little, False)]


@pytest.mark.parametrize("number", [1, 3])
def test_offers_cost_two_queries(make_up, missed, branch, number, django_assert_num_queries):
    for day in range(number):
        lesson_of(missed.enrolment.course, branch, WEDNESDAY + datetime.timedelta(days=day))
    make_up = MakeUp.objects.select_related("original__lesson__class_group", "original__enrolment__student").get()

    with django_assert_num_queries(2):
        assert len(offered(make_up)) == number


# --- booking ---------------------------------------------------------------------------------------------


def test_the_child_is_expected_there_and_paid_from_the_same_enrolment(book, make_up, missed, other):
    attendance = book(other)

    assert (attendance.lesson, attendance.enrolment, attendance.status) == (other, missed.enrolment, Status.EXPECTED)
    assert state(make_up) == attendance
    assert Booking.objects.filter(lesson=other, kind="student", resource_id=missed.enrolment.student_id).exists()


def test_a_right_is_used_once(book, other, branch):
    book(other)

    with pytest.raises(MakeUpError):
        book(lesson_of(other.class_group.course, branch, at("2026-12-03 18:00")))

    assert Attendance.objects.filter(make_up__isnull=False).count() == 1


def test_two_rights_cannot_share_an_attendance(book, missed, other, make_up):
    attendance = book(other)

    with refused_by("attendance_id"):
        MakeUp.objects.create(
            original=attendance, attendance=attendance, expires_date=make_up.expires_date, opened_at=NOW
        )


def test_a_full_lesson_refuses(book, missed, branch, make_up):
    full = lesson_of(missed.enrolment.course, branch, capacity=1)
    child_in(full)

    with pytest.raises(MakeUpError, match=full.class_group.name):
        book(full)

    assert state(make_up) is None


def test_another_course_an_own_lesson_and_a_day_too_late_refuse(book, make_up, missed, branch):
    later = LessonFactory(class_group=missed.lesson.class_group, starts_at=at("2026-12-05 09:00"), number=2)
    AttendanceFactory(lesson=later, enrolment=missed.enrolment)
    too_late = lesson_of(missed.enrolment.course, branch, at("2027-02-06 09:00"))

    for lesson in (lesson_of(CourseFactory(), branch), later, too_late):
        with pytest.raises(MakeUpError):
            book(lesson)


def test_a_child_that_is_elsewhere_refuses(book, missed, other):
    swimming = LessonFactory(starts_at=other.starts_at, class_group__name="游泳班")
    enrolment = EnrolmentFactory(
        student=missed.enrolment.student, branch=swimming.branch, course=swimming.class_group.course
    )
    AttendanceFactory(lesson=swimming, enrolment=enrolment)

    with pytest.raises(LessonClashError, match="游泳班"):
        book(other)


def test_a_held_lesson_refuses(book, other, call):
    call(other)

    with pytest.raises(ScheduleError):
        book(other)


def test_a_withdrawn_right_refuses(book, missed, other, manager):
    withdraw_leave(absence_request=missed.absence_requests.get(), by=manager, now=NOW)

    with pytest.raises(MakeUpError):
        book(other)


def test_a_child_that_came_all_the_same_has_nothing_to_make_up(book, missed, other, call):
    call(missed.lesson, {missed.pk: Status.PRESENT})

    with pytest.raises(MakeUpError):
        book(other)


def test_a_make_up_is_reminded_like_any_lesson(book, missed, other):
    GuardianshipFactory(student=missed.enrolment.student)
    book(other)

    assert plan_class_reminders(now=at("2026-12-01 18:00")) == 1


# --- cancelling ------------------------------------------------------------------------------------------


def test_a_cancelled_make_up_opens_the_right_again(book, make_up, other, manager):
    book(other)

    cancel_make_up(make_up=make_up, by=manager, now=NOW)
    cancel_make_up(make_up=make_up, by=manager, now=NOW)

    assert state(make_up) is None
    assert not other.attendances.exists()
    assert list(MakeUp.objects.open(TODAY)) == [make_up]
    assert book(other)


def test_what_was_held_is_not_cancelled(book, make_up, other, manager, call):
    book(other)
    call(other)

    with pytest.raises(MakeUpError):
        cancel_make_up(make_up=make_up, by=manager, now=NOW)


def test_a_lesson_the_school_cancels_gives_the_right_back_with_the_days_lost(
    book, make_up, other, manager, missed, call
):
    policy_of(missed.lesson.branch, make_up_days=3)
    MakeUp.objects.update(expires_date=other.local_date)
    book(other)

    cancel_lesson(lesson=other, reason="停电", by=manager, now=NOW, then="drop")

    assert state(make_up) is None
    assert make_up.expires_date == other.local_date + datetime.timedelta(days=3)
    assert list(MakeUp.objects.open(TODAY)) == [make_up]


def test_an_expired_right_stays_on_the_books(make_up):
    after = make_up.expires_date + datetime.timedelta(days=1)

    assert list(MakeUp.objects.open(make_up.expires_date)) == [make_up]
    assert not MakeUp.objects.open(after).exists()
    assert list(MakeUp.objects.expired(after)) == [make_up]


def test_who_leaves_the_class_of_a_make_up_keeps_the_right(book, make_up, missed, other, manager):
    book(other)
    member = place_student(
        class_group=other.class_group, enrolment=missed.enrolment, joined_date=TODAY, by=manager, now=NOW
    )

    remove_from_class(member=member, left_date=TODAY, now=NOW)

    assert state(make_up) is None


def test_a_right_goes_with_its_lesson_when_the_child_leaves_the_class(missed, make_up, manager):
    withdraw_leave(absence_request=missed.absence_requests.get(), by=manager, now=NOW)
    group = missed.lesson.class_group
    member = place_student(class_group=group, enrolment=missed.enrolment, joined_date=TODAY, by=manager, now=NOW)

    remove_from_class(member=member, left_date=TODAY, now=NOW)

    assert not missed.lesson.attendances.exists()


# --- what both take together -----------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["missed first", "make-up first"])
@pytest.mark.parametrize(("hours", "share"), [(30, Decimal(0)), (10, HALF)])
def test_missed_lesson_and_make_up_take_one_lesson_together(branch, manager, call, order, hours, share):
    policy_of(branch)
    lesson = LessonFactory(class_group__branch=branch, starts_at=SATURDAY, credits=Decimal("1.5"))
    attendance = child_in(lesson)
    ask_leave(attendance=attendance, reason="", by=manager, now=SATURDAY - datetime.timedelta(hours=hours))
    target = lesson_of(lesson.class_group.course, branch, credits=2)
    made_up = book_make_up(make_up=MakeUp.objects.get(), lesson=target, by=manager, now=NOW)

    for one in [lesson, target] if order == "missed first" else [target, lesson]:
        call(one)

    assert taken_by(attendance) == (Decimal("0.7") if share else 0)
    assert taken_by(attendance) + taken_by(made_up) == Decimal("1.5")


def test_a_leave_that_took_the_whole_credit_is_made_up_for_nothing(branch, manager, call):
    policy_of(branch, tiers=[(0, "1.0", True)])
    lesson = LessonFactory(class_group__branch=branch, starts_at=SATURDAY)
    attendance = child_in(lesson)
    ask_leave(attendance=attendance, reason="", by=manager, now=NOW)
    target = lesson_of(lesson.class_group.course, branch)
    made_up = book_make_up(make_up=MakeUp.objects.get(), lesson=target, by=manager, now=NOW)

    call(lesson)
    call(target)

    assert (taken_by(attendance), taken_by(made_up)) == (1, 0)


def test_undoing_the_make_up_gives_back_what_it_took(book, make_up, missed, other, call, manager):
    made_up = book(other)
    call(missed.lesson)
    call(other)

    undo_roll_call(lesson=other, by=manager)

    assert (taken_by(missed), taken_by(made_up)) == (0, 0)
    assert state(make_up) == made_up


@pytest.mark.parametrize(("takes", "taken"), [(True, 1), (False, 0)])
def test_a_missed_make_up_uses_the_right_up_and_takes_what_absence_takes(
    branch, book, make_up, other, call, takes, taken
):
    branch.absent_takes_credit = takes
    branch.save()
    made_up = book(other)

    call(other, {made_up.pk: Status.ABSENT})

    assert taken_by(made_up) == taken
    assert list(MakeUp.objects.taken()) == [make_up]


def test_leave_told_at_the_roll_call_of_a_make_up_gives_no_second_right(book, other, call):
    made_up = book(other)

    call(other, {made_up.pk: Status.LEAVE})

    assert MakeUp.objects.count() == 1


def test_who_came_after_all_loses_the_booked_make_up(book, make_up, missed, other, call):
    book(other)

    call(missed.lesson, {missed.pk: Status.PRESENT})

    assert state(make_up) is None
    assert not other.attendances.exists()


@pytest.mark.parametrize("status", [Status.PRESENT, Status.LATE, Status.ABSENT])
def test_who_made_it_up_cannot_have_been_there(book, missed, other, call, status):
    made_up = book(other)
    call(other)

    with pytest.raises(RollCallError, match="田萍"):
        call(missed.lesson, {missed.pk: status})

    assert (taken_by(missed), taken_by(made_up)) == (0, 1)


def test_a_roll_call_cannot_be_undone_under_a_make_up_that_was_held(branch, manager, call, other):
    """Leave that was told at the roll call: without it there is nothing that was made up."""
    lesson = LessonFactory(class_group=other.class_group, starts_at=SATURDAY, number=2)
    attendance = child_in(lesson)
    call(lesson, {attendance.pk: Status.LEAVE})
    target = lesson_of(other.class_group.course, branch, at("2026-12-03 18:00"))
    book_make_up(make_up=MakeUp.objects.get(original=attendance), lesson=target, by=manager, now=NOW)
    call(target)

    with pytest.raises(RollCallError):
        undo_roll_call(lesson=lesson, by=manager)


def test_a_missed_lesson_that_takes_another_share_now_leaves_the_make_up_the_rest(branch, manager, call, other):
    """Leave told at the roll call; the policy changes, and the roll is corrected after the make-up was held."""
    policy = policy_of(branch, tiers=[(0, "0.5", True)])
    lesson = LessonFactory(class_group=other.class_group, starts_at=SATURDAY, number=2)
    attendance = child_in(lesson)
    call(lesson, {attendance.pk: Status.LEAVE})
    target = lesson_of(other.class_group.course, branch, at("2026-12-03 18:00"))
    right = MakeUp.objects.get(original=attendance)
    made_up = book_make_up(make_up=right, lesson=target, by=manager, now=NOW)
    call(target)
    assert (taken_by(attendance), taken_by(made_up)) == (HALF, HALF)

    policy.tiers.update(share=0)
    call(lesson, {attendance.pk: Status.LEAVE})

    assert (taken_by(attendance), taken_by(made_up)) == (0, 1)
