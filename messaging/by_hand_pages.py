"""The desk's list of families to tell by hand: calls to make, slips to print and to hand out."""

import logging

from django.contrib import messages as notices
from django.core.exceptions import BadRequest
from django.db.models import Count
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import ListView, View

from branches.pages import StaffPageMixin
from messaging.by_hand import AlreadySettledError, record_all_told, record_not_reached, record_told
from messaging.forms import BranchFilterForm
from messaging.models import OutboundMessage
from messaging.people import names_of

access_log = logging.getLogger("access")
PERMISSION = "messaging.view_outboundmessage"


class _ToTellMixin(StaffPageMixin):
    permission_required = PERMISSION
    context_object_name = "to_tell"

    def to_tell(self):
        visible = OutboundMessage.objects.visible_to(self.request.user).to_tell(timezone.now())
        return visible.select_related("branch").prefetch_related("also_about")

    def name_people(self, shown):
        """Give each message the children it speaks of, its recipient, and its words without the signature."""
        for message in shown:
            message.abouts = [message.about, *(other.about for other in message.also_about.all())]
            message.words = message.body.removeprefix(f"【{message.branch.sms_signature}】")
        names = names_of({reference for message in shown for reference in (*message.abouts, message.recipient)})
        for message in shown:
            message.children = [(reference, names[reference]) for reference in message.abouts if reference in names]
            message.recipient_name = names.get(message.recipient, "")


class ByHandListView(_ToTellMixin, ListView):
    """Whom to call and whom to give a slip, the soonest useless first. It shows whole numbers: that is the task."""

    title = gettext_lazy("To tell by hand")
    template_name = "messaging/by_hand.html"
    paginate_by = 30

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return BranchFilterForm(self.request.GET, branches=branches)

    def get_queryset(self):
        return self.form.narrow(self.to_tell())

    def get_context_data(self, **kwargs):
        slips = self.form.narrow(self.to_tell()).order_by().filter(channel="slip")
        context = super().get_context_data(
            form=self.form,
            slips=slips.values("branch", "branch__name").annotate(number=Count("pk")).order_by("branch__name"),
            **kwargs,
        )
        self.name_people(context["to_tell"])
        calls = [message.pk for message in context["to_tell"] if message.channel == "call"]
        if calls:
            access_log.info("numbers of messages %s seen by staff %s", calls, self.request.user.pk)
        return context


class _SettleView(StaffPageMixin, View):
    """A button beside a call or a slip; then back to the list as it was."""

    permission_required = PERMISSION
    http_method_names = ["post"]

    def post(self, request, pk):
        message = get_object_or_404(OutboundMessage.objects.visible_to(request.user), pk=pk)
        try:
            self.settle(message=message, by=request.user, now=timezone.now())
        except AlreadySettledError as error:
            notices.warning(request, str(error))
        else:
            notices.success(request, self.done)
        return redirect(f"{reverse('by_hand')}?{request.GET.urlencode()}")


class ToldView(_SettleView):
    settle = staticmethod(record_told)
    done = gettext_lazy("Noted: the family knows.")


class NotReachedView(_SettleView):
    settle = staticmethod(record_not_reached)
    done = gettext_lazy("Noted. If the branch has another way to tell the family, it is taken now.")


class SlipsView(_ToTellMixin, ListView):
    """All open slips of a branch on paper, four to a page; then all that were printed are marked at once."""

    template_name = "messaging/slips.html"

    @cached_property
    def branch(self):
        return get_object_or_404(self.request.user.branches_with(self.permission_required), pk=self.kwargs["branch"])

    def get_queryset(self):
        return self.to_tell().filter(channel="slip", branch=self.branch)

    def get_context_data(self, **kwargs):
        title = _("Slips of %(branch)s") % {"branch": self.branch}
        context = super().get_context_data(title=title, branch=self.branch, **kwargs)
        self.name_people(context["to_tell"])
        return context

    def post(self, request, branch):
        """Only those that stood on the page: a slip that came since was not printed."""
        ids = request.POST.get("printed", "").split()
        if not all(pk.isdecimal() and len(pk) < 19 for pk in ids):
            raise BadRequest
        told = record_all_told(messages=self.get_queryset().filter(pk__in=ids), by=request.user, now=timezone.now())
        number = ngettext("%(n)s slip is marked as handed over.", "%(n)s slips are marked as handed over.", told)
        notices.success(request, number % {"n": told})
        return redirect("by_hand")
