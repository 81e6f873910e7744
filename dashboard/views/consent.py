"""Whether a guardian gets our messages: what holds now, one button to change it, and the record of every yes and no."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.generic import DetailView

from branches.pages import StaffPageMixin
from messaging.consent import ConsentError, How, agreement_to_offers, opt_in, opt_out, refusal
from messaging.models import ConsentEntry, Purpose
from parents.models import Guardian

PURPOSES = {
    Purpose.SERVICE: pgettext_lazy("messages", "Lessons, balance and what the school has to tell"),
    Purpose.MARKETING: pgettext_lazy("messages", "Offers"),
}
HISTORY = 50


class ConsentView(StaffPageMixin, DetailView):
    """Of the branches of the person where the guardian has a child."""

    permission_required = "messaging.change_consent"
    template_name = "dashboard/consent.html"

    def get_queryset(self):
        return Guardian.objects.visible_to(self.request.user).filter(phone__isnull=False)

    @cached_property
    def branches(self):
        mine = self.request.user.branches_with(self.permission_required)
        return mine.filter(students__guardianships__guardian=self.object).distinct()

    def get_context_data(self, **kwargs):
        context = super().get_context_data(
            title=_("Messages to %(guardian)s") % {"guardian": self.object.name},
            rows=[self._row(branch, purpose) for branch in self.branches for purpose in PURPOSES],
            history=ConsentEntry.objects.filter(phone=self.object.phone)
            .at_branches(self.branches)
            .select_related("branch", "by")[:HISTORY],
            students=self.object.students.visible_to(self.request.user),
            **kwargs,
        )
        del context["object"]  # the theme would lead back to the admin's lists
        return context

    def _row(self, branch, purpose):
        reason = refusal(phone=self.object.phone, branch=branch.pk, purpose=purpose)
        words = agreement_to_offers(branch) if purpose == Purpose.MARKETING else ""
        return {"branch": branch, "purpose": purpose, "label": PURPOSES[purpose], "reason": reason, "words": words}

    def post(self, request, *args, **kwargs):
        self.object = self.get_object()
        branch = get_object_or_404(self.branches, pk=request.POST.get("branch") or 0)
        purpose = request.POST.get("purpose")
        if purpose in PURPOSES:
            self._change(branch, Purpose(purpose), allow=request.POST.get("allow") == "yes")
        return redirect("consent", pk=self.object.pk)

    def _change(self, branch, purpose, *, allow):
        told = {"phone": self.object.phone, "purposes": [purpose], "branch": branch, "by": self.request.user}
        if not allow:
            opt_out(how=How.STAFF, now=timezone.now(), **told)
            return messages.success(self.request, _("Noted. Nothing of this kind is sent any more, from now on."))
        words = agreement_to_offers(branch) if purpose == Purpose.MARKETING else ""
        try:
            opt_in(words=words, now=timezone.now(), **told)
        except ConsentError as error:
            return messages.error(self.request, str(error))
        return messages.success(self.request, _("Noted: the family agrees."))
