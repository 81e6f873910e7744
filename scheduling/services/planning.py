"""Dated lessons by the weekly rules of a class."""

from collections import defaultdict
from datetime import timedelta
from itertools import islice

from django.db import transaction

from core.clock import moment
from scheduling.clashes import (
    Wanted,
    clash_refused_by_database,
    lock_timetable,
    refuse_or_keep,
    wanted_by,
)
from scheduling.findings import refuse_or_override
from scheduling.models import Attendance, Booking, ClassGroup, ClassMember, Lesson
from scheduling.rules import occurrences


def plan_lessons(*, class_group, **facts):
    """Plan one class; see plan_classes."""
    return plan_classes(class_groups=[class_group], **facts)


@transaction.atomic
def plan_classes(*, class_groups, by, now, from_date=None, keep_reason="", checks_rules=True):
    """Add dated lessons by the weekly rules until each class has its number, closed days skipped.

    Returns the new lessons. Raises LessonClashError when somebody is taken and RuleRefusedError when a rule speaks
    against lessons, and no `keep_reason` is given: one for all. `checks_rules` is False for what is a fact already.
    """
    lock_timetable()
    groups = ClassGroup.objects.filter(pk__in=[group.pk for group in class_groups]).select_related("branch")
    slots = [(group, slots_of(group, from_date or group.first_date)) for group in groups.order_by("pk")]
    return add_to_classes(slots, by=by, now=now, keep_reason=keep_reason, checks_rules=checks_rules)


def add_lessons(group, slots, **facts):
    """Add to one class; see add_to_classes."""
    return add_to_classes([(group, slots)], **facts)


def add_to_classes(slots_of_groups, *, by, now, keep_reason="", checks_rules=True):
    """Take as many slots as lessons are missing of each (class, slots), and expect the members there.

    Fifty classes are as many statements as one: a term of a branch is planned in seconds.
    """
    lessons = [lesson for group, slots in slots_of_groups for lesson in _missing(group, slots)]
    Lesson.objects.bulk_create(lessons)
    if checks_rules:
        refuse_or_override(lessons, reason=keep_reason, by=by, now=now)
    wanted = [want for lesson in lessons for want in wanted_by(lesson)]
    refuse_or_keep(wanted, reason=keep_reason, by=by, now=now)
    with clash_refused_by_database(wanted):
        Lesson.objects.filter(pk__in=[lesson.pk for lesson in lessons]).update(is_booked=True)
    expect(_places(lessons), by=by, now=now, keep_reason=keep_reason)
    return lessons


def _missing(group, slots):
    number = group.lessons_before + group.lessons.active().count()
    lessons = list(islice(slots, max(group.lessons_total - number, 0)))
    for lesson in lessons:
        number += 1
        lesson.number = number
    return lessons


def _places(lessons):
    """(lesson, enrolment) of every member who is there on the day."""
    groups = {lesson.class_group_id for lesson in lessons}
    members = defaultdict(list)
    for member in ClassMember.objects.filter(class_group__in=groups).select_related("enrolment"):
        members[member.class_group_id].append(member)
    return [
        (lesson, member.enrolment)
        for lesson in lessons
        for member in members[lesson.class_group_id]
        if member.is_there_on(lesson.local_date)
    ]


def slots_of(group, from_date):
    """Lessons by the weekly rules, not yet saved or booked, after all that the class had, cancelled ones too."""
    last = group.lessons.order_by("-starts_at").first()
    return slots_after(group, group.rules.all(), last.local_date if last else from_date, last)


def slots_after(group, rules, from_date, last=None, calendar=None):
    """Lessons of `group` by `rules` from a day on and after `last`; neither group nor rules need be saved.

    `calendar`: the branch's, where it was read already (CalendarDayQuerySet.for_planning).
    """
    calendar = calendar or group.branch.calendar_days.for_planning()
    for day, rule in occurrences(rules, from_date, *calendar):
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
        Attendance.objects.bulk_create(
            [Attendance(lesson_id=lesson.pk, enrolment_id=enrolment.pk) for lesson, enrolment in places]
        )
