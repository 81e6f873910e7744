"""What a branch taught in some months and what holds for pay, as values: a fixed number of queries."""

from collections import defaultdict
from datetime import timedelta

from django.db.models import BooleanField, CharField, Count, ExpressionWrapper, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Cast, Coalesce, Concat

from core.clock import day_bounds, month_of
from enrolments.models import CreditEntry
from payroll.models import PayRate
from payroll.rules import Children, TaughtLesson
from scheduling.models import Attendance, Lesson, TrialBooking

A_DAY = timedelta(days=1)
EVERYBODY = Q()


def taught_lessons(*, branch, since, until, who=EVERYBODY):
    """{(teacher id, month): lessons} held on local days in [since, until); `who` chooses among the teachers.

    The teacher is the one who really taught. A substitute is who took over a single lesson of another's class.
    """
    lessons = held_lessons(branch=branch, since=since, until=until).filter(who)
    children = _children_of(lessons)
    columns = ["pk", "teacher_id", "local_date", "starts_at", "ends_at", "class_group__name", "class_group__course_id"]
    is_substitute = Q(has_own_teacher=True) & ~Q(teacher=F("class_group__teacher"))
    rows = lessons.annotate(is_substitute=ExpressionWrapper(is_substitute, BooleanField()))
    found = defaultdict(list)
    for pk, teacher, day, starts_at, ends_at, name, course, substitute in rows.values_list(*columns, "is_substitute"):
        minutes = int((ends_at - starts_at).total_seconds() // 60)
        lesson = TaughtLesson(pk, day, starts_at, minutes, name, course, substitute, tuple(children[pk]))
        found[teacher, month_of(day)].append(lesson)
    return found


def held_lessons(*, branch, since, until):
    """Lessons held on local days in [since, until): by their day, and by their moment as well, for the index."""
    start, _end = day_bounds(since - A_DAY, branch.time_zone)
    end, _end = day_bounds(until + A_DAY, branch.time_zone)
    held = Lesson.objects.filter(branch=branch, status="held", local_date__gte=since, local_date__lt=until)
    return held.between(start, end).order_by()


def rates_of(branch, who=EVERYBODY):
    """{teacher id: rates} of the branch, of whatever time."""
    rates = PayRate.objects.filter(who, branch=branch).select_related("scheme").prefetch_related("scheme__tiers")
    found = defaultdict(list)
    for rate in rates.order_by("valid_from", "pk"):
        found[rate.teacher_id].append(rate.as_value())
    return found


def lessons_not_called(*, branch, since, until, now):
    """Lessons of these days that have begun and whose roll nobody called: they pay nothing yet."""
    return Lesson.objects.filter(branch=branch, local_date__gte=since, local_date__lt=until).to_be_called(now)


def _children_of(lessons):
    """{lesson id: [Children]}, with what the ledger recognised for them."""
    found = defaultdict(list)
    alike = ["lesson_id", "status", "is_make_up"]
    is_make_up = ExpressionWrapper(Q(make_up__isnull=False), BooleanField())
    rows = Attendance.objects.filter(lesson__in=lessons).annotate(is_make_up=is_make_up, earned=_revenue())
    groups = rows.order_by().values_list(*alike).annotate(number=Count("pk"), revenue=Coalesce(Sum("earned"), 0))
    for lesson, status, make_up, number, revenue in groups:
        found[lesson].append(Children(status, number, revenue, make_up))
    guests = TrialBooking.objects.filter(lesson__in=lessons, status="came").order_by()
    for lesson, number in guests.values_list("lesson_id").annotate(number=Count("pk")):
        found[lesson].append(Children("trial", number))
    return found


def _revenue():
    """Σ revenue of the entries that the ledger keeps under the attendance's reference, in fen."""
    reference = Concat(Value("attendance:"), Cast(OuterRef("pk"), CharField()))
    entries = CreditEntry.objects.filter(reference=reference).order_by().values("reference")
    return Subquery(entries.annotate(total=Sum("revenue_minor")).values("total"))
