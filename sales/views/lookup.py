"""Matches while a number is typed, and asking for what is somebody else's."""

import logging

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import TemplateView, View

from branches.pages import StaffPageMixin
from sales.forms.capture import AskForm
from sales.lookup import look_up, whole_number
from sales.services.hand_over_requests import ask_for_hand_over
from sales.services.limits import TooManyError, count_request
from students.models import Enquiry
from students.services import EnquiryError

access_log = logging.getLogger("access")

LOOKUPS = 300  # a person, in ten minutes: sixty families, each typed with corrections; nobody fishes with so few


def look_up_for(user, *, typed, child_name, now):
    """What is found, counted and logged (by ids); TooManyError stops who tries number after number."""
    if whole_number(typed):  # only these tell of other branches
        count_request(what=f"lookup:{user.pk}", limit=LOOKUPS, now=now)
    found = look_up(user, typed=typed, child_name=child_name, now=now)
    if found:
        access_log.info("look-up by staff %s found %s", user.pk, ", ".join(found.ids))
    return found


class LookupView(StaffPageMixin, TemplateView):
    """The fragment beneath the number. POST: a number has no place in an address."""

    permission_required = "students.add_enquiry"
    http_method_names = ["post"]
    template_name = "sales/lookup.html"

    def post(self, request):
        typed, name = request.POST.get("phone", "")[:30], request.POST.get("child_name", "")[:50]
        try:
            found = look_up_for(request.user, typed=typed, child_name=name, now=timezone.now())
        except TooManyError as error:
            context = {"too_many": True}
            headers = {"Retry-After": str(error.seconds)}
            return self.render_to_response(context, status=429, headers=headers)
        return self.render_to_response({"found": found})


class EnquiryAskView(StaffPageMixin, View):
    """Ask the owner at another branch for a hand-over. Who knows the whole number may ask; others learn nothing."""

    permission_required = "students.claim_enquiry"
    http_method_names = ["post"]

    def post(self, request):
        try:
            count_request(what=f"lookup:{request.user.pk}", limit=LOOKUPS, now=timezone.now())
        except TooManyError as error:
            return HttpResponse(status=429, headers={"Retry-After": str(error.seconds)})
        form = AskForm(request.POST)
        if not form.is_valid():
            raise Http404
        data = form.cleaned_data
        enquiry = get_object_or_404(Enquiry.objects.live(), pk=data["enquiry"], phone=data["phone"])
        try:
            ask_for_hand_over(enquiry=enquiry, by=request.user, reason=data["ask_reason"], now=timezone.now())
        except EnquiryError as error:
            messages.error(request, str(error))
        else:
            self._say_asked(enquiry)
        return redirect("enquiry_new")

    def _say_asked(self, enquiry):
        whom = enquiry.owner or _("the manager of %(branch)s") % {"branch": enquiry.branch}
        messages.success(self.request, _("%(person)s is asked, and finds it on the home page.") % {"person": whom})
