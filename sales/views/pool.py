"""公海: what is nobody's, to be claimed; and giving an enquiry up."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import View

from branches.pages import StaffPageMixin
from sales.forms.overview import GiveUpForm
from sales.services.pool import claim_enquiry, claimable_from, claims_today, give_up
from sales.todo import ASSIGN
from sales.views.overview import EnquiryListView
from students.models import Enquiry
from students.services import EnquiryError

CLAIM = "students.claim_enquiry"


class PoolView(EnquiryListView):
    """The same list, of the pool alone, with a button that claims."""

    title = gettext_lazy("Pool of enquiries")
    only = "pool"

    def get_context_data(self, **kwargs):
        return super().get_context_data(is_pool=True, claims=self._claims(), **kwargs)

    def described(self, enquiries):
        branch_ids = self.request.user.branch_ids_with(CLAIM)
        policies = {enquiry.branch_id: enquiry.branch.sales_policy for enquiry in enquiries}
        free_from = claimable_from(enquiries, policies=policies, by=self.request.user)
        for enquiry in super().described(enquiries):
            at = free_from.get(enquiry.pk)
            enquiry.free_from = at if at and at > self.now else None
            enquiry.may_claim = branch_ids is None or enquiry.branch_id in branch_ids
        return enquiries

    def _claims(self):
        """How many of the day's claims are used up, where there is a limit."""
        branches = list(self.request.user.branches_with(CLAIM).select_related("sales_policy"))
        numbers = claims_today(self.request.user, branches, self.now)
        limited = [branch for branch in branches if branch.sales_policy.claims_a_day is not None]
        return [
            {"branch": branch, "number": numbers[branch.pk], "most": branch.sales_policy.claims_a_day}
            for branch in limited
        ]


class _OneEnquiryView(StaffPageMixin, View):
    http_method_names = ["post"]

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if self.has_permission():  # dispatch says so: the right comes before the object
            self.enquiry = get_object_or_404(Enquiry.objects.visible_to(request.user), pk=kwargs["pk"])

    @cached_property
    def now(self):
        return timezone.now()


class EnquiryClaimView(_OneEnquiryView):
    """POST only: to the enquiry, which is one's own now; refused with a sentence, back to the pool."""

    permission_required = CLAIM

    def post(self, request, pk):
        if not request.user.has_perm(CLAIM, self.enquiry):
            raise PermissionDenied
        try:
            claim_enquiry(enquiry=self.enquiry, by=request.user, now=self.now)
        except EnquiryError as error:
            messages.error(request, str(error))
            return redirect("pool")
        messages.success(request, _("%(child)s is yours now: get in touch today.") % {"child": self.enquiry})
        return redirect("enquiry", pk=pk)


class EnquiryGiveUpView(_OneEnquiryView):
    """POST only: the owner, or who gives enquiries out, puts it into the pool with a reason."""

    permission_required = "students.change_enquiry"

    def post(self, request, pk):
        if self.enquiry.owner != request.user and not request.user.has_perm(ASSIGN, self.enquiry):
            raise PermissionDenied
        form = GiveUpForm(request.POST)
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        try:
            give_up(enquiry=self.enquiry, by=request.user, now=self.now, reason=reason)
        except EnquiryError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("%(child)s is in the pool now.") % {"child": self.enquiry})
        return redirect("enquiry", pk=pk)
