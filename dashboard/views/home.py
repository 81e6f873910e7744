from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import ListView, TemplateView

from branches.pages import StaffPageMixin
from core.clock import day_bounds, day_text, local_date
from dashboard.cards import cards_for
from scheduling.models import Lesson


class HomeView(StaffPageMixin, TemplateView):
    """What needs me now, and today's lessons."""

    title = _("Home")
    permission_required = "scheduling.view_timetable"
    template_name = "dashboard/home.html"

    def get_context_data(self, **kwargs):
        user, now = self.request.user, timezone.now()
        today = local_date(now, settings.TIME_ZONE)
        lessons = Lesson.objects.visible_to(user).active().between(*day_bounds(today, settings.TIME_ZONE))
        return super().get_context_data(
            today=day_text(today),
            now=now,
            cards=cards_for(user, now=now, today=today),
            lessons=lessons.for_timetable().order_by("starts_at", "branch_id", "pk")[:60],
            **kwargs,
        )


class LessonsToCallView(StaffPageMixin, ListView):
    """Lessons that have begun and whose roll nobody called: oldest first."""

    title = _("Lessons to call")
    permission_required = "scheduling.call_roll"
    template_name = "dashboard/to_call.html"
    paginate_by = 50

    def get_queryset(self):
        lessons = Lesson.objects.visible_to(self.request.user).to_be_called(timezone.now())
        return lessons.for_timetable().order_by("starts_at", "pk")

    def get_context_data(self, **kwargs):
        return super().get_context_data(now=timezone.now(), **kwargs)
