"""Reminding many families at once: who, how many SMS, at which cost, and then one button with the number on it."""

from collections import defaultdict
from secrets import token_urlsafe

from django import forms
from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import TemplateView

from core.clock import local_date, moment_text
from core.money import yuan
from enrolments.models import Enrolment
from messaging.rendering import signed
from renewals.cadence import Reason
from renewals.services import RenewalError, plan_bulk_reminder, remind_families
from renewals.services.reminding import branches_above_limit
from renewals.views import RenewalChoiceMixin
from scheduling.models import ClassGroup

NAMES_SHOWN = 100  # of a group; a page with a thousand names is read by nobody


class RemindForm(forms.Form):
    """What the button carries: which preview it belongs to, and the number that was on it."""

    token = forms.CharField(max_length=64)
    number = forms.IntegerField(min_value=1)


class RemindView(RenewalChoiceMixin, TemplateView):
    """GET: what the reminder comes to. POST: queue it, and back to the board.

    It is for the children picked on the board (`pick`), for a class (`group`), or for all that the board shows.
    """

    title = gettext_lazy("Remind families")
    permission_required = "renewals.remind_families"
    template_name = "renewals/remind.html"

    def post(self, request, *args, **kwargs):
        form = RemindForm(request.POST)
        try:
            if not form.is_valid():
                raise RenewalError(_("Nothing was sent: look at the list and use its button."))
            bulks = remind_families(
                enrolments=self.enrolments,
                message_count=form.cleaned_data["number"],
                token=form.cleaned_data["token"],
                by=request.user,
                now=self.now,
            )
        except RenewalError as error:
            messages.error(request, str(error))
            return redirect(f"{reverse('renewal_remind')}?{request.GET.urlencode()}")
        messages.success(request, _summary(bulks))
        return redirect(self._way_back)

    def get_context_data(self, **kwargs):
        plan = plan_bulk_reminder(enrolments=self.enrolments, now=self.now)
        return super().get_context_data(
            plan=plan,
            group=self.group,
            token=token_urlsafe(),
            way_back=self._way_back,
            sample=_sample(plan),
            waits_until=self._waits_until(plan),
            left_out=_by_reason(plan.left_out),
            told=_names([letter.accounts for letter in plan.letters]),
            too_many_for_desk=branches_above_limit(plan, self.request.user),
            **kwargs,
        )

    def _visible(self):
        """Of the branches where the person may remind."""
        branch_ids = self.request.user.branch_ids_with(self.permission_required)
        return super()._visible() if branch_ids is None else super()._visible().in_branches(branch_ids)

    @cached_property
    def group(self):
        pk = self.request.GET.get("group", "")
        if not pk.isdecimal():
            return None
        branches = self.request.user.branches_with(self.permission_required)
        return get_object_or_404(ClassGroup.objects.visible_to(self.request.user), pk=pk, branch__in=branches)

    @property
    def enrolments(self):
        if self.group:
            today = local_date(self.now, self.group.branch.time_zone)
            members = self.group.members.exclude(left_date__lte=today)
            return Enrolment.objects.filter(pk__in=members.values("enrolment"))
        return Enrolment.objects.filter(pk__in=self._chosen_ids())

    def _chosen_ids(self):
        picked = [int(pk) for pk in self.request.GET.getlist("pick") if pk.isdecimal()]
        if picked:
            return self._visible().filter(pk__in=picked).values("enrolment")
        return [] if self.is_too_much else [work.forecast.enrolment_id for work in self.chosen_works()]

    @property
    def _way_back(self):
        if self.group:
            return reverse("class_renewals", args=[self.group.pk])
        query = self.request.GET.copy()
        query.pop("pick", None)
        return f"{reverse('renewals')}?{query.urlencode()}"

    def _waits_until(self, plan):
        """When quiet hours hold them back, until when."""
        waiting = [letter for letter in plan.letters if letter.due_at > self.now]
        return moment_text(waiting[0].due_at, waiting[0].branch.time_zone) if waiting else ""


def _sample(plan):
    """What the longest letter says: the one with the most children shows all there is to see."""
    letter = max(plan.letters, key=lambda one: len(one.accounts), default=None)
    return signed(plan.text_of(letter), letter.branch) if letter else ""


def _by_reason(left_out):
    """(reason, number, names) of those who are left out, in the order of the reasons."""
    groups = defaultdict(list)
    for one in left_out:
        groups[one.reason].append([one.account])
    return [(reason.label, len(groups[reason]), _names(groups[reason])) for reason in Reason if reason in groups]


def _names(groups):
    """The children of each group of accounts, as far as somebody reads them."""
    return [
        {"accounts": accounts, "children": list(dict.fromkeys(account.enrolment.student for account in accounts))}
        for accounts in groups[:NAMES_SHOWN]
    ]


def _summary(bulks):
    number = sum(bulk.message_count for bulk in bulks)
    parts = sum(bulk.part_count for bulk in bulks)
    text = ngettext(
        "%(number)d reminder is queued: %(parts)d SMS parts, about %(cost)s.",
        "%(number)d reminders are queued: %(parts)d SMS parts, about %(cost)s.",
        number,
    )
    return text % {"number": number, "parts": parts, "cost": yuan(sum(bulk.cost_minor for bulk in bulks))}
