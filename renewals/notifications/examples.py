"""Real children for the preview of a reminder's words: those of whom least is left."""

from enrolments.models import Enrolment
from messaging.wording import Example, gives_examples
from renewals.notifications.accounts import load_accounts
from renewals.notifications.words import RENEWAL_REMINDER, notice_facts
from renewals.querysets import still_learns

MOST = 20  # children to choose from


@gives_examples(RENEWAL_REMINDER)
def children_running_low(branch, now):
    """[Example], each child once."""
    learning = Enrolment.objects.filter(still_learns(now), branch=branch, balance__gt=0)
    lowest = list(learning.order_by("balance", "pk").values_list("pk", flat=True)[:MOST])
    accounts = load_accounts(Enrolment.objects.filter(pk__in=lowest), now=now)
    found = {}
    for account in sorted(accounts, key=lambda account: account.enrolment.balance):
        found.setdefault(account.enrolment.student_id, account)
    return [_example(account) for account in found.values()]


def _example(account):
    _name, facts = notice_facts(account)
    branch, student = account.branch, account.enrolment.student
    facts |= {"branch": branch.name}
    facts |= {"phone": branch.phone} if branch.phone else {}
    return Example(str(student.pk), student.name, facts)
