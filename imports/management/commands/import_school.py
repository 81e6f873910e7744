import json
import sys
import tempfile
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, DataError, IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.health import has_pending_migrations
from imports.books import BOOKS
from imports.columns import load_mapping
from imports.errors_workbook import write_errors_workbook
from imports.labels import FIGURES, KINDS
from imports.passwords import give_passwords
from imports.problems import BookError, Severity
from imports.reading import read_school
from imports.services import write_school

SHOWN = 20  # problems on the screen; the report has them all


class ImportRefusedError(Exception):
    """The import cannot be done here and now; carries the sentence the user reads."""


class Command(BaseCommand):
    help = "Put a school's Excel books (staff, classes, students, enquiries) into the database."

    def add_arguments(self, parser):
        parser.add_argument("directory", type=Path, help="the folder with the books (.xlsx or .csv)")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and change nothing")
        parser.add_argument("--report", type=Path, help="write the whole report here, as JSON")
        parser.add_argument("--errors", type=Path, help="write the rows to mend here, as a workbook (.xlsx)")
        parser.add_argument("--mapping", type=Path, help="a JSON file that says which title means what")
        parser.add_argument(
            "--passwords", type=Path, help="give new staff a first password each, and write the list here (.csv)"
        )

    def handle(self, *, directory, dry_run, mapping, report, errors, passwords, **options):
        passwords = None if dry_run else passwords
        try:
            school = read_school(directory, load_mapping(mapping) if mapping else None)
            refuse_outputs(school, directory, report=report, errors=errors, passwords=passwords)
            make_tables()
            with transaction.atomic():  # a report that cannot be written leaves the database as it was
                result = write_school(school=school, now=timezone.now(), dry_run=dry_run)
                write_outputs(result, report=report, errors=errors)
        except (BookError, ImportRefusedError) as error:
            self._refuse(error)
        except DatabaseError as error:
            self._refuse(unusable_database(error))
        self._show(result, dry_run)
        if passwords:
            self._give_passwords(result, passwords)

    def _refuse(self, sentence):
        self.stderr.write(self.style.ERROR(str(sentence)))
        sys.exit(1)

    def _give_passwords(self, result, path):
        """After the import: to make so many takes longer than anybody should wait for the database."""
        try:
            newcomers = give_passwords(result.run.staff, path)
        except (OSError, DatabaseError) as error:
            sentence = _("The school is in the database, but nobody got a password (%(reason)s): start again.")
            self._refuse(sentence % {"reason": first_line(error)})
        if newcomers:
            sentence = _("%(number)d people got a first password: see %(file)s, and delete it when all have theirs.")
        else:
            sentence = _("Nobody got a first password: all of the staff book can sign in.")
        self._say(sentence % {"number": len(newcomers), "file": path})

    # --- what the user reads -----------------------------------------------------------------------------

    def _say(self, text):
        self.stdout.write(str(text))

    def _show(self, result, dry_run):
        self._say(_("In the books:"))
        self._list({label: shown(result.figures[key]) for key, label in FIGURES.items()})
        for title, counts in (
            (_("New:"), result.run.created),
            (_("Completed:"), result.run.completed),
            (_("Known already:"), result.run.matched),
        ):
            if +counts:
                self._say(title)
                self._list({label: counts[kind] for kind, label in KINDS.items() if counts[kind]})
        self._show_problems(result.school.problems)
        sentence = _("This was a trial: nothing was changed. It would be %(number)d changes.")
        done = sentence if dry_run else _("Done: %(number)d changes.")
        self._say(self.style.SUCCESS(done % {"number": result.changes}))

    def _list(self, figures):
        for label, figure in figures.items():
            self._say("  " + _("%(label)s: %(figure)s") % {"label": label, "figure": figure})

    def _show_problems(self, problems):
        told = [problem for problem in problems if problem.severity != Severity.NOTE]
        told.sort(key=lambda problem: problem.severity != Severity.ERROR)
        if told:
            self._say(_("To look at:"))
        for problem in told[:SHOWN]:
            self._say(f"  {place_of(problem)}: {problem.reason} {problem.mend}")
        if len(told) > SHOWN:
            more = _("… and %(number)d more: see --report and --errors.")
            self._say("  " + more % {"number": len(told) - SHOWN})


def shown(figure):
    """A number, the names of classes, or pairs of classes."""
    if not isinstance(figure, list):
        return figure
    return "、".join(f"{item['a']} / {item['b']}" if isinstance(item, dict) else item for item in figure) or 0


def place_of(problem):
    file = problem.file or BOOKS[problem.book].title
    return " › ".join(filter(None, [file, problem.sheet, str(problem.row or ""), problem.column]))


# --- before anything is written ----------------------------------------------------------------------------


def make_tables():
    """A first import needs no other step before it; a database that is in use is brought up to date by its keeper."""
    if "django_migrations" not in connection.introspection.table_names():
        call_command("migrate", verbosity=0)
    elif has_pending_migrations():
        raise ImportRefusedError(_("The database is of another version of the program: run “manage.py migrate” first."))


def refuse_outputs(school, directory, *, report, errors, passwords):
    """Each file that is asked for can be written, and none of them is a book, another one, or a list of passwords."""
    folder = directory if directory.is_dir() else directory.parent
    taken = {(folder / table.file).resolve() for table in school.tables}
    for path in filter(None, [report, errors, passwords]):
        if path.resolve() in taken or (path == passwords and path.exists()):
            raise ImportRefusedError(_("“%(file)s” holds something already: name another file.") % {"file": path})
        taken.add(path.resolve())
        try:
            refuse_unwritable(path)
        except OSError as error:
            raise unwritable(path, error) from error


def refuse_unwritable(path):
    if path.exists():
        with path.open("ab"):
            pass
    else:
        with tempfile.TemporaryFile(dir=path.parent):
            pass


def unwritable(path, error):
    return ImportRefusedError(
        _("“%(file)s” cannot be written (%(error)s): nothing was changed. Name another file.")
        % {"file": path, "error": error.strerror or error}
    )


def write_outputs(result, *, report, errors):
    if errors:
        write_errors_workbook(result.school, errors)
    if report:
        try:
            report.write_text(json.dumps(result.as_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
        except OSError as error:
            raise unwritable(report, error) from error


def unusable_database(error):
    """The database's own words are for whoever keeps it; what they may quote of a family is cut off."""
    if isinstance(error, IntegrityError | DataError):
        sentence = _("The database refused what the books say (%(reason)s): nothing was changed.")
    else:
        sentence = _("The database cannot be used (%(reason)s): nothing was changed. Check DATABASE_URL, or try again.")
    return sentence % {"reason": first_line(error)}


def first_line(error):
    return str(error).strip().partition("\n")[0]
