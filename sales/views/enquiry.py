"""The page of one enquiry: who asked, where it stands, what happened, what is next."""

import logging
from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, ListView, TemplateView, View

from branches.pages import StaffPageMixin
from sales.forms.capture import EnquiryFactsForm, LostForm
from sales.forms.follow_up import EnquiryFollowUpForm
from sales.services.facts import change_facts
from sales.services.hand_over_requests import (
    ASSIGN,
    give_enquiry,
    keep_enquiry,
    open_requests,
    requests_to_answer,
)
from sales.services.unmerging import undoable_merges
from sales.timeline import history_of
from sales.twins import twins_of
from students.custom_fields import shown_values
from students.models import CustomField, Enquiry
from students.services import EnquiryError, close_as_lost, reopen_enquiry

access_log = logging.getLogger("access")

TWINS = 5  # more than the number is of no use on the page
CHIPS = {"signed": "ok", "came": "warn", "lost": ""}  # every other stage is simply under way


class EnquiryMixin(StaffPageMixin):
    """A page or a button of one enquiry: the right must hold in its branch."""

    permission_required = "students.view_enquiry"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not self.has_permission():  # dispatch says so: the right comes before the object
            return
        related = ("branch", "course", "channel", "last_channel", "referred_by", "owner", "student")
        enquiries = Enquiry.objects.visible_to(request.user).select_related(*related)
        self.enquiry = get_object_or_404(enquiries, pk=kwargs["pk"])
        if not self.holds(self.permission_required):
            raise PermissionDenied

    @cached_property
    def now(self):
        return timezone.now()

    def holds(self, permission):
        return self.request.user.has_perm(permission, self.enquiry)


class EnquiryView(EnquiryMixin, TemplateView):
    template_name = "sales/enquiry.html"

    def get_context_data(self, **kwargs):
        user, enquiry = self.request.user, self.enquiry
        access_log.info("enquiry page %s seen by staff %s", enquiry.pk, user.pk)
        return super().get_context_data(
            title=enquiry.child_name,
            enquiry=enquiry,
            now=self.now,
            stage_at=self._stage_at(),
            stage_chip=CHIPS.get(enquiry.stage, "info"),
            may_change=self.holds("students.change_enquiry"),
            may_sign_up=enquiry.stage != Enquiry.Stage.SIGNED and self.holds("enrolments.add_enrolment"),
            may_answer=self.holds(ASSIGN) or enquiry.owner == user,
            requests=open_requests(self.now).filter(enquiry=enquiry),
            lost_form=LostForm(),
            may_book=self.holds("scheduling.add_trialbooking"),
            follow_up_form=EnquiryFollowUpForm(enquiry=enquiry, now=self.now),
            may_follow_up=self.holds("students.add_followup"),
            timeline=history_of(enquiry, user),
            **self._merging(),
            custom_facts=shown_values(enquiry, CustomField.objects.of("enquiry")),
            **kwargs,
        )

    def _merging(self):
        """Others of this phone; what was merged can be parted again."""
        if not self.holds("students.merge_enquiry"):
            return {}
        merges = undoable_merges(self.enquiry, self.now)
        return {"may_merge": True, "twins": twins_of(self.enquiry, self.request.user)[:TWINS], "merges": merges}

    def _stage_at(self):
        stamp = Enquiry.STAMPS.get(self.enquiry.stage, "created_at")
        return getattr(self.enquiry, stamp)


class EnquiryEditView(EnquiryMixin, FormView):
    permission_required = "students.change_enquiry"
    template_name = "sales/enquiry_edit.html"
    form_class = EnquiryFactsForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user, "now": self.now, "enquiry": self.enquiry}

    def get_context_data(self, **kwargs):
        title = _("Change %(child)s") % {"child": self.enquiry}
        return super().get_context_data(title=title, enquiry=self.enquiry, **kwargs)

    def form_valid(self, form):
        change_facts(enquiry=self.enquiry, **form.facts())
        messages.success(self.request, _("The change is saved."))
        return redirect("enquiry", self.enquiry.pk)


class EnquiryStepView(EnquiryMixin, View):
    """A button of the page: takes its step, and leads back to it; a refusal is said there."""

    permission_required = "students.change_enquiry"
    http_method_names = ["post"]

    def post(self, request, pk):
        try:
            self.take(by=request.user, now=self.now)
        except EnquiryError as error:
            messages.error(request, str(error))
        return redirect("enquiry", pk)


class EnquiryLostView(EnquiryStepView):
    def take(self, **facts):
        form = LostForm(self.request.POST)
        if not form.is_valid():
            raise EnquiryError(_("Say why the enquiry was lost."))
        close_as_lost(enquiry=self.enquiry, **form.cleaned_data, **facts)
        messages.success(self.request, _("%(child)s is closed: no more reminders.") % {"child": self.enquiry})


class EnquiryReopenView(EnquiryStepView):
    def take(self, **facts):
        reopen_enquiry(enquiry=self.enquiry, **facts)
        messages.success(self.request, _("%(child)s is followed up again.") % {"child": self.enquiry})


class EnquiryAnswerView(EnquiryStepView):
    """Give the enquiry to whoever asked for it, or keep it."""

    permission_required = "students.view_enquiry"

    def post(self, request, pk):
        answer = super().post(request, pk)
        still_mine = Enquiry.objects.visible_to(request.user).filter(pk=pk).exists()
        return answer if still_mine else redirect("hand_over_requests")

    def take(self, **facts):
        chosen = self.request.POST.get("request", "")
        asked = self.enquiry.changes.filter(kind="asked_for", pk=chosen if chosen.isdecimal() else 0).first()
        if asked is None:
            raise EnquiryError(_("Nobody asked for this enquiry."))
        if self.request.POST.get("answer") == "give":
            give_enquiry(request=asked, **facts)
            said = _("%(child)s is handed over to %(person)s.")
        else:
            keep_enquiry(request=asked, **facts)
            said = _("%(child)s stays where it is; %(person)s sees the answer when looking up the number.")
        messages.success(self.request, said % {"child": self.enquiry, "person": asked.by})


class HandOverRequestsView(StaffPageMixin, ListView):
    """What colleagues ask for: given or kept, one click each."""

    title = gettext_lazy("Hand-overs asked for")
    permission_required = "students.view_enquiry"
    template_name = "sales/hand_over_requests.html"
    paginate_by = 50

    def get_queryset(self):
        return requests_to_answer(self.request.user, timezone.now())
