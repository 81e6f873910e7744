"""What the rules need to know about some lessons: each table is read once, and only when a rule asks for it."""

from collections import defaultdict
from datetime import timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from branches.holidays import public_days
from branches.models import Branch, CalendarDay, Membership, Room, SchoolBreak, User
from branches.roles import Role
from core.clock import day_bounds, local_date, monday_of
from scheduling.models import (
    AvailabilityWindow,
    ClassGroup,
    Lesson,
    Qualification,
    StaffCheck,
    TeacherAbsence,
    TravelTime,
)
from scheduling.rulebook import rules_of

SATURDAY = 5


class Facts:
    """About `lessons` as they stand in memory, saved or not."""

    def __init__(self, lessons, *, now):
        self.lessons, self.now = lessons, now
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

    def group(self, lesson):
        return self.groups.get(lesson.class_group_id) or lesson.class_group  # one that is only drawn up

    def is_academic(self, lesson):
        return self.group(lesson).course.subject.is_academic

    def seats(self, lesson):
        """As many as may come, or come by now if these are more."""
        group = self.group(lesson)
        return max(group.capacity, group.student_count)

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
        return Branch.objects.in_bulk({lesson.branch_id for lesson in self.lessons})

    @cached_property
    def groups(self):
        groups = ClassGroup.objects.with_counts().select_related("course__subject")
        return groups.in_bulk({lesson.class_group_id for lesson in self.lessons})

    @cached_property
    def rooms(self):
        ids = {lesson.room_id for lesson in self.lessons} - {None}
        return Room.objects.in_bulk(ids) if ids else {}

    @cached_property
    def teachers(self):
        return User.objects.select_related("teaching_limit").in_bulk(self.teacher_ids)

    @cached_property
    def windows(self):
        """{teacher id: windows}"""
        return _by_teacher(self._of_teachers(AvailabilityWindow))

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
        """{course id: ids of the teachers who are named for it}; a course that is not in it is everybody's."""
        named = defaultdict(set)
        courses = {group.course_id for group in self.groups.values()}
        rows = Qualification.objects.filter(course__in=courses).values_list("course_id", "teacher_id")
        for course_id, teacher_id in rows:
            named[course_id].add(teacher_id)
        return named

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
        for membership in rows:
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
        """{(branch id, other branch id): TravelTime}, both ways."""
        rows = TravelTime.objects.select_related("branch", "other")
        both = {(row.branch_id, row.other_id): row for row in rows}
        return both | {(other, branch): row for (branch, other), row in both.items()}

    @cached_property
    def taught(self):
        """{teacher id: [(starts_at, ends_at, local day, branch id, lesson id)]} in the weeks of these lessons.

        These lessons as they stand in memory, the others as the database has them.
        """
        time_zone = self.zone(self.lessons[0])
        start = day_bounds(monday_of(self.first_date), time_zone)[0]
        end = day_bounds(monday_of(self.last_date) + timedelta(days=6), time_zone)[1]
        others = Lesson.objects.active().filter(teacher__in=self.teacher_ids).between(start, end)
        others = others.exclude(pk__in=[lesson.pk for lesson in self.lessons if lesson.pk]).order_by()
        found = defaultdict(list)
        for teacher_id, *row in others.values_list(
            "teacher_id", "starts_at", "ends_at", "local_date", "branch_id", "pk"
        ):
            found[teacher_id].append(tuple(row))
        for lesson in self.lessons:
            row = (lesson.starts_at, lesson.ends_at, self.day(lesson), lesson.branch_id, lesson.pk)
            found[lesson.teacher_id].append(row)
        return found

    def _of_teachers(self, model):
        return model.objects.filter(teacher__in=self.teacher_ids)


def _by_teacher(rows):
    found = defaultdict(list)
    for row in rows:
        found[row.teacher_id].append(row)
    return found
