from datetime import timedelta
from functools import cached_property
from operator import attrgetter
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Min, Q
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from branches.models import ClosedDay, Room
from branches.pages import StaffPageMixin
from core.clock import day_bounds, local_date, monday_of
from scheduling.forms import ALL, WeekForm
from scheduling.models import Booking, KeptClash, Lesson
from scheduling.timetable import (
    By,
    Span,
    cards_of,
    day_columns,
    hour_lines,
    is_wide,
    on_grid,
    overview_rows,
    pair_up,
    resource_columns,
    resource_rows,
)
from students.models import Student

# What a week can be narrowed to: the words for all of it, and the way to it from a lesson.
FILTERS = {
    "teacher": (_("All teachers"), "teacher"),
    "room": (_("All rooms"), "room"),
    "course": (_("All courses"), "class_group__course"),
}


class WeekView(StaffPageMixin, TemplateView):
    """The lessons of a week at one branch; for all branches, how many there are."""

    title = _("Timetable")
    permission_required = "scheduling.view_timetable"

    def get_template_names(self):
        return ["scheduling/overview.html" if self.is_overview else "scheduling/week.html"]

    def get_context_data(self, **kwargs):
        now = timezone.now()
        self.today = local_date(now, self.time_zone)
        self.day = self.shown.get("day") or self.today
        self.days = [monday_of(self.day) + timedelta(days=offset) for offset in range(7)]
        page = self._overview(now) if self.is_overview else self._week(now)
        return super().get_context_data(**self._frame(), **page, **kwargs)

    # --- what is asked for ---

    @cached_property
    def branches(self):
        return list(self.request.user.branches_with(self.permission_required))

    @cached_property
    def shown(self):
        form = WeekForm(self.request.GET, branches=self.branches)
        if not form.is_valid() and "branch" in form.errors:
            raise Http404
        return form.cleaned_data

    @cached_property
    def branch(self):
        """The chosen one; None for all of them."""
        chosen = self.shown["branch"] or self._usual_branch()
        return next((branch for branch in self.branches if str(branch.pk) == chosen), None)

    def _usual_branch(self):
        """Where the person sees every lesson; the owner and a teacher begin with all their branches."""
        if len(self.branches) == 1:
            return str(self.branches[0].pk)
        whole = self.whole_branch_ids or set()
        return next((str(branch.pk) for branch in self.branches if branch.pk in whole), ALL)

    @cached_property
    def whole_branch_ids(self):
        """Where the person sees every lesson and not only the own ones; None is everywhere."""
        return self.request.user.branch_ids_with("scheduling.view_lesson")

    @property
    def is_own(self):
        """A teacher sees the own lessons, nobody else's."""
        return self.whole_branch_ids == set()

    @property
    def is_overview(self):
        return self.branch is None and not self.is_own

    @property
    def here(self):
        return [self.branch] if self.branch else self.branches

    @property
    def time_zone(self):
        return self.here[0].time_zone if self.here else timezone.get_current_timezone_name()

    @property
    def by(self):
        return By(self.shown.get("by") or By.DAY)

    @property
    def is_one_day(self):
        return self.by != By.DAY and self.shown.get("span") == Span.DAY

    # --- what is shown ---

    def _frame(self):
        step = timedelta(days=1 if self.is_one_day else 7)
        return {
            "branches": self.branches,
            "branch": self.branch,
            "all_branches": ALL,
            "day": self.day,
            "today": self.today,
            "monday": self.days[0],
            "sunday": self.days[-1],
            "previous": self.day - step,
            "next": self.day + step,
        }

    def _week(self, now):
        start, end = self._bounds()
        lessons = list(self._lessons().between(start, end).for_timetable())
        kept = self._kept_clashes()
        filters = list(_filters(lessons, self.shown, self._lessons()))
        cards = cards_of(_filtered(lessons, filters), clashing_ids=_clashing_ids(kept, lessons), now=now)
        columns = day_columns(self.days, cards, closed_reasons=self._closed_reasons(), today=self.today)
        return {
            "by": self.by,
            "by_choices": [(by, label) for by, label in By.choices if not (self.is_own and by == By.TEACHER)],
            "span": Span.DAY if self.is_one_day else Span.WEEK,
            "span_choices": Span.choices,
            "is_one_day": self.is_one_day,
            "closed_reason": columns[self.day.weekday()].closed_reason if self.is_one_day else "",
            "days": columns,
            "filters": filters,
            "is_filtered": any(row["chosen"] for row in filters),
            "has_several_branches": len(self.here) > 1,
            "is_own": self.is_own,
            "now": on_grid(now.astimezone(ZoneInfo(self.time_zone))),
            "next_lesson": None if lessons else self._lessons().active().filter(starts_at__gte=end).first(),
            "clashes": _pairs(kept.upcoming(min(now, start)), self.request.user),
            **self._layout(cards, columns),
        }

    def _layout(self, cards, columns):
        """Columns on a grid of hours, or a table of a week's rooms, teachers or classes."""
        if self.is_one_day:
            columns = resource_columns(self.by, columns[self.day.weekday()], self._rooms())
            cards = [card for column in columns for card in column.cards]
        elif self.by != By.DAY:
            return {"rows": resource_rows(self.by, columns, self._rooms()) if cards else []}
        return {"columns": columns, "hours": hour_lines(cards), "is_wide": is_wide(columns)} if cards else {}

    def _overview(self, now):
        lessons = self._lessons().active().filter(local_date__range=(self.days[0], self.days[-1]))
        is_uncalled = Q(status=Lesson.Status.PLANNED, starts_at__lte=now)
        numbers = (
            lessons.order_by()
            .values("branch_id", "local_date")
            .annotate(lessons=Count("pk"), uncalled=Count("pk", filter=is_uncalled))
        )
        start, _end = self._bounds()
        kept = self._kept_clashes().upcoming(min(now, start))
        return {
            "days": day_columns(self.days, [], closed_reasons={}, today=self.today),
            "rows": overview_rows(self.branches, self.days, numbers, self._closed_days()),
            "clashes": _pairs(kept, self.request.user),
        }

    def _lessons(self):
        return Lesson.objects.visible_to(self.request.user).filter(branch__in=self.here)

    def _kept_clashes(self):
        return KeptClash.objects.visible_to(self.request.user).filter(lesson__branch__in=self.here).unsolved()

    def _bounds(self):
        """[start, end) of the week."""
        return day_bounds(self.days[0], self.time_zone)[0], day_bounds(self.days[-1], self.time_zone)[1]

    def _closed_days(self):
        return ClosedDay.objects.filter(branch__in=self.here, day__range=(self.days[0], self.days[-1]))

    def _closed_reasons(self):
        """A day closed at one of several branches is not a closed day."""
        return {closed.day: closed.reason for closed in self._closed_days()} if self.branch else {}

    def _rooms(self):
        """Every room, so that a free one is seen, unless the page is narrowed to something."""
        if self.by != By.ROOM or any(self.shown.get(name) for name in FILTERS):
            return []
        return Room.objects.visible_to(self.request.user).filter(branch__in=self.here)


def _filters(lessons, shown, all_lessons):
    """What occurs in these lessons, and what was chosen even where it does not occur in this week."""
    for name, (label, lookup) in FILTERS.items():
        get = attrgetter(lookup.replace("__", "."))
        found = {get(lesson) for lesson in lessons} - {None}
        chosen = shown.get(name)
        if chosen and chosen not in {choice.pk for choice in found}:
            elsewhere = all_lessons.filter(**{lookup: chosen}).select_related(lookup).first()
            found |= {get(elsewhere)} if elsewhere else set()
            chosen = chosen if elsewhere else None
        if len(found) < 2 and not chosen:
            continue  # nothing to narrow
        yield {"name": name, "label": label, "choices": sorted(found, key=str), "chosen": chosen, "get": get}


def _filtered(lessons, filters):
    """The lessons that pass every chosen filter."""
    for row in filters:
        if row["chosen"]:
            lessons = [one for one in lessons if getattr(row["get"](one), "pk", None) == row["chosen"]]
    return lessons


def _clashing_ids(kept, lessons):
    ids = [lesson.pk for lesson in lessons]
    pairs = kept.filter(Q(lesson__in=ids) | Q(other__in=ids)).values_list("lesson_id", "other_id")
    return {pk for pair in pairs for pk in pair}


def _pairs(kept, user):
    """Kept clashes per pair of classes, counted by the database, with the names of what both want."""
    rows = list(
        kept.values(
            "kind",
            "resource_id",
            "reason",
            branch_id=F("lesson__branch"),
            branch_name=F("lesson__branch__name"),
            class_name=F("lesson__class_group__name"),
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
