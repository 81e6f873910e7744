"""Taking in who asks: four fields on one screen."""

from functools import cached_property

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView

from branches.pages import StaffPageMixin
from sales.forms.capture import EnquiryForm
from sales.services.capture import note_asking_again, same_family, take_in
from sales.services.limits import TooManyError
from sales.views.lookup import look_up_for


class EnquiryNewView(StaffPageMixin, FormView):
    """A family that is in the books of the branch is not registered twice: it asks again, or is a sibling."""

    title = gettext_lazy("New enquiry")
    permission_required = "students.add_enquiry"
    template_name = "sales/enquiry_new.html"
    form_class = EnquiryForm

    @cached_property
    def now(self):
        return timezone.now()

    def get_form_kwargs(self):
        branches = self.request.user.branches_with(self.permission_required).order_by("name")
        return super().get_form_kwargs() | {"user": self.request.user, "now": self.now, "branches": branches}

    def form_valid(self, form):
        data = form.cleaned_data
        known = list(same_family(branch=data["branch"], phone=data["phone"]))
        again = next((row for row in known if str(row.pk) == self.request.POST.get("again")), None)
        if again:
            note_asking_again(enquiry=again, channel=data.get("channel"), by=self.request.user, now=self.now)
            messages.success(self.request, _("That %(child)s asked again is noted.") % {"child": again})
            return redirect("enquiry", again.pk)
        same_child = [row for row in known if row.child_name == data["child_name"] and row.token != data["token"]]
        is_sibling = "sibling" in self.request.POST and not same_child
        if any(row.token != data["token"] for row in known) and not is_sibling:
            return self.render_to_response(self.get_context_data(form=form, known=known, same_child=same_child))
        enquiry = take_in(by=self.request.user, now=self.now, token=data["token"], **form.facts())
        messages.success(self.request, _("%(child)s is registered.") % {"child": enquiry})
        return redirect("enquiry", enquiry.pk)

    def form_invalid(self, form):
        """What the number is known for stands beside what is wrong, also without scripts."""
        typed, name = form.data.get("phone", "")[:30], form.data.get("child_name", "")[:50]
        try:
            found = look_up_for(self.request.user, typed=typed, child_name=name, now=self.now)
        except TooManyError:
            return self.render_to_response(self.get_context_data(form=form, too_many=True), status=429)
        return self.render_to_response(self.get_context_data(form=form, found=found))
