"""Trial lessons (试听): a seat in a lesson for somebody who asked. They never take credits."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import day_text, hours_text, local_date, span_text
from scheduling.clashes import lock_timetable
from scheduling.models import Booking, ClassGroup, Lesson, TrialBooking
from scheduling.place_notices import tell_trial_booked, tell_trial_cancelled
from scheduling.seats import with_seats
from scheduling.services.locks import locked, refuse_unplanned
from scheduling.services.planning import add_lessons
from students.models import Enquiry, Student
from students.services import set_stage

Stage, Status = Enquiry.Stage, TrialBooking.Status


class TrialError(Exception):
    """The trial cannot be booked or changed as asked; carries the sentence the user reads."""


class TrialElsewhereError(TrialError):
    """Who is to try has a lesson of its own at that time: somebody must say that it is meant so."""


@transaction.atomic
def book_trial(*, enquiry, lesson, by, now, note="", is_confirmed=False):
    """A seat in a planned lesson. A class that is never over-full refuses without one, another one takes one more.

    Returns the TrialBooking; raises TrialError, TrialElsewhereError unless `is_confirmed`, and ScheduleError for a
    lesson that was held or cancelled.
    """
    lock_timetable()
    lesson = with_seats(Lesson.objects.select_related("branch", "class_group")).get(pk=lesson.pk)
    refuse_unplanned(lesson)
    _refuse_second_trial(enquiry, lesson)
    if lesson.seats_left <= 0 and lesson.class_group.is_capacity_hard:
        raise TrialError(
            _("%(class)s has no seat left on %(day)s. Choose another lesson.")
            % {"class": lesson.class_group, "day": day_text(lesson.local_date)}
        )
    if not is_confirmed:
        _refuse_elsewhere(enquiry, lesson)
    trial = TrialBooking.objects.create(lesson=lesson, enquiry=enquiry, note=note, booked_by=by, booked_at=now)
    follow_trials(enquiry, by=by, now=now)
    tell_trial_booked(trial, now=now)
    return trial


def _refuse_second_trial(enquiry, lesson):
    """A child is in one lesson at a time; one that comes to try is in no booking of the timetable yet."""
    booked = TrialBooking.objects.active().filter(enquiry=enquiry, lesson__status=Lesson.Status.PLANNED)
    other = booked.filter(lesson__starts_at__lt=lesson.ends_at, lesson__ends_at__gt=lesson.starts_at).first()
    if other:
        raise TrialError(
            _("%(child)s has a trial at that time already, in %(class)s.")
            % {"child": enquiry, "class": other.lesson.class_group}
        )


def _refuse_elsewhere(enquiry, lesson):
    """A child of the school by name and phone that comes to try another course may have a lesson then."""
    children = Student.objects.filter(name=enquiry.child_name, guardians__phone=enquiry.phone or None)
    bookings = Booking.objects.overlapping(starts_at=lesson.starts_at, ends_at=lesson.ends_at)
    taken = bookings.filter(kind=Booking.Kind.STUDENT, resource_id__in=children.values("pk"))
    booking = taken.select_related("lesson__class_group", "lesson__branch").order_by("starts_at").first()
    if booking:
        other = booking.lesson
        raise TrialElsewhereError(
            _("%(child)s is a child of the school and has %(class)s then: %(when)s, %(branch)s.")
            % {
                "child": enquiry,
                "class": other.class_group,
                "when": span_text(other.starts_at, other.ends_at, other.branch.time_zone),
                "branch": other.branch,
            }
        )


@transaction.atomic
def cancel_trial(*, trial, by, now):
    """Give the seat back; one that took place stays on the books."""
    lesson, trial = _locked(trial)
    if lesson.is_held:
        raise TrialError(_("The roll of this lesson was called: say there whether %(child)s came.") % _child(trial))
    if trial.status == Status.BOOKED:
        tell_trial_cancelled(trial, now=now)
    return _set_status(trial, Status.CANCELLED, by=by, now=now)


@transaction.atomic
def record_trial_result(*, trial, status, note, by, now):
    """Came or did not come, with a line about it, from the beginning of the lesson on."""
    lesson, trial = _locked(trial)
    if trial.status == Status.CANCELLED:
        raise TrialError(_("The trial of %(child)s was cancelled. Book a new one.") % _child(trial))
    if now < lesson.starts_at:
        raise TrialError(
            _("The trial is on %(day)s: say afterwards how it was.") % {"day": day_text(lesson.local_date)}
        )
    trial.note = note
    return _set_status(trial, status, by=by, now=now)


def _child(trial):
    return {"child": trial.enquiry}


def _locked(trial):
    lesson = locked(trial.lesson)
    return lesson, TrialBooking.objects.select_related("enquiry", "lesson__branch").get(pk=trial.pk)


def _set_status(trial, status, *, by, now):
    trial.status = status
    trial.save(update_fields=["status", "note"])
    follow_trials(trial.enquiry, by=by, now=now)
    return trial


def record_trials(lesson, results, *, by, now):
    """At the roll call: the guests came, but for `results` {trial id: status} and what was recorded before."""
    for trial in lesson.trials.active().select_related("enquiry"):
        usual = Status.CAME if trial.status == Status.BOOKED else trial.status
        status = results.get(trial.pk, usual)
        if status != trial.status:
            _set_status(trial, status, by=by, now=now)


def expect_trials(lesson, *, by, now):
    """The roll call is undone: the guests are to come."""
    for trial in lesson.trials.active().select_related("enquiry"):
        _set_status(trial, Status.BOOKED, by=by, now=now)


def cancel_trials(lessons, *, by, now):
    """Lessons are cancelled: who was to try there is to be asked again."""
    for trial in TrialBooking.objects.filter(lesson__in=lessons, status=Status.BOOKED).select_related("enquiry"):
        _set_status(trial, Status.CANCELLED, by=by, now=now)


def follow_trials(enquiry, *, by, now):
    """The enquiry stands where its trials stand: taken, booked, or to be talked to again. Who signed up stays so."""
    enquiry.refresh_from_db(fields=["stage"])
    statuses = set(enquiry.trials.values_list("status", flat=True))
    if Status.BOOKED in statuses:
        stage = Stage.TRIAL_BOOKED
    elif enquiry.stage == Stage.LOST:
        return
    else:
        stage = Stage.CAME if Status.CAME in statuses else Stage.CONTACTED
    set_stage(enquiry=enquiry, stage=stage, by=by, now=now)


# --- a lesson of its own ---------------------------------------------------------------------------------


@transaction.atomic
def open_trial_lesson(
    *, enquiry, branch, course, teacher, room, starts_at, by, now, note="", keep_reason="", is_confirmed=False
):
    """A lesson for trials alone: a class of one lesson, without credits. Returns the TrialBooking.

    It lasts as long as the course's lessons. Raises LessonClashError when teacher or room is taken then, and
    TrialElsewhereError as `book_trial` does.
    """
    lock_timetable()
    group = ClassGroup.objects.create(
        branch=branch,
        name=_free_name(branch, course, starts_at),
        course=course,
        teacher=teacher,
        capacity=room.capacity if room else 1,
        first_date=local_date(starts_at, branch.time_zone),
        lessons_total=1,
        credits_per_lesson=0,
    )
    slot = Lesson(
        branch=branch,
        class_group=group,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=course.minutes),
        local_date=group.first_date,
        teacher=teacher,
        room=room,
        credits=0,
        is_booked=False,
    )
    [lesson] = add_lessons(group, [slot], by=by, now=now, keep_reason=keep_reason)
    return book_trial(enquiry=enquiry, lesson=lesson, by=by, now=now, note=note, is_confirmed=is_confirmed)


def _free_name(branch, course, starts_at):
    """试听 11/28 14:00 围棋; a second one of the same name gets a number."""
    hours = hours_text(starts_at, starts_at, branch.time_zone).partition("–")[0]
    name = _("Trial %(day)s %(time)s %(course)s") % {
        "day": day_text(local_date(starts_at, branch.time_zone)),
        "time": hours,
        "course": course,
    }
    longest = ClassGroup._meta.get_field("name").max_length - len(" 99")
    taken = set(branch.class_groups.filter(name__startswith=name[:longest]).values_list("name", flat=True))
    names = [name[:longest], *(f"{name[:longest]} {number}" for number in range(2, len(taken) + 3))]
    return next(one for one in names if one not in taken)
