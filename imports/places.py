"""Branches and rooms of the books, in the database."""

from collections import Counter, defaultdict
from itertools import chain, count

from django.utils.translation import gettext as _

from branches.models import Branch, Room
from core.names import pinyin
from imports.books import BRANCH
from imports.branch_names import branch_key
from imports.branches import branches_of
from imports.problems import BookError, Severity
from imports.values import LONGEST_WORD

COLORS = ["#2563eb", "#0d9488", "#c2410c", "#7c3aed", "#be185d", "#4d7c0f", "#0369a1", "#a16207"]
LONGEST_CODE = Branch.code.field.max_length


class Places:
    """The branches and rooms of a run, found by what the books call them."""

    def __init__(self, run):
        self.run = run
        self._branches = {branch_key(branch.name): branch for branch in Branch.objects.all()}
        self._rooms = {(room.branch_id, room.name.casefold()): room for room in Room.objects.all()}
        self._seats = _seats_by_room(run.school.classes)

    def take_over(self):
        """Open the branches that are new; rooms follow with their classes."""
        for name, row in self._named().items():
            self._settle_branch(name, row)
        self._refuse_school_without()

    def _named(self):
        """{branch: the first row that names it}

        The staff and the class book say which branches there are, the others only for a school that has none yet.
        A name in one row of all is a slip of the pen, and must not open a branch.
        """
        school = self.run.school
        sources = [school.staff + school.classes]
        if not self._branches:
            sources += [school.students, school.enquiries]
        named = next(filter(None, map(_first_rows, sources)), {})
        return {name: row for name, row in named.items() if not self._is_slip(name)}

    def _is_slip(self, name):
        rows = [row for rows in self.run.school.rows.values() for row in rows]
        counts = Counter(branch_key(name) for row in rows for name in branches_of(row))
        has_others = self._branches or max(counts.values()) > 1
        return has_others and branch_key(name) not in self._branches and counts[branch_key(name)] == 1

    def _settle_branch(self, name, row):
        is_new = branch_key(name) not in self._branches
        if is_new:
            self._branches[branch_key(name)] = self._new_branch(name)
            self._report_new(row)
        self.run.count("branches", is_new)

    def _new_branch(self, name):
        others = self._branches.values()
        code = first_free(pinyin(name), {branch.code for branch in others}, longest=LONGEST_CODE)
        return Branch.objects.create(name=name, code=code, color=COLORS[len(others) % len(COLORS)])

    def _refuse_school_without(self):
        school = self.run.school
        if not self._branches and (school.classes or school.students or school.enquiries):
            raise BookError(
                _(
                    "No book names a branch: name the sheets after the branch, add a column “%(title)s”, "
                    "or open the school's one branch in the back office first."
                )
                % {"title": BRANCH.title}
            )

    def _report_new(self, row):
        self.run.report(
            row,
            field="branch",
            reason=_("This branch is new: it was opened."),
            mend=_("If it is a slip of the pen, write the branch as elsewhere before the real run."),
            code="new_branch",
            severity=Severity.NOTE,
        )

    def branch(self, name):
        """The branch of this name; the only one where a book names none; else None."""
        if not name and len(self._branches) == 1:
            return next(iter(self._branches.values()))
        return self._branches.get(branch_key(name)) if name else None

    def report_missing(self, row):
        """The row cannot be used, because nobody knows its branch."""
        if row.branch:
            reason = _("There is no branch “%(name)s”.") % {"name": row.branch}
            mend = _("Write the branch as the other rows have it; a new one is opened in the back office first.")
        else:
            reason, mend = _("The branch is not given."), _("Write the branch, and put the row in again.")
        self.run.leave_out(row, field="branch", reason=reason, mend=mend, code="missing_branch")

    def room(self, branch, name, *, seats):
        """The room, with as many seats as its largest class has."""
        if not name:
            return None
        key = branch.pk, name.casefold()
        if key not in self._rooms:
            capacity = max(seats, self._seats[branch_key(branch.name), name.casefold()], 1)
            self._rooms[key] = Room.objects.create(branch=branch, name=name, capacity=capacity)
            self.run.count("rooms", True)
        return self._rooms[key]


def _first_rows(rows):
    """{branch: the first of `rows` that names it}"""
    first = {}
    for row in rows:
        for name in branches_of(row):
            if len(name) <= LONGEST_WORD:
                first.setdefault(name, row)
    return first


def _seats_by_room(classes):
    seats = defaultdict(int)
    for row in classes:
        key = branch_key(row.branch), row.room.casefold()
        seats[key] = max(seats[key], row.capacity or 0)
    return seats


def first_free(wanted, taken, *, longest):
    """`wanted`, or with the first number that nobody has: wangli, wangli2, wangli3 …"""
    numbered = (f"{wanted[: longest - len(str(number))]}{number}" for number in count(2))
    return next(name for name in chain([wanted[:longest]], numbered) if name not in taken)
