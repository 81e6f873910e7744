"""From the cells of a line to a clean row; what could not be used of a line is reported."""

import re
from dataclasses import replace

from django.utils.translation import gettext as _

from imports.columns import text_of
from imports.dates import clean_date, clean_last_day, clean_time_text
from imports.phones import clean_phone
from imports.problems import BadValueError, Severity, problem_at
from imports.rows import ClassRow, EnquiryRow, StaffRow, StudentRow
from imports.schedules import clean_schedule
from imports.values import (
    clean_count,
    clean_credits,
    clean_gender,
    clean_money,
    clean_name,
    clean_note,
    clean_text,
    clean_word,
    is_blank,
    split_list,
)


class Cells:
    """The cells of one line by field. Cleaning one either gives a value, or reports it and gives nothing."""

    def __init__(self, table, line):
        self.line = line
        self.columns = {column.field: column for column in table.columns if column.field}
        self.fields = table.book.fields
        self.problems = []
        self.taken = {}
        unused = (column.title for column in table.columns if column.how == "unused")
        self.rest = {title: text_of(line.cells[title]) for title in unused if not is_blank(line.cells[title])}

    def raw(self, key):
        column = self.columns.get(key)
        return self.line.cells[column.title] if column else None

    def title(self, key):
        return self.columns[key].title if key in self.columns else ""

    def take(self, key, clean):
        """The clean value; a second question gets the first answer, so that nothing is reported twice."""
        if key not in self.taken:
            self.taken[key] = self._cleaned(key, clean)
        return self.taken[key]

    def _cleaned(self, key, clean):
        try:
            return clean(self.raw(key))
        except BadValueError as error:
            self.rest[self.title(key)] = text_of(self.raw(key))
            self.report(key, error.reason, error.mend, code=error.code)
            return None

    def text(self, key):
        return self.take(key, clean_word) or ""

    def report(self, key, reason, mend, *, code, severity=Severity.WARNING):
        problem = problem_at(
            self.line.source,
            column=self.title(key),
            value=text_of(self.raw(key)),
            reason=reason,
            mend=mend,
            severity=severity,
            code=code,
        )
        self.problems.append(problem)

    def lacks(self, key):
        """Report that the row cannot be used without this field."""
        reason = _("“%(field)s” is empty.") % {"field": self.fields[key].label}
        mend = _("Write it, and put the row in again; until then the row is left out.")
        self.report(key, reason, mend, code=f"missing_{key}", severity=Severity.ERROR)

    def common(self):
        return {"source": self.line.source, "cells": self.line.cells, "rest": self.rest}

    def branch(self):
        if "branch" in self.columns:
            return self.take("branch", _one_branch) or ""
        return self.line.branch


def _one_branch(value):
    names = split_list(value)
    if len(names) > 1:
        reason = _("“%(value)s” names several branches.") % {"value": clean_text(value)}
        raise BadValueError(reason, _("Write the one branch that this row is of."), "several_branches")
    return clean_word(value)


def _phones(cells):
    """Main and other numbers; what else stood in the cells is told, so that nobody misses it."""
    main = cells.take("phone", clean_phone)
    other = cells.take("other_phone", clean_phone)
    for key, phone in (("phone", main), ("other_phone", other)):
        if phone and phone.note:
            reason = _("Beside the number the cell says “%(note)s”.") % {"note": phone.note}
            mend = _("Only the number was taken; keep the words in the note if they matter.")
            cells.report(key, reason, mend, code="phone_words", severity=Severity.NOTE)
    if main and not main.can_sms:
        reason = _("A landline gets no SMS.")
        cells.report("phone", reason, _("Add a mobile number."), code="phone_landline")
    return _phone_values(main, other, "" if is_blank(cells.raw("phone")) else text_of(cells.raw("phone")))


def _phone_values(main, other, text):
    number = main.number if main else ""
    others = [*(main.others if main else ()), *((other.number, *other.others) if other else ())]
    return {
        "phone": number,
        "phone_text": number or text,
        "can_sms": bool(main and main.can_sms),
        "other_phones": tuple(other for other in dict.fromkeys(others) if other != number),
    }


# --- the rows of each book; None where a row cannot be used ------------------------------------------------


def staff_row(cells):
    name = cells.take("name", clean_name)
    if not name:
        _lacks_unless_reported(cells, "name")
        return None
    return StaffRow(
        **cells.common(),
        **_phones(cells),
        name=name,
        role=cells.text("role"),
        branches=_branches(cells),
        note=clean_note(cells.raw("note")),
    )


def _branches(cells):
    """Somebody may work at several: 银州校区、清河校区."""
    if "branch" in cells.columns:
        return cells.take("branch", split_list)
    return (cells.line.branch,) if cells.line.branch else ()


def _lacks_unless_reported(cells, key):
    """An unreadable name was reported as a warning; without a name the row is not used at all."""
    if cells.problems:
        *others, last = cells.problems
        cells.problems = [*others, replace(last, severity=Severity.ERROR)]
    else:
        cells.lacks(key)


def class_row(cells):
    if not cells.text("class_name"):
        cells.lacks("class_name")
        return None
    slots = cells.take("schedule" if "schedule" in cells.columns else "weekday", lambda _cell: _weekly_slots(cells))
    if slots == ():
        reason = _("The class has no weekly time.")
        cells.report("schedule", reason, _("Write it, such as 周六 08:30-10:00."), code="missing_schedule")
    return ClassRow(
        **cells.common(),
        branch=cells.branch(),
        class_name=cells.text("class_name"),
        course=cells.text("course"),
        teachers=tuple(map(bare_teacher, split_list(cells.raw("teacher")))),
        room=cells.text("room"),
        slots=slots or (),
        capacity=cells.take("capacity", clean_count),
        start_date=cells.take("start_date", clean_date),
        lessons=cells.take("lessons", clean_count),
        unit_price_minor=cells.take("unit_price", clean_money),
        category=cells.text("category"),
        note=clean_note(cells.raw("note")),
    )


def _weekly_slots(cells):
    """One column may say it all, or weekday, beginning and end (or length) stand apart."""
    weekday = clean_text(cells.raw("weekday"))
    start, end = clean_time_text(cells.raw("start_time")), clean_time_text(cells.raw("end_time"))
    minutes = cells.take("minutes", clean_count)
    whole = clean_time_text(cells.raw("schedule"))
    if start and not end and minutes:
        end = _later(start, minutes)
    span = whole or (f"{start}-{end}" if start and end else start)
    if weekday and re.fullmatch("[1-7]", weekday):
        weekday = f"周{weekday}"
    return clean_schedule(f"{weekday} {span}".strip())


def _later(start, minutes):
    match = re.fullmatch(r"(\d{1,2}):(\d{2})", start, re.ASCII)
    if not match:
        return ""
    end = int(match[1]) * 60 + int(match[2]) + minutes
    return f"{end // 60:02d}:{end % 60:02d}"


def bare_teacher(name):
    """李洁老师 is 李洁; 李老师 stays, since 李 alone is no name."""
    bare = re.sub("(老师|教练)$", "", name)
    return bare if len(bare) > 1 else name


def student_row(cells):
    name = cells.take("name", clean_name)
    if not name:
        _lacks_unless_reported(cells, "name")
        return None
    if not cells.text("course") and not cells.text("class_name"):
        reason = _("The row names neither course nor class.")
        cells.report("course", reason, _("Write the course or the class."), code="missing_course")
    return StudentRow(
        **cells.common(),
        **_family(cells, name),
        **_account(cells),
        number=cells.text("number"),
        class_name=cells.text("class_name"),
        last_day=cells.take("last_day", clean_last_day),
        enrolled_date=cells.take("enrolled_date", clean_date),
        adviser=cells.text("adviser"),
    )


def enquiry_row(cells):
    name = cells.take("name", clean_name) or ""
    guardian = cells.text("guardian")
    if not (name or guardian) and is_blank(cells.raw("phone")):
        _lacks_unless_reported(cells, "name")
        return None
    return EnquiryRow(
        **cells.common(),
        **_family(cells, name),
        registered_date=cells.take("registered_date", clean_date),
        owner=cells.text("owner"),
        next_date=cells.take("next_date", clean_date),
    )


def _family(cells, name):
    return _phones(cells) | {
        "name": name,
        "branch": cells.branch(),
        "gender": cells.take("gender", clean_gender) or "",
        "birth_date": cells.take("birth_date", clean_date),
        "school": cells.text("school"),
        "grade": cells.text("grade"),
        "guardian": cells.take("guardian", clean_name) or "",
        "relation": cells.text("relation"),
        "course": cells.text("course"),
        "channel": cells.text("channel"),
        "status": cells.text("status"),
        "note": clean_note(cells.raw("note")),
    }


def _account(cells):
    bought, gift, used = (cells.take(key, clean_credits) for key in ("bought", "gift", "used"))
    left = cells.take("left", clean_credits)
    derived = left is None and bought is not None
    if derived:
        left = bought + (gift or 0) - (used or 0)
    if derived and "left" in cells.columns:
        reason = _("“%(field)s” is empty or unreadable; %(left)s was worked out from the other columns.")
        cells.report(
            "left",
            reason % {"field": cells.fields["left"].label, "left": left},
            _("Check the number."),
            code="left_derived",
        )
    if left is None:
        column = "left" if "left" in cells.columns else "bought"
        reason = _("How many credits are left is not known: the account is not opened.")
        cells.report(column, reason, _("Write the credits that are left."), code="missing_left")
    return {
        "bought": bought,
        "gift": gift,
        "used": used,
        "left": left,
        "left_is_derived": derived,
        "paid_minor": cells.take("paid", clean_money),
    }


ROW_OF = {"staff": staff_row, "classes": class_row, "students": student_row, "enquiries": enquiry_row}
