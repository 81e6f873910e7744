"""A masked number shown in full, and for those who lead who looked at how many."""

import logging
from datetime import date, timedelta

from django.conf import settings
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import ListView, TemplateView

from branches.models import Branch, User
from branches.pages import StaffPageMixin
from core.clock import day_bounds, day_text, local_date
from parents.models import Guardian
from students.models import Enquiry, PhoneReveal
from students.services import PhoneRevealError, reveal_phone

access_log = logging.getLogger("access")
DAYS = 30
FRAGMENT = "X-Fragment"  # sent by our script, which puts the answer into the page


class RevealPhoneView(StaffPageMixin, TemplateView):
    """POST only: the number as a link to call. A piece of the page for our script, else a page with the way back."""

    title = _("Phone")
    http_method_names = ["post"]
    KINDS = {"guardian": (Guardian, "parents.view_guardian"), "enquiry": (Enquiry, "students.view_enquiry")}

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if kwargs["kind"] not in self.KINDS:
            raise Http404
        self.model, self.permission_required = self.KINDS[kwargs["kind"]]

    def get_template_names(self):
        return "partials/phone_shown.html" if FRAGMENT in self.request.headers else "dashboard/phone_shown.html"

    def post(self, request, kind, pk):
        found = get_object_or_404(self.model.objects.visible_to(request.user), pk=pk)
        place = request.POST.get("place")
        facts = {
            kind: found,
            "branch": self._branch(found),
            "place": place if place in PhoneReveal.Place.values else PhoneReveal.Place.LIST,
        }
        try:
            phone = reveal_phone(**facts, by=request.user, now=timezone.now())
        except PhoneRevealError as error:
            access_log.warning("phone of %s %s kept from staff %s: too many", kind, pk, request.user.pk)
            return self.render_to_response(self.get_context_data(sentence=str(error)), status=429)
        access_log.info("phone of %s %s shown to staff %s", kind, pk, request.user.pk)
        return self.render_to_response(self.get_context_data(shown=phone, of=found))

    def _branch(self, found):
        """Where the colleague may see it; a guardian's children may come to several."""
        if isinstance(found, Enquiry):
            return found.branch
        here = self.request.user.branches_with(self.permission_required)
        children = found.students.values("branches")
        return here.filter(pk__in=children).order_by("pk").first() or Branch.objects.order_by("pk").first()


class PhoneRevealsView(StaffPageMixin, ListView):
    """Who had how many numbers shown on which day: whoever fishes stands at the top."""

    title = _("Numbers shown")
    permission_required = "students.view_phonereveal"
    template_name = "dashboard/phone_reveals.html"
    paginate_by = 50

    def get_queryset(self):
        first = local_date(timezone.now(), settings.TIME_ZONE) - timedelta(days=DAYS - 1)
        since, _end = day_bounds(first, settings.TIME_ZONE)
        visible = PhoneReveal.objects.visible_to(self.request.user)
        return visible.by_person_and_day(since, settings.TIME_ZONE)


class PhoneRevealDayView(StaffPageMixin, ListView):
    """Whose numbers a colleague had shown on a day, in the order of time."""

    permission_required = "students.view_phonereveal"
    template_name = "dashboard/phone_reveal_day.html"
    paginate_by = 100

    def get_queryset(self):
        try:
            day = date.fromisoformat(self.kwargs["day"])
        except ValueError as error:
            raise Http404 from error
        self.day = day
        self.person = get_object_or_404(User.objects.visible_to(self.request.user), pk=self.kwargs["pk"])
        start, end = day_bounds(day, settings.TIME_ZONE)
        reveals = PhoneReveal.objects.visible_to(self.request.user).filter(by=self.person, at__gte=start, at__lt=end)
        return reveals.select_related("guardian", "enquiry", "branch").order_by("at", "pk")

    def get_context_data(self, **kwargs):
        title = f"{self.person} · {day_text(self.day)}"
        return super().get_context_data(title=title, person=self.person, **kwargs)
