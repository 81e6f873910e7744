import sys
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from config.demo import DemoError
from config.demo.checks import hold_folder, refuse_unwritable_folder
from config.demo.processes import are_up, processes
from config.demo.school import load_school, open_database
from config.demo.supervisor import Supervisor
from messaging.models import OutboundMessage, Status


class Command(BaseCommand):
    help = "Take pictures of the pages of a demo school: `uv run --group dev manage.py screenshots`."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--dark", action="store_true", help="in the dark theme")
        parser.add_argument("--keep", action="store_true", help="use the school of the last pictures again")
        parser.add_argument("--out", type=Path, default=settings.BASE_DIR / "docs" / "screenshots")

    def handle(self, *args, dark, keep, out, **options):
        try:
            self._take(dark=dark, fresh=not keep, out=out)
        except DemoError as error:
            self.stderr.write(str(error))
            sys.exit(1)

    def _take(self, *, dark, fresh, out):
        from config.demo.pictures import take_pictures  # Playwright is there for developers only

        refuse_unwritable_folder()
        with closing(hold_folder()):
            if not open_database(fresh=fresh):
                load_school(now=timezone.now())
            with Supervisor(processes()) as supervisor:
                supervisor.wait_until(are_up, seconds=60)
                supervisor.wait_until(has_delivered_texts, seconds=180)  # none at night
                take_pictures(base_url=settings.PUBLIC_BASE_URL, folder=out, is_dark=dark)


def has_delivered_texts():
    return OutboundMessage.objects.filter(status=Status.DELIVERED).exists()
