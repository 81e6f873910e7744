"""Put a school's books into the database: all or nothing, and a second time nothing."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from core.statistics import refresh_statistics
from enrolments.models import CreditEntry, CreditLot, Enrolment
from imports.accounts import Accounts
from imports.catalogue import Catalogue
from imports.children import Children
from imports.classes import Classes
from imports.enquiries import Enquiries
from imports.findings import find
from imports.people import Staff, importer
from imports.places import Places
from imports.reading import School, read_school
from imports.run import Run
from scheduling.clashes import lock_timetable
from scheduling.models import Attendance, ClassGroup, ClassMember, KeptClash, Lesson
from students.models import Student


@dataclass(frozen=True)
class Report:
    """What the books say (`figures`) and what the run did; `school.problems` has what to look at."""

    school: School
    figures: dict
    run: Run

    @property
    def changes(self):
        """How many rows of the database are new, or got a field that was empty before."""
        return self.run.created.total() + self.run.completed.total()

    def count_endings(self):
        """{book: {created, matched, left_out, unusable or duplicate: rows}}: together all rows of data."""
        endings = defaultdict(Counter)
        for source, ending in (self.school.endings | self.run.endings).items():
            if not ending.startswith("skipped"):
                endings[source.book][ending] += 1
        return {book: dict(counts) for book, counts in endings.items()}

    def as_dict(self):
        return {
            **self.figures,
            "changes": self.changes,
            "created": dict(+self.run.created),
            "completed": dict(+self.run.completed),
            "matched": dict(+self.run.matched),
            "endings": self.count_endings(),
            "skipped": self.school.count_skipped(),
            "columns": self.school.columns,
            "rows": [problem.as_dict() for problem in self.school.problems],
        }


def import_school(*, directory, now, by=None, dry_run=False, mapping=None, shift=timedelta(0)):
    """Read the books in `directory` and write what they say; returns a Report. See write_school.

    Raises BookError, with the database untouched, when a book cannot be used.
    """
    return write_school(school=read_school(directory, mapping), now=now, by=by, dry_run=dry_run, shift=shift)


@transaction.atomic
def write_school(*, school, now, by=None, dry_run=False, shift=timedelta(0)):
    """Write what a school's books say; what is there already is found again and left as it is.

    A field that was empty is filled: a row that was mended does what it could not do before. `by` is the person
    who is recorded with it (None: the import's own account). With `dry_run` the database stays as it was.
    `shift` moves the dates of the books by whole weeks, for a demo that is never out of date.
    """
    lock_timetable()  # of two imports at once the second finds what the first has made
    run = Run(school, by=by or importer(), now=now, shift=shift)
    places, catalogue = Places(run), Catalogue(run)
    places.take_over()
    staff = Staff(run, places)
    staff.take_over()
    classes = Classes(run, places=places, staff=staff, catalogue=catalogue)
    classes.take_over()
    children = Children(run, places=places, staff=staff, classes=classes).take_over()
    Accounts(run, places=places, classes=classes).take_over(children)
    classes.plan()
    Enquiries(run, places=places, staff=staff, catalogue=catalogue).take_over()
    refresh_statistics(
        Student, Enrolment, CreditLot, CreditEntry, ClassGroup, ClassMember, Lesson, Attendance, KeptClash
    )
    school.problems += run.problems
    transaction.set_rollback(dry_run)
    return Report(school, find(school), run)
