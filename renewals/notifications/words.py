"""The last look when a reminder is sent, and its sentences: true at that moment, of all children that it is about."""

from functools import reduce

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from core.clock import day_text
from core.templatetags.qingxiao import credits as credits_text
from enrolments.models import Enrolment
from messaging.registry import Cancelled, Rendered, renders
from messaging.wording import Words
from messaging.words import name_kind
from renewals.cadence import Reason
from renewals.notifications.accounts import load_accounts
from students.models import Guardianship

RENEWAL_REMINDER = "renewal_reminder"

name_kind(RENEWAL_REMINDER, _("Renewal reminder"))


# --- the last look ---------------------------------------------------------------------------------------


@renders(RENEWAL_REMINDER)
def renewal_reminder(message, now):
    """What is left now of all that is still low. A line that is not true any more is marked as dropped."""
    lines = list(message.reminder_lines.select_related("guardian"))
    enrolments = Enrolment.objects.filter(pk__in=[line.enrolment_id for line in lines])
    accounts = {account.enrolment.pk: account for account in load_accounts(enrolments, now=now)}
    students = _told_students(message)
    refusals = {line: _refusal(line, accounts[line.enrolment_id], students) for line in lines}
    _mark_dropped(message, [line.pk for line, refusal in refusals.items() if refusal])
    true = [accounts[line.enrolment_id] for line, refusal in refusals.items() if not refusal]
    if not true:
        raise Cancelled(next(iter(refusals.values()), _("There is nothing to say.")))
    guardian = lines[0].guardian
    return Rendered(to=guardian.phone or "", text=text_of(true, Words(message.branch, guardian.message_language)))


def _told_students(message):
    """The children that the guardian is still to be told about."""
    guardian_id = message.recipient.partition(":")[2]
    told = Guardianship.objects.filter(guardian=guardian_id, is_told=True)
    return set(told.values_list("student", flat=True))


def _refusal(line, account, students):
    """Why the line is not said any more, as a sentence; None when it is."""
    if account.enrolment.student_id not in students:
        return _("This guardian is not told about the child any more.")
    if account.lot_number != line.lot_number:
        return _("The credits were renewed.")
    if line.bulk_id is None and not account.branch.renewal_reminder_on:
        return _("The branch has switched renewal reminders off.")
    reason = account.refusal() if line.bulk_id else account.refusal_of_cadence()
    if reason in (Reason.NOT_LOW, Reason.NOTHING_NEW):
        return _("The credits do not run low any more.")
    return reason and reason.label


def _mark_dropped(message, dropped):
    """Beside the words, what they left out: it does not count as told."""
    message.reminder_lines.filter(was_dropped=False, pk__in=dropped).update(was_dropped=True)
    message.reminder_lines.filter(was_dropped=True).exclude(pk__in=dropped).update(was_dropped=False)


# --- words -----------------------------------------------------------------------------------------------


def text_of(accounts, words):
    """Of one guardian's accounts at one branch: a sentence for each, and where to ask, once. `words`: messaging's."""
    with translation.override(words.language):
        sentences = [*(_notice(account, words) for account in accounts), _contact(accounts[0].branch, words)]
        return reduce(
            lambda notice, contact: _("%(notice)s %(contact)s") % {"notice": notice, "contact": contact}, sentences
        )


def _notice(account, words):
    name, facts = notice_facts(account)
    return words.say(f"renewal_reminder.{name}", **facts)


def notice_facts(account):
    """Which sentence fits an account, and what stands in it, in the language in force."""
    enrolment = account.enrolment
    facts = {
        "child": enrolment.student.name,
        "course": enrolment.course.name,
        "credits": credits_text(abs(enrolment.balance)),
    }
    if enrolment.balance < 0:
        return "owed", facts
    if enrolment.balance == 0:
        return "used_up", facts
    if account.last_day is None:
        return "left", facts
    facts |= {"day": day_text(account.last_day)}
    if account.last_day == account.wasting_date:
        return "wasting", facts | {"some": credits_text(enrolment.expiring_credits)}
    return "left_until", facts


def _contact(branch, words):
    if branch.phone:
        return words.say("renewal_reminder.call", branch=branch.name, phone=branch.phone)
    return words.say("renewal_reminder.ask", branch=branch.name)
