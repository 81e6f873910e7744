"""What the rules need to know about some lessons: each table is read once, and only when a rule asks for it.

What the lessons came with (select_related) is not read again: a drop asks all of this while somebody waits.
"""

from collections import defaultdict
from datetime import timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from branches.holidays import public_days
from branches.models import Branch, CalendarDay, Membership, Room, SchoolBreak, User
from branches.roles import Role
from core.clock import day_bounds, local_date, monday_of
from courses.models import Course, Subject
from scheduling.models import (
    AvailabilityWindow,
    ClassGroup,
    ClassMember,
    Lesson,
    StaffCheck,
    TeacherAbsence,
    TeachingLimit,
    TravelTime,
)
from scheduling.qualified import Qualified
from scheduling.rulebook import rules_of
from scheduling.teaching_hours import windows_of

SATURDAY = 5


class Facts:
    """About `lessons` as they stand in memory, saved or not.

    `is_apart`: each is a possibility of its own, of which one may come true; they do not count for one another.
    """

    def __init__(self, lessons, *, now, is_apart=False):
        self.lessons, self.now, self.is_apart = lessons, now, is_apart
        self._given = defaultdict(list)
        self.days = {id(lesson): local_date(lesson.starts_at, self.zone(lesson)) for lesson in lessons}
        self.first_date, self.last_date = min(self.days.values()), max(self.days.values())
        self.teacher_ids = {lesson.teacher_id for lesson in lessons}

    # --- about one lesson ---------------------------------------------------------------------------------

    def branch(self, lesson):
        return self.branches[lesson.branch_id]

    def zone(self, lesson):
        return self.branch(lesson).time_zone

    def rules(self, lesson):
        return rules_of(self.branch(lesson).rule_pack)

    def day(self, lesson):
        return self.days[id(lesson)]

    def local(self, at, lesson):
        """Wall-clock time at the lesson's branch, without its zone."""
        return at.astimezone(ZoneInfo(self.zone(lesson))).replace(tzinfo=None)

    def teacher(self, lesson):
        return self.teachers[lesson.teacher_id]

    def limit(self, lesson):
        """The teacher's TeachingLimit, or None."""
        return self.limits.get(lesson.teacher_id)

    def group(self, lesson):
        return self.groups[lesson.class_group_id]

    def course(self, lesson):
        return self.courses[self.group(lesson).course_id]

    def is_academic(self, lesson):
        return self.subjects[self.course(lesson).subject_id].is_academic

    def is_academic_at(self, stage, lesson):
        return self.course(lesson).stage == stage and self.is_academic(lesson)

    def seats(self, lesson):
        """As many as may come, or come by now if these are more."""
        return max(self.group(lesson).capacity, self.children.get(lesson.class_group_id, 0))

    def today(self, lesson):
        return local_date(self.now, self.zone(lesson))

    def calendar_day(self, lesson):
        return self.calendar.get((lesson.branch_id, self.day(lesson)))

    def is_school_on_weekend(self, lesson):
        """调休: a Saturday or Sunday on which the schools teach, by the branch's calendar or the government's."""
        day, own = self.day(lesson), self.calendar_day(lesson)
        if day.weekday() < SATURDAY:
            return False
        public = public_days(day.year).get(day)
        return bool(public and not public.is_off) or bool(
            own and own.runs_weekday is not None and own.runs_weekday < SATURDAY
        )

    def is_school_day(self, lesson):
        day = self.day(lesson)
        if any(pause.first_date <= day <= pause.last_date for pause in self.breaks[lesson.branch_id]):
            return False
        public = public_days(day.year).get(day)
        if public and public.is_off:
            return False
        return day.weekday() < SATURDAY or self.is_school_on_weekend(lesson)

    # --- the tables ---------------------------------------------------------------------------------------

    @cached_property
    def branches(self):
        return _related(self.lessons, "branch", Branch.objects)

    @cached_property
    def groups(self):
        """One that is only drawn up has no id, and comes with its lessons."""
        return _related(self.lessons, "class_group", ClassGroup.objects)

    @cached_property
    def courses(self):
        return _related(self.groups.values(), "course", Course.objects.select_related("subject"))

    @cached_property
    def subjects(self):
        return _related(self.courses.values(), "subject", Subject.objects)

    @cached_property
    def children(self):
        """{class id: how many are in it now}"""
        members = ClassMember.objects.filter(class_group__in=[pk for pk in self.groups if pk], left_date__isnull=True)
        return dict(members.order_by().values_list("class_group").annotate(number=Count("pk")))

    @cached_property
    def rooms(self):
        return _related(self.lessons, "room", Room.objects)

    @cached_property
    def teachers(self):
        return _related(self.lessons, "teacher", User.objects)

    @cached_property
    def limits(self):
        return {limit.teacher_id: limit for limit in self._of_teachers(TeachingLimit)}

    @cached_property
    def windows(self):
        """{teacher id: Windows}"""
        return windows_of(self._of_teachers(AvailabilityWindow))

    @cached_property
    def absences(self):
        standing = self._of_teachers(TeacherAbsence).filter(
            withdrawn_at__isnull=True,
            starts_at__lt=max(lesson.ends_at for lesson in self.lessons),
            ends_at__gt=min(lesson.starts_at for lesson in self.lessons),
        )
        return _by_teacher(standing)

    @cached_property
    def qualified(self):
        return Qualified({group.course_id for group in self.groups.values()})

    @cached_property
    def papers(self):
        """{(teacher id, kind): last valid day}"""
        rows = self._of_teachers(StaffCheck).values_list("teacher_id", "kind", "valid_until")
        return {(teacher_id, kind): valid_until for teacher_id, kind, valid_until in rows}

    @cached_property
    def memberships(self):
        """{(teacher id, branch id): memberships as a teacher}"""
        found = defaultdict(list)
        rows = Membership.objects.filter(role=Role.TEACHER, user__in=self.teacher_ids, branch__in=self.branches)
        for membership in rows.order_by():
            found[membership.user_id, membership.branch_id].append(membership)
        return found

    @cached_property
    def calendar(self):
        """{(branch id, day): CalendarDay}"""
        rows = CalendarDay.objects.filter(branch__in=self.branches, day__range=(self.first_date, self.last_date))
        return {(row.branch_id, row.day): row for row in rows}

    @cached_property
    def breaks(self):
        found = defaultdict(list)
        rows = SchoolBreak.objects.filter(
            branch__in=self.branches, first_date__lte=self.last_date, last_date__gte=self.first_date
        )
        for row in rows:
            found[row.branch_id].append(row)
        return found

    @cached_property
    def travel(self):
        """{(branch id, other branch id): (minutes, name of the other)} from the branches of the lessons, both ways."""
        here = Q(branch__in=self.branches) | Q(other__in=self.branches)
        rows = TravelTime.objects.filter(here).order_by()
        found = {}
        for one, other, minutes, *names in rows.values_list(
            "branch", "other", "minutes", "branch__name", "other__name"
        ):
            found |= {(one, other): (minutes, names[1]), (other, one): (minutes, names[0])}
        return found

    def taught(self, lesson):
        """[(starts_at, ends_at, local day, branch id, lesson id)] of the lesson's teacher, in the weeks of all."""
        if not self.is_apart:
            return self._taught[lesson.teacher_id]
        standing = [*self._taught[lesson.teacher_id], *self._given[lesson.teacher_id]]
        return [*(row for row in standing if row[-1] != lesson.pk), self._row(lesson)]

    @cached_property
    def _taught(self):
        """{teacher id: rows} of the lessons as the database has them, and as these stand in memory."""
        time_zone = self.zone(self.lessons[0])
        start = day_bounds(monday_of(self.first_date), time_zone)[0]
        end = day_bounds(monday_of(self.last_date) + timedelta(days=6), time_zone)[1]
        others = Lesson.objects.active().filter(teacher__in=self.teacher_ids).between(start, end)
        if not self.is_apart:
            others = others.exclude(pk__in=[lesson.pk for lesson in self.lessons if lesson.pk])
        found = defaultdict(list)
        for teacher_id, *row in others.order_by().values_list(
            "teacher_id", "starts_at", "ends_at", "local_date", "branch_id", "pk"
        ):
            found[teacher_id].append(tuple(row))
        for lesson in [] if self.is_apart else self.lessons:
            found[lesson.teacher_id].append(self._row(lesson))
        return found

    def take_as_given(self, lesson):
        """One of those apart has come true: from now on it counts for the others."""
        self._given[lesson.teacher_id].append(self._row(lesson))

    def _row(self, lesson):
        return lesson.starts_at, lesson.ends_at, self.day(lesson), lesson.branch_id, lesson.pk

    def _of_teachers(self, model):
        return model.objects.filter(teacher__in=self.teacher_ids).order_by()  # by name would be a join


def _related(owners, name, rows):
    """{id: row} of a foreign key of these lessons or classes: those that it came with, the others in one query."""
    found, missing = {}, set()
    for owner in owners:
        field = owner._meta.get_field(name)
        pk = getattr(owner, field.attname)
        if field.is_cached(owner):
            found[pk] = getattr(owner, name)
        elif pk:
            missing.add(pk)
    missing -= found.keys()
    return found | (rows.order_by().in_bulk(missing) if missing else {})


def _by_teacher(rows):
    found = defaultdict(list)
    for row in rows:
        found[row.teacher_id].append(row)
    return found
