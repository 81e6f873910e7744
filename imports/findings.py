"""The figures of a school's books: what a good import must find. Pure functions over rows that were read."""

from decimal import Decimal

from imports.timetable import child_clashes, classes_of, over_capacity, room_clashes, teacher_clashes


def find(school):
    """The figures by name; `_meaning` in demo/expected.json says what each of them means."""
    children, book = school.children, school.class_book
    return {
        "invalid_phone": len(with_invalid_phone(children)),
        "missing_phone": len(with_missing_phone(children)),
        "duplicate_rows": count_duplicates(school),
        "balance_mismatch": len(with_wrong_balance(school.students)),
        "siblings": count_siblings(children),
        "two_courses": len(in_two_classes(children, book)),
        "over_capacity_classes": sorted(group.name for group, _seated in over_capacity(children, book)),
        "child_clashes": len({id(child) for child, _a, _b in child_clashes(children, book)}),
        "left_total": total_left(school.students),
        "students_meant": len(children),
        "student_rows": school.count_rows("students"),
        "classes": school.count_rows("classes"),
        "staff": school.count_rows("staff"),
        "planted_teacher_clashes": _pairs("teacher", teacher_clashes(book, school.staff)),
        "room_clashes": _pairs("room", room_clashes(book)),
        "leads": school.count_rows("enquiries"),
    }


def _pairs(kind, clashes):
    return [{"kind": kind, "a": a.name, "b": b.name} for a, b in clashes]


def with_invalid_phone(children):
    """Children whose main phone is given, and in no row is it a valid number."""
    return [child for child in children if child.phone_text and not child.phone]


def with_missing_phone(children):
    return [child for child in children if not child.phone_text]


def count_duplicates(school):
    return sum(row.source.book == "students" for row, _earlier in school.duplicates)


def with_wrong_balance(students):
    """Rows whose own numbers disagree; a left that we worked out ourselves cannot."""
    return [
        row
        for row in students
        if row.left is not None
        and not row.left_is_derived
        and row.expected_left is not None
        and row.expected_left != row.left
    ]


def count_siblings(children):
    """Children beyond the first of each family: who shares a valid main phone."""
    families = [child.family_key for child in children if child.phone]
    return len(families) - len(set(families))


def in_two_classes(children, book):
    return [child for child in children if len(_class_names(child, book)) > 1]


def _class_names(child, book):
    """Classes by the class book; one that it lacks counts by its name; without a class the course counts."""
    known = {id(group) for group in classes_of(child, book)}
    unknown = {
        (row.branch, (row.class_name or row.course).casefold())
        for row in child.rows
        if not book.find(row) and (row.class_name or row.course)
    }
    return known | unknown


def total_left(students):
    """The sum of the left column: an int, or a float where half lessons remain (as JSON has it)."""
    total = sum((row.left for row in students if row.left is not None), Decimal(0))
    return int(total) if total == total.to_integral_value() else float(total)
