"""What families write back, and what staff answer."""

import secrets

from django.contrib import messages as notices
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import ListView, View

from branches.pages import StaffPageMixin
from messaging.forms import AnswerForm, ReplyFilterForm
from messaging.inbound import AnswerError, answer, settle
from messaging.models import InboundMessage, Suppression
from messaging.people import names_of


class ReplyListView(StaffPageMixin, ListView):
    title = gettext_lazy("Replies")
    permission_required = "messaging.view_inboundmessage"
    template_name = "messaging/reply_list.html"
    context_object_name = "replies"
    paginate_by = 30

    def get_queryset(self):
        user = self.request.user
        replies = self.form.narrow(InboundMessage.objects.visible_to(user)).select_related(
            "branch", "handled_by", "in_reply_to"
        )
        return replies.with_refusal(Suppression.objects).prefetch_related("answers__written_by")

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return ReplyFilterForm(self.request.GET, branches=branches)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(form=self.form, **kwargs)
        user, shown = self.request.user, context["replies"]
        names = names_of({reference for reply in shown for reference in (reply.about, reply.author)})
        for reply in shown:
            reply.about_name, reply.author_name = names.get(reply.about, ""), names.get(reply.author, "")
            reply.may_be_answered = (
                reply.branch and not reply.is_refused and user.has_perm("messaging.add_answer", reply)
            )
            reply.token = f"{reply.pk}:{secrets.token_urlsafe(12)}"
        return context


class ReplyActionView(StaffPageMixin, View):
    """A button beside a reply; then back to the list as it was."""

    http_method_names = ["post"]

    def post(self, request, pk):
        reply = get_object_or_404(InboundMessage.objects.visible_to(request.user), pk=pk)
        self.act(reply)
        return redirect(f"{reverse('replies')}?{request.GET.urlencode()}")


class ReplyAnswerView(ReplyActionView):
    permission_required = "messaging.add_answer"

    def act(self, reply):
        form = AnswerForm(self.request.POST)
        if not form.is_valid():
            return notices.error(self.request, _("Write an answer of at most 300 characters first."))
        try:
            answer(inbound=reply, by=self.request.user, now=timezone.now(), **form.cleaned_data)
        except AnswerError as error:
            return notices.error(self.request, str(error))
        return notices.success(self.request, _("It goes out within a minute."))


class ReplyHandledView(ReplyActionView):
    """Somebody called the family, or lets it be."""

    permission_required = "messaging.view_inboundmessage"

    def act(self, reply):
        settle(inbound=reply, by=self.request.user, now=timezone.now())
        notices.success(self.request, _("Marked as dealt with."))
