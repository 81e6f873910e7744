"""Writing a notice: the words, the people, and beside them what it comes to while one writes."""

from functools import cached_property
from secrets import token_urlsafe

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from branches.pages import StaffPageMixin
from notices.audience import Audience, audience_of
from notices.forms import NoticeForm
from notices.letters import plan_notice
from notices.models import Notice
from notices.services import NoticeError, save_draft
from scheduling.models import ClassGroup


class _WritingView(StaffPageMixin, TemplateView):
    permission_required = "notices.add_notice"
    template_name = "notices/notice_form.html"
    notice = None  # the draft, if there is one already

    def get(self, request, *args, **kwargs):
        form = self._form()
        return self.render_to_response(self.get_context_data(form=form, **self._preview(form)))

    def post(self, request, *args, **kwargs):
        """With the header X-Fragment: only what it comes to, and nothing is kept."""
        form = self._form(request.POST)
        if "X-Fragment" in request.headers:
            return render(request, "notices/fragment.html", self._preview(form))
        if not form.is_valid() or request.POST.get("action") == "preview":
            return self.render_to_response(self.get_context_data(form=form, **self._preview(form)))
        try:
            notice = save_draft(
                notice=self.notice or Notice(token=form.cleaned_data["token"]),
                words=form.words,
                audience=form.audience,
                by=request.user,
                now=self.now,
            )
        except NoticeError as error:
            messages.error(request, str(error))
            notice = self.notice
        return redirect("notice", notice.pk)

    @cached_property
    def now(self):
        return timezone.now()

    def _form(self, data=None):
        initial = {"token": token_urlsafe(), **self.initial}
        return NoticeForm(data, instance=self.notice, initial=initial, branches=self.branches, now=self.now)

    @cached_property
    def branches(self):
        return self.request.user.branches_with(self.permission_required).order_by("name")

    def _preview(self, form):
        """What is chosen is counted from the first moment; the words may still be missing, or be refused."""
        if not form.is_bound:
            return {"plan": self._plan(*self.beginning)}
        form.is_valid()
        plan = self._plan(form.draft, form.audience)
        return {"plan": plan, "warnings": form.warnings, "refusals": form.errors.get("text", [])}

    def _plan(self, notice, audience):
        return plan_notice(notice=notice, audience=audience, now=self.now) if audience.branches else None


class NoticeNewView(_WritingView):
    """GET ?class=17 begins with the families of that class."""

    title = gettext_lazy("Notice to many families")

    @cached_property
    def group(self):
        pk = self.request.GET.get("class", "")
        if not pk.isdecimal():
            return None
        groups = ClassGroup.objects.visible_to(self.request.user).filter(branch__in=self.branches)
        return get_object_or_404(groups.select_related("branch"), pk=pk)

    @property
    def initial(self):
        return {"branches": [self.group.branch_id], "class_groups": [self.group.pk]} if self.group else {}

    @property
    def beginning(self):
        """A class, or where there is only one branch, all who learn there."""
        if self.group:
            return Notice(), Audience(branches=[self.group.branch], class_groups=[self.group])
        return Notice(), Audience(branches=list(self.branches) if len(self.branches) == 1 else [])


class NoticeEditView(_WritingView):
    title = gettext_lazy("Change the notice")
    initial = {}

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if self.has_permission():
            drafts = Notice.objects.all_within(request.user, self.permission_required).filter(state=Notice.State.DRAFT)
            self.notice = get_object_or_404(drafts, pk=kwargs["pk"])

    @property
    def beginning(self):
        return self.notice, audience_of(self.notice)
