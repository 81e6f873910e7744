"""What people do with the timetable: plan, place, move, cancel, call the roll."""

from datetime import timedelta
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import day_text, local_date, moment
from enrolments.services import settle_credits
from scheduling.clashes import clash_refused_by_database, lock_resources, refuse_or_keep, wanted_by
from scheduling.models import Attendance, ClassGroup, ClassMember, Lesson
from scheduling.rules import occurrences

EARLIEST_ROLL_CALL = timedelta(minutes=30)  # before the lesson begins


class RollCallError(Exception):
    """The roll cannot be called (or undone) as asked; carries the sentence the user reads."""


class ScheduleError(Exception):
    """The timetable cannot be changed as asked; carries the sentence the user reads."""


@transaction.atomic
def plan_lessons(*, class_group, by, now, from_date=None, keep_reason=""):
    """Add dated lessons by the weekly rules until the class has its number, closed days skipped.

    Returns the new lessons. Raises LessonClashError when somebody is taken and no `keep_reason` is given.
    """
    group = ClassGroup.objects.select_for_update(of=["self"]).select_related("branch").get(pk=class_group.pk)
    lessons = _unplanned_lessons(group, from_date or group.first_date)
    lock_resources(lessons)
    Lesson.objects.bulk_create(lessons)
    refuse_or_keep(
        [want for lesson in lessons for want in wanted_by(lesson)], reason=keep_reason, by=by, now=now
    )
    with clash_refused_by_database():
        Lesson.objects.filter(pk__in=[lesson.pk for lesson in lessons]).update(is_booked=True)
    for member in group.members.filter(left_date__isnull=True).select_related("enrolment"):
        _expect(member, lessons, by=by, now=now, keep_reason=keep_reason)
    return lessons


def _unplanned_lessons(group, from_date):
    """The lessons that are still missing, not yet booked."""
    active = group.lessons.active()
    last = active.order_by("-starts_at").first()
    held = group.lessons_before + active.count()
    closed_days = set(group.branch.closed_days.values_list("day", flat=True))
    first_date = last.local_date if last else from_date
    days = occurrences(group.rules.all(), first_date, closed_days)
    candidates = (_lesson_on(group, day, rule) for day, rule in days)
    missing = (lesson for lesson in candidates if not last or lesson.starts_at > last.starts_at)
    lessons = list(islice(missing, max(group.lessons_total - held, 0)))
    for number, lesson in enumerate(lessons, start=held + 1):
        lesson.number = number
    return lessons


def _lesson_on(group, day, rule):
    starts_at = moment(day, rule.start_time, group.branch.time_zone)
    return Lesson(
        branch=group.branch,
        class_group=group,
        rule=rule,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=rule.minutes),
        local_date=day,
        teacher_id=rule.teacher_id,
        room_id=rule.room_id,
        credits=group.credits_per_lesson,
        is_booked=False,
    )


@transaction.atomic
def place_student(*, class_group, enrolment, joined_date, by, now, keep_reason=""):
    """Put a child into a class: it is expected at every planned lesson from `joined_date` on."""
    if (enrolment.branch_id, enrolment.course_id) != (class_group.branch_id, class_group.course_id):
        raise ScheduleError(
            _("%(class)s teaches another course or at another branch than the enrolment: choose a class of %(course)s.")
            % {"class": class_group, "course": enrolment.course}
        )
    member, _created = ClassMember.objects.get_or_create(
        class_group=class_group, enrolment=enrolment, left_date=None, defaults={"joined_date": joined_date}
    )
    lessons = class_group.lessons.planned().filter(local_date__gte=joined_date)
    _expect(member, list(lessons), by=by, now=now, keep_reason=keep_reason)
    return member


def _expect(member, lessons, *, by, now, keep_reason):
    student_id = member.enrolment.student_id
    wanted = [want for lesson in lessons for want in wanted_by(lesson, [student_id])]
    refuse_or_keep([want for want in wanted if want.kind == "student"], reason=keep_reason, by=by, now=now)
    with clash_refused_by_database():
        Attendance.objects.bulk_create(
            [Attendance(lesson=lesson, enrolment=member.enrolment) for lesson in lessons], ignore_conflicts=True
        )


@transaction.atomic
def remove_from_class(*, member, left_date):
    """Take a child out of a class from a day on; what was held stays."""
    member.left_date = left_date
    member.save(update_fields=["left_date"])
    Attendance.objects.expected().filter(
        enrolment=member.enrolment, lesson__class_group=member.class_group, lesson__local_date__gte=left_date
    ).delete()


@transaction.atomic
def reschedule_lesson(*, lesson, starts_at, ends_at, teacher, room, by, now, keep_reason=""):
    """Move one planned lesson to another time, teacher or room."""
    lesson = _planned(lesson)
    lesson.starts_at, lesson.ends_at = starts_at, ends_at
    lesson.local_date = local_date(starts_at, lesson.branch.time_zone)
    lesson.teacher, lesson.room = teacher, room
    lock_resources([lesson])
    students = lesson.attendances.exclude(status=Attendance.Status.LEAVE)
    student_ids = students.values_list("enrolment__student_id", flat=True)
    refuse_or_keep(wanted_by(lesson, student_ids), reason=keep_reason, by=by, now=now)
    with clash_refused_by_database():
        lesson.save(update_fields=["starts_at", "ends_at", "local_date", "teacher", "room"])
    return lesson


@transaction.atomic
def cancel_lesson(*, lesson, reason, by, now):
    """Cancel a planned lesson; the class keeps its number of lessons, so one is added at the end."""
    lesson = _planned(lesson)
    lesson.status = Lesson.Status.CANCELLED
    lesson.cancel_reason = reason
    lesson.save(update_fields=["status", "cancel_reason"])
    return plan_lessons(class_group=lesson.class_group, by=by, now=now, from_date=lesson.local_date)


def _planned(lesson):
    lesson = _locked(lesson)
    if lesson.status != Lesson.Status.PLANNED:
        raise ScheduleError(
            _("%(lesson)s is %(status)s already and cannot be changed.")
            % {"lesson": lesson, "status": lesson.get_status_display()}
        )
    return lesson


def _locked(lesson):
    return Lesson.objects.select_for_update(of=["self"]).select_related("branch", "class_group").get(pk=lesson.pk)


@transaction.atomic
def call_roll(*, lesson, exceptions, by, now):
    """Call the roll: everybody present but for `exceptions` {attendance id: status}; all or nothing.

    Calling again corrects: the ledger gets the difference, and nothing when there is none.
    """
    lesson = _locked(lesson)
    _refuse_roll_call(lesson, now)
    for attendance in lesson.attendances.select_related("enrolment__student", "enrolment__course").order_by("pk"):
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


def _mark(lesson, attendance, status, *, by):
    if attendance.status != status:
        attendance.status = status
        with clash_refused_by_database():  # no longer on leave: the child may be elsewhere by now
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
    lesson = _locked(lesson)
    if not lesson.is_held:
        raise RollCallError(_("The roll of this lesson has not been called."))
    for attendance in lesson.attendances.select_related("enrolment__student", "enrolment__course").order_by("pk"):
        _mark(lesson, attendance, Attendance.Status.EXPECTED, by=by)
    lesson.status, lesson.roll_called_at, lesson.roll_called_by = Lesson.Status.PLANNED, None, None
    lesson.save(update_fields=["status", "roll_called_at", "roll_called_by"])
    return lesson
