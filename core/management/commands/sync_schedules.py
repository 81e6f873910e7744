from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.schedules import FaultyJobError, sync_schedules


class Command(BaseCommand):
    help = "Write settings.PERIODIC_JOBS to the job queue's table. Repeating it changes nothing."

    def handle(self, *args, **options):
        try:
            count = sync_schedules()
        except FaultyJobError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("%(count)d periodic jobs.") % {"count": count})
