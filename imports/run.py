"""One run of the import: whose books, for whom and when; and what it did, row by row."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from branches.models import User
from core.clock import local_date
from imports.custom_fields import CustomColumns
from imports.problems import Problem, Severity, Source, problem_at
from imports.reading import School


@dataclass
class Run:
    """`created`, `completed` (an empty field was filled) and `matched` count by kind of row.

    `shift` moves the dates of the books, for a demo that is never out of date. `staff` are the accounts of the
    staff book. `endings` tell of each row of the books whether it was created, matched or left out.
    """

    school: School
    by: User
    now: datetime
    shift: timedelta
    created: Counter = field(default_factory=Counter)
    completed: Counter = field(default_factory=Counter)
    matched: Counter = field(default_factory=Counter)
    staff: list[User] = field(default_factory=list)
    endings: dict[Source, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self):
        self.today = local_date(self.now, settings.TIME_ZONE)
        self.custom = CustomColumns(self.school.tables, self.problems)
        self._unused = {
            (table.file, table.sheet): [column.title for column in table.columns if column.how == "unused"]
            for table in self.school.tables
        }

    def day(self, date):
        """A day of the books as the database has it."""
        return date + self.shift if date else None

    def count(self, kind, is_new):
        (self.created if is_new else self.matched)[kind] += 1

    def end(self, row, *, is_new):
        self.endings[row.source] = "created" if is_new else "matched"

    # --- what a person should look at --------------------------------------------------------------------

    def report(self, row, **said):
        """`field`, `reason`, `mend`, `code` and `severity` of something in a row; see School.problem."""
        self.problems.append(self.school.problem(row, **said))

    def leave_out(self, row, **said):
        """Report why a row could not be used."""
        self.endings[row.source] = "left_out"
        self.report(row, severity=Severity.ERROR, **said)

    def report_difference(self, row, key, *, kept):
        """The book says something else than what was there before the run."""
        self.report(
            row,
            field=key,
            reason=_("The software has “%(kept)s” here: nothing was changed.") % {"kept": kept},
            mend=_("If the book is right, change it in the software."),
            code="book_differs",
            severity=Severity.NOTE,
        )

    def unused(self, row):
        """{title: text} of the columns that mean nothing to the software."""
        titles = self._unused[row.source.file, row.sheet] if row.rest else []
        return {title: row.rest[title] for title in titles if title in row.rest}

    def keep_in_report(self, row, texts):
        """Tell of `texts` ({title: text}) for which the database has no place."""
        for title, text in texts.items():
            self.problems.append(
                problem_at(
                    row.source,
                    column=title,
                    value=text,
                    reason=_("The software has no place for this: it stays in this report."),
                    mend=_("Write it down elsewhere if it matters."),
                    severity=Severity.NOTE,
                    code="not_kept",
                )
            )

    def fitting(self, row, key, text, column):
        """`text` as far as the database has room for it in `column` (a model field); what is cut off is told."""
        room = column.field.max_length
        if len(text) > room:
            self.report(
                row,
                field=key,
                reason=_("Only the first %(number)d characters were taken.") % {"number": room},
                mend=_("Write less."),
                code="text_cut",
            )
        return text[:room]
