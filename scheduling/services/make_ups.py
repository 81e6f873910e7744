"""Make-up lessons (补课): a right, its use in another lesson, and its return."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import day_text
from scheduling.clashes import lock_timetable
from scheduling.models import Attendance, LeavePolicy, Lesson, MakeUp
from scheduling.place_notices import tell_make_up_booked, tell_make_up_cancelled
from scheduling.seats import with_seats
from scheduling.services.locks import refuse_unplanned
from scheduling.services.planning import expect


class MakeUpError(Exception):
    """The make-up cannot be booked or cancelled as asked; carries the sentence the user reads."""


def settle_right(attendance, *, is_given, expires_date, now):
    """A missed lesson has its one right, or none: an unused one that the rule does not give (any more) is withdrawn."""
    rights = MakeUp.objects.filter(original=attendance, withdrawn_at__isnull=True)
    if not is_given:
        rights.filter(attendance__isnull=True).update(withdrawn_at=now)
    elif not rights.exists():
        MakeUp.objects.create(original=attendance, expires_date=expires_date, opened_at=now)


@transaction.atomic
def book_make_up(*, make_up, lesson, by, now):
    """Have the child make up in `lesson`, paid from the same enrolment; returns the attendance.

    Raises MakeUpError when the right cannot be used there, LessonClashError when the child is elsewhere then.
    """
    lock_timetable()
    make_up = _locked(make_up)
    lesson = with_seats(Lesson.objects.select_related("branch", "class_group")).get(pk=lesson.pk)
    _refuse_used(make_up)
    _refuse_unfit(make_up, lesson)
    enrolment = make_up.original.enrolment
    expect([(lesson, enrolment)], by=by, now=now, keep_reason="")
    make_up.attendance = Attendance.objects.get(lesson=lesson, enrolment=enrolment)
    make_up.attendance.lesson = lesson
    make_up.save(update_fields=["attendance"])
    tell_make_up_booked(make_up, now=now)
    return make_up.attendance


def _locked(make_up):
    rights = MakeUp.objects.select_for_update(of=["self"], no_key=True).select_related(
        "original__lesson__branch", "original__enrolment__student", "attendance__lesson__branch"
    )
    return rights.get(pk=make_up.pk)


def _refuse_used(make_up):
    if make_up.withdrawn_at:
        raise MakeUpError(_("This make-up was withdrawn with its leave. Ask for leave again first."))
    if make_up.attendance:
        raise MakeUpError(
            _("%(student)s makes this lesson up on %(day)s already. Cancel that make-up to choose another one.")
            % {"student": make_up.original.enrolment.student, "day": day_text(make_up.attendance.lesson.local_date)}
        )
    if not MakeUp.objects.usable().filter(pk=make_up.pk).exists():
        raise MakeUpError(
            _("%(student)s did not miss the lesson on %(day)s, so there is nothing to make up.")
            % {"student": make_up.original.enrolment.student, "day": day_text(make_up.original.lesson.local_date)}
        )


def _refuse_unfit(make_up, lesson):
    enrolment = make_up.original.enrolment
    refuse_unplanned(lesson)
    if lesson.class_group.course_id != enrolment.course_id:
        raise MakeUpError(
            _("%(class)s teaches another course: choose a lesson of %(course)s.")
            % {"class": lesson.class_group, "course": enrolment.course}
        )
    if lesson.local_date > make_up.expires_date:
        raise MakeUpError(
            _("This make-up is valid until %(day)s: choose an earlier lesson.")
            % {"day": day_text(make_up.expires_date)}
        )
    if lesson.attendances.filter(enrolment__student=enrolment.student_id).exists():
        raise MakeUpError(
            _("%(student)s is in this lesson already: choose another one.") % {"student": enrolment.student}
        )
    if lesson.make_up_seats_left <= 0:
        raise MakeUpError(
            _("%(class)s has no seat left on %(day)s. Choose another lesson.")
            % {"class": lesson.class_group, "day": day_text(lesson.local_date)}
        )


@transaction.atomic
def cancel_make_up(*, make_up, by, now):
    """Give the seat back before the lesson is held; the right is open again."""
    lock_timetable()
    make_up = _locked(make_up)
    if make_up.attendance is None:
        return make_up
    if make_up.attendance.lesson.is_held:
        raise MakeUpError(
            _("The make-up on %(day)s was held. Undo its roll call first.")
            % {"day": day_text(make_up.attendance.lesson.local_date)}
        )
    tell_make_up_cancelled(make_up, now=now)
    release_seat(make_up)
    return make_up


def release_seat(make_up):
    """The child is not expected at the make-up lesson any more; the right stays."""
    make_up.attendance.delete()
    make_up.attendance = None


def reopen_rights(lessons):
    """Lessons are cancelled by the school: what was to be made up there may be made up elsewhere.

    The days lost are given back: the right is as good as one of the cancelled lesson.
    """
    booked = MakeUp.objects.filter(attendance__lesson__in=lessons)
    days = None
    for make_up in booked.select_related("attendance__lesson", "original__lesson__branch"):
        days = days or make_up_days_by_branch()
        day = make_up.attendance.lesson.local_date
        make_up.expires_date = max(make_up.expires_date, day + days(make_up.original.lesson.branch_id))
        release_seat(make_up)
        make_up.save(update_fields=["expires_date", "attendance"])


def make_up_days_by_branch():
    """branch id → how long a right lasts there."""
    days = dict(LeavePolicy.objects.values_list("branch", "make_up_days"))
    usual = LeavePolicy._meta.get_field("make_up_days").default
    return lambda branch_id: timedelta(days=days.get(branch_id, usual))
