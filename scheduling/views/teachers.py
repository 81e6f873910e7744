"""The teachers: when, what and how much they teach, their papers and their leave."""

from functools import cached_property
from itertools import combinations

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, ListView, View

from branches.models import Branch
from branches.pages import StaffPageMixin
from core.clock import local_date
from courses.models import Course
from scheduling.forms.teachers import (
    DatedTimeForm,
    TeacherFilterForm,
    TeachingFactsForm,
    TravelTimesForm,
    WeeklyTimeForm,
    WorkForm,
)
from scheduling.models import AvailabilityWindow, Lesson, TravelTime, Weekday
from scheduling.services.teachers import set_teaching_facts, set_travel_times, set_work_at
from scheduling.teachers import findings_about, hours_of, papers_of, teachers_of, with_papers_to_renew

MAY_SEE = "scheduling.view_availabilitywindow"
IN_A_TABLE = 12  # branches


class TeachersMixin(StaffPageMixin):
    """The teachers of the branches where the person manages them."""

    permission_required = MAY_SEE

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def branches(self):
        return list(self.request.user.branches_with(MAY_SEE))

    @property
    def today(self):
        zone = self.branches[0].time_zone if self.branches else timezone.get_default_timezone_name()
        return local_date(self.now, zone)

    def teachers(self):
        return teachers_of(self.request.user.branch_ids_with(MAY_SEE), self.now)


class TeacherListView(TeachersMixin, ListView):
    title = gettext_lazy("Teachers")
    template_name = "scheduling/teacher_list.html"
    context_object_name = "teachers"
    paginate_by = 50

    @cached_property
    def shown(self):
        form = TeacherFilterForm(self.request.GET)
        form.is_valid()
        return form.cleaned_data

    @cached_property
    def branch(self):
        """The chosen one; None for all."""
        chosen = self.shown.get("branch")
        found = next((branch for branch in self.branches if branch.pk == chosen), None)
        if chosen and not found:
            raise Http404
        return found

    def of_branch(self):
        return teachers_of([self.branch.pk], self.now) if self.branch else self.teachers()

    def get_queryset(self):
        return with_papers_to_renew(self.of_branch(), self.today) if self.shown.get("papers") else self.of_branch()

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        teachers = list(context["teachers"])
        hours = hours_of(teachers, self.today)
        return context | {
            "rows": [(teacher, papers_of(teacher, self.today), *hours[teacher.pk]) for teacher in teachers],
            "papers_to_renew": with_papers_to_renew(self.of_branch(), self.today).count(),
            "only_papers": self.shown.get("papers"),
            "branches": self.branches,
            "branch": self.branch,
            "may_see_travel": self.request.user.has_perm("scheduling.view_traveltime"),
        }


class OfTeacherMixin(TeachersMixin):
    """One teacher; what is sent needs `change_permission`."""

    change_permission = None

    def get_permission_required(self):
        return [(self.request.method == "POST" and self.change_permission) or self.permission_required]

    @cached_property
    def teacher(self):
        return get_object_or_404(self.teachers(), pk=self.kwargs["pk"])

    def back(self):
        return redirect("teacher_detail", self.teacher.pk)


class TeacherView(OfTeacherMixin, FormView):
    """All about one teacher. The form writes limits, papers and courses; the other forms have their own addresses."""

    template_name = "scheduling/teacher.html"
    form_class = TeachingFactsForm
    change_permission = "scheduling.change_teachinglimit"

    @property
    def title(self):
        return self.teacher.name

    def get_form_kwargs(self):
        known = Course.objects.filter(is_active=True) | Course.objects.filter(qualifications__teacher=self.teacher)
        return super().get_form_kwargs() | {"courses": known.distinct().order_by("name")}

    def get_initial(self):
        limit = getattr(self.teacher, "teaching_limit", None)
        return {
            "minutes_a_day": limit and limit.minutes_a_day,
            "minutes_a_week": limit and limit.minutes_a_week,
            "courses": [row.course_id for row in self.teacher.qualifications.all()],
            **{check.kind: check.valid_until for check in self.teacher.checks.all()},
        }

    def form_valid(self, form):
        set_teaching_facts(teacher=self.teacher, **form.facts())
        messages.success(self.request, _("Saved."))
        return self.back()

    def get_context_data(self, **kwargs):
        kwargs.setdefault("weekly_form", WeeklyTimeForm(prefix="weekly"))
        kwargs.setdefault("dated_form", DatedTimeForm(prefix="dated"))
        kwargs.setdefault("work_form", WorkForm(prefix="work"))
        user, windows = self.request.user, list(self.teacher.availability.all())
        week, month = hours_of([self.teacher], self.today)[self.teacher.pk]
        return super().get_context_data(
            **kwargs,
            teacher=self.teacher,
            week=week,
            month=month,
            papers=papers_of(self.teacher, self.today),
            weekdays=[(label, [row for row in windows if row.weekday == day]) for day, label in Weekday.choices],
            has_weekly=any(window.weekday is not None for window in windows),
            dated=[window for window in windows if window.day and window.day >= self.today],
            findings=findings_about(self.teacher, lessons=Lesson.objects.visible_to(user), now=self.now),
            today=self.today,
            time_zone=self.branches[0].time_zone,
            may_change=user.has_perm(self.change_permission),
            may_change_work=user.has_perm("branches.change_membership"),
        )


class AddToTeacherView(TeacherView):
    """A small form of the teacher's page; a mistake is shown there."""

    http_method_names = ("post",)
    form_name = None

    def post(self, request, *args, **kwargs):
        form = self.small_form()
        if form.is_valid():
            self.save(form)
            messages.success(request, _("Saved."))
            return self.back()
        facts = TeachingFactsForm(**{**self.get_form_kwargs(), "data": None, "files": None})
        return self.render_to_response(self.get_context_data(form=facts, **{self.form_name: form}))

    def save(self, form):
        form.instance.teacher = self.teacher
        form.save()


class AddWeeklyTimeView(AddToTeacherView):
    permission_required = change_permission = "scheduling.add_availabilitywindow"
    form_name = "weekly_form"

    def small_form(self):
        return WeeklyTimeForm(self.request.POST, prefix="weekly")


class AddDatedTimeView(AddToTeacherView):
    permission_required = change_permission = "scheduling.add_availabilitywindow"
    form_name = "dated_form"

    def small_form(self):
        return DatedTimeForm(self.request.POST, prefix="dated")


class SetWorkView(AddToTeacherView):
    """For the owner: a teacher works at a branch for some time."""

    permission_required = change_permission = "branches.change_membership"
    form_name = "work_form"

    def small_form(self):
        return WorkForm(self.request.POST, prefix="work")

    def save(self, form):
        set_work_at(teacher=self.teacher, **form.cleaned_data)


class RemoveTimeView(TeachersMixin, View):
    permission_required = "scheduling.delete_availabilitywindow"

    def post(self, request, *args, **kwargs):
        window = get_object_or_404(AvailabilityWindow, pk=kwargs["pk"], teacher__in=self.teachers().values("pk"))
        window.delete()
        messages.success(request, _("The time was removed."))
        return redirect("teacher_detail", window.teacher_id)


class TravelTimesView(StaffPageMixin, FormView):
    """How long a teacher travels from branch to branch, for the owner: a table, or of many branches one at a time."""

    title = gettext_lazy("Travel between branches")
    permission_required = "scheduling.change_traveltime"
    template_name = "scheduling/travel_times.html"
    form_class = TravelTimesForm

    @cached_property
    def branches(self):
        return list(Branch.objects.order_by("pk"))

    @cached_property
    def branch(self):
        """The chosen one, where there are too many for a table; None: all are shown."""
        if len(self.branches) <= IN_A_TABLE:
            return None
        chosen = self.request.GET.get("branch", "")
        return next((branch for branch in self.branches if str(branch.pk) == chosen), self.branches[0])

    def get_form_kwargs(self):
        travel = {(row.branch_id, row.other_id): row.minutes for row in TravelTime.objects.all()}
        pairs = [pair for pair in combinations(self.branches, 2) if self.branch is None or self.branch in pair]
        return super().get_form_kwargs() | {"pairs": pairs, "travel": travel}

    def get_context_data(self, **kwargs):
        return super().get_context_data(**kwargs, branches=self.branches, branch=self.branch)

    def form_valid(self, form):
        set_travel_times(minutes=form.minutes())
        messages.success(self.request, _("Saved."))
        return redirect(self.request.get_full_path())
