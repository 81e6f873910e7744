"""Calling the roll: who came, and what that takes."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _

from core.clock import day_text
from enrolments.models import CreditEntry
from enrolments.services import settle_credits
from scheduling.clashes import Wanted, clash_refused_by_database
from scheduling.leave_rules import NOTHING, WHOLE, part_of
from scheduling.models import AbsenceRequest, Attendance, Booking, Lesson, MakeUp
from scheduling.place_notices import tell_make_up_cancelled
from scheduling.services.leave import terms_of_leave
from scheduling.services.locks import locked
from scheduling.services.make_ups import release_seat, settle_right
from scheduling.services.trials import expect_trials, record_trials

EARLIEST_ROLL_CALL = timedelta(minutes=30)  # before the lesson begins


class RollCallError(Exception):
    """The roll cannot be called (or undone) as asked; carries the sentence the user reads."""


@transaction.atomic
def call_roll(*, lesson, exceptions, by, now, trials=None):
    """Call the roll: everybody present but for `exceptions` {attendance id: status}; all or nothing.

    Who asked for leave is on leave unless an exception says otherwise; `trials` {trial id: status} are the
    exceptions among the guests. Calling again corrects: the ledger gets the difference, and nothing when there is
    none.
    """
    lesson = _locked_with_make_ups(lesson)
    _refuse_roll_call(lesson, now)
    if not lesson.is_held:
        lesson.status, lesson.roll_called_at, lesson.roll_called_by = Lesson.Status.HELD, now, by
        lesson.save(update_fields=["status", "roll_called_at", "roll_called_by"])
    for attendance in _attendances(lesson):
        status = exceptions.get(attendance.pk, _usual(attendance, Attendance.Status.PRESENT))
        _mark(attendance, status, by=by, now=now)
        if status == Attendance.Status.LEAVE:
            _give_right(attendance, now=now)
    record_trials(lesson, trials or {}, by=by, now=now)
    return lesson


@transaction.atomic
def undo_roll_call(*, lesson, by):
    """Give back exactly what the roll call took and leave the lesson planned, everybody expected or on leave."""
    lesson = _locked_with_make_ups(lesson)
    if not lesson.is_held:
        raise RollCallError(_("The roll of this lesson has not been called."))
    called_at = lesson.roll_called_at  # what is told is due from then on: at once
    lesson.status, lesson.roll_called_at, lesson.roll_called_by = Lesson.Status.PLANNED, None, None
    lesson.save(update_fields=["status", "roll_called_at", "roll_called_by"])
    for attendance in _attendances(lesson):
        _mark(attendance, _usual(attendance, Attendance.Status.EXPECTED), by=by, now=called_at)
    expect_trials(lesson, by=by, now=called_at)
    return lesson


def credits_taken_by_roll(lesson):
    """What the roll call of a lesson took from all accounts together."""
    references = [attendance.reference for attendance in lesson.attendances.all()]
    return -CreditEntry.objects.filter(reference__in=references).total()


# --- one child -------------------------------------------------------------------------------------------


def _usual(attendance, otherwise):
    return Attendance.Status.LEAVE if attendance.asked_leave else otherwise


def _mark(attendance, status, *, by, now):
    if status != Attendance.Status.LEAVE:
        _part_with_make_up(attendance, now=now)
    if attendance.status != status:
        attendance.status = status
        child = Wanted(Booking.Kind.STUDENT, attendance.enrolment.student_id, attendance.lesson)
        with clash_refused_by_database([child]):  # no longer on leave: the child may be elsewhere by now
            attendance.save(update_fields=["status"])
    _settle(attendance, by=by)
    for make_up in attendance.rights:  # one that was held before takes what the missed lesson leaves
        if make_up.attendance and make_up.attendance.lesson.is_held:
            _settle(make_up.attendance, by=by)


def _part_with_make_up(attendance, *, now):
    """A child that came, or was simply absent, does not make the lesson up; the right rests.

    A make-up that is booked is cancelled, and the family told; one that was held refuses.
    """
    for make_up in attendance.rights:
        if make_up.attendance and make_up.attendance.lesson.is_held:
            facts = {
                "student": attendance.enrolment.student,
                "day": day_text(make_up.attendance.lesson.local_date),
            }
            raise RollCallError(
                _(
                    "%(student)s has made this lesson up on %(day)s and can only be on leave here. If that is wrong, "
                    "undo the roll call of the make-up first."
                )
                % facts
            )
        if make_up.attendance:
            tell_make_up_cancelled(make_up, now=now)
            release_seat(make_up)


def _give_right(attendance, *, now):
    """Leave that is first told at the roll call gives what leave without notice gives; in a make-up, nothing."""
    if attendance.asked_leave or _make_up_in(attendance):
        return
    terms = terms_of_leave(attendance, now=attendance.lesson.starts_at)
    settle_right(attendance, is_given=terms.gives_make_up, expires_date=terms.expires_date, now=now)


def _settle(attendance, *, by):
    lesson = attendance.lesson
    settle_credits(
        enrolment=attendance.enrolment,
        reference=attendance.reference,
        target=credits_of(attendance),
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


# --- what it takes ---------------------------------------------------------------------------------------


def credits_of(attendance):
    """What an attendance takes as it is marked. A make-up takes what its missed lesson has left of one lesson."""
    if not attendance.lesson.is_held:
        return Decimal(0)
    make_up = _make_up_in(attendance)
    if make_up is None:
        return part_of(attendance.lesson.credits, share_of(attendance))
    whole = make_up.original.lesson.credits - _taken_by_missed(make_up.original)
    return part_of(whole, share_by_status(attendance.lesson.branch, attendance.status))


def share_of(attendance):
    """The share of a lesson's credits: of a leave as its request has it, else by the policy at no notice."""
    if attendance.status != Attendance.Status.LEAVE:
        return share_by_status(attendance.lesson.branch, attendance.status)
    request = attendance.absence_requests.active().first()
    return request.share if request else terms_of_leave(attendance, now=attendance.lesson.starts_at).share


def share_by_status(branch, status):
    """The branch's rule: leave and absence may cost a credit or not; a child not called never does."""
    takes = {
        Attendance.Status.PRESENT: True,
        Attendance.Status.LATE: True,
        Attendance.Status.LEAVE: branch.leave_takes_credit,
        Attendance.Status.ABSENT: branch.absent_takes_credit,
    }
    return WHOLE if takes.get(status) else NOTHING


def _taken_by_missed(original):
    """What the missed lesson took, or will take once its roll is called."""
    if original.lesson.is_held:
        return -CreditEntry.objects.filter(reference=original.reference).total()
    request = original.absence_requests.active().first()
    return part_of(original.lesson.credits, request.share) if request else NOTHING


def _make_up_in(attendance):
    return getattr(attendance, "make_up", None)


# --- rows ------------------------------------------------------------------------------------------------


def _locked_with_make_ups(lesson):
    """The lesson, locked together with those in which its children make it up; in one order for all roll calls."""
    make_ups = MakeUp.objects.filter(original__lesson=lesson, attendance__isnull=False).values("attendance__lesson")
    together = Lesson.objects.filter(Q(pk=lesson.pk) | Q(pk__in=make_ups)).order_by("pk")
    list(together.select_for_update(of=["self"], no_key=True).values_list("pk"))
    return locked(lesson)


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
    rights = MakeUp.objects.filter(withdrawn_at__isnull=True).select_related(
        "attendance__lesson__branch", "attendance__lesson__class_group", "attendance__enrolment"
    )
    attendances = lesson.attendances.select_related(
        "enrolment__student", "enrolment__course", "make_up__original__lesson"
    ).prefetch_related(
        Prefetch("absence_requests", AbsenceRequest.objects.active(), to_attr="asked_leave"),
        Prefetch("make_up_rights", rights, to_attr="rights"),
    )
    in_order = list(attendances.order_by("enrolment__student_id", "enrolment_id"))
    for attendance in in_order:
        attendance.lesson = lesson
    return in_order
