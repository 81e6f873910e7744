"""All notices: what goes out, what waits for somebody, what became of the others."""

from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy
from django.views.generic import ListView

from branches.pages import StaffPageMixin
from notices.forms import NoticeFilterForm
from notices.models import Notice, NoticeRecipient
from notices.report import count_states


class NoticeListView(StaffPageMixin, ListView):
    title = gettext_lazy("Bulk notices")
    permission_required = "notices.view_notice"
    template_name = "notices/notice_list.html"
    context_object_name = "notices"
    paginate_by = 30

    def get_queryset(self):
        notices = self.form.narrow(Notice.objects.visible_to(self.request.user))
        return notices.select_related("written_by", "asked_by", "approved_by").prefetch_related(
            "branches", "class_groups"
        )

    @cached_property
    def form(self):
        branches = self.request.user.branches_with(self.permission_required)
        return NoticeFilterForm(self.request.GET, branches=branches)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(form=self.form, **kwargs)
        shown = context["notices"]
        recipients = NoticeRecipient.objects.visible_to(self.request.user).filter(notice__in=list(shown))
        counts = count_states(recipients)
        for notice in shown:
            notice.counts = counts[notice.pk]
            notice.sent_count = notice.counts["sent"] + notice.counts["delivered"]
        return context
