"""What people do with the school's own words: write them, hand them in with the provider, give them up.

A text is in use from the moment it is saved. Where a provider sees each text first, it waits for that: as a draft until
somebody has handed it in, then until the provider says yes, with a code, or no. Meanwhile the one before stays in use.
"""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from branches.models import Branch
from messaging.channels import channel_class
from messaging.lint import has_errors, lint, profile_of
from messaging.models import MessageTemplate, Purpose
from messaging.registry import kind_named
from messaging.rendering import signed
from messaging.routing import Routes
from messaging.wording import fill, variables_in, wording_named

State = MessageTemplate.State


class TemplateError(Exception):
    """A text could not be saved, or its state not be changed; the sentence says why."""


# --- the providers that carry a text ---------------------------------------------------------------------


class Carriers:
    """The channels that carry what a branch says, or all branches say."""

    def __init__(self, branch, purpose):
        self.purpose = Purpose(purpose)
        self.branches = [branch] if branch else list(Branch.objects.all()) or [Branch()]
        self._routes = Routes()

    @property
    def approver(self):
        """The channel whose provider approves each text before it is sent; "" when none of them does."""
        codes = [route.channel for branch in self.branches for route in self._order(branch)]
        return next((code for code in codes if not channel_class(code).takes_free_text), "")

    def findings(self, text, *, sent=None):
        """What `lint` finds for any of the providers, each sentence once and errors first."""
        found = [
            finding
            for profile in self._profiles()
            for finding in lint(text, purpose=self.purpose, provider=profile, sent=sent)
        ]
        return sorted(dict.fromkeys(found), key=lambda finding: not finding.is_error)

    def _order(self, branch):
        return self._routes.order(branch.pk, self.purpose)

    def _profiles(self):
        """A text that nobody but paper or a voice carries today is held to what an SMS must be."""
        found = [profile_of(route.channel, branch) for branch in self.branches for route in self._order(branch)]
        fallback = [profile_of("sms", branch) for branch in self.branches]
        return dict.fromkeys(filter(None, found)) or dict.fromkeys(fallback)


def carriers_of(wording, branch):
    return Carriers(branch, kind_named(wording.kind).purpose)


# --- writing ---------------------------------------------------------------------------------------------


def write_template(*, key, language, branch, text, base_version, by, now):
    """Save a text as the next version, and put it in use unless a provider is to approve it first; returns the row.

    `text` has its variables as {child}. `base_version` is the newest that its author has seen: 0 when there was none.
    Raises TemplateError when another was written meanwhile, or the text may not be sent like this.
    """
    try:
        with transaction.atomic():
            return _write(wording_named(key), language, branch, text, base_version, by, now)
    except IntegrityError as error:  # two first versions at once: there was no row to lock
        raise TemplateError(_meanwhile(None)) from error


def _write(wording, language, branch, text, base_version, by, now):
    of_same = MessageTemplate.objects.versions(key=wording.key, language=language, branch=branch)
    before = list(of_same.select_for_update(no_key=True))
    newest = before[0] if before else None
    if newest and newest.text == text and (newest.is_open or newest.state == State.APPROVED):
        return newest  # saved twice
    if base_version != (newest.version if newest else 0):
        raise TemplateError(_meanwhile(newest))
    carriers = carriers_of(wording, branch)
    _refuse_unfit(wording, language, branch, text, carriers)
    approver = carriers.approver if wording.is_whole else ""
    code = _code_of_same(before, text, approver)
    state = State.DRAFT if approver and not code else State.APPROVED
    _retire([row for row in before if row.is_open or row.state == state], by, now)
    return MessageTemplate.objects.create(
        key=wording.key,
        language=language,
        branch=branch,
        version=base_version + 1,
        text=text,
        state=state,
        provider=approver,
        provider_code=code,
        written_by=by,
        written_at=now,
    )


def _meanwhile(newest):
    if newest is None:
        return _("Somebody else saved another text at this moment. Look at it before you write yours over it.")
    return _("%(name)s has saved another text meanwhile: “%(text)s”. Look at it before you write yours over it.") % {
        "name": newest.written_by,
        "text": newest.text,
    }


def _refuse_unfit(wording, language, branch, text, carriers):
    if not variables_in(text) <= wording.names:
        raise TemplateError(_("The text names what this sentence does not know."))
    findings = carriers.findings(text, sent=sample(text, wording, language, branch))
    if has_errors(findings):
        raise TemplateError(findings[0].sentence)


def left_out(text, wording, language):
    """The names of the variables that the built-in text has and this one lacks, as the editor shows them."""
    missing = variables_in(wording.built_in(language)) - variables_in(text)
    return [f"{{{label}}}" for name, label in wording.labels(language).items() if name in missing]


def sample(text, wording, language, branch, facts=None):
    """How a text reads, signature and all: of a real case, or else the example. `branch`: whose signature it has."""
    branch = branch or max(Branch.objects.all(), key=lambda one: len(one.sms_signature), default=Branch())
    return signed(fill(text, wording.example(language) | (facts or {})), branch)


def _code_of_same(before, text, approver):
    """The code under which the provider has approved this very text before."""
    same = (row for row in before if row.text == text and approver and row.provider == approver)
    return next((row.provider_code for row in same if row.provider_code), "")


def _retire(rows, by, now):
    for row in rows:
        _decide(row, State.RETIRED, by, now)


def _decide(row, state, by, now, **fields):
    fields = {"state": state, "decided_by": by, "decided_at": now, **fields}
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=fields)


# --- with the provider -----------------------------------------------------------------------------------


@transaction.atomic
def hand_in(*, template, by, now):
    """Somebody has entered the text in the provider's own pages."""
    _decide(_locked(template, State.DRAFT), State.WAITING, by, now)


@transaction.atomic
def approve(*, template, code, by, now):
    """The provider said yes: from now on this text is sent, under its code."""
    template = _locked(template, State.DRAFT, State.WAITING)
    if not code:
        raise TemplateError(_("Enter the code that the provider has given to the text."))
    _retire(_of_same(template).in_use().select_for_update(no_key=True), by, now)
    _decide(template, State.APPROVED, by, now, provider_code=code)


@transaction.atomic
def refuse(*, template, note, by, now):
    """The provider said no: the text before stays in use."""
    template = _locked(template, State.DRAFT, State.WAITING)
    if not note:
        raise TemplateError(_("Note why the provider refused the text, for whoever writes the next one."))
    _decide(template, State.REFUSED, by, now, note=note)


@transaction.atomic
def give_up(*, template, by, now):
    """Back to the built-in words, or to those for all branches; an open text is withdrawn."""
    template = _locked(template, State.DRAFT, State.WAITING, State.APPROVED)
    _decide(template, State.RETIRED, by, now)


def _locked(template, *states):
    row = MessageTemplate.objects.select_for_update(no_key=True).get(pk=template.pk)
    if row.state not in states:
        raise TemplateError(
            _("Meanwhile this text is “%(state)s”: look at the page again.") % {"state": row.get_state_display()}
        )
    return row


def _of_same(template):
    return MessageTemplate.objects.versions(key=template.key, language=template.language, branch=template.branch)
