"""This and following: other weekly times from a day on."""

from datetime import date
from functools import cached_property

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView

from branches.models import Room, User
from core.clock import local_date
from scheduling.clashes import LessonClashError
from scheduling.findings import RuleRefusedError
from scheduling.forms import LengthForm, SeriesForm, SeriesFormSet
from scheduling.forms.classes import DroppedForm, times_initial
from scheduling.services import ScheduleError, WeeklySlot, change_series, preview_series
from scheduling.services.series import families_of, rules_at, state_of
from scheduling.views.class_pages import OfClassMixin

REFUSALS = (LessonClashError, RuleRefusedError, ScheduleError)


class ClassTimesView(OfClassMixin, TemplateView):
    """GET ?from=<lesson or day> begins there; POST shows what would change, and with action=change does it."""

    title = gettext_lazy("Change times")
    permission_required = "scheduling.change_classgroup"
    template_name = "scheduling/class_times.html"

    def get(self, request, *args, **kwargs):
        return self._page(*self._forms())

    def post(self, request, *args, **kwargs):
        form, times = self._forms(request.POST)
        if "X-Fragment" in request.headers:
            return render(request, "scheduling/class_times_preview.html", self._preview(form, times))
        is_valid = form.is_valid() & times.is_valid()
        if request.POST.get("action") == "change" and is_valid:
            return self._change(form, times)
        return self._page(form, times)

    @cached_property
    def now(self):
        return timezone.now()

    def _forms(self, data=None):
        from_date = self._from_date()
        teachers = User.objects.filter(pk__in=self._teacher_ids()).order_by("name")
        choices = {"teachers": teachers, "rooms": Room.objects.filter(branch=self.group.branch_id)}
        times = SeriesFormSet(data, prefix="times", initial=self._times_initial(from_date), form_kwargs=choices)
        initial = {"from_date": from_date, "state": state_of(self.group)}
        return SeriesForm(data, initial=initial, may_keep_clash=self.may_keep_clash), times

    def _times_initial(self, from_date):
        """The weekly times that hold, with what a lesson was dropped on in the place of its own."""
        rules, named = rules_at(self.group, from_date), self._named_lesson()
        rows = times_initial(rules)
        dropped = DroppedForm(self.request.GET)
        if named and named.rule_id and dropped.is_valid():
            own = times_initial([rule for rule in rules if rule.pk == named.rule_id])
            return [row | dropped.given if row in own else row for row in rows]
        return rows

    def _named_lesson(self):
        named = self.request.GET.get("from", "")
        return self.group.lessons.filter(pk=named).first() if named.isdecimal() else None

    def _teacher_ids(self):
        """Those of the branch, and those who teach the class by now."""
        here = set(User.objects.teaching_at(self.group.branch).values_list("pk", flat=True))
        return here | {self.group.teacher_id} | set(self.group.rules.values_list("teacher", flat=True))

    def _from_date(self):
        """The day of the named lesson, or the named day; else today."""
        named, today = self.request.GET.get("from", ""), local_date(self.now, self.group.branch.time_zone)
        if named.isdecimal():
            lesson = self._named_lesson()
            return lesson.local_date if lesson else today
        try:
            return date.fromisoformat(named)
        except ValueError:
            return today

    def _slots(self, times):
        return [
            WeeklySlot(
                row["weekday"],
                row["start_time"],
                row["minutes"] or self.group.course.minutes,
                row["teacher"] or self.group.teacher,
                row["room"],
            )
            for row in times.given
        ]

    def _page(self, form, times, error="", **shown):
        initial = {"lessons_total": self.group.lessons_total, "state": state_of(self.group)}
        context = {"times": times, "length_form": LengthForm(initial=initial), "error": error}
        return self.render_to_response(self.get_context_data(**context | self._preview(form, times) | shown))

    def _preview(self, form, times):
        """What would change, counted; or the sentence why nothing would."""
        shown = {"form": form, "group": self.group}
        if not (form.is_bound and form.is_valid() & times.is_valid()):
            return shown | {"time_errors": times.non_form_errors() if form.is_bound else []}
        try:
            series, against = preview_series(
                class_group=self.group,
                from_date=form.cleaned_data["from_date"],
                slots=self._slots(times),
                now=self.now,
            )
        except ScheduleError as error:
            return shown | {"refusal": str(error)}
        changed = series.changed()
        return shown | {
            "series": series,
            "rows": [_row(lesson, there, against) for lesson, there in series.standing()],
            "moved": len(series.moved()),
            "changed": len(changed),
            "own": sum(
                lesson.has_own_time or lesson.has_own_teacher or lesson.has_own_room for lesson, _ in series.pairs
            ),
            "families": families_of(changed),
            "against": against,
        }

    def _change(self, form, times):
        data = form.cleaned_data
        try:
            change = change_series(
                class_group=self.group,
                from_date=data["from_date"],
                slots=self._slots(times),
                by=self.request.user,
                now=self.now,
                reason=data["reason"],
                keep_reason=data.get("keep_reason", ""),
                state=data["state"],
            )
        except REFUSALS as error:
            return self._page(form, times, error=str(error))
        messages.success(self.request, _changed_text(change))
        return redirect("class_detail", pk=self.group.pk)


def _row(lesson, there, against):
    return {
        "lesson": lesson,
        "there": there,
        "is_moved": (lesson.starts_at, lesson.ends_at) != (there.starts_at, there.ends_at),
        "against": [str(one) for one in against if one.lesson.pk == lesson.pk],
    }


def _changed_text(change):
    number = change.lessons.count() if change else 0
    return ngettext(
        "The weekly times were changed: %(number)d lesson follows them.",
        "The weekly times were changed: %(number)d lessons follow them.",
        number,
    ) % {"number": number}
