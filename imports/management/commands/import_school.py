import json
import sys
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.translation import gettext as _

from imports.columns import load_mapping
from imports.errors_workbook import write_errors_workbook
from imports.passwords import give_passwords
from imports.problems import BookError, Severity
from imports.reading import read_school
from imports.services import write_school

SHOWN = 20  # problems on the screen; the report has them all


class Command(BaseCommand):
    help = "Put a school's Excel books (staff, classes, students, enquiries) into the database."

    def add_arguments(self, parser):
        parser.add_argument("directory", type=Path, help="the folder with the books (.xlsx or .csv)")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")
        parser.add_argument("--report", type=Path, help="write the whole report here, as JSON")
        parser.add_argument("--errors", type=Path, help="write the rows to mend here, as a workbook (.xlsx)")
        parser.add_argument("--mapping", type=Path, help="a JSON file that says which title means what")
        parser.add_argument("--passwords", type=Path, help="give new staff a first password, and write the list here (.csv)")

    def handle(self, *, directory, dry_run, report, errors, mapping, passwords, **options):
        try:
            school = read_school(directory, load_mapping(mapping) if mapping else None)
            self._make_tables()
            result = write_school(school=school, now=timezone.now(), dry_run=dry_run)
            if report:
                report.write_text(json.dumps(result.as_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
            if errors:
                write_errors_workbook(school, errors)
            if passwords and not dry_run:
                give_passwords(school, passwords)
        except (BookError, OSError) as error:
            self._refuse(error)
        except DatabaseError as error:
            self._refuse(_("The database cannot be used: %(error)s") % {"error": error})
        self._show(result, dry_run)

    def _make_tables(self):
        """A first import needs no other step before it."""
        if "django_migrations" not in connection.introspection.table_names():
            call_command("migrate", verbosity=0)

    def _refuse(self, sentence):
        self.stderr.write(self.style.ERROR(str(sentence)))
        sys.exit(1)

    def _show(self, result, dry_run):
        for key, figure in result.figures.items():
            shown = figure if isinstance(figure, int) else len(figure)
            self.stdout.write(f"{key:>28}  {shown}")
        self._show_problems([problem for problem in result.school.problems if problem.severity != Severity.NOTE])
        sentence = _("Nothing was changed; it would be %(number)d new rows.") if dry_run else _("%(number)d new rows.")
        self.stdout.write(self.style.SUCCESS(sentence % {"number": result.changes}))

    def _show_problems(self, problems):
        for problem in problems[:SHOWN]:
            where = f"{problem.sheet}:{problem.row}" if problem.row else problem.book
            self.stdout.write(f"{where} {problem.column} {problem.reason} {problem.mend}")
        if len(problems) > SHOWN:
            more = _("… and %(number)d more: see --report and --errors.")
            self.stdout.write(more % {"number": len(problems) - SHOWN})
