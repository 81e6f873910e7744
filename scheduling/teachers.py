"""What the pages about teachers show: hours against limits, papers that end, who is away. Read for many at once."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, Prefetch, Q, Sum
from django.db.models.functions import Coalesce

from branches.models import Membership, User
from branches.roles import Role
from core.clock import last_day_of, monday_of, month_of
from scheduling.findings import check_rules
from scheduling.models import Lesson, RuleOverride, StaffCheck, TeacherAbsence
from scheduling.rule_checks import CHECKS, TEACHER

SOON = timedelta(days=30)  # a paper that ends within it is to be renewed now
AHEAD = timedelta(days=28)  # lessons that the page about a teacher asks the rules about


@dataclass(frozen=True)
class Paper:
    """`state`: bad once it has ended, warn when it ends soon, ok, or empty when it is not recorded."""

    kind: str
    label: str
    valid_until: date | None
    state: str


@dataclass(frozen=True)
class Hours:
    """Minutes taught and planned in a week or month; `limit` is None where there is none."""

    minutes: int
    limit: int | None = None

    @property
    def hours(self):
        return round(self.minutes / 60, 1)

    @property
    def limit_hours(self):
        return None if self.limit is None else round(self.limit / 60, 1)

    @property
    def is_over(self):
        return self.limit is not None and self.minutes > self.limit


def teachers_of(branch_ids, now):
    """Who teaches at these branches (None: anywhere), with what a row about them shows."""
    works = Q(memberships__role=Role.TEACHER)
    if branch_ids is not None:
        works &= Q(memberships__branch__in=branch_ids)
    roles = Membership.objects.filter(role=Role.TEACHER).select_related("branch").order_by("branch__name")
    away = TeacherAbsence.objects.filter(withdrawn_at__isnull=True, ends_at__gt=now).order_by("starts_at")
    return (
        User.objects.filter(works, is_active=True)
        .distinct()
        .order_by("name", "pk")
        .select_related("teaching_limit")
        .prefetch_related(
            Prefetch("memberships", roles, to_attr="teaching_at"),
            Prefetch("absences", away, to_attr="away"),
            "qualifications__course",
            "checks",
        )
    )


def with_papers_to_renew(teachers, today):
    """Those with a paper that has ended or ends soon."""
    return teachers.filter(checks__valid_until__lt=today + SOON).distinct()


def papers_of(teacher, today):
    ends = {check.kind: check.valid_until for check in teacher.checks.all()}
    return [Paper(kind.value, kind.label, ends.get(kind), _state(ends.get(kind), today)) for kind in StaffCheck.Kind]


def _state(valid_until, today):
    if valid_until is None:
        return ""
    if valid_until < today:
        return "bad"
    return "warn" if valid_until < today + SOON else "ok"


def hours_of(teachers, today):
    """{teacher id: (this week, this month)}: one query for all. Cancelled lessons do not count."""
    monday, first = monday_of(today), month_of(today)
    sunday, last = monday + timedelta(days=6), last_day_of(first)
    span = (min(monday, first), max(sunday, last))
    lessons = Lesson.objects.active().filter(teacher__in=teachers, local_date__range=span).order_by()
    sums = lessons.values("teacher_id").annotate(
        week=_length(Q(local_date__range=(monday, sunday))), month=_length(Q(local_date__range=(first, last)))
    )
    found = {row["teacher_id"]: row for row in sums}
    return {teacher.pk: _hours(teacher, found.get(teacher.pk)) for teacher in teachers}


def _length(condition):
    return Coalesce(Sum(F("ends_at") - F("starts_at"), filter=condition), timedelta(0))


def _hours(teacher, row):
    limit = getattr(teacher, "teaching_limit", None)
    week, month = (row["week"], row["month"]) if row else (timedelta(0), timedelta(0))
    minute = timedelta(minutes=1)
    return Hours(week // minute, limit and limit.minutes_a_week), Hours(month // minute)


def findings_about(teacher, *, lessons, now):
    """{rule: findings}, blocks first, about the planned lessons of the next weeks, which nobody has let stand.

    Only of rules that ask about the teacher.
    """
    coming = list(lessons.planned().filter(teacher=teacher).between(now, now + AHEAD))
    passed = set(RuleOverride.objects.filter(lesson__in=coming).values_list("lesson_id", "rule"))
    by_rule = defaultdict(list)
    for finding in check_rules(coming, now=now):
        code = finding.rule.code
        if TEACHER in CHECKS[code].facts and (finding.lesson.pk, code) not in passed:
            by_rule[finding.rule].append(finding)
    return dict(sorted(by_rule.items(), key=lambda item: not item[0].is_block))
