"""Calling the roll: who came, and what that takes."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import day_text
from enrolments.services import settle_credits
from scheduling.clashes import Wanted, clash_refused_by_database
from scheduling.models import Attendance, Booking, Lesson
from scheduling.services.locks import locked

EARLIEST_ROLL_CALL = timedelta(minutes=30)  # before the lesson begins


class RollCallError(Exception):
    """The roll cannot be called (or undone) as asked; carries the sentence the user reads."""


@transaction.atomic
def call_roll(*, lesson, exceptions, by, now):
    """Call the roll: everybody present but for `exceptions` {attendance id: status}; all or nothing.

    Calling again corrects: the ledger gets the difference, and nothing when there is none.
    """
    lesson = locked(lesson)
    _refuse_roll_call(lesson, now)
    for attendance in _attendances(lesson):
        status = exceptions.get(attendance.pk, Attendance.Status.PRESENT)
        _mark(lesson, attendance, status, by=by)
    if not lesson.is_held:
        lesson.status, lesson.roll_called_at, lesson.roll_called_by = Lesson.Status.HELD, now, by
        lesson.save(update_fields=["status", "roll_called_at", "roll_called_by"])
    return lesson


def _refuse_roll_call(lesson, now):
    if lesson.status == Lesson.Status.CANCELLED:
        raise RollCallError(_("This lesson was cancelled: %(reason)s.") % {"reason": lesson.cancel_reason})
    if now < lesson.starts_at - EARLIEST_ROLL_CALL:
        raise RollCallError(
            _("This lesson is on %(day)s: the roll is called from half an hour before it begins.")
            % {"day": day_text(lesson.local_date)}
        )


def _attendances(lesson):
    """In one order for all lessons: two roll calls with the same children do not wait in a circle."""
    attendances = lesson.attendances.select_related("enrolment__student", "enrolment__course")
    return attendances.order_by("enrolment__student_id", "enrolment_id")


def _mark(lesson, attendance, status, *, by):
    if attendance.status != status:
        attendance.status = status
        child = Wanted(Booking.Kind.STUDENT, attendance.enrolment.student_id, lesson)
        with clash_refused_by_database([child]):  # no longer on leave: the child may be elsewhere by now
            attendance.save(update_fields=["status"])
    settle_credits(
        enrolment=attendance.enrolment,
        reference=attendance.reference,
        target=lesson.credits if takes_credit(lesson.branch, status) else 0,
        occurred_at=lesson.starts_at,
        by=by,
        reason=_("%(class)s, lesson %(number)d, %(day)s: %(status)s")
        % {
            "class": lesson.class_group,
            "number": lesson.number,
            "day": day_text(lesson.local_date),
            "status": attendance.get_status_display(),
        },
    )


def takes_credit(branch, status):
    """The branch's policy: leave and absence may cost a credit or not; a lesson not called never does."""
    policy = {
        Attendance.Status.PRESENT: True,
        Attendance.Status.LATE: True,
        Attendance.Status.LEAVE: branch.leave_takes_credit,
        Attendance.Status.ABSENT: branch.absent_takes_credit,
    }
    return policy.get(status, False)


@transaction.atomic
def undo_roll_call(*, lesson, by):
    """Give back exactly what the roll call took and leave the lesson planned, everybody expected."""
    lesson = locked(lesson)
    if not lesson.is_held:
        raise RollCallError(_("The roll of this lesson has not been called."))
    for attendance in _attendances(lesson):
        _mark(lesson, attendance, Attendance.Status.EXPECTED, by=by)
    lesson.status, lesson.roll_called_at, lesson.roll_called_by = Lesson.Status.PLANNED, None, None
    lesson.save(update_fields=["status", "roll_called_at", "roll_called_by"])
    return lesson
