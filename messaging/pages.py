"""What staff see of the messages: what was said to whom, what became of it, and what is left to do."""

from django.contrib import messages as notices
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import ListView, View

from branches.pages import StaffPageMixin
from messaging.forms import MessageFilterForm
from messaging.models import FOR_STAFF, OutboundMessage
from messaging.people import names_of
from messaging.services import NotFailedError, mark_handled, send_again


class MessageListView(StaffPageMixin, ListView):
    title = gettext_lazy("Messages")
    permission_required = "messaging.view_outboundmessage"
    template_name = "messaging/message_list.html"
    context_object_name = "outbound_messages"  # `messages` are Django's notices
    paginate_by = 50

    def get_queryset(self):
        visible = OutboundMessage.objects.visible_to(self.request.user)
        return (
            self.form.narrow(visible).select_related("branch").prefetch_related("also_about").order_by("-due_at", "-pk")
        )

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return MessageFilterForm(self.request.GET, branches=branches)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(form=self.form, **kwargs)
        shown = context["outbound_messages"]
        for message in shown:
            message.abouts = [message.about, *(other.about for other in message.also_about.all())]
        names = names_of({reference for message in shown for reference in (*message.abouts, message.recipient)})
        now = timezone.now()
        for message in shown:
            message.needs_staff = message.status in FOR_STAFF and message.handled_at is None
            message.may_go_again = message.needs_staff and message.useful_until > now
            message.children = [(reference, names[reference]) for reference in message.abouts if reference in names]
            message.recipient_name = names.get(message.recipient, "")
        return context


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
