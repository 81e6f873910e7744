"""A child pauses a course and comes back."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, ListView, View

from branches.pages import StaffPageMixin
from core.clock import day_text
from dashboard.money_forms import ResumeForm, SuspensionForm
from dashboard.views.statement import AccountPageMixin
from enrolments.models import Suspension
from scheduling.services.make_ups import MakeUpError
from scheduling.services.suspensions import (
    SuspensionError,
    classes_to_leave,
    lots_to_extend,
    resume_enrolment,
    suspend_enrolment,
)


class SuspendView(AccountPageMixin, FormView):
    """From when until when, and what comes of it."""

    permission_required = "enrolments.add_suspension"
    template_name = "dashboard/suspend.html"
    form_class = SuspensionForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"today": self.today}

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            title=_("Suspend %(course)s: %(student)s")
            % {"course": self.enrolment.course, "student": self.enrolment.student},
            enrolment=self.enrolment,
            members=classes_to_leave(self.enrolment, self.today),
            lots=lots_to_extend(self.enrolment, self.today).select_related("package"),
            **kwargs,
        )

    def form_valid(self, form):
        facts = {"by": self.request.user, "now": timezone.now()}
        try:
            suspension = suspend_enrolment(enrolment=self.enrolment, **form.cleaned_data, **facts)
        except (SuspensionError, MakeUpError) as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("Away until %(day)s.") % {"day": day_text(suspension.expected_date)})
        return redirect("student", pk=self.enrolment.student_id)


class ResumeView(StaffPageMixin, View):
    """POST only: the child is back from a day on."""

    permission_required = "enrolments.add_suspension"
    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        suspensions = Suspension.objects.visible_to(request.user).select_related("enrolment")
        suspension = get_object_or_404(suspensions, pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, suspension):
            raise PermissionDenied
        form = ResumeForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Write from which day on the child is back."))
            return redirect("suspension_list")
        day = form.cleaned_data["day"]
        problems = resume_enrolment(suspension=suspension, day=day, by=request.user, now=timezone.now())
        for problem in problems:
            messages.warning(request, problem)
        messages.success(request, _("Back from %(day)s on.") % {"day": day_text(day)})
        return redirect("student", pk=suspension.enrolment.student_id)


class SuspensionListView(StaffPageMixin, ListView):
    """Who is away, the first expected back on top."""

    title = gettext_lazy("Children who are away")
    permission_required = "enrolments.view_suspension"
    template_name = "dashboard/suspension_list.html"
    paginate_by = 50

    def get_queryset(self):
        away = Suspension.objects.visible_to(self.request.user).open()
        related = ("enrolment__student", "enrolment__course", "enrolment__branch", "recorded_by")
        return away.select_related(*related).order_by("expected_date", "pk")

    def get_context_data(self, **kwargs):
        return super().get_context_data(today=timezone.localdate(), **kwargs)
