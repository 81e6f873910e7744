from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Min, Q
from django.urls import reverse
from django.views.generic import TemplateView

from scheduling.forms import ALL
from scheduling.models import Booking, Lesson
from scheduling.timetable import (
    By,
    Span,
    day_columns,
    hour_lines,
    is_wide,
    on_grid,
    overview_rows,
    pair_up,
    resource_columns,
    resource_rows,
)
from scheduling.views.shown_week import ShownWeekMixin
from students.models import Student


class WeekView(ShownWeekMixin, TemplateView):
    """The lessons of a week at one branch; for all branches, how many there are."""

    def get_template_names(self):
        return ["scheduling/overview.html" if self.is_overview else "scheduling/week.html"]

    def get_context_data(self, **kwargs):
        page = self._overview() if self.is_overview else self._week()
        return super().get_context_data(**self._frame(), **page, **kwargs)

    def _frame(self):
        step = timedelta(days=1 if self.is_one_day else 7)
        return {
            "branches": self.branches,
            "branch": self.branch,
            "all_branches": ALL,
            "student": self.student,
            "day": self.day,
            "today": self.today,
            "monday": self.days[0],
            "sunday": self.days[-1],
            "previous": self.day - step,
            "next": self.day + step,
        }

    def _week(self):
        start, end = self.bounds()
        is_empty = not self.lessons_of_week
        columns = day_columns(self.days, self.cards, closed_reasons=self.closed_reasons(), today=self.today)
        return {
            "by": self.by,
            "by_choices": [(by, label) for by, label in By.choices if not (self.is_own and by == By.TEACHER)],
            "span": Span.DAY if self.is_one_day else Span.WEEK,
            "span_choices": Span.choices,
            "is_one_day": self.is_one_day,
            "closed_reason": columns[self.day.weekday()].closed_reason if self.is_one_day else "",
            "days": columns,
            "filters": self.filters,
            "is_filtered": any(row["chosen"] for row in self.filters),
            "has_several_branches": len(self.here) > 1,
            "is_own": self.is_own,
            "data_url": f"{reverse('timetable_data')}?{self.request.GET.urlencode()}",
            "now": on_grid(self.now.astimezone(ZoneInfo(self.time_zone))),
            "next_lesson": self.lessons().active().filter(starts_at__gte=end).first() if is_empty else None,
            "clashes": self._clashes(start),
            **self._layout(columns),
        }

    def _layout(self, columns):
        """Columns on a grid of hours, or a table of a week's rooms, teachers or classes."""
        cards = self.cards
        if self.is_one_day:
            columns = resource_columns(self.by, columns[self.day.weekday()], self.rooms())
            cards = [card for column in columns for card in column.cards]
        elif self.by != By.DAY:
            return {"rows": resource_rows(self.by, columns, self.rooms()) if cards else []}
        return {"columns": columns, "hours": hour_lines(cards), "is_wide": is_wide(columns)} if cards else {}

    def _overview(self):
        lessons = self.lessons().active().filter(local_date__range=(self.days[0], self.days[-1]))
        is_uncalled = Q(status=Lesson.Status.PLANNED, starts_at__lte=self.now)
        numbers = (
            lessons.order_by()
            .values("branch_id", "local_date")
            .annotate(lessons=Count("pk"), uncalled=Count("pk", filter=is_uncalled))
        )
        return {
            "days": day_columns(self.days, [], closed_reasons={}, today=self.today),
            "rows": overview_rows(self.branches, self.days, numbers, self.closed_days()),
            "clashes": self._clashes(self.bounds()[0]),
        }

    def _clashes(self, start):
        """Those still to come, and those of a week that is looked back at; a child's week shows none."""
        if self.student:
            return []
        return _pairs(self.kept_clashes().upcoming(min(self.now, start)), self.request.user)


def _pairs(kept, user):
    """Kept clashes per pair of classes, counted by the database, with the names of what both want."""
    rows = list(
        kept.values(
            "kind",
            "resource_id",
            "reason",
            branch_id=F("lesson__branch"),
            branch_name=F("lesson__branch__name"),
            class_id=F("lesson__class_group"),
            class_name=F("lesson__class_group__name"),
            other_class_id=F("other__class_group"),
            other_name=F("other__class_group__name"),
            teacher_name=F("lesson__teacher__name"),
            room_name=F("lesson__room__name"),
            by=F("kept_by__name"),
        )
        .annotate(lessons=Count("pk"), first_date=Min("lesson__local_date"))
        .order_by("first_date", "class_name", "kind", "resource_id")
    )
    child_ids = [row["resource_id"] for row in rows if row["kind"] == Booking.Kind.STUDENT]
    children = Student.objects.visible_to(user).in_bulk(child_ids) if child_ids else {}
    for row in rows:
        row["resource"] = {
            Booking.Kind.TEACHER: row["teacher_name"],
            Booking.Kind.ROOM: row["room_name"],
            Booking.Kind.STUDENT: children.get(row["resource_id"]),
        }[row["kind"]]
        row["kind"] = Booking.Kind(row["kind"]).label
    return pair_up(rows)
