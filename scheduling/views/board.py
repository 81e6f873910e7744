"""What the timetable's board asks for: its lessons, and what is taken while one of them is dragged."""

from datetime import timedelta

from django.http import Http404, JsonResponse
from django.views.generic import View

from branches.models import Room, User
from core.clock import day_text, monday_of
from scheduling.board import lesson_data, resource_data, slots_for, wall
from scheduling.forms import WeekForm
from scheduling.timetable import By, Span, by_resource
from scheduling.views.roll_call import OfLessonMixin
from scheduling.views.shown_week import ShownWeekMixin


class TimetableDataView(ShownWeekMixin, View):
    """The week page's lessons as JSON, for the same query."""

    def get(self, request, *args, **kwargs):
        if self.is_overview:
            raise Http404
        days = [self.day] if self.is_one_day else self.days
        cards = [card for card in self.cards if card.lesson.local_date in days]
        return JsonResponse(
            {
                "by": self.by,
                "span": Span.DAY if self.is_one_day else Span.WEEK,
                "days": [day.isoformat() for day in days],
                "dayTitles": {day.isoformat(): day_text(day) for day in days},
                "today": self.today.isoformat(),
                "now": wall(self.now, self.time_zone),
                "resources": self._resources(cards),
                "closed": [
                    {"day": day.isoformat(), "reason": reason}
                    for day, reason in self.closed_reasons().items()
                    if day in days
                ],
                "lessons": [lesson_data(card, by=self.by, is_several=len(self.here) > 1) for card in cards],
            }
        )

    def _resources(self, cards):
        if self.by == By.DAY:
            return []
        groups = by_resource(self.by, cards, [*self.rooms(), *self.free_teachers()])
        return resource_data(resource for resource, _cards in groups)


class LessonSlotsView(OfLessonMixin, View):
    """Free and taken time for one lesson, in the week or the day that the board shows."""

    permission_required = "scheduling.change_lesson"

    def get(self, request, *args, **kwargs):
        lesson = self.lesson
        form = WeekForm(request.GET, branches=[])
        form.is_valid()  # what cannot be read is left out
        by, day = By(form.cleaned_data.get("by") or By.DAY), form.cleaned_data.get("day") or lesson.local_date
        is_one_day = by != By.DAY and form.cleaned_data.get("span") == Span.DAY
        days = [day] if is_one_day else [monday_of(day) + timedelta(days=offset) for offset in range(7)]
        is_by_cell = by != By.DAY and not is_one_day
        slots = slots_for(lesson, days, by=by, columns=_columns(lesson, by), is_by_cell=is_by_cell)
        return JsonResponse({"slots": slots})


def _columns(lesson, by):
    """The rooms or teachers that a lesson can be dragged to."""
    if by == By.ROOM:
        return list(Room.objects.filter(branch=lesson.branch_id).values_list("pk", flat=True))
    if by == By.TEACHER:
        here = User.objects.teaching_at(lesson.branch).values_list("pk", flat=True)
        return sorted({lesson.teacher_id, *here})
    return []
