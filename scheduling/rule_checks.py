"""One function per rule: what speaks against a lesson, as a sentence, or None."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from core.clock import day_text, monday_of, span_text
from courses.models import Course
from scheduling.models import StaffCheck

TIME, TEACHER, ROOM = "time", "teacher", "room"
ALL_FACTS = frozenset({TIME, TEACHER, ROOM})
CHECKS = {}


@dataclass(frozen=True)
class Check:
    """`facts` of a lesson that matter to it: who changes another one is not asked again."""

    facts: frozenset
    run: callable


def checks(code, *facts):
    def register(function):
        CHECKS[code] = Check(frozenset(facts), function)
        return function

    return register


def _about(facts, lesson, **more):
    """The names that most sentences use."""
    return {
        "class": facts.group(lesson).name,
        "when": span_text(lesson.starts_at, lesson.ends_at, facts.zone(lesson)),
        "teacher": facts.teacher(lesson).name,
        **more,
    }


# --- the day and the hour --------------------------------------------------------------------------------


@checks("latest_end", TIME)
def latest_end(facts, lesson, rule):
    latest = rule.time("latest_end")
    if facts.local(lesson.ends_at, lesson) <= datetime.combine(facts.day(lesson), latest):
        return None
    return _("%(class)s, %(when)s: lessons end by %(latest)s.") % _about(facts, lesson, latest=f"{latest:%H:%M}")


@checks("closed_day", TIME)
def closed_day(facts, lesson, rule):
    row = facts.calendar_day(lesson)
    if row is None or row.kind != row.Kind.CLOSED:
        return None
    return _("%(class)s, %(when)s: the branch is closed (%(reason)s).") % _about(facts, lesson, reason=row.reason)


@checks("school_hours", TIME)
def school_hours(facts, lesson, rule):
    branch = facts.branch(lesson)
    if branch.school_from is None or facts.is_school_on_weekend(lesson):
        return None  # the latter has a rule of its own
    if not _overlaps(facts, lesson, branch.school_from, branch.school_until) or not facts.is_school_day(lesson):
        return None
    return _("%(class)s, %(when)s: the children are at school.") % _about(facts, lesson)


@checks("school_on_weekend", TIME)
def school_on_weekend(facts, lesson, rule):
    branch = facts.branch(lesson)
    hours = (branch.school_from or rule.time("school_from"), branch.school_until or rule.time("school_until"))
    if not facts.is_school_on_weekend(lesson) or not _overlaps(facts, lesson, *hours):
        return None
    return _("%(class)s, %(when)s: the schools teach on this weekend day, for a public holiday.") % _about(
        facts, lesson
    )


@checks("academic_rest_day", TIME)
def academic_rest_day(facts, lesson, rule):
    """Compulsory education alone: for the pre-school years and for adults the law does not say it."""
    if not facts.is_academic_at(Course.Stage.COMPULSORY, lesson) or facts.is_school_day(lesson):
        return None
    return _(
        "%(class)s, %(when)s: academic lessons are not held on weekends, public holidays and in school breaks."
    ) % _about(facts, lesson)


@checks("senior_high_rest_day", TIME)
def senior_high_rest_day(facts, lesson, rule):
    if not facts.is_academic_at(Course.Stage.SENIOR_HIGH, lesson) or facts.is_school_day(lesson):
        return None
    return _(
        "%(class)s, %(when)s: by local rule, academic lessons of senior high school may not be allowed on weekends, "
        "public holidays and in school breaks."
    ) % _about(facts, lesson)


def _overlaps(facts, lesson, start, end):
    day = facts.day(lesson)
    return facts.local(lesson.starts_at, lesson) < datetime.combine(day, end) and facts.local(
        lesson.ends_at, lesson
    ) > datetime.combine(day, start)


# --- the teacher -----------------------------------------------------------------------------------------


@checks("teacher_absent", TIME, TEACHER)
def teacher_absent(facts, lesson, rule):
    for absence in facts.absences[lesson.teacher_id]:
        if absence.starts_at < lesson.ends_at and absence.ends_at > lesson.starts_at:
            return _("%(class)s, %(when)s: %(teacher)s is away (%(kind)s).") % _about(
                facts, lesson, kind=absence.get_kind_display()
            )
    return None


@checks("teacher_unavailable", TIME, TEACHER)
def teacher_unavailable(facts, lesson, rule):
    begins, ends = facts.local(lesson.starts_at, lesson), facts.local(lesson.ends_at, lesson)
    if facts.windows[lesson.teacher_id].cover(begins, ends):
        return None
    return _("%(class)s, %(when)s: %(teacher)s does not teach at this time.") % _about(facts, lesson)


@checks("teacher_elsewhere", TIME, TEACHER)
def teacher_elsewhere(facts, lesson, rule):
    """Only for somebody whose work at the branch has days: many teach where they have no role yet."""
    memberships = facts.memberships[lesson.teacher_id, lesson.branch_id]
    if not memberships or any(membership.holds_on(facts.day(lesson)) for membership in memberships):
        return None
    return _("%(class)s, %(when)s: %(teacher)s does not work at %(branch)s on this day.") % _about(
        facts, lesson, branch=facts.branch(lesson).name
    )


@checks("travel_time", TIME, TEACHER)
def travel_time(facts, lesson, rule):
    if not facts.travel:
        return None
    for starts_at, ends_at, _day, branch_id, pk in facts.taught(lesson):
        minutes, other = facts.travel.get((lesson.branch_id, branch_id), (0, ""))
        gap = max(lesson.starts_at - ends_at, starts_at - lesson.ends_at)
        if pk != lesson.pk and timedelta(0) <= gap < timedelta(minutes=minutes):
            return _(
                "%(class)s, %(when)s: %(teacher)s also teaches at %(other)s, %(minutes)d minutes away, with %(gap)d "
                "minutes in between."
            ) % _about(facts, lesson, other=other, minutes=minutes, gap=gap // timedelta(minutes=1))
    return None


@checks("minutes_a_day", TIME, TEACHER)
def minutes_a_day(facts, lesson, rule):
    day, limit = facts.day(lesson), _limit(facts, lesson, "minutes_a_day")
    minutes = limit and _minutes(facts, lesson, lambda other: other == day)
    if not limit or minutes <= limit:
        return None
    return _("%(teacher)s would teach %(minutes)d minutes on %(day)s; the limit is %(limit)d.") % _about(
        facts, lesson, minutes=minutes, limit=limit, day=day_text(day)
    )


@checks("minutes_a_week", TIME, TEACHER)
def minutes_a_week(facts, lesson, rule):
    monday, limit = monday_of(facts.day(lesson)), _limit(facts, lesson, "minutes_a_week")
    minutes = limit and _minutes(facts, lesson, lambda other: monday_of(other) == monday)
    if not limit or minutes <= limit:
        return None
    return _("%(teacher)s would teach %(minutes)d minutes in the week of %(day)s; the limit is %(limit)d.") % _about(
        facts, lesson, minutes=minutes, limit=limit, day=day_text(monday)
    )


def _limit(facts, lesson, name):
    return getattr(facts.limit(lesson), name, None)


def _minutes(facts, lesson, counts):
    rows = facts.taught(lesson)
    taught = sum((ends_at - starts_at for starts_at, ends_at, day, *_rest in rows if counts(day)), timedelta(0))
    return taught // timedelta(minutes=1)


@checks("not_qualified", TEACHER)
def not_qualified(facts, lesson, rule):
    if _has_own_rule_for_academic(facts, lesson, rule):
        return None
    return _not_qualified(facts, lesson)


@checks("not_qualified_academic", TEACHER)
def not_qualified_academic(facts, lesson, rule):
    return _not_qualified(facts, lesson) if facts.is_academic(lesson) else None


def _not_qualified(facts, lesson):
    course = facts.course(lesson)
    if facts.qualified.may_teach(lesson.teacher_id, course.pk):
        return None
    return _("%(class)s, %(when)s: %(teacher)s is not among the teachers of %(course)s.") % _about(
        facts, lesson, course=course.name
    )


@checks("certificate_expired", TIME, TEACHER)
def certificate_expired(facts, lesson, rule):
    if _has_own_rule_for_academic(facts, lesson, rule):
        return None
    return _expired(facts, lesson, rule, StaffCheck.Kind.CERTIFICATE)


@checks("certificate_expired_academic", TIME, TEACHER)
def certificate_expired_academic(facts, lesson, rule):
    return _expired(facts, lesson, rule, StaffCheck.Kind.CERTIFICATE) if facts.is_academic(lesson) else None


@checks("record_check_expired", TIME, TEACHER)
def record_check_expired(facts, lesson, rule):
    return _expired(facts, lesson, rule, StaffCheck.Kind.RECORD)


def _has_own_rule_for_academic(facts, lesson, rule):
    return facts.is_academic(lesson) and f"{rule.code}_academic" in facts.rules(lesson)


def _expired(facts, lesson, rule, kind):
    """A paper that ends before the lesson, and too soon to be renewed in time as a matter of course."""
    valid_until = facts.papers.get((lesson.teacher_id, kind))
    soon = facts.today(lesson) + timedelta(days=rule.parameters["days_ahead"])
    if valid_until is None or valid_until >= facts.day(lesson) or valid_until > soon:
        return None
    return _("%(class)s, %(when)s: %(paper)s of %(teacher)s is valid until %(day)s only.") % _about(
        facts, lesson, paper=kind.label, day=day_text(valid_until)
    )


# --- the room --------------------------------------------------------------------------------------------


@checks("room_too_small", ROOM)
def room_too_small(facts, lesson, rule):
    room, seats = facts.rooms.get(lesson.room_id), facts.seats(lesson)
    if room is None or room.capacity >= seats:
        return None
    return _("%(class)s has %(seats)d seats, room %(room)s has %(capacity)d.") % _about(
        facts, lesson, seats=seats, room=room.name, capacity=room.capacity
    )


@checks("area_per_child", ROOM)
def area_per_child(facts, lesson, rule):
    room, each = facts.rooms.get(lesson.room_id), rule.parameters["m2_per_child"]
    seats = facts.seats(lesson)
    if room is None or room.area_m2 is None or seats * each <= room.area_m2:
        return None
    return _(
        "%(class)s has %(seats)d seats; room %(room)s with %(area)s m² is for %(children)d, at %(each)s m² for each "
        "child."
    ) % _about(facts, lesson, seats=seats, room=room.name, area=room.area_m2, children=room.area_m2 // each, each=each)
