from functools import cached_property

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from branches.pages import StaffPageMixin
from core.clock import day_text
from scheduling.clashes import LessonClashError
from scheduling.findings import RuleRefusedError
from scheduling.forms import Day, DayForm, LostDayForm
from scheduling.lost_days import lost_day, offer_day
from scheduling.services import ScheduleError, cancel_day


class CancelDayView(StaffPageMixin, FormView):
    """Snow, no power: a branch's day is cancelled in three clicks. The counts come first."""

    title = gettext_lazy("Cancel a day")
    permission_required = "scheduling.cancel_day"
    template_name = "scheduling/cancel_day.html"
    form_class = LostDayForm

    @cached_property
    def branches(self):
        return self.request.user.branches_with(self.permission_required)

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def chosen(self):
        data = {"branch": getattr(self.branches.first(), "pk", None), "when": Day.TODAY, **self.request.GET.dict()}
        return DayForm(data, branches=self.branches, now=self.now)

    @cached_property
    def lost(self):
        """What is at stake; None as long as branch and day are not known."""
        if not self.chosen.is_valid():
            return None
        return lost_day(self.chosen.cleaned_data["branch"], self.chosen.cleaned_data["day"], now=self.now)

    def get_context_data(self, **kwargs):
        offer = offer_day(self.lost, now=self.now) if self.lost and self.lost.lessons else None
        return super().get_context_data(
            chosen=self.chosen,
            days=Day.choices,
            has_several_branches=len(self.branches) > 1,
            lost=self.lost,
            offer=offer,
            **kwargs,
        )

    def form_valid(self, form):
        if self.lost is None:
            return self.form_invalid(form)
        try:
            cancel_day(
                branch=self.lost.branch,
                day=self.lost.day,
                reason=form.reason_text,
                to_day=form.chosen_day,
                by=self.request.user,
                now=self.now,
            )
        except (LessonClashError, RuleRefusedError, ScheduleError) as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, self._what_was_done())
        return redirect("timetable_changes")

    def _what_was_done(self):
        return _(
            "%(branch)s, %(day)s is cancelled. Lessons: %(lessons)d, messages to families: %(messages)d. "
            "It can be undone for an hour."
        ) % {
            "branch": self.lost.branch,
            "day": day_text(self.lost.day),
            "lessons": len(self.lost.lessons),
            "messages": self.lost.message_count,
        }
