"""Reminding many families at once, at somebody's word: first what it comes to, then once."""

from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property

from django.db import transaction
from django.utils.translation import gettext as _

from messaging.costs import Estimate
from messaging.rules import next_allowed_at
from messaging.wording import Words
from renewals.models import BulkReminder, ReminderPolicy
from renewals.notifications import LeftOut, Letter, queue_letters, text_of, write_letters
from renewals.notifications.accounts import load_accounts
from renewals.services.work import RenewalError


@dataclass(frozen=True)
class BulkPlan:
    """Who would be told what, at which cost, and who would not."""

    letters: list[Letter]
    left_out: list[LeftOut]

    @property
    def message_count(self):
        return len(self.letters)

    @cached_property
    def family_count(self):
        """Guardians who are told of the same child are one family."""
        first = {}
        for letter in self.letters:
            for account in letter.accounts:
                first.setdefault(account.enrolment.student_id, letter.guardian_id)
        return len(set(first.values()))

    @cached_property
    def _words(self):
        """Read once per branch and language."""
        return cache(Words)

    def text_of(self, letter):
        return text_of(letter.accounts, self._words(letter.branch, letter.language))

    @cached_property
    def estimate(self):
        return Estimate((letter.branch, self.text_of(letter)) for letter in self.letters)

    @property
    def part_count(self):
        return self.estimate.part_count

    @property
    def cost_minor(self):
        return self.estimate.cost_minor

    @cached_property
    def branches(self):
        """(branch, number of its messages), the branches that are in it."""
        counts = Counter(letter.branch for letter in self.letters)
        return sorted(counts.items(), key=lambda pair: pair[0].name)


def plan_bulk_reminder(*, enrolments, now):
    """What reminding these enrolments comes to. Ten queries, for one family or a thousand."""
    accounts = load_accounts(enrolments, now=now)
    due_at = {account.branch.pk: max(now, next_allowed_at(account.branch, now)) for account in accounts}
    return BulkPlan(*write_letters(accounts, due_at=due_at, by_cadence=False))


@transaction.atomic
def remind_families(*, enrolments, message_count, token, by, now):
    """Queue one plan; returns its BulkReminders, one per branch. The same token again queues nothing more.

    `message_count` is what the person has seen and agreed to: another number is refused.
    """
    list(ReminderPolicy.objects.select_for_update(no_key=True).order_by("pk"))  # one plan at a time, as of the cadence
    if done := list(BulkReminder.objects.filter(token=token)):
        return done
    plan = plan_bulk_reminder(enrolments=enrolments, now=now)
    if not plan.letters:
        raise RenewalError(_("There is nobody left to remind: look who is left out, and why."))
    if plan.message_count != message_count:
        raise RenewalError(_("Meanwhile the list has changed. Look at it again before you send."))
    if too_many := branches_above_limit(plan, by):
        branches = ", ".join(str(branch) for branch in too_many)
        raise RenewalError(
            _("So many reminders at once are for the manager to send: %(branches)s.") % {"branches": branches}
        )
    bulks = {branch.pk: _bulk(plan, branch, number, token, by, now) for branch, number in plan.branches}
    queue_letters(plan.letters, bulks=bulks)
    return list(bulks.values())


def branches_above_limit(plan, user):
    """The branches of which this is more than the person may send at once: it costs money and cannot be taken back."""
    limits = dict(ReminderPolicy.objects.values_list("pk", "desk_limit"))
    return [
        branch
        for branch, number in plan.branches
        if number > limits[branch.pk] and not user.has_perm("renewals.remind_many", branch)
    ]


def _bulk(plan, branch, number, token, by, now):
    return BulkReminder.objects.create(
        branch=branch,
        token=token,
        by=by,
        at=now,
        message_count=number,
        part_count=plan.estimate.parts[branch.pk],
        cost_minor=plan.estimate.cost_of(branch.pk),
    )
