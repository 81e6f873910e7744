"""The roll on paper, for a room without a phone or a network."""

from django.utils.translation import gettext as _
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Spacer, Table

from core.clock import day_text, hours_text
from core.pdf import BODY, SMALL, TITLE, build, paragraph
from scheduling.models import Attendance

PAGE = landscape(A4)
MARGIN = 12 * mm
PADDING = 12  # points: of the frame that holds the table, left and right together
NUMBER_WIDTH, NAME_WIDTH, ROW_HEIGHT = 9 * mm, 34 * mm, 8.5 * mm
COLUMNS = 8  # as many lessons as can be ticked with a pen
BLANK_ROWS = 2  # for who comes without being on the list
CENTRED = ParagraphStyle("centred", SMALL, alignment=1)
LINE, SHADE = HexColor("#666666"), HexColor("#eeeeee")


def roll_sheet(*, class_group, lessons, today):
    """A4 landscape: the children of a class in rows, its next lessons in columns to tick. Returns bytes."""
    lessons = list(lessons)[:COLUMNS]
    return build(
        [
            paragraph(class_group.name, TITLE),
            paragraph(_heading(class_group, today)),
            Spacer(0, 3 * mm),
            _table(class_group, lessons),
            Spacer(0, 3 * mm),
            paragraph(_("✓ present · △ late · ○ on leave · × absent · – not expected"), SMALL),
        ],
        title=_("Roll sheet %(class)s") % {"class": class_group.name},
        page_size=PAGE,
        margin=MARGIN,
    )


def _heading(class_group, today):
    rules = class_group.rules.exclude(valid_until__lt=today).select_related("room")
    facts = [
        class_group.branch.name,
        class_group.course.name,
        class_group.teacher.name,
        *(f"{rule} {rule.room or ''}".strip() for rule in rules),
        _("Printed %(day)s") % {"day": day_text(today)},
    ]
    return "　·　".join(facts)


def _table(class_group, lessons):
    blank = [""] * (COLUMNS - len(lessons))
    names = _children(class_group, lessons)
    marks = _marks(lessons)
    rows = [
        [_("No."), paragraph(_("Child"), SMALL), *(_lesson_head(lesson) for lesson in lessons), *blank],
        *(
            [number, paragraph(name), *(marks.get((pk, lesson.pk), "–") for lesson in lessons), *blank]
            for number, (pk, name) in enumerate(names.items(), start=1)
        ),
        *([""] * (2 + COLUMNS) for _row in range(BLANK_ROWS)),
        ["", paragraph(_("Teacher's signature"), SMALL), *[""] * COLUMNS],
    ]
    column_width = (PAGE[0] - 2 * MARGIN - PADDING - NUMBER_WIDTH - NAME_WIDTH) / COLUMNS
    return Table(
        rows,
        colWidths=[NUMBER_WIDTH, NAME_WIDTH, *[column_width] * COLUMNS],
        rowHeights=[14 * mm, *[ROW_HEIGHT] * (len(names) + BLANK_ROWS), 11 * mm],
        repeatRows=1,
        style=[
            ("GRID", (0, 0), (-1, -1), 0.5, LINE),
            ("BACKGROUND", (0, 0), (-1, 0), SHADE),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("ALIGN", (0, 0), (0, -1), "CENTER"),
            ("ALIGN", (2, 0), (-1, -1), "CENTER"),
            ("FONT", (0, 0), (-1, -1), BODY.fontName, 9),
            ("LINEABOVE", (0, -1), (-1, -1), 1, LINE),
        ],
    )


def _lesson_head(lesson):
    hours = hours_text(lesson.starts_at, lesson.ends_at, lesson.class_group.branch.time_zone)
    return [
        paragraph(day_text(lesson.local_date), CENTRED),
        paragraph(hours, CENTRED),
        paragraph(lesson.room or "", CENTRED),
    ]


def _children(class_group, lessons):
    """{student id: name} of those expected at one of the lessons; without lessons, of the class."""
    if lessons:
        rows = Attendance.objects.filter(lesson__in=lessons)
    else:
        rows = class_group.members.filter(left_date__isnull=True)
    children = rows.values_list("enrolment__student_id", "enrolment__student__name")
    return dict(children.order_by("enrolment__student__name_initials", "enrolment__student_id"))


def _marks(lessons):
    """{(student id, lesson id): what stands in the box}: nothing, or what is known already."""
    return {
        (row.enrolment.student_id, row.lesson_id): ""
        if row.status == Attendance.Status.EXPECTED
        else row.get_status_display()
        for row in Attendance.objects.filter(lesson__in=lessons).select_related("enrolment")
    }
