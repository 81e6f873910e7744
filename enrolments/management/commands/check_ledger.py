from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import ngettext

from enrolments.ledger_check import account_count, checks


class Command(BaseCommand):
    """Nothing is repaired: entries are never changed, and who finds a difference has to understand it first."""

    help = "Recompute every balance and sum of the money books, and list what does not agree."

    def handle(self, *, verbosity=1, **options):
        number = 0
        for name, found in checks():
            if verbosity > 1:  # each takes seconds where there are millions of entries
                self.stderr.write(f"{name} …")
            for difference in found:
                number += 1
                self.stdout.write(str(difference))
        if number:
            raise CommandError(
                ngettext("%(number)d difference.", "%(number)d differences.", number) % {"number": number}
            )
        accounts = account_count()
        self.stdout.write(
            ngettext("%(number)d account agrees.", "%(number)d accounts agree.", accounts) % {"number": accounts}
        )
