"""The weekly times of a running class change from a day on.

Lessons keep their identity, for attendances, leave and calendar feeds hang on it: those to come are moved in place,
in their order. What was changed by hand on a lesson stays; what has begun is never touched.
"""

from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from core.clock import day_text, local_date
from scheduling.clashes import find_clashes, lock_timetable
from scheduling.findings import check_rules
from scheduling.models import Attendance, ClassGroup, Lesson, ScheduleRule, TimetableChange
from scheduling.pairing import on_the_same_days, pair_in_order
from scheduling.rule_checks import CHECKS
from scheduling.services.appending import append_to_all
from scheduling.services.changes import RULED, Edit, change_lessons, wanted_by_all
from scheduling.services.locks import ScheduleError, StaleLessonError
from scheduling.services.opening import WeeklySlot, overlapping_slots, rule_of
from scheduling.services.planning import slots_after
from students.models import Guardianship

TIMES = ("starts_at", "ends_at")


@dataclass(frozen=True)
class Series:
    """What a change of the weekly times comes to. `pairs`: each lesson to come, and the slot that it takes."""

    group: ClassGroup
    from_date: date
    pairs: list[tuple[Lesson, Lesson]]
    closed: list[ScheduleRule]
    opened: list[ScheduleRule]

    def standing(self):
        """(lesson, the lesson as it will stand)"""
        return [(lesson, _standing_at(lesson, slot)) for lesson, slot in self.pairs]

    def edits(self):
        return [Edit(lesson.pk, facts_of_slot(lesson, slot)) for lesson, slot in self.pairs]

    def changed(self, names=(*TIMES, "teacher_id", "room_id")):
        """Lessons that will differ in one of `names`."""
        return [
            lesson
            for lesson, slot in self.pairs
            if any(getattr(lesson, name) != new for name, new in facts_of_slot(lesson, slot).items() if name in names)
        ]

    def moved(self):
        return self.changed(TIMES)

    def with_own_facts(self):
        """Lessons that keep what was changed on them by hand."""
        return [one for one, _slot in self.pairs if one.has_own_time or one.has_own_teacher or one.has_own_room]


def facts_of_slot(lesson, slot):
    """What the slot changes on the lesson: all but what was changed by hand."""
    facts = {"rule_id": slot.rule.pk}
    if not lesson.has_own_time:
        facts |= {"starts_at": slot.starts_at, "ends_at": slot.ends_at}
    if not lesson.has_own_teacher:
        facts["teacher_id"] = slot.teacher_id
    if not lesson.has_own_room:
        facts["room_id"] = slot.room_id
    return facts


def state_of(class_group):
    """A number that grows with every change of the class's lessons: which state a person has seen."""
    return class_group.lessons.aggregate(state=Sum("version"))["state"] or 0


def refuse_other_state(class_group, state):
    """Raise StaleLessonError when the lessons are not any more as the person has seen them; None is any state."""
    if state not in (None, state_of(class_group)):
        raise StaleLessonError(
            _("The lessons of %(class)s were changed by somebody else meanwhile: look at the dates again.")
            % {"class": class_group}
        )


def rules_at(class_group, day):
    """The weekly rules that hold on a day or begin later."""
    rules = class_group.rules.exclude(valid_until__lt=day).select_related("teacher", "room")
    return [rule for rule in rules if rule.valid_until is None or rule.valid_until >= rule.valid_from]


def slot_of(rule):
    return WeeklySlot(rule.weekday, rule.start_time, rule.minutes, rule.teacher, rule.room)


def preview_series(*, class_group, from_date, slots, now):
    """(Series, what speaks against it: clashes and findings), as `change_series` would find it. Writes nothing."""
    series = draw_up_series(class_group, from_date, slots, now)
    standing = series.standing()
    there = [lesson for _before, lesson in standing]
    moving = {lesson.pk for lesson in there}
    clashes = find_clashes(wanted_by_all(there))  # with lessons that move away themselves, too: those are none
    clashes = [clash for clash in clashes if clash.booking.pk is None or clash.booking.lesson_id not in moving]
    return series, clashes + _findings(standing, now)


def _findings(standing, now):
    """What rules say that ask about a fact which changes."""
    changed = {
        after.pk: {fact for name, fact in RULED.items() if getattr(before, name) != getattr(after, name)}
        for before, after in standing
    }
    found = check_rules([after for _before, after in standing if changed[after.pk]], now=now)
    return [finding for finding in found if CHECKS[finding.rule.code].facts & changed[finding.lesson.pk]]


def _standing_at(lesson, slot):
    """The lesson as it will stand; not booked, so that all of them are compared among themselves."""
    there = copy(lesson)
    for name, value in facts_of_slot(lesson, slot).items():
        if name != "rule_id":
            setattr(there, name, value)
    there.is_booked = False
    there.local_date = local_date(there.starts_at, there.branch.time_zone)
    return there


def families_of(lessons):
    """How many families have a child in these lessons, by the main contact."""
    expected = Attendance.objects.expected().filter(lesson__in=lessons)
    students = set(expected.values_list("enrolment__student_id", flat=True))
    main = dict(Guardianship.objects.filter(student__in=students, is_main=True).values_list("student", "guardian"))
    return len({main.get(student, f"of {student}") for student in students})


def draw_up_series(class_group, from_date, slots, now):
    """The Series of new weekly times from a day on; raises ScheduleError when there is nothing to change."""
    _refuse_overlap(slots)
    group = ClassGroup.objects.select_related("branch").get(pk=class_group.pk)
    lessons = lessons_to_come(group, from_date, now)
    if not lessons:
        raise ScheduleError(
            _("%(class)s has no lesson to come from %(day)s on, so nothing was changed. Add lessons to it first.")
            % {"class": group, "day": day_text(from_date)}
        )
    old = rules_at(group, from_date)
    kept = [rule for rule in old if slot_of(rule) in slots and rule.valid_from <= from_date and not rule.valid_until]
    known = [slot_of(rule) for rule in kept]
    opened = [rule_of(group, slot, from_date) for slot in slots if slot not in known]
    closed = [rule for rule in old if rule not in kept]
    if not opened and not closed:
        raise ScheduleError(_("These are the weekly times that %(class)s has already.") % {"class": group})
    pairs = _pairs(group, lessons, old, kept + opened, from_date, now)
    return Series(group, from_date, pairs, closed, opened)


def _refuse_overlap(slots):
    if not slots or overlapping_slots(slots):
        raise ScheduleError(_("A class needs at least one weekly time, and no two that overlap."))


def lessons_to_come(group, from_date, now):
    """Planned lessons from a day on that have not begun."""
    planned = group.lessons.planned().filter(local_date__gte=from_date, starts_at__gt=now)
    return list(planned.select_related("rule", "branch", "class_group").order_by("starts_at", "pk"))


def _pairs(group, lessons, old, new, from_date, now):
    """With the same weekdays and hours nothing moves; otherwise the lessons take the new slots in their order."""
    if {(rule.weekday, rule.start_time) for rule in old} == {(rule.weekday, rule.start_time) for rule in new}:
        return on_the_same_days(lessons, new)
    others = group.lessons.filter(local_date__gte=from_date).exclude(pk__in=[lesson.pk for lesson in lessons])
    standing = list(others.active())
    cancelled_days = set(others.filter(status=Lesson.Status.CANCELLED).values_list("local_date", flat=True))
    slots = (
        slot
        for slot in slots_after(group, new, max(from_date, local_date(now, group.branch.time_zone)))
        if slot.starts_at > now and slot.local_date not in cancelled_days
    )
    return pair_in_order(lessons, slots, standing)


@transaction.atomic
def change_series(*, class_group, from_date, slots, by, now, reason="", keep_reason="", state=None):
    """Give the class these weekly times (WeeklySlot) from a day on; returns the TimetableChange.

    Rules that hold no longer end the day before; lessons to come are moved in place, the class keeps its number of
    lessons. `state`: the class as the person saw it (`state_of`). Raises StaleLessonError for another state,
    ScheduleError when nothing is to come or nothing differs, LessonClashError without a `keep_reason`.
    """
    lock_timetable()
    refuse_other_state(class_group, state)
    series = draw_up_series(class_group, from_date, slots, now)
    ended = _close_and_open(series)
    change = change_lessons(
        branch=series.group.branch,
        kind=TimetableChange.Kind.SERIES,
        edits=series.edits(),
        by=by,
        now=now,
        reason=reason,
        keep_reason=keep_reason,
    )
    ended["teacher"] = series.group.teacher_id
    _set_class_teacher(series.group, slots)
    if change:
        _remember_rules(change, ended)
        append_to_all(change, [series.group.pk], by=by, now=now, goes_on=False)
    return change


def _close_and_open(series):
    """End the old rules the day before and begin the new ones; returns how it was, for undoing."""
    ScheduleRule.objects.bulk_create(series.opened)
    before = {rule.pk: rule.valid_until and rule.valid_until.isoformat() for rule in series.closed}
    end = series.from_date - timedelta(days=1)
    ScheduleRule.objects.filter(pk__in=before).filter(Q(valid_until=None) | Q(valid_until__gt=end)).update(
        valid_until=end
    )
    return {"closed": before, "opened": [rule.pk for rule in series.opened], "until": end.isoformat()}


def _set_class_teacher(group, slots):
    """Who teaches all of the weekly times is the class teacher."""
    teachers = {slot.teacher for slot in slots}
    if len(teachers) == 1:
        group.teacher = teachers.pop()
        group.save(update_fields=["teacher"])


def _remember_rules(change, ended):
    row = change.lessons.first()
    row.after["rules"] = ended
    row.save(update_fields=["after"])
