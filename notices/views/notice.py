"""One notice: a draft with what it comes to, one that waits, one that goes out, and the report of what became of it."""

from functools import cached_property
from secrets import token_urlsafe

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.generic import TemplateView, View

from branches.pages import StaffPageMixin
from core.clock import moment_text
from core.workbook import workbook_response
from messaging.rules import next_allowed_at
from notices.audience import audience_of
from notices.forms import StepForm
from notices.letters import plan_notice
from notices.models import Notice, NoticeLeftOut, NoticeRecipient
from notices.report import (
    CHIPS,
    KEYS,
    REPLIED,
    REVIEW,
    TO_SEND,
    TO_TELL,
    WORDS,
    count_states,
    describe,
    in_state,
    left_out_by_reason,
    replies_to,
    report_workbook,
    with_facts,
)
from notices.services import (
    NoticeError,
    approve_notice,
    ask_for_release,
    copy_notice,
    drop_draft,
    limit_alone,
    may_approve,
    pause_notice,
    resume_notice,
    send_back,
    send_to_failed,
    stop_notice,
)
from notices.services.releasing import APPROVE, SEND, holds_everywhere
from notices.services.running import failed_messages

ADD = "notices.add_notice"
ROWS = 50


class _NoticeMixin(StaffPageMixin):
    permission_required = "notices.view_notice"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if self.has_permission():
            notices = Notice.objects.visible_to(request.user).select_related(
                "written_by", "asked_by", "approved_by", "state_by", "copied_from"
            )
            self.notice = get_object_or_404(notices, pk=kwargs["pk"])

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def branches(self):
        return list(self.notice.branches.all())

    def holds(self, permission):
        return holds_everywhere(self.request.user, permission, self.branches)

    @property
    def recipients(self):
        """Of the branches that the person may see; so is all that the page counts."""
        return NoticeRecipient.objects.visible_to(self.request.user).filter(notice=self.notice)

    @property
    def left_out(self):
        return NoticeLeftOut.objects.visible_to(self.request.user).filter(notice=self.notice)


class NoticeView(_NoticeMixin, TemplateView):
    def get_template_names(self):
        return ["notices/report.html" if self.notice.is_released else "notices/draft.html"]

    def get_context_data(self, **kwargs):
        facts = self._report() if self.notice.is_released else self._draft()
        return super().get_context_data(
            title=_("Notice to many families"),
            notice=self.notice,
            branches=self.branches,
            audience=audience_of(self.notice),
            token=token_urlsafe(),
            may_write=self.holds(ADD),
            **facts,
            **kwargs,
        )

    def _draft(self):
        ids = self.request.user.branch_ids_with(self.permission_required)
        plan = plan_notice(notice=self.notice, audience=audience_of(self.notice).within(ids), now=self.now)
        limit = limit_alone(self.request.user, self.branches)
        return {
            "plan": plan,
            "is_waiting": self.notice.state == Notice.State.WAITING,
            "may_approve": may_approve(self.notice, self.request.user),
            "may_take_back": self.holds(ADD),
            "needs_second": plan.message_count > limit,
            "limit": limit,
            **self._findings(plan.wording),
            "waits_until": self._waits_until(),
        }

    def _findings(self, wording):
        """What the carriers of all branches refuse, and what they frown on."""
        found = dict.fromkeys(one for branch in self.branches for one in wording.findings(branch))
        return {
            "refusals": [one.sentence for one in found if one.is_error],
            "warnings": [one.sentence for one in found if not one.is_error],
        }

    def _waits_until(self):
        """When quiet hours hold it back, until when."""
        allowed_at = next_allowed_at(self.branches[0], self.now)
        return moment_text(allowed_at, self.branches[0].time_zone) if allowed_at > self.now else ""

    def _report(self):
        counts = count_states(self.recipients)[self.notice.pk]
        replied = replies_to(self.notice, self.request.user).values("in_reply_to").distinct().count()
        total = counts.total()
        chosen = self.request.GET.get("state", "")
        return {
            "total": total,
            "through": total - counts[TO_SEND],
            "is_running": self.notice.is_running,
            "may_send": self.holds(SEND),
            "again_count": failed_messages(self.notice, now=self.now).count() if self.holds(SEND) else 0,
            "cards": [
                *self._cards(counts, chosen),
                self._card(REPLIED, pgettext("notice", "Replied"), replied, "info", chosen),
            ],
            "state": chosen,
            "left_out": left_out_by_reason(self.left_out),
            "left_out_count": self.left_out.count(),
            "page_obj": self._page(chosen),
        }

    def _cards(self, counts, chosen):
        """Without what this notice has none of and most never have."""
        keys = [key for key in KEYS if counts[key] or key == chosen or key not in (REVIEW, TO_TELL)]
        return [self._card(key, WORDS[key], counts[key], CHIPS[key], chosen) for key in keys]

    def _card(self, key, label, number, chip, chosen):
        return {"key": key, "label": label, "number": number, "chip": chip, "is_chosen": key == chosen}

    def _page(self, chosen):
        recipients = in_state(with_facts(self.recipients, self.request.user), self.notice, chosen)
        page = Paginator(recipients.order_by("pk"), ROWS).get_page(self.request.GET.get("page"))
        describe(page.object_list)
        return page


class NoticeReportView(_NoticeMixin, View):
    """The report as a workbook."""

    http_method_names = ["get"]

    def get(self, request, pk):
        content = report_workbook(self.notice, user=request.user)
        return workbook_response(content, f"notice-{self.notice.pk}.xlsx")


class NoticeStepView(_NoticeMixin, View):
    """A button of a notice: POST step=… takes that step, and leads back to the notice."""

    http_method_names = ["post"]
    RIGHTS = {
        "send": ADD,
        "take_back": ADD,
        "copy": ADD,
        "drop": ADD,
        "approve": APPROVE,
        "send_back": APPROVE,
        "pause": SEND,
        "resume": SEND,
        "stop": SEND,
        "again": SEND,
    }

    def post(self, request, pk):
        form = StepForm(request.POST)
        step = form.cleaned_data["step"] if form.is_valid() else ""
        if step not in self.RIGHTS or not self.holds(self.RIGHTS[step]):
            raise PermissionDenied
        try:
            return getattr(self, step)(form.cleaned_data) or redirect("notice", self.notice.pk)
        except NoticeError as error:
            messages.error(request, str(error))
            return redirect("notice", self.notice.pk)

    @property
    def facts(self):
        return {"notice": self.notice, "by": self.request.user, "now": self.now}

    def send(self, data):
        notice = ask_for_release(message_count=data["number"], **self.facts)
        if notice.state == Notice.State.WAITING:
            messages.success(
                self.request, _("Somebody else has to approve it now: they find it in the list of notices.")
            )
        else:
            self._say_released(notice)

    def approve(self, data):
        self._say_released(approve_notice(message_count=data["number"], **self.facts))

    def _say_released(self, notice):
        text = ngettext(
            "%(number)d message is on its way.", "%(number)d messages are on their way.", notice.message_count
        )
        messages.success(self.request, text % {"number": notice.message_count})

    def take_back(self, data):
        send_back(reason="", **self.facts)

    def send_back(self, data):
        send_back(reason=data["reason"], **self.facts)

    def copy(self, data):
        draft = copy_notice(token=data["token"] or token_urlsafe(), **self.facts)
        return redirect("notice_edit", draft.pk)

    def drop(self, data):
        drop_draft(notice=self.notice)
        messages.success(self.request, _("The draft was thrown away."))
        return redirect("notice_list")

    def pause(self, data):
        pause_notice(**self.facts)

    def resume(self, data):
        resume_notice(**self.facts)

    def stop(self, data):
        stop_notice(**self.facts)

    def again(self, data):
        number = send_to_failed(notice=self.notice, now=self.now)
        text = ngettext("%(number)d message goes out again.", "%(number)d messages go out again.", number)
        messages.success(self.request, text % {"number": number})
