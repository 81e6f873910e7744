import sys
from contextlib import closing
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from config.demo import DemoError
from config.demo.checks import hold_folder, refuse_unwritable_folder, refusing_broken_database
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
            with refusing_broken_database():
                if not open_database(fresh=fresh):
                    load_school(now=timezone.now())
            with Supervisor(processes()) as supervisor:
                supervisor.wait_until(are_up, seconds=60)
                if fresh:
                    supervisor.wait_until(have_texts_arrived, seconds=180)  # at night there are none
                take_pictures(base_url=settings.PUBLIC_BASE_URL, folder=out, is_dark=dark)


def have_texts_arrived():
    under_way = [Status.QUEUED, Status.CLAIMED, Status.SENDING, Status.ACCEPTED, Status.SENT]
    texts = OutboundMessage.objects.filter(due_at__lte=timezone.now())
    return texts.filter(status=Status.DELIVERED).exists() and not texts.filter(status__in=under_way).exists()
