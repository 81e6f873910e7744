"""What stands in place of the board where there is more than anybody can work through: how much each branch has."""

from django.db.models import Count, F

from renewals.querysets import to_contact

MOST = 1000  # on one board: it orders all of them by how long their credits last


def is_too_much(opportunities):
    return opportunities.order_by()[MOST : MOST + 1].exists()


def by_branch(opportunities, today):
    """Rows of branch, name, `number` and `number_now`, of whom nobody calls later; the most to call first.

    What the ledger has closed since the job last ran still counts.
    """
    branches = opportunities.order_by().values(branch=F("enrolment__branch"), name=F("enrolment__branch__name"))
    counted = branches.annotate(number=Count("pk"), number_now=Count("pk", filter=to_contact(today)))
    return counted.order_by("-number_now", "name")
