"""Dated lessons by the weekly rules of a class."""

from datetime import timedelta
from itertools import islice

from django.db import transaction

from core.clock import moment
from scheduling.clashes import (
    Wanted,
    clash_refused_by_database,
    find_clashes,
    lock_timetable,
    refuse_or_keep,
    wanted_by,
)
from scheduling.models import Attendance, Booking, ClassGroup, Lesson
from scheduling.rules import occurrences


@transaction.atomic
def plan_lessons(*, class_group, by, now, from_date=None, keep_reason=""):
    """Add dated lessons by the weekly rules until the class has its number, closed days skipped.

    Returns the new lessons. Raises LessonClashError when somebody is taken and no `keep_reason` is given.
    """
    lock_timetable()
    group = ClassGroup.objects.select_related("branch").get(pk=class_group.pk)
    slots = slots_of(group, from_date or group.first_date)
    return add_lessons(group, slots, by=by, now=now, keep_reason=keep_reason)


def add_lessons(group, slots, *, by, now, keep_reason=""):
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
    expect(places, by=by, now=now, keep_reason=keep_reason)
    return lessons


def slots_of(group, from_date):
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


def expect(places, *, by, now, keep_reason):
    """Have children at lessons: `places` are (lesson, enrolment)."""
    if not places:
        return
    wanted = [Wanted(Booking.Kind.STUDENT, enrolment.student_id, lesson) for lesson, enrolment in places]
    refuse_or_keep(wanted, reason=keep_reason, by=by, now=now)
    with clash_refused_by_database(wanted):
        Attendance.objects.bulk_create([Attendance(lesson=lesson, enrolment=enrolment) for lesson, enrolment in places])


def is_taken(slot, members):
    there = [member for member in members if member.is_there_on(slot.local_date)]
    return bool(find_clashes(wanted_by(slot, [member.enrolment.student_id for member in there])))


def renumber(group):
    """Lessons count by the time they begin: a moved or cancelled one changes the numbers of others."""
    lessons = group.lessons.active().order_by("starts_at")
    for number, lesson in enumerate(lessons, start=group.lessons_before + 1):
        if lesson.number != number:
            Lesson.objects.filter(pk=lesson.pk).update(number=number)
