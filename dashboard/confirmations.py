"""Which lessons families have confirmed (课时确认): those on a statement, and those of a branch's month."""

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import CharField, OuterRef, Prefetch, Subquery, Sum, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.clock import last_day_of, local_date
from core.workbook import Sheet, workbook_bytes
from enrolments.models import CreditEntry
from scheduling.confirmation import Confirmation, State, confirmation_of, days_to_confirm
from scheduling.models import Attendance, LessonReply


@dataclass(frozen=True)
class Taken:
    """A lesson that took credits of a child's account, and what the family has said of it."""

    attendance: Attendance
    credits: Decimal
    confirmation: Confirmation
    reply: LessonReply | None

    @property
    def lesson(self):
        return self.attendance.lesson


def confirmed_rows(rows, *, branch, today):
    """Rows of a statement; those whose lesson took credits and still has them say where the confirmation stands."""
    ids = [row.attendance.pk for row in rows if row.attendance and row.entry.credits < 0]
    found = {}
    if ids and days_to_confirm(branch.rule_pack):
        attendances = Attendance.objects.filter(pk__in=ids).select_related("lesson")
        found = {one.attendance.pk: one for one in _taken(attendances, branch=branch, today=today)}
    return [replace(row, taken=found.get(row.attendance.pk)) if row.attendance else row for row in rows]


def taken_in_month(branch, month, *, today):
    """Every lesson of a branch's month that took credits, by time: two queries. None: nobody is asked."""
    if days_to_confirm(branch.rule_pack) is None:
        return None
    days = (month, last_day_of(month))
    attendances = Attendance.objects.filter(lesson__branch=branch, lesson__local_date__range=days)
    related = ("lesson__class_group", "lesson__teacher", "enrolment__student", "enrolment__course")
    in_order = attendances.select_related(*related).order_by("lesson__starts_at", "lesson", "enrolment__student__name")
    return _taken(in_order, branch=branch, today=today)


def count_by_state(taken):
    """[(state, number)] of all states, in the order in which they are worked."""
    numbers = Counter(one.confirmation.state for one in taken)
    return [(state, numbers[state]) for state in (State.DISPUTED, State.WAITING, State.CONFIRMED, State.NO_REPLY)]


def confirmations_workbook(taken):
    """The month for the platform of the authorities, or for whoever asks: one row for each child and lesson."""
    titles = [
        _("Child"),
        _("Course"),
        _("Class"),
        _("Lesson number"),
        _("Day"),
        _("Teacher"),
        _("Attendance"),
        _("Credits"),
        pgettext("lesson", "Confirmation"),
        pgettext("lesson", "Could be disputed until"),
        pgettext("lesson", "Replied on"),
        pgettext("lesson", "What the family says"),
    ]
    return workbook_bytes([Sheet(_("Lessons confirmed"), titles, [_cells(one) for one in taken])])


def _cells(taken):
    attendance, lesson, reply = taken.attendance, taken.lesson, taken.reply
    return [
        attendance.enrolment.student.name,
        attendance.enrolment.course.name,
        lesson.class_group.name,
        lesson.number,
        lesson.local_date,
        lesson.teacher.name,
        attendance.get_status_display(),
        taken.credits,
        taken.confirmation.state.label,
        taken.confirmation.until,
        local_date(reply.recorded_at, lesson.branch.time_zone) if reply else None,
        reply.reason if reply else "",
    ]


def _taken(attendances, *, branch, today):
    replies = Prefetch("replies", LessonReply.objects.order_by("pk"), to_attr="said")
    held = attendances.filter(lesson__status="held").annotate(moved=_moved()).filter(moved__lt=0)
    days, zone, found = days_to_confirm(branch.rule_pack), branch.time_zone, []
    for attendance in held.prefetch_related(replies):
        lesson = attendance.lesson
        lesson.branch = branch
        reply = next((one for one in reversed(attendance.said) if one.recorded_at >= lesson.roll_called_at), None)
        confirmation = confirmation_of(
            called_on=local_date(lesson.roll_called_at, zone),
            answer=reply.answer if reply else "",
            today=today,
            working_days=days,
        )
        found.append(Taken(attendance, -attendance.moved, confirmation, reply))
    return found


def _moved():
    """Σ credits that the ledger keeps under the attendance's reference: below zero where it took some."""
    reference = Concat(Value("attendance:"), Cast(OuterRef("pk"), CharField()))
    entries = CreditEntry.objects.filter(reference=reference).order_by().values("reference")
    return Subquery(entries.annotate(total=Sum("credits")).values("total"))
