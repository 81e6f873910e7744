"""Put a school's books into the database: all or nothing, and a second time nothing."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction

from core.clock import local_date
from imports.classes import Catalogue, Classes
from imports.families import Accounts, Children, Enquiries
from imports.findings import find
from imports.people import People, importer
from imports.reading import School, read_school
from imports.tally import Tally


@dataclass(frozen=True)
class Report:
    """What the books say (`figures`) and what the run did; `school.problems` has what to look at."""

    school: School
    figures: dict
    tally: Tally

    @property
    def changes(self):
        """How many rows of the database are new."""
        return sum(self.tally.created.values())

    def as_dict(self):
        return {
            **self.figures,
            "changes": self.changes,
            "created": dict(+self.tally.created),
            "matched": dict(+self.tally.matched),
            "skipped": self.school.count_skipped(),
            "columns": self.school.columns,
            "rows": [problem.as_dict() for problem in self.school.problems],
        }


def import_school(*, directory, now, by=None, dry_run=False, mapping=None, shift=timedelta(0)):
    """Read the books in `directory` and write what they say; returns a Report. See write_school.

    Raises BookError, with the database untouched, when a book cannot be used.
    """
    return write_school(school=read_school(directory, mapping), now=now, by=by, dry_run=dry_run, shift=shift)


def write_school(*, school, now, by=None, dry_run=False, shift=timedelta(0)):
    """Write what a school's books say; what is there already is found again and left as it is.

    `by` is the person who is recorded with it (None: the import's own account). With `dry_run` the database
    stays as it was. `shift` moves the dates of the books by whole weeks, for a demo that is never out of date.
    """
    figures = find(school)
    tally = Tally()
    with transaction.atomic():
        _write(school, tally, by=by or importer(), now=now, shift=shift)
        transaction.set_rollback(dry_run)
    school.problems.extend(tally.problems)
    return Report(school, figures, tally)


def _write(school, tally, *, by, now, shift):
    today = local_date(now, settings.TIME_ZONE)
    people, catalogue = People(school, tally), Catalogue(school, tally)
    run = {"tally": tally, "by": by, "now": now, "today": today, "shift": shift}
    classes = Classes(school, people=people, catalogue=catalogue, **run)
    children = Children(school, people=people, tally=tally)
    accounts = Accounts(school, people=people, catalogue=catalogue, classes=classes, **run)
    for child in school.children:
        student = children.student(child)
        for row in child.rows:
            accounts.take_over(student, row)
    accounts.save()
    enquiries = Enquiries(people=people, catalogue=catalogue, tally=tally, today=today, shift=shift)
    for row in school.enquiries:
        enquiries.take_over(row)
