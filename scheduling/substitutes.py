"""Who could take a lesson over: qualified, free and there, ranked by what a manager would ask next."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from branches.models import Membership, User
from branches.roles import Role
from core.clock import local_date, monday_of
from scheduling.models import Booking, Lesson, Qualification
from scheduling.taken import Taken
from scheduling.teaching_hours import TeachingHours


@dataclass(frozen=True)
class Candidate:
    """A teacher who is free for a lesson, and why it is this one."""

    teacher: User
    is_here: bool  # teaches at the lesson's branch
    times_taught: int  # lessons of this class so far
    week_lessons: int  # in the week of the lesson, at all branches

    @property
    def rank(self):
        """Who is there first; who knows the class; who has least to do that week."""
        return (not self.is_here, -self.times_taught, self.week_lessons, self.teacher.name, self.teacher.pk)


def rank_substitutes(lessons, *, now, teachers=None):
    """{lesson id: [Candidate]}, the best first; as many queries for one lesson as for many.

    `teachers`: those who come into question, everybody who teaches if None. A course for which nobody is named
    (Qualification) may be taught by all of them.
    """
    if not lessons:
        return {}
    known = _Known(lessons, User.objects.all() if teachers is None else teachers, now)
    return {
        lesson.pk: sorted(
            (known.candidate(teacher, lesson) for teacher in known.teachers if known.may_take(teacher, lesson)),
            key=lambda candidate: candidate.rank,
        )
        for lesson in lessons
    }


def assign_best(lessons, ranked):
    """{lesson id: Candidate or None}: the best of each, in the order of time, and nobody at two places at once."""
    busy, assigned = defaultdict(list), {}
    for lesson in sorted(lessons, key=lambda lesson: (lesson.starts_at, lesson.pk)):
        free = (one for one in ranked[lesson.pk] if not _meets(lesson, busy[one.teacher]))
        assigned[lesson.pk] = best = next(free, None)
        if best:
            busy[best.teacher].append(lesson)
    return assigned


def _meets(lesson, others):
    return any(one.starts_at < lesson.ends_at and lesson.starts_at < one.ends_at for one in others)


class _Known:
    """All that is asked about the teachers over the time of the lessons."""

    def __init__(self, lessons, teachers, now):
        self.zones = {lesson.pk: lesson.branch.time_zone for lesson in lessons}
        days = [self._day(lesson) for lesson in lessons]
        roles = Membership.objects.filter(role=Role.TEACHER, user__is_active=True, user__in=teachers)
        valid = roles.filter(Q(valid_from__isnull=True) | Q(valid_from__lte=max(days))).filter(
            Q(valid_until__isnull=True) | Q(valid_until__gte=min(days))
        )
        self.memberships = defaultdict(list)
        self.teachers = []
        for membership in valid.select_related("user"):
            if membership.user not in self.memberships:
                self.teachers.append(membership.user)
            self.memberships[membership.user].append(membership)
        self._read_qualifications(lessons)
        self._read_time(lessons, days)
        self._read_experience(lessons, now)

    def _day(self, lesson):
        return local_date(lesson.starts_at, self.zones[lesson.pk])

    def _read_qualifications(self, lessons):
        self.qualified = defaultdict(set)
        named = Qualification.objects.filter(course__in={lesson.class_group.course_id for lesson in lessons})
        for course_id, teacher_id in named.values_list("course", "teacher"):
            self.qualified[course_id].add(teacher_id)

    def _read_time(self, lessons, days):
        ids = [teacher.pk for teacher in self.teachers]
        start, end = min(lesson.starts_at for lesson in lessons), max(lesson.ends_at for lesson in lessons)
        self.taken = Taken({Booking.Kind.TEACHER: ids}, starts_at=start, ends_at=end)
        zone = lessons[0].branch.time_zone
        self.hours = TeachingHours(ids, days=[min(days), max(days) + timedelta(days=1)], time_zone=zone)
        weeks = monday_of(min(days)), monday_of(max(days)) + timedelta(days=6)
        theirs = Lesson.objects.active().filter(teacher__in=ids, local_date__range=weeks)
        self.load = Counter(
            (teacher_id, monday_of(day)) for teacher_id, day in theirs.values_list("teacher", "local_date")
        )

    def _read_experience(self, lessons, now):
        taught = Lesson.objects.active().filter(
            class_group__in={lesson.class_group_id for lesson in lessons}, starts_at__lt=now
        )
        self.experience = Counter(taught.values_list("class_group", "teacher"))

    def may_take(self, teacher, lesson):
        named = self.qualified.get(lesson.class_group.course_id)
        span = lesson.starts_at, lesson.ends_at
        return (
            teacher.pk != lesson.teacher_id
            and (named is None or teacher.pk in named)
            and self.taken.is_free(Booking.Kind.TEACHER, teacher.pk, *span)
            and self.hours.hold(teacher.pk, *span)
            and any(self._holds(membership, lesson) for membership in self.memberships[teacher])
        )

    def _holds(self, membership, lesson):
        day = self._day(lesson)
        return (membership.valid_from or day) <= day <= (membership.valid_until or day)

    def candidate(self, teacher, lesson):
        theirs = self.memberships[teacher]
        return Candidate(
            teacher=teacher,
            is_here=any(one.branch_id == lesson.branch_id and self._holds(one, lesson) for one in theirs),
            times_taught=self.experience[lesson.class_group_id, teacher.pk],
            week_lessons=self.load[teacher.pk, monday_of(self._day(lesson))],
        )
