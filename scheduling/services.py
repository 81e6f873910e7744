"""What people do with the timetable: plan, place, move, cancel, call the roll."""

from datetime import timedelta
from itertools import islice

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import day_text, local_date, moment
from enrolments.services import settle_credits
from scheduling.clashes import (
    Wanted,
    clash_refused_by_database,
    find_clashes,
    lock_timetable,
    refuse_or_keep,
    wanted_by,
)
from scheduling.models import Attendance, Booking, ClassGroup, ClassMember, Lesson
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
    lock_timetable()
    group = ClassGroup.objects.select_related("branch").get(pk=class_group.pk)
    slots = _slots(group, from_date or group.first_date)
    return _add_lessons(group, slots, by=by, now=now, keep_reason=keep_reason)


def _add_lessons(group, slots, *, by, now, keep_reason=""):
    """Take as many `slots` as lessons are missing, and expect the members there."""
    number = group.lessons_before + group.lessons.active().count()
    lessons = list(islice(slots, max(group.lessons_total - number, 0)))
    for lesson in lessons:
        number += 1
        lesson.number = number
    Lesson.objects.bulk_create(lessons)
    wanted = [want for lesson in lessons for want in wanted_by(lesson)]
    refuse_or_keep(wanted, reason=keep_reason, by=by, now=now)
    with clash_refused_by_database(wanted):
        Lesson.objects.filter(pk__in=[lesson.pk for lesson in lessons]).update(is_booked=True)
    members = list(group.members.select_related("enrolment"))
    places = [
        (lesson, member.enrolment) for member in members for lesson in lessons if member.is_there_on(lesson.local_date)
    ]
    _expect(places, by=by, now=now, keep_reason=keep_reason)
    return lessons


def _slots(group, from_date):
    """Lessons by the weekly rules, not yet saved or booked, after all that the class had, cancelled ones too."""
    last = group.lessons.order_by("-starts_at").first()
    closed_days = set(group.branch.closed_days.values_list("day", flat=True))
    for day, rule in occurrences(group.rules.all(), last.local_date if last else from_date, closed_days):
        lesson = _lesson_on(group, day, rule)
        if not last or lesson.starts_at > last.starts_at:  # two rules of one hour are one lesson
            last = lesson
            yield lesson


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


def place_student(*, enrolment, **facts):
    """Put one child into a class; see place_students."""
    [member] = place_students(enrolments=[enrolment], **facts)
    return member


@transaction.atomic
def place_students(*, class_group, enrolments, joined_date, by, now, keep_reason=""):
    """Put children into a class: they are expected at every planned lesson from `joined_date` on.

    Returns the members, those who were in it before among them. Raises ScheduleError for an enrolment of
    another course or branch, LessonClashError when a child is elsewhere then and no `keep_reason` is given.
    """
    for enrolment in enrolments:
        _refuse_other_course(class_group, enrolment)
    lock_timetable()
    ClassMember.objects.bulk_create(
        [
            ClassMember(class_group=class_group, enrolment=enrolment, joined_date=joined_date)
            for enrolment in enrolments
        ],
        ignore_conflicts=True,
    )
    lessons = list(class_group.lessons.planned().filter(local_date__gte=joined_date))
    expected = set(
        Attendance.objects.filter(lesson__in=lessons, enrolment__in=enrolments).values_list("lesson", "enrolment")
    )
    places = [(lesson, enrolment) for enrolment in enrolments for lesson in lessons]
    new_places = [place for place in places if (place[0].pk, place[1].pk) not in expected]
    _expect(new_places, by=by, now=now, keep_reason=keep_reason)
    members = class_group.members.filter(enrolment__in=enrolments, left_date__isnull=True)
    return list(members.select_related("enrolment"))


def _refuse_other_course(class_group, enrolment):
    if (enrolment.branch_id, enrolment.course_id) != (class_group.branch_id, class_group.course_id):
        raise ScheduleError(
            _("%(class)s teaches another course or at another branch than the enrolment: choose a class of %(course)s.")
            % {"class": class_group, "course": enrolment.course}
        )


def _expect(places, *, by, now, keep_reason):
    """Have children at lessons: `places` are (lesson, enrolment)."""
    if not places:
        return
    wanted = [Wanted(Booking.Kind.STUDENT, enrolment.student_id, lesson) for lesson, enrolment in places]
    refuse_or_keep(wanted, reason=keep_reason, by=by, now=now)
    with clash_refused_by_database(wanted):
        Attendance.objects.bulk_create([Attendance(lesson=lesson, enrolment=enrolment) for lesson, enrolment in places])


@transaction.atomic
def remove_from_class(*, member, left_date):
    """Take a child out of a class from a day on; what was held stays."""
    lock_timetable()
    member.left_date = left_date
    member.save(update_fields=["left_date"])
    Attendance.objects.expected().filter(
        enrolment=member.enrolment, lesson__class_group=member.class_group, lesson__local_date__gte=left_date
    ).delete()


@transaction.atomic
def reschedule_lesson(*, lesson, starts_at, ends_at, teacher, room, by, now, keep_reason=""):
    """Move one planned lesson to another time, teacher or room."""
    lock_timetable()
    lesson = _planned(lesson)
    lesson.starts_at, lesson.ends_at = starts_at, ends_at
    lesson.local_date = local_date(starts_at, lesson.branch.time_zone)
    lesson.teacher, lesson.room = teacher, room
    students = lesson.attendances.exclude(status=Attendance.Status.LEAVE)
    student_ids = students.values_list("enrolment__student_id", flat=True)
    wanted = wanted_by(lesson, student_ids)
    refuse_or_keep(wanted, reason=keep_reason, by=by, now=now)
    with clash_refused_by_database(wanted):
        lesson.save(update_fields=["starts_at", "ends_at", "local_date", "teacher", "room"])
    _renumber(lesson.class_group)
    return lesson


@transaction.atomic
def cancel_lesson(*, lesson, reason, by, now):
    """Cancel a planned lesson; the class keeps its number of lessons, so one is added at the end.

    It takes the first slot after the last lesson at which all who are needed are free. Returns what was added.
    """
    lock_timetable()
    lesson = _planned(lesson)
    lesson.status = Lesson.Status.CANCELLED
    lesson.cancel_reason = reason
    lesson.save(update_fields=["status", "cancel_reason"])
    group = lesson.class_group
    _renumber(group)
    members = list(group.members.select_related("enrolment"))
    free = (slot for slot in _slots(group, lesson.local_date) if not _is_taken(slot, members))
    return _add_lessons(group, free, by=by, now=now)


def _is_taken(slot, members):
    there = [member for member in members if member.is_there_on(slot.local_date)]
    return bool(find_clashes(wanted_by(slot, [member.enrolment.student_id for member in there])))


def _renumber(group):
    """Lessons count by the time they begin: a moved or cancelled one changes the numbers of others."""
    lessons = group.lessons.active().order_by("starts_at")
    for number, lesson in enumerate(lessons, start=group.lessons_before + 1):
        if lesson.number != number:
            Lesson.objects.filter(pk=lesson.pk).update(number=number)


def _planned(lesson):
    lesson = _locked(lesson)
    if lesson.status != Lesson.Status.PLANNED:
        raise ScheduleError(
            _("%(lesson)s is %(status)s already and cannot be changed.")
            % {"lesson": lesson, "status": lesson.get_status_display()}
        )
    return lesson


def _locked(lesson):
    lessons = Lesson.objects.select_for_update(of=["self"], no_key=True)
    return lessons.select_related("branch", "class_group__branch").get(pk=lesson.pk)


@transaction.atomic
def call_roll(*, lesson, exceptions, by, now):
    """Call the roll: everybody present but for `exceptions` {attendance id: status}; all or nothing.

    Calling again corrects: the ledger gets the difference, and nothing when there is none.
    """
    lesson = _locked(lesson)
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
    lesson = _locked(lesson)
    if not lesson.is_held:
        raise RollCallError(_("The roll of this lesson has not been called."))
    for attendance in _attendances(lesson):
        _mark(lesson, attendance, Attendance.Status.EXPECTED, by=by)
    lesson.status, lesson.roll_called_at, lesson.roll_called_by = Lesson.Status.PLANNED, None, None
    lesson.save(update_fields=["status", "roll_called_at", "roll_called_by"])
    return lesson
