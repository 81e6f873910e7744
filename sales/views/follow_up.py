"""Writing down what was said with a family: of an enquiry, or of a student."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import FormView

from branches.pages import StaffPageMixin
from core.clock import moment_text
from sales.forms.follow_up import ADD, EnquiryFollowUpForm, StudentFollowUpForm, branches_to_write_at
from sales.views.enquiry import EnquiryMixin
from students.models import Student
from students.services import EnquiryError, record_follow_up, record_student_follow_up


class EnquiryFollowUpView(EnquiryMixin, FormView):
    """The form alone, for whoever comes from a list; the enquiry's page sends the same form here."""

    permission_required = ADD
    template_name = "sales/follow_up.html"
    form_class = EnquiryFollowUpForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"enquiry": self.enquiry, "now": self.now}

    def get_context_data(self, **kwargs):
        title = _("What was said about %(child)s") % {"child": self.enquiry}
        return super().get_context_data(title=title, enquiry=self.enquiry, **kwargs)

    def form_valid(self, form):
        try:
            record_follow_up(enquiry=self.enquiry, by=self.request.user, now=self.now, **form.facts())
        except EnquiryError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        self._say(**form.facts())
        return redirect("enquiry", self.enquiry.pk)

    def _say(self, next_at, lost_reason, **_facts):
        if lost_reason:
            messages.success(self.request, _("Written down, and the enquiry is closed."))
        elif next_at:
            when = moment_text(next_at, self.enquiry.branch.time_zone)
            messages.success(self.request, _("Written down. Next: %(when)s.") % {"when": when})
        elif self.enquiry.is_open:
            messages.warning(self.request, _("Written down, without a date: nobody will be reminded."))
        else:
            messages.success(self.request, _("Written down."))


class StudentFollowUpView(StaffPageMixin, FormView):
    """The same for a child that learns here; the form stands on the student's page, too."""

    permission_required = ADD
    template_name = "sales/student_follow_up.html"
    form_class = StudentFollowUpForm

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not self.has_permission():  # dispatch says so: the right comes before the object
            return
        self.student = get_object_or_404(Student.objects.visible_to(request.user), pk=kwargs["pk"])
        self.branches = branches_to_write_at(request.user, self.student)
        if not self.branches:
            raise PermissionDenied

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"branches": self.branches}

    def get_context_data(self, **kwargs):
        title = _("What was said about %(child)s") % {"child": self.student}
        return super().get_context_data(title=title, student=self.student, **kwargs)

    def form_valid(self, form):
        facts = {"student": self.student, "by": self.request.user, "now": timezone.now()}
        record_student_follow_up(**facts, **form.facts())
        messages.success(self.request, _("Written down."))
        return redirect("student", self.student.pk)
