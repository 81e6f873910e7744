"""What the channels of a branch cost, month by month."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, View

from branches.pages import BranchMonthMixin, StaffPageMixin
from core.clock import local_date, month_after
from sales.costs import cost_lines
from sales.forms.ways_in import CostsForm
from sales.services.costs import set_channel_cost

PERMISSION = "sales.view_channelcost"
CHANGE = "sales.change_channelcost"


class ChannelCostsNowView(StaffPageMixin, View):
    """Leads to the running month of the first branch."""

    permission_required = PERMISSION

    def get(self, request, *args, **kwargs):
        branch = get_object_or_404(request.user.branches_with(PERMISSION).order_by("pk")[:1])
        today = local_date(timezone.now(), branch.time_zone)
        return redirect("channel_costs_month", branch.pk, today.year, today.month)


class ChannelCostsView(BranchMonthMixin, FormView):
    title = gettext_lazy("Cost of the channels")
    permission_required = PERMISSION
    template_name = "sales/costs.html"
    form_class = CostsForm

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"lines": cost_lines(self.branch, self.month)}

    def post(self, request, *args, **kwargs):
        if not request.user.has_perm(CHANGE, self.branch):
            raise PermissionDenied
        return super().post(request, *args, **kwargs)

    @transaction.atomic
    def form_valid(self, form):
        for line, amount, note in form.rows():
            if {amount.name, note.name} & set(form.changed_data):
                self._set(line, form.cleaned_data[amount.name], form.cleaned_data[note.name])
        messages.success(self.request, _("The costs were noted."))
        return redirect("channel_costs_month", self.branch.pk, self.month.year, self.month.month)

    def _set(self, line, amount_minor, note):
        set_channel_cost(
            branch=self.branch,
            month=self.month,
            channel=line.channel,
            campaign=line.campaign,
            amount_minor=amount_minor or 0,
            note=note,
            by=self.request.user,
            now=timezone.now(),
        )

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        lines = context["form"].lines
        return context | {
            "branch": self.branch,
            "branches": self.request.user.branches_with(PERMISSION).order_by("name"),
            "month": self.month,
            "before": month_after(self.month, -1),
            "after": month_after(self.month),
            "total_minor": sum(line.amount_minor for line in lines),
        }
