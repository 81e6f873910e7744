from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from core.health import has_pending_migrations
from core.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run the job queue, watch it and start it again when it stands still. Ctrl-C ends all of it."

    def handle(self, *args, **options):
        self._check_database()
        call_command("sync_schedules", stdout=self.stdout)
        connection.close()
        Supervisor().run()

    def _check_database(self):
        try:
            is_behind = has_pending_migrations()
        except DatabaseError as error:
            raise CommandError(_("The database cannot be reached: check DATABASE_URL.")) from error
        if is_behind:
            raise CommandError(_("The database is not up to date: run “manage.py migrate” first."))
