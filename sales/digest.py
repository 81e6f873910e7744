"""The sales side's lines in what is told to the group of a branch's staff: numbers, no names."""

from django.utils.translation import ngettext

from messaging.digest import adds_to_digest
from sales.todo import count_of_branch


@adds_to_digest
def enquiries(branch_id, now):
    numbers = count_of_branch(branch_id, now=now)
    return [(number, _sentence(name, number)) for name, number in numbers.items()]


def _sentence(name, number):
    sentences = {
        "overdue": ngettext("%(n)d follow-up overdue", "%(n)d follow-ups overdue", number),
        "today": ngettext("%(n)d follow-up later today", "%(n)d follow-ups later today", number),
        "nobodys": ngettext("%(n)d enquiry without an owner", "%(n)d enquiries without an owner", number),
        "idle": ngettext("%(n)d enquiry that nobody works", "%(n)d enquiries that nobody works", number),
        "pool": ngettext("%(n)d goes back to the pool soon", "%(n)d go back to the pool soon", number),
    }
    return sentences[name] % {"n": number}
