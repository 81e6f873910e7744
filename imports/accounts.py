"""Enrolments of the books with their balances, and the children's places in classes."""

import re
from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _

from enrolments.models import Enrolment
from imports.classes import kept_as_in_the_books
from imports.lots import Lots
from imports.problems import Severity
from imports.rows import StudentRow
from scheduling.models import ClassGroup, ClassMember
from scheduling.services import place_students
from students.models import Student

AtBranch = Student.branches.through
ENDED = re.compile("停|退|休|结业|结课|毕业|流失|转出|冻结|离校|终止|inactive|left|expired|frozen")  # states of a child


@dataclass(frozen=True)
class BookEntry:
    """One row of the students' book: whose account it is about, and in which class."""

    row: StudentRow
    enrolment: Enrolment
    group: ClassGroup | None


class Accounts:
    """The children's accounts, and where they are in class."""

    def __init__(self, run, *, places, classes):
        self.run, self.places, self.classes = run, places, classes
        self.entries = []

    def take_over(self, pairs):
        """Open the accounts of [(child, student)] and fill the classes, all at once: a school is a thousand rows."""
        self._know({student.pk for _child, student in pairs})
        for child, student in pairs:
            for row in child.rows:
                self._settle(student, row)
        self._make_enrolments()
        lots = Lots(self.run, classes=self.classes, enrolment_ids=self.known)
        lots.take_over(self.entries)
        self._fill_classes(lots.opened)

    def _know(self, student_ids):
        """What the database has of these children."""
        known = Enrolment.objects.filter(student__in=student_ids).select_related("branch", "course")
        self.enrolments = {(e.student_id, e.branch_id, e.course_id): e for e in known}
        self.known = {enrolment.pk for enrolment in known}
        self.members = defaultdict(set)  # enrolment id → ids of class groups
        members = ClassMember.objects.filter(enrolment__in=self.known)
        for enrolment_id, group_id in members.values_list("enrolment", "class_group"):
            self.members[enrolment_id].add(group_id)

    def _settle(self, student, row):
        """Whose account a row is about, once all is known that it needs."""
        account = self.classes.account(row)
        self._report_doubts(row, account)
        if account.branch is None:
            self.places.report_missing(row)
        elif account.course is None:
            self._report_course(row)
        else:
            self.entries.append(BookEntry(row, self._enrolment(student, account), account.group))

    def _enrolment(self, student, account):
        key = student.pk, account.branch.pk, account.course.pk
        if key not in self.enrolments:
            self.enrolments[key] = Enrolment(student=student, branch=account.branch, course=account.course)
        return self.enrolments[key]

    def _make_enrolments(self):
        new = [enrolment for enrolment in self.enrolments.values() if enrolment.pk is None]
        Enrolment.objects.bulk_create(new)
        AtBranch.objects.bulk_create(
            [AtBranch(student=enrolment.student, branch=enrolment.branch) for enrolment in new], ignore_conflicts=True
        )
        self.run.created["enrolments"] += len(new)
        self.run.matched["enrolments"] += len({entry.enrolment.pk for entry in self.entries} & self.known)

    # --- classes -----------------------------------------------------------------------------------------

    def _fill_classes(self, new_rows):
        joining = defaultdict(list)
        for entry in self.entries:
            if entry.group and self._joins(entry, new_rows):
                joining[entry.group].append(entry.enrolment)
        for group, enrolments in joining.items():
            new = list(dict.fromkeys(enrolments))
            self.run.created["class_members"] += len(new)
            place_students(
                class_group=group,
                enrolments=new,
                joined_date=max(self.run.today, group.first_date),
                by=self.run.by,
                now=self.run.now,
                keep_reason=kept_as_in_the_books(),
            )

    def _joins(self, entry, new_rows):
        """A new row joins its class, and so does one whose class was not known before; none that has moved since."""
        members = self.members[entry.enrolment.pk]
        if entry.group.pk in members:
            self.run.count("class_members", False)
            return False
        if members and entry.row.source not in new_rows and entry.group.pk not in self.classes.new:
            names = ClassGroup.objects.filter(pk__in=members).values_list("name", flat=True)
            self.run.report_difference(entry.row, "class_name", kept="、".join(names))
            return False
        return True

    # --- what a person should look at --------------------------------------------------------------------

    def _report_doubts(self, row, account):
        if row.class_name and not account.group:
            self._report_class(row)
        if ENDED.search(row.status.lower()):
            self._report_status(row)
        if account.group and row.course and row.course.casefold() != account.course.name.casefold():
            reason = _("The class teaches %(course)s: the account was made there.") % {"course": account.course}
            self._report_other(row, "course", reason)
        if account.group and row.branch and self.places.branch(row.branch) != account.branch:
            reason = _("The class is at %(branch)s: the account was made there.") % {"branch": account.branch}
            self._report_other(row, "branch", reason)
        for key in ("bought", "gift", "used"):
            if (getattr(row, key) or 0) < 0:
                self._report_negative(row, key)

    def _report_class(self, row):
        if self.run.school.class_book.find(row):
            reason = _("The class “%(name)s” was not made: the child is in no class.")
        else:
            reason = _("There is no class “%(name)s”: the child is in no class.")
        self.run.report(
            row,
            field="class_name",
            reason=reason % {"name": row.class_name},
            mend=_("Write the class as the class book has it, or add it there, and put the row in again."),
            code="unknown_class",
            severity=Severity.WARNING if self.classes.has_any() else Severity.NOTE,
        )

    def _report_status(self, row):
        self.run.report(
            row,
            field="status",
            reason=_("The software keeps no such state: the child was taken over as a current one."),
            mend=_("If the child does not come any more, take it out of its class."),
            code="status_not_kept",
        )

    def _report_other(self, row, key, reason):
        mend = _("If the class is wrong, correct it before the real run.")
        self.run.report(row, field=key, reason=reason, mend=mend, code=f"{key}_of_class")

    def _report_negative(self, row, key):
        self.run.report(
            row,
            field=key,
            reason=_("Less than nothing was read as 0; what is left was kept as the book has it."),
            mend=_("Write a number that is not negative, before the real run."),
            code="negative_credits",
        )

    def _report_course(self, row):
        self.run.leave_out(
            row,
            field="course",
            reason=_("The account of %(child)s was not made: its course is not known.") % {"child": row.name},
            mend=_("Write the course or the class, and put the row in again."),
            code="account_not_made",
        )
