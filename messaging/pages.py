"""What staff see of the messages: what was said to whom, what became of it, and what is left to do."""

from dataclasses import dataclass

from django.contrib import messages as notices
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.generic import ListView, View

from branches.pages import StaffPageMixin
from core.clock import local_date
from messaging.figures import counts_by_state
from messaging.forms import MessageFilterForm
from messaging.mending import DOUBTFUL, NotDoubtfulError, record_arrived, send_doubtful_again, unreliable
from messaging.models import FOR_STAFF, MessageEvent, OutboundMessage
from messaging.people import names_of
from messaging.sender_health import sender_health
from messaging.services import NotFailedError, mark_handled, send_again
from messaging.states import TO_TELL, asks_for_another_number

FIGURES = [
    ("to_send", pgettext_lazy("messages of a day", "to be sent"), ""),
    (TO_TELL, pgettext_lazy("messages of a day", "to tell by hand"), "warn"),
    ("sent", pgettext_lazy("messages of a day", "sent"), ""),
    ("delivered", pgettext_lazy("messages of a day", "delivered"), "done"),
    ("failed", pgettext_lazy("messages of a day", "failed"), "bad"),
    ("review", pgettext_lazy("messages of a day", "to be checked"), "warn"),
    ("not_sent", pgettext_lazy("messages of a day", "not sent"), ""),
]
RARE = {TO_TELL, "not_sent"}  # shown only while there are some


@dataclass(frozen=True)
class Figure:
    key: str
    word: str
    chip: str
    number: int
    url: str
    is_shown: bool


class MessageListView(StaffPageMixin, ListView):
    title = gettext_lazy("Messages")
    permission_required = "messaging.view_outboundmessage"
    template_name = "messaging/message_list.html"
    context_object_name = "outbound_messages"  # `messages` are Django's notices
    paginate_by = 50

    def get_queryset(self):
        visible = self.form.narrow(OutboundMessage.objects.visible_to(self.request.user))
        told = visible.with_teller(MessageEvent.objects).select_related("branch").prefetch_related("also_about")
        return told.order_by("-due_at", "-pk")

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return MessageFilterForm(self.request.GET, branches=branches)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(form=self.form, figures=self.figures(), day=self.day, **kwargs)
        shown = context["outbound_messages"]
        for message in shown:
            message.abouts = [message.about, *(other.about for other in message.also_about.all())]
        names = names_of({reference for message in shown for reference in (*message.abouts, message.recipient)})
        bad_numbers = unreliable({message.to_phone for message in shown})
        now = timezone.now()
        for message in shown:
            message.needs_staff = message.status in FOR_STAFF and message.handled_at is None
            message.is_doubtful = message.status in DOUBTFUL and message.handled_at is None
            message.may_go_again = message.useful_until > now and (message.needs_staff or message.is_doubtful)
            message.has_bad_number = message.to_phone in bad_numbers
            message.mends_by_number = message.needs_staff and asks_for_another_number(message)
            message.children = [(reference, names[reference]) for reference in message.abouts if reference in names]
            message.recipient_name = names.get(message.recipient, "")
        return context | self.senders(now)

    def senders(self, now):
        """How the senders do, for those who answer for the branch: open when one of them is not well."""
        if not self.request.user.has_perm("messaging.view_cost"):
            return {}
        senders = sender_health(now)
        return {"senders": senders, "are_well": all(one.is_well for one in senders)}

    @cached_property
    def day(self):
        """The day of the figures: the one that is chosen, else today."""
        return self.form.cleaned_data.get("day") or local_date(timezone.now(), self.form.time_zone)

    def figures(self):
        """(state, number, address of the list behind it) of the day, whatever state is shown."""
        visible = self.form.narrow_by_sort(OutboundMessage.objects.visible_to(self.request.user))
        counts = counts_by_state(self.form.on_day(visible, self.day))
        query = self.request.GET.copy()
        query.pop("page", None)
        figures = []
        for key, word, chip in FIGURES:
            query["day"], query["state"] = self.day.isoformat(), key
            if counts[key] or key not in RARE:
                is_shown = self.request.GET.get("state") == key and bool(self.form.cleaned_data.get("day"))
                figures.append(Figure(key, word, chip, counts[key], f"?{query.urlencode()}", is_shown))
        return figures


class MessageActionView(StaffPageMixin, View):
    """A button beside a message that failed; then back to the list as it was."""

    permission_required = "messaging.view_outboundmessage"
    http_method_names = ["post"]

    def post(self, request, pk):
        message = get_object_or_404(OutboundMessage.objects.visible_to(request.user), pk=pk)
        self.act(message, timezone.now())
        return redirect(f"{reverse('messages')}?{request.GET.urlencode()}")


class MessageHandledView(MessageActionView):
    """Somebody called the guardian, or lets it be."""

    def act(self, message, now):
        mark_handled(message=message, now=now)
        notices.success(self.request, _("Marked as dealt with."))


class MessageSendAgainView(MessageActionView):
    def act(self, message, now):
        try:
            send_again(message=message, now=now)
        except NotFailedError as error:
            notices.error(self.request, str(error))
        else:
            notices.success(self.request, _("It goes out within a minute."))


class MessageArrivedView(MessageActionView):
    """Nobody could tell; a colleague asked the family."""

    def act(self, message, now):
        try:
            record_arrived(message=message, by=self.request.user, now=now)
        except NotDoubtfulError as error:
            notices.error(self.request, str(error))
        else:
            notices.success(self.request, _("Noted: it arrived."))


class MessageOnceMoreView(MessageActionView):
    """It may have arrived; the button says that it may come twice."""

    def act(self, message, now):
        try:
            send_doubtful_again(message=message, by=self.request.user, now=now)
        except NotDoubtfulError as error:
            notices.error(self.request, str(error))
        else:
            notices.success(self.request, _("It goes out within a minute."))
