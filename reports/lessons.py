"""Fill, attendance and teacher load of the lessons that were held, each by branch, course or teacher."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.db.models import Count, DurationField, Exists, F, IntegerField, OuterRef, Q, Subquery, Sum

from core.clock import day_bounds
from reports.scope import Scope
from scheduling.models import Attendance, ClassGroup, ClassMember, Lesson, MakeUp

DIMENSIONS = {"branch": "branch", "course": "class_group__course", "teacher": "teacher"}
PRESENT = ["present", "late"]
SEEN = {  # attendances of a held lesson, but for the guests who make a lesson up
    "expected": Q(make_up__isnull=True),
    "present": Q(make_up__isnull=True, status__in=PRESENT),
    "late": Q(make_up__isnull=True, status="late"),
    "leave": Q(make_up__isnull=True, status="leave"),
    "absent": Q(make_up__isnull=True, status="absent"),
}
MADE_UP = ["owed", "made_up"]
FILLED = ["classes", "members"]


@dataclass(frozen=True)
class Taught:
    """What was taught on the days of a scope; every figure has its rows."""

    scope: Scope

    # --- lessons ---

    @property
    def lessons(self):
        """Held on these days, by the branch's day and, for the index, by the moment too."""
        period, a_day = self.scope.period, timedelta(days=1)
        start, _end = day_bounds(period.first - a_day, "UTC")
        _start, end = day_bounds(period.last + a_day, "UTC")
        days = {"local_date__gte": period.first, "local_date__lte": period.last}
        return self.scope.of(Lesson.objects).filter(status="held", **days).between(start, end)

    @property
    def attendances(self):
        """Of these lessons, in a form that begins with them: the index leads from a lesson to its children."""
        return Attendance.objects.filter(lesson__in=self.lessons.order_by())

    def rows(self, figure):
        """The rows behind a figure: lessons, attendances, make-ups, classes or members. `students` has their visits."""
        if figure == "lessons":
            return self.lessons
        if figure in ("students", "taken"):
            return self.attendances.filter(status__in=PRESENT)
        if figure in SEEN:
            return self.attendances.filter(SEEN[figure])
        if figure in MADE_UP:
            return self._make_ups.filter(Q() if figure == "owed" else IS_MADE_UP)
        return self._classes if figure == "classes" else self._members

    def by(self, dimension):
        """{group id: Counter}: lessons, seconds, seats, the children seen and the seats they took, make-ups."""
        return self._by(dimension, with_students=True)

    def _by(self, dimension, *, with_students):
        group = DIMENSIONS[dimension]
        found = {}
        _collect(found, self._lesson_counts(group))
        _collect(found, self._attendance_counts(f"lesson__{group}", with_students=with_students))
        _collect(found, self._make_up_counts(f"original__lesson__{group}"))
        return found

    @cached_property
    def totals(self):
        """Of all groups together, but for the children, who may come to several."""
        return sum(self._by("branch", with_students=False).values(), Counter())

    @property
    def number_of_students(self):
        """Children who came: whoever came to two groups counts once."""
        came = self.attendances.filter(status__in=PRESENT).order_by()
        return came.values("enrolment__student").distinct().count()

    def by_day(self):
        """{day: Counter of lessons, seats, taken, expected, present}."""
        found = {}
        _collect(found, self._lesson_counts("local_date"))
        _collect(found, self._attendance_counts("lesson__local_date", with_students=False))
        return found

    def _lesson_counts(self, group):
        length = Sum(F("ends_at") - F("starts_at"), output_field=DurationField())
        rows = self.lessons.order_by().values(group)
        rows = rows.annotate(lessons=Count("pk"), length=length, seats=Sum("class_group__capacity"))
        for row in rows:
            seconds = int(row["length"].total_seconds())
            yield row[group], {"lessons": row["lessons"], "seconds": seconds, "seats": row["seats"]}

    def _attendance_counts(self, group, *, with_students):
        counts = {figure: Count("pk", filter=condition) for figure, condition in SEEN.items()}
        counts["taken"] = Count("pk", filter=Q(status__in=PRESENT))
        if with_students:
            counts["students"] = Count("enrolment__student", filter=Q(status__in=PRESENT), distinct=True)
        for row in self.attendances.order_by().values(group).annotate(**counts):
            yield row[group], {figure: row[figure] for figure in counts}

    # --- make-ups ---

    @property
    def _make_ups(self):
        """Rights of lessons missed on these days."""
        period = self.scope.period
        rows = self.scope.of(MakeUp.objects, "original__lesson__branch").usable()
        return rows.filter(
            original__lesson__local_date__gte=period.first, original__lesson__local_date__lte=period.last
        )

    def _make_up_counts(self, group):
        counts = {"owed": Count("pk"), "made_up": Count("pk", filter=IS_MADE_UP)}
        for row in self._make_ups.order_by().values(group).annotate(**counts):
            yield row[group], {figure: row[figure] for figure in counts}

    # --- classes ---

    @property
    def _classes(self):
        """Running: they have a lesson on the last day of the period or later, and had begun by then."""
        day = self.scope.last_day
        later = Lesson.objects.active().filter(class_group=OuterRef("pk"), local_date__gte=day)
        return self.scope.of(ClassGroup.objects).filter(Exists(later), first_date__lte=day)

    @property
    def _members(self):
        """Children in these classes on that day."""
        there = Q(left_date__isnull=True) | Q(left_date__gt=self.scope.last_day)
        return ClassMember.objects.filter(
            there, joined_date__lte=self.scope.last_day, class_group__in=self._classes.order_by()
        )

    def fill_by(self, dimension):
        """{group id: Counter of classes, capacity and members} on the last day of the period."""
        group = {"branch": "branch", "course": "course", "teacher": "teacher"}[dimension]
        there = self._members.filter(class_group=OuterRef("pk")).order_by().values("class_group")
        number = Subquery(there.annotate(number=Count("pk")).values("number"), output_field=IntegerField())
        rows = self._classes.annotate(children=number).order_by().values(group)
        counts = {"classes": Count("pk"), "capacity": Sum("capacity"), "members": Sum("children")}
        return {
            row[group]: Counter({figure: row[f"the_{figure}"] or 0 for figure in counts})
            for row in rows.annotate(**{f"the_{figure}": count for figure, count in counts.items()})
        }

    @property
    def fill_totals(self):
        return sum(self.fill_by("branch").values(), Counter())


IS_MADE_UP = Q(attendance__lesson__status="held", attendance__status__in=PRESENT)


def _collect(found, rows):
    for group, counts in rows:
        found.setdefault(group, Counter()).update(counts)
