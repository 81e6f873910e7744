"""A day on which a branch cannot teach: what is at stake, and to which day its lessons could go."""

from collections import defaultdict
from copy import copy
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from branches.models import Branch, CalendarDay
from core.clock import day_bounds, moment
from scheduling.clashes import wanted_by
from scheduling.findings import check_rules
from scheduling.models import Attendance, Lesson
from scheduling.taken import Taken
from scheduling.teaching_hours import TeachingHours

LOOK_AHEAD = 14  # days
CHECKED = 3  # of the days on which most fit, against the rules


@dataclass
class LostDay:
    """The lessons of a branch's day that are still to come, and who is in them."""

    branch: Branch
    day: date
    lessons: list
    children: dict  # lesson id → the children who are expected
    told: dict  # child → the guardians who can be told by a message
    enrolments: dict = field(default_factory=dict)  # lesson id → enrolments, children on leave too

    @property
    def child_count(self):
        return len(self._all_children)

    @property
    def message_count(self):
        return len({guardian for pk in self._all_children for guardian in self.told.get(pk, ())})

    @property
    def unreachable(self):
        """Children of whom nobody can be told by a message."""
        return self._all_children - self.told.keys()

    @cached_property
    def _all_children(self):
        return {pk for children in self.children.values() for pk in children}


@dataclass(frozen=True)
class DayOffer:
    """`day` takes the lessons that `fit`, at their hours; the others not."""

    day: date
    fit: list
    rest: list


def lost_day(branch, day, *, now):
    """What is at stake: two queries. Lessons that have begun are left to their roll calls."""
    planned = Lesson.objects.planned().filter(branch=branch, local_date=day, starts_at__gt=now)
    lessons = list(planned.select_related("branch", "class_group__course", "teacher", "room"))
    children, enrolments, told = defaultdict(set), defaultdict(set), defaultdict(set)
    guardianships = "enrolment__student__guardianships"
    rows = Attendance.objects.filter(lesson__in=[lesson.pk for lesson in lessons]).values_list(
        "lesson",
        "status",
        "enrolment",
        "enrolment__student",
        f"{guardianships}__is_told",
        f"{guardianships}__guardian",
        f"{guardianships}__guardian__phone",
    )
    for lesson_id, status, enrolment_id, student_id, is_told, guardian_id, phone in rows:
        enrolments[lesson_id].add(enrolment_id)
        if status != Attendance.Status.LEAVE:
            children[lesson_id].add(student_id)
            if is_told and phone:
                told[student_id].add(guardian_id)
    return LostDay(branch, day, lessons, children, told, enrolments)


def offer_day(lost, *, now):
    """The first day on which all lessons fit at their hours, or most of them; None when none fits anywhere."""
    offers = []
    for offer in _offers(lost, [lost.day + timedelta(days=number + 1) for number in range(LOOK_AHEAD)]):
        offers.append(offer)
        is_whole = not offer.rest and sum(not other.rest for other in offers) <= CHECKED
        if is_whole and not (allowed := allowed_part(offer, now=now)).rest:
            return allowed
    best = None
    for offer in sorted(offers, key=_rank)[:CHECKED]:
        if offer.fit and (best is None or _rank(offer) < _rank(best)):
            best = min(filter(None, [best, allowed_part(offer, now=now)]), key=_rank)
    return best if best and best.fit else None


def _rank(offer):
    return -len(offer.fit), offer.day


def fit_on(lost, day, *, now):
    """Which lessons fit on a chosen day."""
    return allowed_part(next(_offers(lost, [day]), DayOffer(day, [], lost.lessons)), now=now)


def _offers(lost, days):
    """Per open day, in a handful of queries for all of them. Lessons that move together do not meet one another."""
    closed = set(CalendarDay.objects.closed().filter(branch=lost.branch, day__in=days).values_list("day", flat=True))
    free = _Free(lost, days)
    for day in (day for day in days if day not in closed):
        fitting = {lesson.pk for lesson in lost.lessons if free.on(lesson, day)}
        fit = [lesson for lesson in lost.lessons if lesson.pk in fitting]
        yield DayOffer(day, fit, [lesson for lesson in lost.lessons if lesson.pk not in fitting])


class _Free:
    """When everybody and everything that the lessons of a lost day need is free, over some days."""

    def __init__(self, lost, days):
        zone = lost.branch.time_zone
        self.needs = {lesson.pk: wanted_by(lesson, lost.children[lesson.pk]) for lesson in lost.lessons}
        ids = defaultdict(set)
        for want in (want for wants in self.needs.values() for want in wants):
            ids[want.kind].add(want.resource_id)
        start, end = day_bounds(days[0], zone)[0], day_bounds(days[-1], zone)[1] + timedelta(days=1)
        self.taken = Taken(ids, starts_at=start, ends_at=end)
        self.hours = TeachingHours({lesson.teacher_id for lesson in lost.lessons}, days=days, time_zone=zone)
        self.meetings = defaultdict(list)  # a class meets once at a time, with or without children in it
        others = Lesson.objects.active().filter(starts_at__lt=end, ends_at__gt=start)
        classes = {lesson.class_group_id for lesson in lost.lessons}
        for group_id, *span in others.filter(class_group__in=classes).values_list(
            "class_group", "starts_at", "ends_at"
        ):
            self.meetings[group_id].append(span)

    def on(self, lesson, day):
        moved = moved_to(lesson, day)
        span = moved.starts_at, moved.ends_at
        return (
            not any(
                start < moved.ends_at and moved.starts_at < end for start, end in self.meetings[lesson.class_group_id]
            )
            and self.hours.hold(moved.teacher_id, *span)
            and all(self.taken.is_free(want.kind, want.resource_id, *span) for want in self.needs[lesson.pk])
        )


def moved_to(lesson, day):
    """The lesson as it would be on another day, at the same wall-clock time."""
    moved, zone = copy(lesson), lesson.branch.time_zone
    moved.starts_at = moment(day, lesson.starts_at.astimezone(ZoneInfo(zone)).time(), zone)
    moved.ends_at = moved.starts_at + (lesson.ends_at - lesson.starts_at)
    moved.local_date = day
    return moved


def allowed_part(offer, *, now):
    """Without the lessons against which a rule speaks on that day: nobody is there to give a reason for each."""
    findings = check_rules([moved_to(lesson, offer.day) for lesson in offer.fit], now=now)
    refused = {finding.lesson.pk for finding in findings}
    fit = [lesson for lesson in offer.fit if lesson.pk not in refused]
    return DayOffer(offer.day, fit, [*offer.rest, *(lesson for lesson in offer.fit if lesson.pk in refused)])
