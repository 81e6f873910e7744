"""Opening a class: one form, with the dates and what is in their way beside it."""

from functools import cached_property

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from branches.pages import StaffPageMixin
from core.clock import day_text, local_date
from scheduling.clashes import LessonClashError
from scheduling.findings import RuleRefusedError
from scheduling.forms import ClassForm, TimesFormSet
from scheduling.forms.classes import filled_with, times_initial
from scheduling.models import ClassGroup
from scheduling.proposals import propose
from scheduling.services import ScheduleError, draw_up, open_class
from scheduling.services.opening import propose_name
from scheduling.services.series import rules_at

LIKE = ("branch", "course", "teacher", "capacity", "is_capacity_hard", "level", "lessons_total", "credits_per_lesson")


class ClassNewView(StaffPageMixin, TemplateView):
    """GET ?like=<class> begins with what that class has; &member=… leads to moving these children afterwards."""

    title = gettext_lazy("Open a class")
    permission_required = "scheduling.add_classgroup"
    template_name = "scheduling/class_new.html"

    def get(self, request, *args, **kwargs):
        return self._page(*self._forms())

    def post(self, request, *args, **kwargs):
        """The buttons: open; preview (with the dates); refresh (another branch); use (a proposal)."""
        action = request.POST.get("action", "")
        if action == "refresh":
            return self._page(*self._forms_again())
        data = filled_with(request.POST, request.POST.get("use", ""))
        form, times = self._forms(data)
        if "X-Fragment" in request.headers:
            return render(request, "scheduling/class_preview.html", self._preview(form, times))
        is_valid = form.is_valid() & times.is_valid()
        if action == "preview" or "use" in request.POST or not is_valid:
            return self._page(form, times)
        return self._open(form, times)

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def branches(self):
        return self.request.user.branches_with(self.permission_required).order_by("name")

    @cached_property
    def like(self):
        """The class that the new one resembles, if one is named."""
        pk = self.request.GET.get("like", "")
        groups = ClassGroup.objects.visible_to(self.request.user).filter(branch__in=self.branches)
        return groups.filter(pk=pk).first() if pk.isdecimal() else None

    def _forms(self, data=None):
        initial, rows = {}, []
        if self.like and data is None:
            initial = {name: getattr(self.like, f"{name}_id", getattr(self.like, name)) for name in LIKE}
            rows = times_initial(rules_at(self.like, self.today))
            initial["room"] = rows[0]["room"] if rows else None
        form = ClassForm(data, initial=initial, branches=self.branches, today=self.today)
        return form, TimesFormSet(data, prefix="times", initial=rows or None)

    def _forms_again(self):
        """What was typed, without a word on what is missing: the branch was only chosen just now."""
        data = self.request.POST
        form = ClassForm(initial=data.dict(), branches=self.branches, today=self.today)
        _bound, times = self._forms(data)
        return form, times

    @property
    def today(self):
        return local_date(self.now, self.branches[0].time_zone)

    def _page(self, form, times, error=""):
        context = {"times": times, "like": self.like, "error": error, **self._preview(form, times)}
        return self.render_to_response(self.get_context_data(**context))

    def _preview(self, form, times):
        """The dates of the class; until they are known, what is still missing. And what would be free."""
        is_known = form.is_bound and form.is_valid() & times.is_valid() and bool(times.given)
        draft = draw_up(form.new_class(times), now=self.now) if is_known else None
        known = getattr(form, "cleaned_data", {})  # what could be read, also beside errors
        wish, course = form.wish(times) if known else None, known.get("course")
        return {
            "form": form,
            "draft": draft,
            "missing": [form.fields[name].label for name in form.errors if name in form.fields],
            "lacks_times": form.is_bound and not times.given,
            "time_errors": times.non_form_errors() if form.is_bound else [],
            "proposals": propose(wish, now=self.now) if wish else [],
            "proposed_name": propose_name(form.branch, course) if course else "",
            "proposed_minutes": course.minutes if course else "",
            "room": known.get("room"),
        }

    def _open(self, form, times):
        new_class, reason = form.new_class(times), form.cleaned_data["keep_reason"]
        try:
            group = open_class(new_class=new_class, by=self.request.user, now=self.now, keep_reason=reason)
        except (LessonClashError, RuleRefusedError, ScheduleError) as error:
            return self._page(form, times, error=str(error))
        last = group.lessons.last()
        messages.success(
            self.request,
            _("%(class)s was opened: %(number)d lessons, the last on %(day)s.")
            % {"class": group, "number": group.lessons_total, "day": day_text(last.local_date)},
        )
        return redirect(self._next(group))

    def _next(self, group):
        """Its page; with children who were to move into it, the page on which they do."""
        members = [pk for pk in self.request.GET.getlist("member") if pk.isdecimal()]
        if not (self.like and members):
            return reverse("class_detail", args=[group.pk])
        query = urlencode({"member": members, "target": group.pk, "from_date": group.first_date}, doseq=True)
        return f"{reverse('class_transfer', args=[self.like.pk])}?{query}"
