import sys
import warnings

from django.core.management.base import BaseCommand

from config.demo import DemoError
from config.demo.bench import HEAD, measure_pages
from config.demo.checks import refusing_broken_database
from config.demo.school import refuse_unloaded
from config.demo.terminal import table


class Command(BaseCommand):
    help = "Measure the pages on the demo school: `manage.py demo --no-server` loads it."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("what", choices=["pages"])
        parser.add_argument("--requests", type=int, default=200, help="per page")

    def handle(self, *args, requests, **options):
        warnings.filterwarnings("ignore", "No directory at")  # static files need not be collected
        try:
            with refusing_broken_database():
                refuse_unloaded()
            self.stdout.write(table(HEAD, measure_pages(requests)))
        except DemoError as error:
            self.stderr.write(str(error))
            sys.exit(1)
