"""From an enquiry to the child's first order, without typing anything again."""

from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import FormView

from parents.models import Guardian
from sales.forms.sign_up import SignUpForm
from sales.views.enquiry import EnquiryMixin
from students.models import Enquiry, Student
from students.services import EnquiryError, sign_up


class EnquirySignUpView(EnquiryMixin, FormView):
    """The child and its guardian as the enquiry has them, on one screen; then straight to its enrolment."""

    permission_required = "enrolments.add_enrolment"
    template_name = "sales/sign_up.html"
    form_class = SignUpForm

    def dispatch(self, request, *args, **kwargs):
        """Who is signed up already goes on to the course: after a double click, too."""
        if self.has_permission() and self.enquiry.student:
            return self._to_enrol(self.enquiry.student)
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        instance = Enquiry.objects.get(pk=self.enquiry.pk)  # a form writes what was typed on its own copy
        return super().get_form_kwargs() | {"instance": instance, "family": self._family}

    def _family(self, phone):
        children = Student.objects.visible_to(self.request.user).filter(guardians__phone=phone)
        return children.order_by("name", "pk")

    def get_context_data(self, **kwargs):
        guardians = Guardian.objects.visible_to(self.request.user)
        return super().get_context_data(
            title=_("Sign up %(child)s") % {"child": self.enquiry},
            enquiry=self.enquiry,
            guardian=guardians.filter(phone=self.enquiry.phone or None).first(),
            **kwargs,
        )

    def form_valid(self, form):
        try:
            student = sign_up(enquiry=self.enquiry, by=self.request.user, now=self.now, **form.facts())
        except EnquiryError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        return self._to_enrol(student)

    def _to_enrol(self, student):
        """What was asked for is chosen there already. The right to it holds in the enquiry's branch, as here."""
        course = {"course": self.enquiry.course_id} if self.enquiry.course_id else {}
        return redirect(reverse("enrol", args=[student.pk], query=course))
