"""A month of pay for the accountant: one sheet of teachers, one of all lines with their working."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.clock import hours_text
from core.workbook import Fen, Sheet, workbook_bytes
from payroll.wording import working_text

MINUTES_AN_HOUR = 60


def month_workbook(branch, sheets):
    """The workbook as bytes; `sheets` with their lines."""
    lines = [_line_row(branch, sheet, line) for sheet in sheets for line in sheet.lines]
    return workbook_bytes(
        [
            Sheet(_("Teachers"), _teacher_titles(), [_teacher_row(sheet) for sheet in sheets]),
            Sheet(pgettext("pay", "Working"), _line_titles(), lines),
        ]
    )


def _teacher_titles():
    adjusted = pgettext("pay", "Adjustments in it")
    return [
        _("Teacher"),
        _("Lessons"),
        pgettext("pay", "Hours"),
        pgettext("pay", "Amount"),
        adjusted,
        pgettext("pay slip", "State"),
    ]


def _teacher_row(sheet):
    hours = round(sheet.minutes / MINUTES_AN_HOUR, 2)
    state = sheet.slip.get_status_display() if sheet.slip else pgettext("pay slip", "Not prepared")
    return [sheet.teacher.name, sheet.lesson_count, hours, Fen(sheet.total_minor), Fen(sheet.adjusted_minor), state]


def _line_titles():
    what = pgettext("pay", "For")
    return [
        _("Teacher"),
        what,
        pgettext("lesson", "Time"),
        _("Class"),
        _("Children"),
        pgettext("pay", "Scheme"),
        pgettext("pay", "Working"),
        pgettext("pay", "Amount"),
    ]


def _line_row(branch, sheet, line):
    lesson, scheme = line.lesson, line.working.get("scheme", "")
    when = f"{line.about_month:%Y-%m}" if line.about_month else ""
    if lesson:
        when = f"{lesson.day:%Y-%m-%d} {hours_text(lesson.starts_at, lesson.ends_at, branch.time_zone)}"
    told = [sheet.teacher.name, str(line.label), when, lesson.class_name if lesson else ""]
    return [*told, line.children if lesson else None, scheme, working_text(line), Fen(line.amount_minor)]
