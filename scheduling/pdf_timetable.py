"""Timetables on paper, A4 landscape: a teacher's or a room's week, and the list of a class."""

from collections import defaultdict
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table

from core.clock import day_text, hours_text
from core.pdf import BODY, SMALL, TITLE, build, paragraph

PAGE = landscape(A4)
MARGIN = 12 * mm
PADDING = 12  # points: of the frame that holds the table, left and right together
WIDTH = PAGE[0] - 2 * MARGIN - PADDING
TIME_WIDTH, NUMBER_WIDTH = 15 * mm, 10 * mm
HEAD = ParagraphStyle("head", BODY, alignment=1)
LINE, SHADE = HexColor("#666666"), HexColor("#eeeeee")
STYLE = [
    ("GRID", (0, 0), (-1, -1), 0.5, LINE),
    ("BACKGROUND", (0, 0), (-1, 0), SHADE),
    ("FONT", (0, 0), (-1, -1), BODY.fontName, 9),
    ("VALIGN", (0, 0), (-1, 0), "MIDDLE"),
    ("VALIGN", (0, 1), (-1, -1), "TOP"),
]


def teacher_week(*, teacher, lessons, monday, today):
    """When and where a teacher teaches in the week from `monday` on; `lessons` know their student_count."""
    return _week(str(teacher), lessons, monday, today, lambda lesson: [lesson.branch, lesson.room])


def room_week(*, room, lessons, monday, today):
    """Which class is in a room when, with whom."""
    title = f"{room.branch} · {room}"
    return _week(title, lessons, monday, today, lambda lesson: [lesson.teacher])


def _week(title, lessons, monday, today, place):
    days = [monday + timedelta(days=offset) for offset in range(7)]
    span = f"{day_text(days[0])} – {day_text(days[-1])}"
    lessons = list(lessons)
    table = _week_table(days, lessons, place) if lessons else paragraph(_("No lessons in this week."))
    return _document(title, [span, _lessons_text(lessons), _printed(today)], table)


def _week_table(days, lessons, place):
    """A row per time at which lessons begin, a column per day."""
    cells = defaultdict(list)
    for lesson in lessons:
        begins = lesson.starts_at.astimezone(ZoneInfo(lesson.branch.time_zone))
        cells[f"{begins:%H:%M}", lesson.local_date] += _cell(lesson, place)
    times = sorted({time for time, _day in cells})
    rows = [
        ["", *(paragraph(day_text(day), HEAD) for day in days)],
        *([time, *(cells.get((time, day), "") for day in days)] for time in times),
    ]
    return Table(rows, colWidths=[TIME_WIDTH, *[(WIDTH - TIME_WIDTH) / 7] * 7], repeatRows=1, style=STYLE)


def _cell(lesson, place):
    where = " · ".join(str(part) for part in place(lesson) if part)
    children = _("%(children)d of %(seats)d children") % {
        "children": lesson.student_count,
        "seats": lesson.class_group.capacity,
    }
    return [
        paragraph(hours_text(lesson.starts_at, lesson.ends_at, lesson.branch.time_zone), SMALL),
        paragraph(lesson.class_group.name),
        paragraph(where, SMALL),
        paragraph(children, SMALL),
        Spacer(0, 1 * mm),
    ]


def class_list(*, class_group, members, today, with_phones):
    """The children of a class, with room to write. Of a guardian's phone only the last digits, or nothing."""
    rules = class_group.rules.exclude(valid_until__lt=today).select_related("room")
    facts = [
        class_group.branch.name,
        class_group.course.name,
        class_group.teacher.name,
        *(f"{rule} {rule.room or ''}".strip() for rule in rules),
        _printed(today),
    ]
    return _document(class_group.name, facts, _list_table(list(members), with_phones))


def _list_table(members, with_phones):
    head = [
        _("No."),
        _("Child"),
        _("Grade"),
        _("In the class since"),
        *([_("Guardian")] if with_phones else []),
        _("Note"),
    ]
    widths = [NUMBER_WIDTH, 34 * mm, 24 * mm, 36 * mm, *([40 * mm] if with_phones else [])]
    rows = [_list_row(number, member, with_phones) for number, member in enumerate(members, start=1)]
    return Table(
        [[paragraph(text, SMALL) for text in head], *rows],
        colWidths=[*widths, WIDTH - sum(widths)],
        repeatRows=1,
        style=[*STYLE, ("VALIGN", (0, 1), (-1, -1), "MIDDLE")],
    )


def _list_row(number, member, with_phones):
    student = member.enrolment.student
    guardians = [_tail_text(row) for row in student.guardianships.all() if row.is_main] if with_phones else []
    return [
        number,
        paragraph(student.name),
        paragraph(student.grade, SMALL),
        paragraph(day_text(member.joined_date), SMALL),
        *([paragraph("".join(guardians), SMALL)] if with_phones else []),
        "",
    ]


def _tail_text(guardianship):
    tail = guardianship.guardian.phone_tail
    return f"{guardianship.relation} …{tail}".strip() if tail else guardianship.relation


def _lessons_text(lessons):
    return pgettext("timetable on paper", "lessons: %(number)d") % {"number": len(lessons)}


def _printed(today):
    return _("Printed %(day)s") % {"day": day_text(today)}


def _document(title, facts, content):
    return build(
        [paragraph(title, TITLE), paragraph("　·　".join(facts)), Spacer(0, 3 * mm), content],
        title=title,
        page_size=PAGE,
        margin=MARGIN,
    )
