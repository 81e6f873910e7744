"""Which channel carries what at a branch, how often, and at what price."""

from django.contrib import messages as notices
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.generic import TemplateView, View

from branches.pages import StaffPageMixin
from messaging.channel_orders import OrderError, change_order, follow_default, note_change, offered, order_of
from messaging.forms import LimitsForm
from messaging.models import Purpose

PURPOSES = {
    Purpose.SERVICE: pgettext_lazy("messages", "Lessons, balance and what the school has to tell"),
    Purpose.MARKETING: pgettext_lazy("messages", "Offers"),
    Purpose.CODE: pgettext_lazy("messages", "Sign-in codes"),
    Purpose.STAFF: pgettext_lazy("messages", "Notices to staff"),
}
ACTS = {"up", "down", "add", "remove", "save"}


class ChannelsView(StaffPageMixin, View):
    """The first branch whose channels one may change; its page leads to the others."""

    permission_required = "branches.change_branch"

    def get(self, request):
        branch = request.user.branches_with(self.permission_required).order_by("name").first()
        if branch is None:
            raise Http404
        return redirect("branch_channels", pk=branch.pk)


class BranchChannelsView(StaffPageMixin, TemplateView):
    """Works without scripts: each button sends the list it stands in, with the senders as they are typed."""

    permission_required = "branches.change_branch"
    template_name = "messaging/channels.html"

    @cached_property
    def branch(self):
        return get_object_or_404(self.request.user.branches_with(self.permission_required), pk=self.kwargs["pk"])

    def get_context_data(self, **kwargs):
        title = _("Channels of %(branch)s") % {"branch": self.branch}
        orders = [self._order(purpose) for purpose in PURPOSES]
        branches = self.request.user.branches_with(self.permission_required).order_by("name")
        limits = kwargs.pop("limits", None) or LimitsForm(instance=self.branch)
        facts = {"branch": self.branch, "branches": branches, "orders": orders, "limits": limits}
        return super().get_context_data(title=title, **facts, **kwargs)

    def _order(self, purpose):
        steps, is_own = order_of(self.branch, purpose)
        taken = {step.channel for step in steps}
        others = [(code, kind.label) for code, kind in offered(purpose).items() if code not in taken]
        return {
            "purpose": purpose,
            "label": PURPOSES[purpose],
            "steps": steps,
            "is_own": is_own,
            "others": others,
            "has_senders": any(step.kind.sender_pattern for step in steps),
        }

    def post(self, request, pk):
        branch = self.branch  # 404 before anything is read
        if request.POST.get("do") == "limits":
            return self._limits(branch)
        act, _separator, channel = request.POST.get("do", "").partition(":")
        purpose = request.POST.get("purpose")
        if purpose in PURPOSES:
            self._change(Purpose(purpose), act, channel or request.POST.get("channel", ""))
        return redirect("branch_channels", pk=branch.pk)

    def _change(self, purpose, act, channel):
        facts = {"branch": self.branch, "purpose": purpose, "by": self.request.user}
        posted = self.request.POST
        senders = {name.removeprefix("sender-"): posted[name][:64] for name in posted if name.startswith("sender-")}
        try:
            if act == "default":
                follow_default(**facts)
            elif act in ACTS:
                change_order(act=act, channel=channel, senders=senders, **facts)
            else:
                return
        except OrderError as error:
            notices.error(self.request, str(error))
        else:
            notices.success(self.request, _("Saved. It holds for what goes out from now on."))

    def _limits(self, branch):
        form = LimitsForm(self.request.POST, instance=branch)
        if not form.is_valid():
            return self.render_to_response(self.get_context_data(limits=form))
        form.save()
        if form.changed_data:
            note_change(branch, [form.fields[name].label for name in form.changed_data], self.request.user)
        notices.success(self.request, _("Saved. It holds for what goes out from now on."))
        return redirect("branch_channels", pk=branch.pk)
