import logging
import sys
import warnings
from contextlib import contextmanager

from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from config.demo import DemoError
from config.demo.bench import HEAD, measure_pages
from config.demo.bench_desk import TASKS as DESK_TASKS
from config.demo.bench_desk_fill import fill_desk, refuse_without_desk
from config.demo.bench_fill import fill, refuse_unfilled
from config.demo.bench_measure import HEAD as TASKS_HEAD
from config.demo.bench_measure import explain_tasks, measure_tasks
from config.demo.bench_messages import TASKS as MESSAGE_TASKS
from config.demo.bench_money import TASKS as MONEY_TASKS
from config.demo.bench_money_fill import fill_money, refuse_without_money
from config.demo.bench_scale import Scale
from config.demo.bench_sql import execute
from config.demo.bench_timetable import TASKS as TIMETABLE_TASKS
from config.demo.checks import refusing_broken_database
from config.demo.school import refuse_unloaded
from config.demo.terminal import table

# What makes the large school's rows, refuses when there are none, and is measured.
LARGE = {
    "timetable": (fill, refuse_unfilled, TIMETABLE_TASKS),
    "money": (fill_money, refuse_without_money, MONEY_TASKS),
    "desk": (fill_desk, refuse_without_desk, DESK_TASKS),
    "messages": (fill, refuse_unfilled, MESSAGE_TASKS),
}
LONGEST = 600  # characters of a statement: long lists of ids say nothing


@contextmanager
def without_warnings(name):
    """A logger keeps to errors meanwhile."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


class Command(BaseCommand):
    help = (
        "Measure the pages on the demo school: `manage.py demo --no-server` loads it. Measure the timetable, the "
        "money, the reminders or the desk on a large school: --fill makes it in the empty PostgreSQL database of "
        "DATABASE_URL."
    )
    requires_system_checks = ()

    def add_arguments(self, parser):
        whole = Scale()
        parser.add_argument("what", choices=["pages", *LARGE])
        parser.add_argument("--requests", type=int, default=200, help="per page, or per thing that people do")
        parser.add_argument("--fill", action="store_true", help="make the large school first, where there is none")
        parser.add_argument("--explain", action="store_true", help="show the plans of the hot queries too")
        parser.add_argument("--only", nargs="+", default=[], metavar="TASK", help="measure these tasks only")
        parser.add_argument("--branches", type=int, default=whole.branches, help="of the large school")
        parser.add_argument("--children", type=int, default=whole.children, help="of the large school")

    def handle(self, *args, what, **options):
        warnings.filterwarnings("ignore", "No directory at")  # static files need not be collected
        try:
            with refusing_broken_database(), without_warnings("django.request"):  # a refused drop is measured too
                self._measure_pages(**options) if what == "pages" else self._measure_large(what, **options)
        except DemoError as error:
            self.stderr.write(str(error))
            sys.exit(1)

    def _measure_pages(self, *, requests, **options):
        refuse_unloaded()
        self.stdout.write(table(HEAD, measure_pages(requests)))

    def _measure_large(self, what, *, requests, branches, children, only, **options):
        make, refuse_unmade, tasks = LARGE[what]
        if options["fill"]:
            now = timezone.now()
            is_new = make(Scale(branches, children), now=now, today=timezone.localdate(now))
            if is_new:
                execute("VACUUM ANALYZE")  # as a database is that has lived for a year
            self.stdout.write(_("The large school is made.") if is_new else _("The large school is there."))
        refuse_unmade()
        chosen = [task for task in tasks if not only or task.name in only]
        self.stdout.write(table(TASKS_HEAD, measure_tasks(chosen, requests)))
        for task, sql, times, milliseconds, plan in explain_tasks(chosen) if options["explain"] else ():
            self.stdout.write(f"\n== {task}: {times} × {milliseconds / times:.1f} ms\n{sql[:LONGEST]}\n{plan}")
