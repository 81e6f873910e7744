"""The words of our messages: all sentences with what is in use, the editor of one, and what its provider said."""

from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from django.contrib import messages as notices
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View

from branches.pages import StaffPageMixin
from messaging import template_versions as versions
from messaging.channels import channel_class
from messaging.models import MessageTemplate
from messaging.template_forms import LANGUAGE_NAMES, DecisionForm, ScopeForm, TemplateForm
from messaging.template_preview import preview_of, refusal
from messaging.wording import (
    UnknownWordingError,
    all_wordings,
    as_provider_writes,
    examples_of,
    shown_text,
    wording_named,
)
from messaging.words import kind_name

State = MessageTemplate.State
HISTORY = 30  # versions


class TemplatePageMixin(StaffPageMixin):
    permission_required = "messaging.change_messagetemplate"

    @cached_property
    def scope(self):
        user = self.request.user
        return ScopeForm(
            self.request.GET,
            branches=user.branches_with(self.permission_required),
            may_write_for_all=user.branch_ids_with(self.permission_required) is None,
        )

    @cached_property
    def branch(self):
        return self.scope.chosen_branch


def address(key, language, branch):
    """The page of a sentence."""
    return reverse("message_template", args=[key, language]) + (f"?branch={branch.pk}" if branch else "")


# --- all of them -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """A sentence with what is in use at a branch, and what waits for the provider."""

    wording: object
    text: str
    in_use: MessageTemplate | None
    open: MessageTemplate | None
    url: str


class TemplateListView(TemplatePageMixin, TemplateView):
    title = gettext_lazy("What our messages say")
    template_name = "messaging/template_list.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(scope=self.scope, branch=self.branch, kinds=self._kinds(), **kwargs)

    def _kinds(self):
        """[(name of a kind, its lines)]"""
        language = self.scope.chosen_language
        rows = MessageTemplate.objects.for_branch(self.branch).filter(language=language)
        in_use = {row.key: row for row in rows.in_use()}
        is_open = {row.key: row for row in rows.open() if row.branch_id == (self.branch and self.branch.pk)}
        lines = [self._line(wording, language, in_use, is_open) for wording in all_wordings()]
        return [(kind_name(kind), list(some)) for kind, some in groupby(lines, key=lambda line: line.wording.kind)]

    def _line(self, wording, language, in_use, is_open):
        own = in_use.get(wording.key)
        text = own.text if own else wording.built_in(language)
        return Line(
            wording,
            shown_text(text, wording, language),
            own,
            is_open.get(wording.key),
            address(wording.key, language, self.branch),
        )


# --- one of them -----------------------------------------------------------------------------------------


class TemplateEditView(TemplatePageMixin, TemplateView):
    """GET ?branch= (none: for all), ?from=<a version> to take its text again. POST saves, or shows the preview."""

    template_name = "messaging/template.html"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        self.language = kwargs["language"]
        try:
            self.wording = wording_named(kwargs["key"])
        except UnknownWordingError as error:
            raise Http404 from error
        if self.language not in LANGUAGE_NAMES:
            raise Http404

    @property
    def title(self):
        return str(self.wording.label)

    def get(self, request, *args, **kwargs):
        return self.render_to_response(self.get_context_data())

    def post(self, request, *args, **kwargs):
        form = self._form(request.POST)
        if "X-Fragment" in request.headers:
            return render(request, "messaging/template_preview.html", {"preview": self._preview(form)})
        if request.POST.get("action") == "save" and form.is_valid() and self._save(form):
            return redirect(address(self.wording.key, self.language, self.branch))
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, form=None, **kwargs):
        form = form or self._form()
        return super().get_context_data(
            form=form,
            preview=self._preview(form),
            wording=self.wording,
            kind=kind_name(self.wording.kind),
            language=self.language,
            languages=self._languages(),
            scope=self.scope,
            branch=self.branch,
            variables=[f"{{{label}}}" for label in self.wording.labels(self.language).values()],
            in_use=self._in_use,
            built_in=form.shown(self.wording.built_in(self.language)),
            open=self._open,
            provider_text=as_provider_writes(self._open.text) if self._open else "",
            history=[(row, form.shown(row.text)) for row in self._history],
            approver=channel_class(self._approver).label if self._approver else "",
            **kwargs,
        )

    # --- what is there -----------------------------------------------------------------------------------

    @cached_property
    def now(self):
        return timezone.now()

    @cached_property
    def _history(self):
        own = MessageTemplate.objects.versions(key=self.wording.key, language=self.language, branch=self.branch)
        return list(own.select_related("written_by", "decided_by")[:HISTORY])

    @property
    def _open(self):
        return next((row for row in self._history if row.is_open), None)

    @cached_property
    def _in_use(self):
        """The branch's own version, or the one for all; None when the built-in words are."""
        rows = MessageTemplate.objects.in_use().for_branch(self.branch)
        return rows.filter(key=self.wording.key, language=self.language).select_related("branch").last()

    @cached_property
    def _carriers(self):
        return versions.carriers_of(self.wording, self.branch)

    @property
    def _approver(self):
        return self._carriers.approver if self.wording.is_whole else ""

    def _languages(self):
        """(name, address, whether it is this one)"""
        return [
            (name, address(self.wording.key, code, self.branch), code == self.language)
            for code, name in LANGUAGE_NAMES.items()
        ]

    # --- the form and its preview ------------------------------------------------------------------------

    @cached_property
    def _preview_branch(self):
        return self.branch or self.request.user.branches_with(self.permission_required).first()

    def _form(self, data=None):
        examples = examples_of(self.wording, branch=self._preview_branch, language=self.language, now=self.now)
        form = TemplateForm(data, wording=self.wording, language=self.language, examples=examples)
        form.initial = {"text": form.shown(self._first_text()), "base_version": self._newest_version}
        return form

    @property
    def _newest_version(self):
        return self._history[0].version if self._history else 0

    def _first_text(self):
        wanted = self.request.GET.get("from", "")
        again = next((row for row in self._history if str(row.pk) == wanted), None)
        chosen = again or self._open or self._in_use
        return chosen.text if chosen else self.wording.built_in(self.language)

    def _preview(self, form):
        if form.is_bound and not form.is_valid() and "text" in form.errors:
            return refusal(form.errors["text"])
        return preview_of(
            form.cleaned_data["text"] if form.is_bound else self._first_text(),
            wording=self.wording,
            language=self.language,
            branch=self._preview_branch,
            example=form.example,
            carriers=self._carriers,
        )

    def _save(self, form):
        """Whether it was saved; if not, the form says why."""
        try:
            template = versions.write_template(
                key=self.wording.key,
                language=self.language,
                branch=self.branch,
                text=form.cleaned_data["text"],
                base_version=form.cleaned_data["base_version"],
                by=self.request.user,
                now=self.now,
            )
        except versions.TemplateError as error:
            form.add_error("text", str(error))
            return False
        if template.is_open:
            notices.success(self.request, _("Saved. It is sent once the provider has approved it."))
        else:
            notices.success(self.request, _("Saved. The next message says it."))
        return True


class TemplateDecisionView(StaffPageMixin, View):
    """A button beside a version: handed in, approved, refused, given up."""

    permission_required = "messaging.change_messagetemplate"
    http_method_names = ["post"]

    def get_permission_object(self):
        return get_object_or_404(MessageTemplate.objects.visible_to(self.request.user), pk=self.kwargs["pk"])

    def has_permission(self):
        """Somebody of one branch reads what is for all, and changes nothing of it."""
        if not super().has_permission():
            return False
        self.template = self.get_permission_object()
        return self.request.user.has_perm(self.permission_required, self.template)

    def post(self, request, pk):
        form = DecisionForm(request.POST)
        template = self.template
        try:
            if form.is_valid():
                notices.success(request, self._decide(template, form.cleaned_data))
        except versions.TemplateError as error:
            notices.error(request, str(error))
        return redirect(address(template.key, template.language, template.branch))

    def _decide(self, template, data):
        told = {"template": template, "by": self.request.user, "now": timezone.now()}
        match data["decision"]:
            case DecisionForm.HAND_IN:
                versions.hand_in(**told)
                return _("Noted. Come back when the provider has answered.")
            case DecisionForm.APPROVE:
                versions.approve(code=data["code"].strip(), **told)
                return _("Noted. The next message says it.")
            case DecisionForm.REFUSE:
                versions.refuse(note=data["note"].strip(), **told)
                return _("Noted. The text before stays in use.")
        versions.give_up(**told)
        return _("Given up: from now on the words that are shown below are sent.")
