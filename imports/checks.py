"""What only shows when rows are seen together: accounts that do not add up, clashes, unknown names."""

from django.utils.translation import gettext as _

from imports.findings import with_missing_phone, with_wrong_balance
from imports.problems import Severity
from imports.timetable import child_clashes, over_capacity, person_of, room_clashes, teacher_clashes


def check_school(school):
    """All problems between rows, in the order in which somebody would mend them."""
    return [
        *_duplicates(school),
        *_balances(school),
        *_missing_phones(school),
        *_clashes(school),
        *_full_classes(school),
        *_maybe_same(school),
    ]


def _duplicates(school):
    for row, earlier in school.duplicates:
        yield school.problem(
            row,
            reason=_("The row says the same as row %(row)d of “%(sheet)s”: it was counted once.")
            % {"row": earlier.row, "sheet": earlier.sheet},
            mend=_("Delete one of them; if both are meant, make them differ, for example in the note."),
            code="duplicate_row",
            severity=Severity.NOTE,
        )


def _balances(school):
    for row in with_wrong_balance(school.students):
        yield school.problem(
            row,
            field="left",
            reason=_("%(bought)s bought + %(gift)s gift − %(used)s used is %(expected)s, but %(left)s are left.")
            % {
                "bought": row.bought,
                "gift": row.gift or 0,
                "used": row.used or 0,
                "expected": row.expected_left,
                "left": row.left,
            },
            mend=_("%(left)s is kept, by an adjustment of %(difference)s: check the account with the family.")
            % {"left": row.left, "difference": f"{row.left - row.expected_left:+}"},
            code="balance_mismatch",
        )


def _missing_phones(school):
    for child in with_missing_phone(school.children):
        yield school.problem(
            child.rows[0],
            field="phone",
            reason=_("%(name)s has no main phone in any row: the family gets no message.") % {"name": child.name},
            mend=_("Ask for a mobile number and write it down."),
            code="missing_phone",
        )


def _clashes(school):
    mend = _("Move one of the two, or let a manager keep the clash, with a reason.")
    for a, b in teacher_clashes(school.class_book, school.staff):
        reason = _("One teacher (%(name)s) at one time in two classes: %(a)s and %(b)s.")
        values = {"name": "、".join(_common(a, b, school)), "a": a.name, "b": b.name}
        yield school.problem(b.rows[0], reason=reason % values, mend=mend, code="teacher_clash")
    for a, b in room_clashes(school.class_book):
        reason = _("One room (%(room)s) at one time for two classes: %(a)s and %(b)s.")
        values = {"room": b.rows[0].room, "a": a.name, "b": b.name}
        yield school.problem(b.rows[0], reason=reason % values, mend=mend, code="room_clash")
    for child, a, b in child_clashes(school.children, school.class_book):
        reason = _("%(name)s is in two classes at one time: %(a)s and %(b)s.")
        values = {"name": child.name, "a": a.name, "b": b.name}
        yield school.problem(child.rows[-1], reason=reason % values, mend=mend, code="child_clash")


def _common(a, b, school):
    people = [
        {person_of(teacher, row.branch, school.staff): teacher for row in group.rows for teacher in row.teachers}
        for group in (a, b)
    ]
    return [name for person, name in people[0].items() if person in people[1]]


def _full_classes(school):
    for group, seated in over_capacity(school.children, school.class_book):
        yield school.problem(
            group.rows[0],
            field="capacity",
            reason=_("%(name)s has %(seats)d seats and %(children)d children.")
            % {"name": group.name, "seats": group.capacity, "children": seated},
            mend=_("Raise the seats, or move a child to another class."),
            code="over_capacity",
        )


def _maybe_same(school):
    for row, other in school.maybe_same:
        yield school.problem(
            other,
            reason=_("%(name)s may be the child of row %(row)d of “%(sheet)s”: they were kept apart.")
            % {"name": other.name, "row": row.row, "sheet": row.sheet},
            mend=_("If it is one child, write birth date, phone and school in the same way in both rows."),
            code="maybe_same_child",
        )
