"""老带新: rewards that are due, what was decided, and who brought whom."""

from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.generic import ListView, View

from branches.pages import StaffPageMixin
from enrolments.models import Enrolment
from enrolments.services import CorrectionError
from sales.forms.referrals import DeclineRewardForm, GiveRewardForm
from sales.models import ReferralReward
from sales.referrals import GIVE, bringers, decided, due_for, with_accounts, with_refunds
from sales.services.referrals import RewardError, decline_reward, give_reward, take_back_reward
from students.models import Enquiry


class ReferralListView(StaffPageMixin, ListView):
    """?show=decided and ?show=people are the other two tabs."""

    title = gettext_lazy("Referrals")
    permission_required = GIVE
    template_name = "sales/referrals.html"
    paginate_by = 50

    @cached_property
    def shown(self):
        shown = self.request.GET.get("show", "")
        return shown if shown in {"decided", "people"} else "due"

    def get_queryset(self):
        user = self.request.user
        if self.shown == "decided":
            return decided(user)
        if self.shown == "people":
            return bringers(user)
        return with_refunds(due_for(user)).select_related("branch__sales_policy", "referred_by", "student")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(shown=self.shown, tabs=self._tabs(), **kwargs)
        rows = list(context["page_obj"].object_list)
        return context | {"rows": with_accounts(rows, self.request.user) if self.shown == "due" else rows}

    def _tabs(self):
        return [
            ("due", pgettext("rewards", "Due")),
            ("decided", pgettext("rewards", "Decided")),
            ("people", _("Who brought whom")),
        ]


class _RewardStepView(StaffPageMixin, View):
    permission_required = GIVE
    http_method_names = ["post"]

    def visible(self, rows, branch_of):
        row = get_object_or_404(rows, pk=self.kwargs["pk"])
        if not self.request.user.has_perm(GIVE, branch_of(row)):
            raise PermissionDenied
        return row

    def take(self, step, said, **facts):
        try:
            step(by=self.request.user, now=timezone.now(), **facts)
        except (CorrectionError, RewardError) as error:
            messages.error(self.request, str(error))
        else:
            messages.success(self.request, said)


class ReferralRewardView(_RewardStepView):
    """Give it, to an account of the child that brought them; or decline it, with a reason."""

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if self.has_permission():
            brought = Enquiry.objects.visible_to(request.user).select_related("branch", "referred_by")
            self.enquiry = self.visible(brought, lambda enquiry: enquiry.branch)

    def post(self, request, *args, **kwargs):
        if "decline" in request.POST:
            self._decline(DeclineRewardForm(request.POST))
        else:
            here = Enrolment.objects.filter(branch__in=request.user.branches_with(GIVE))
            self._give(GiveRewardForm(request.POST, accounts=here.filter(student=self.enquiry.referred_by)))
        return redirect("referral_list")

    def _decline(self, form):
        if not form.is_valid():
            messages.error(self.request, _("Write why nothing is given."))
            return
        self.take(decline_reward, _("Nothing is given."), enquiry=self.enquiry, reason=form.cleaned_data["reason"])

    def _give(self, form):
        if not form.is_valid():
            messages.error(self.request, _("Choose the account that the credits go to."))
            return
        said = _("The family of %(child)s has its credits.") % {"child": self.enquiry.referred_by}
        self.take(give_reward, said, enquiry=self.enquiry, enrolment=form.cleaned_data["enrolment"])


class ReferralTakeBackView(_RewardStepView):
    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if self.has_permission():
            rewards = ReferralReward.objects.visible_to(request.user).select_related("enquiry__branch")
            self.reward = self.visible(rewards, lambda reward: reward.enquiry.branch)

    def post(self, request, *args, **kwargs):
        self.take(take_back_reward, _("What was left of the gift is taken back."), reward=self.reward)
        return redirect(reverse("referral_list", query={"show": "decided"}))
