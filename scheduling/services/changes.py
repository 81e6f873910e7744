"""The one way in which lessons change: checked, refused or allowed with a reason, recorded, told, undone."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core.clock import local_date
from scheduling.clashes import Wanted, clash_refused_by_database, lock_timetable, refuse_or_keep, wanted_by
from scheduling.findings import refuse_or_override
from scheduling.models import (
    Attendance,
    Booking,
    ClassGroup,
    Lesson,
    LessonChange,
    ScheduleRule,
    TimetableChange,
)
from scheduling.notices import queue_change_notices
from scheduling.querysets import LONGEST_LESSON
from scheduling.rule_checks import ALL_FACTS, ROOM, TEACHER, TIME
from scheduling.services.effects import take_back_effects
from scheduling.services.in_order import LessonsInOrder
from scheduling.services.locks import ScheduleError, StaleLessonError, refuse_unplanned
from scheduling.services.make_ups import reopen_rights
from scheduling.services.trials import cancel_trials

UNDO_WITHIN = timedelta(hours=1)
ASIDE = timedelta(days=100 * 365)
FACTS = (
    "starts_at",
    "ends_at",
    "teacher_id",
    "room_id",
    "rule_id",
    "status",
    "cancel_reason",
    "has_own_time",
    "has_own_teacher",
    "has_own_room",
)
RULED = {"starts_at": TIME, "ends_at": TIME, "teacher_id": TEACHER, "room_id": ROOM}  # what rules ask about


@dataclass(frozen=True)
class Edit:
    """New `facts` for a planned lesson: of FACTS by name, or the teacher or the room itself, where it is at hand.

    `version`: as the person saw it, None for any.

    A cancelled lesson can be edited only by planning it again; a held one never.
    """

    lesson_id: int
    facts: dict = field(default_factory=dict)
    version: int | None = None


@transaction.atomic
def edit_lessons(*, branch, kind, edits, by, now, reason="", keep_reason="", undoes=None):
    """Make all of `edits`, or none; returns the LessonChanges with the lessons as they stand now.

    There are none when nothing would differ.

    Lessons let go of their time first and take the new one together, so two may swap. Raises ScheduleError for a
    lesson that was held, StaleLessonError for another version, LessonClashError when somebody is taken and
    RuleRefusedError when a rule speaks against it, and no `keep_reason` is given. Undoing asks no rule: it was so.
    """
    lock_timetable()
    lessons = _locked_for(edits)
    before = {lesson.pk: facts_of(lesson) for lesson in lessons}
    by_id = {lesson.pk: lesson for lesson in lessons}
    for edit in edits:
        _apply(by_id[edit.lesson_id], edit)
    changed = [lesson for lesson in lessons if facts_of(lesson) != before[lesson.pk]]
    if not changed:
        return []
    in_order = LessonsInOrder(changed)
    in_order.refuse_meeting_twice()
    if undoes is None:
        ruled = {lesson.pk: _ruled_facts(lesson, before[lesson.pk]) for lesson in changed if _is_planned(lesson)}
        to_check = [lesson for lesson in changed if ruled.get(lesson.pk)]
        refuse_or_override(to_check, reason=keep_reason, by=by, now=now, changed=ruled)
    _take_anew(changed, before, by=by, now=now, keep_reason=keep_reason)
    in_order.renumber()
    change = TimetableChange.objects.create(branch=branch, kind=kind, reason=reason, by=by, at=now, undoes=undoes)
    rows = record_lessons(change, changed, before)
    queue_change_notices(change, rows=rows, now=now)
    _free_guests([lesson for lesson in changed if lesson.status == Lesson.Status.CANCELLED], by=by, now=now)
    return rows


def change_lessons(**facts):
    """The same; returns the TimetableChange, or None when nothing would differ."""
    rows = edit_lessons(**facts)
    return rows[0].change if rows else None


def _free_guests(cancelled, *, by, now):
    """Who only made up or tried a lesson there may do so elsewhere; an undo does not bring them back."""
    if cancelled:
        reopen_rights(cancelled)
        cancel_trials(cancelled, by=by, now=now)


def record_lessons(change, lessons, before=None, **more):
    """Write down how each lesson stands now, and how it stood; one that is new stood nowhere. Returns the rows.

    `more` is remembered with how each stands, for the day that it is undone.
    """
    return LessonChange.objects.bulk_create(
        LessonChange(
            change=change,
            lesson=lesson,
            before=(before or {}).get(lesson.pk, {}),
            after=facts_of(lesson) | more,
            version=lesson.version,
        )
        for lesson in lessons
    )


def facts_of(lesson):
    """The facts of a lesson as JSON holds them: moments in ISO format, UTC."""
    facts = {name: getattr(lesson, name) for name in FACTS}
    return facts | {name: facts[name].isoformat() for name in ("starts_at", "ends_at")}


def _from_json(facts):
    return facts | {name: datetime.fromisoformat(facts[name]) for name in ("starts_at", "ends_at")}


def _locked_for(edits):
    lessons = Lesson.objects.select_for_update(of=["self"], no_key=True)
    known = lessons.select_related("branch", "class_group__course__subject")  # what the rules ask about
    return list(known.filter(pk__in=[edit.lesson_id for edit in edits]).order_by("starts_at", "pk"))


def _apply(lesson, edit):
    if edit.version not in (None, lesson.version):
        raise StaleLessonError(
            _("%(lesson)s was changed by somebody else meanwhile: look at it again.") % {"lesson": lesson}
        )
    if not (lesson.status == Lesson.Status.CANCELLED and edit.facts.get("status") == Lesson.Status.PLANNED):
        refuse_unplanned(lesson)
    for name, value in edit.facts.items():
        setattr(lesson, name, value)
    if lesson.ends_at <= lesson.starts_at:
        raise ScheduleError(_("%(lesson)s would end before it begins.") % {"lesson": lesson})
    if lesson.ends_at - lesson.starts_at > LONGEST_LESSON:
        raise ScheduleError(_("%(lesson)s would be longer than a day: check its hours.") % {"lesson": lesson})
    lesson.local_date = local_date(lesson.starts_at, lesson.branch.time_zone)


def _is_planned(lesson):
    return lesson.status == Lesson.Status.PLANNED


def _ruled_facts(lesson, before):
    """The facts that differ from before; all of a lesson that is planned again."""
    if before["status"] != Lesson.Status.PLANNED:
        return ALL_FACTS
    after = facts_of(lesson)
    return {fact for name, fact in RULED.items() if after[name] != before[name]}


def _take_anew(lessons, before, *, by, now, keep_reason):
    """Release the time of all, then claim the new one: the database refuses what is taken."""
    is_aside = len(lessons) > 1  # one alone makes room for nobody
    if is_aside:
        _stand_aside(lessons)
    wanted = wanted_by_all([lesson for lesson in lessons if _is_planned(lesson)])
    refuse_or_keep(wanted, reason=keep_reason, by=by, now=now)
    for lesson in lessons:
        lesson.is_booked, lesson.version = True, lesson.version + 1
    with clash_refused_by_database(wanted):
        _write(lessons, before, is_aside=is_aside)


def _stand_aside(lessons):
    """Out of the way of one another: of what they book, and of their beginnings, for a class meets once at a time."""
    released = Lesson.objects.filter(pk__in=[lesson.pk for lesson in lessons])
    released.update(is_booked=False, starts_at=F("starts_at") - ASIDE)
    for lesson in lessons:
        lesson.is_booked = False


def _write(lessons, before, *, is_aside):
    """One UPDATE for all lessons that get the same facts: a cancelled day is one."""
    alike = defaultdict(list)
    for lesson in lessons:
        after = facts_of(lesson)
        changed = {name: getattr(lesson, name) for name in FACTS if after[name] != before[lesson.pk][name]}
        if "starts_at" in changed:
            changed["local_date"] = lesson.local_date
        alike[tuple(changed.items())].append(lesson.pk)
    back = {"starts_at": F("starts_at") + ASIDE} if is_aside else {}
    for facts, pks in alike.items():
        Lesson.objects.filter(pk__in=pks).update(**back | dict(facts), is_booked=True, version=F("version") + 1)


def wanted_by_all(lessons):
    """All teachers, rooms and children that these lessons need: one query."""
    children = Attendance.objects.filter(lesson__in=lessons).coming()
    by_id = {lesson.pk: lesson for lesson in lessons}
    return [want for lesson in lessons for want in wanted_by(lesson)] + [
        Wanted(Booking.Kind.STUDENT, student_id, by_id[lesson_id])
        for lesson_id, student_id in children.values_list("lesson_id", "enrolment__student_id")
    ]


@transaction.atomic
def undo_change(*, change, by, now):
    """Put every lesson back to how it stood before; one that was added is cancelled. Within an hour.

    Raises ScheduleError when it is too late or was undone already, StaleLessonError when a lesson has changed since,
    LessonClashError when somebody else has taken the old time.
    """
    lock_timetable()
    change = TimetableChange.objects.select_related("branch").get(pk=change.pk)
    if now - change.at > UNDO_WITHIN:
        raise ScheduleError(_("A change can be undone within an hour. Change the lessons one by one."))
    if change.kind == TimetableChange.Kind.UNDO:
        raise ScheduleError(_("This took something back already. Make the change again instead."))
    if TimetableChange.objects.filter(undoes=change).exists():
        raise ScheduleError(_("This was undone already."))
    rows = list(change.lessons.select_related("lesson__class_group"))
    for row in rows:
        _restore_dropped(row)
        _restore_rules(row)
    take_back_effects(change, by=by, now=now)
    return change_lessons(
        branch=change.branch,
        kind=TimetableChange.Kind.UNDO,
        edits=[Edit(row.lesson_id, _facts_to_restore(row), row.version) for row in rows],
        by=by,
        now=now,
        undoes=change,
    )


def _facts_to_restore(row):
    if row.before:
        return _from_json(row.before)
    return {"status": Lesson.Status.CANCELLED, "cancel_reason": _("Added by a change that was undone.")}


def _restore_dropped(row):
    """A lesson that was cancelled without another one for it had made the class shorter; an added one, longer."""
    difference = bool(row.after.get("is_dropped")) - bool(row.after.get("is_extension"))
    if difference:
        group = ClassGroup.objects.filter(pk=row.lesson.class_group_id)
        group.update(lessons_total=F("lessons_total") + difference)


def _restore_rules(row):
    """A change of the weekly times had ended rules, begun others and named a class teacher (services.series)."""
    if rules := row.after.get("rules"):
        for pk, valid_until in rules["closed"].items():
            ScheduleRule.objects.filter(pk=pk).update(valid_until=valid_until)
        ScheduleRule.objects.filter(pk__in=rules["opened"]).update(valid_until=rules["until"])
        ClassGroup.objects.filter(pk=row.lesson.class_group_id).update(teacher=rules["teacher"])
