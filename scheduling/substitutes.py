"""Who could take a lesson over: qualified, free and there, ranked by what a manager would ask next."""

from collections import Counter, defaultdict
from copy import copy
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q

from branches.models import Membership, User
from branches.roles import Role
from core.clock import local_date, monday_of
from scheduling.findings import Finding, findings_of
from scheduling.models import Booking, Lesson
from scheduling.rule_checks import TEACHER
from scheduling.rule_facts import Facts
from scheduling.taken import Taken

# Whom such a rule speaks against does not come into question at all.
LEFT_OUT = {"teacher_absent", "teacher_unavailable", "not_qualified", "not_qualified_academic"}


@dataclass(frozen=True)
class Candidate:
    """A teacher who is free for a lesson, and why it is this one. `findings`: what rules say against it."""

    teacher: User
    is_here: bool  # teaches at the lesson's branch
    times_taught: int  # lessons of this class so far
    week_lessons: int  # in the week of the lesson, at all branches
    findings: tuple[Finding, ...] = ()

    @property
    def rank(self):
        """Whom no rule speaks against; who is there; who knows the class; who has least to do that week."""
        against = any(finding.is_block for finding in self.findings), len(self.findings)
        return (*against, not self.is_here, -self.times_taught, self.week_lessons, self.teacher.name, self.teacher.pk)


def rank_substitutes(lessons, *, now, teachers=None):
    """{lesson id: [Candidate]}, the best first; as many queries for one lesson as for many. See Substitutes."""
    return Substitutes(lessons, now=now, teachers=teachers).ranked


def assign_best(lessons, ranked, is_allowed=lambda lesson, candidate: not candidate.findings):
    """{lesson id: Candidate or None}: the best of each, in the order of time, and nobody at two places at once.

    Whom a rule speaks against is nobody's choice but a person's.
    """
    busy, assigned = defaultdict(list), {}
    for lesson in sorted(lessons, key=lambda lesson: (lesson.starts_at, lesson.pk)):
        free = (one for one in ranked[lesson.pk] if not _meets(lesson, busy[one.teacher]) and is_allowed(lesson, one))
        assigned[lesson.pk] = best = next(free, None)
        if best:
            busy[best.teacher].append(lesson)
    return assigned


def _meets(lesson, others):
    return any(one.starts_at < lesson.ends_at and lesson.starts_at < one.ends_at for one in others)


class Substitutes:
    """Who could take over each of `lessons`, and who should.

    `teachers`: those who come into question, everybody who teaches if None.
    """

    def __init__(self, lessons, *, now, teachers=None):
        self.lessons, self.ranked = lessons, {lesson.pk: [] for lesson in lessons}
        if lessons:
            self._known = _Known(lessons, User.objects.all() if teachers is None else teachers, now)
            self._ask_rules(now)
            for candidates in self.ranked.values():
                candidates.sort(key=lambda candidate: candidate.rank)

    def _ask_rules(self, now):
        """Each possibility by itself: of all who could take a lesson over, one will."""
        self._possible = {
            (lesson.pk, teacher.pk): _taken_over(lesson, teacher)
            for lesson in self.lessons
            for teacher in self._known.teachers
            if self._known.may_take(teacher, lesson)
        }
        self._facts = Facts(list(self._possible.values()), now=now, is_apart=True) if self._possible else None
        for lesson in self._possible.values():
            findings = self._findings(lesson)
            if not LEFT_OUT & {finding.rule.code for finding in findings}:
                self.ranked[lesson.pk].append(self._known.candidate(lesson, findings))

    def _findings(self, lesson):
        return tuple(findings_of(self._facts, [lesson], changed={lesson.pk: {TEACHER}}))

    def assign(self):
        """{lesson id: Candidate or None}: see assign_best. What somebody gets counts for what the same may get next."""
        return assign_best(self.lessons, self.ranked, self._give)

    def _give(self, lesson, candidate):
        taken_over = self._possible[lesson.pk, candidate.teacher.pk]
        if self._findings(taken_over):
            return False
        self._facts.take_as_given(taken_over)
        return True


def _taken_over(lesson, teacher):
    taken_over = copy(lesson)
    taken_over.teacher = teacher
    return taken_over


class _Known:
    """What is asked about the teachers over the time of the lessons, beside the rules."""

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
        self._read_time(lessons, days)
        self._read_experience(lessons, now)

    def _day(self, lesson):
        return local_date(lesson.starts_at, self.zones[lesson.pk])

    def _read_time(self, lessons, days):
        ids = [teacher.pk for teacher in self.teachers]
        start, end = min(lesson.starts_at for lesson in lessons), max(lesson.ends_at for lesson in lessons)
        self.taken = Taken({Booking.Kind.TEACHER: ids}, starts_at=start, ends_at=end)
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
        return (
            teacher.pk != lesson.teacher_id
            and self.taken.is_free(Booking.Kind.TEACHER, teacher.pk, lesson.starts_at, lesson.ends_at)
            and any(membership.holds_on(self._day(lesson)) for membership in self.memberships[teacher])
        )

    def candidate(self, lesson, findings):
        """About the lesson's teacher."""
        teacher, day = lesson.teacher, self._day(lesson)
        theirs = self.memberships[teacher]
        return Candidate(
            teacher=teacher,
            is_here=any(one.branch_id == lesson.branch_id and one.holds_on(day) for one in theirs),
            times_taught=self.experience[lesson.class_group_id, teacher.pk],
            week_lessons=self.load[teacher.pk, monday_of(day)],
            findings=findings,
        )
