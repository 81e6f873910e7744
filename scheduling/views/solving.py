from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from branches.pages import StaffPageMixin
from scheduling.clashes import LessonClashError
from scheduling.forms.solving import SolutionForm
from scheduling.models import ClassGroup
from scheduling.services import ScheduleError
from scheduling.services.solving import carry_out
from scheduling.solutions import find_seats, find_solutions, sides_of


class SolvingView(StaffPageMixin, FormView):
    """A trouble of the timetable, and the ways out of it that are free now: one tap each."""

    permission_required = "scheduling.change_lesson"
    form_class = SolutionForm

    def group_of(self, pk):
        groups = ClassGroup.objects.visible_to(self.request.user).select_related("branch", "course", "teacher")
        group = get_object_or_404(groups, pk=pk)
        if not self.request.user.has_perm(self.permission_required, group):
            raise PermissionDenied
        return group

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"solutions": self.solutions}

    def form_valid(self, form):
        solution = form.cleaned_data["solution"]
        try:
            carry_out(solution, by=self.request.user, now=timezone.now())
        except (LessonClashError, ScheduleError) as error:
            form.add_error("solution", str(error))
            return self.form_invalid(form)
        messages.success(self.request, solution.text)
        return redirect(self.get_success_url())


class ClashView(SolvingView):
    """Two classes that want the same teacher, room or child."""

    title = gettext_lazy("Solve a clash")
    template_name = "scheduling/clash.html"

    @cached_property
    def groups(self):
        if self.kwargs["pk"] == self.kwargs["other"]:
            raise Http404
        return [self.group_of(self.kwargs["pk"]), self.group_of(self.kwargs["other"])]

    @cached_property
    def sides(self):
        """(side, its solutions) of both classes."""
        now = timezone.now()
        return [(side, find_solutions(side, now=now)) for side in sides_of(self.groups, now=now)]

    @property
    def solutions(self):
        return [solution for _side, solutions in self.sides for solution in solutions]

    def get_context_data(self, **kwargs):
        return super().get_context_data(groups=self.groups, sides=self.sides, **kwargs)

    def get_success_url(self):
        """Stays while something is left to solve."""
        left = sides_of(self.groups, now=timezone.now())
        return self.request.path if left else reverse("week") + "#clashes"


class OverFullView(SolvingView):
    """A class with more children than seats."""

    title = gettext_lazy("An over-full class")
    template_name = "scheduling/over_full.html"

    @cached_property
    def group(self):
        return self.group_of(self.kwargs["pk"])

    @cached_property
    def solutions(self):
        return find_seats(self.group, now=timezone.now())

    def get_context_data(self, **kwargs):
        children = self.group.members.filter(left_date__isnull=True).count()
        over = max(children - self.group.capacity, 0)
        return super().get_context_data(group=self.group, children=children, over=over, **kwargs)

    def get_success_url(self):
        return self.request.path if find_seats(self.group, now=timezone.now()) else reverse("home")
