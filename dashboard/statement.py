"""The statement of an account (对账单), for a parent to recompute: every entry with its lesson, and the sums."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Sum
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.clock import local_date
from enrolments.models import CreditEntry, CreditLot
from scheduling.models import Attendance

Kind = CreditEntry.Kind
LESSON_REFERENCE = "attendance:"
GROUPS = [  # what the balance is made of, in the order in which it is read
    ((Kind.PURCHASE,), "bought"),
    ((Kind.GIFT,), "gift"),
    ((Kind.TRANSFER_IN,), "transferred_in"),
    (CreditEntry.LESSONS, "lessons"),
    ((Kind.ADJUSTMENT,), "corrected"),
    ((Kind.TRANSFER_OUT,), "transferred_out"),
    ((Kind.REFUND,), "refunded"),
    ((Kind.EXPIRY,), "expired"),
    ((Kind.VOID,), "void"),
    ((Kind.RESTORE,), "restored"),
]


@dataclass(frozen=True)
class Row:
    """One entry; `attendance` is the one that took or gave back its credits. `taken`: dashboard.confirmations."""

    entry: CreditEntry
    day: date
    attendance: Attendance | None
    taken: object = None

    @property
    def lesson(self):
        return self.attendance and self.attendance.lesson


def rows_of(entries, time_zone):
    """Entries with their lessons: two queries for however many."""
    entries = list(entries)
    attendances = _attendances(entries)
    rows = []
    for entry in entries:
        attendance = attendances.get(entry.reference)
        day = attendance.lesson.local_date if attendance else local_date(entry.occurred_at, time_zone)
        rows.append(Row(entry, day, attendance))
    return rows


def _attendances(entries):
    """{reference: attendance}, with its lesson."""
    references = {entry.reference for entry in entries if entry.reference.startswith(LESSON_REFERENCE)}
    ids = [int(tail) for text in references if (tail := text.removeprefix(LESSON_REFERENCE)).isdecimal()]
    found = Attendance.objects.filter(pk__in=ids).select_related("lesson__class_group", "lesson__teacher")
    return {attendance.reference: attendance for attendance in found}


@dataclass(frozen=True)
class Part:
    """One term of the sum that the balance is."""

    name: str
    label: str
    credits: Decimal
    number: int  # of entries


def parts_of(enrolment):
    """What the balance is made of, without what did not happen: one query."""
    sums = enrolment.credit_entries.order_by().values_list("kind").annotate(total=Sum("credits"), number=Count("pk"))
    totals = {kind: (total, number) for kind, total, number in sums}
    labels, parts = _labels(), []
    for kinds, name in GROUPS:
        there = [totals[kind] for kind in kinds if kind in totals]
        if there:
            credits, number = (sum(column) for column in zip(*there, strict=True))
            parts.append(Part(name, labels[name], credits, number))
    return parts


def _labels():
    return {
        "bought": pgettext("statement", "bought"),
        "gift": pgettext("statement", "given as a gift"),
        "transferred_in": pgettext("statement", "transferred in"),
        "lessons": pgettext("statement", "lessons taken"),
        "corrected": pgettext("statement", "corrected"),
        "transferred_out": pgettext("statement", "transferred out"),
        "refunded": pgettext("statement", "refunded"),
        "expired": pgettext("statement", "written off"),
        "void": pgettext("statement", "made void"),
        "restored": pgettext("statement", "put back"),
    }


def lots_of(enrolment):
    """The lots, oldest first, with what the page says of each: one query."""
    lots = CreditLot.objects.filter(enrolment=enrolment).select_related("package")
    return list(lots.order_by("pk"))


def frozen(enrolment, *, today):
    """The whole statement as plain values, for paper."""
    entries = enrolment.credit_entries.order_by("sequence")
    return {
        "student": enrolment.student.name,
        "course": enrolment.course.name,
        "branch": enrolment.branch.name,
        "day": today,
        "balance": enrolment.balance,
        "parts": [(part.label, part.credits) for part in parts_of(enrolment)],
        "lots": [
            {
                "name": lot.package.name if lot.package else enrolment.course.name,
                "sold": local_date(lot.sold_at, enrolment.branch.time_zone),
                "paid_minor": lot.paid_minor,
                "paid_credits": lot.paid_credits,
                "gift_credits": lot.gift_credits,
                "left": lot.credits_left,
                "value_left_minor": lot.value_left_minor,
                "expires": lot.expires_date,
            }
            for lot in lots_of(enrolment)
        ],
        "rows": [
            {
                "day": row.day,
                "kind": row.entry.get_kind_display(),
                "about": about(row),
                "credits": row.entry.credits,
                "balance_after": row.entry.balance_after,
            }
            for row in rows_of(entries, enrolment.branch.time_zone)
        ],
    }


def about(row):
    """Class, number, teacher and why, on one line."""
    if row.lesson is None:
        return row.entry.reason
    facts = {"class": row.lesson.class_group, "number": row.lesson.number, "teacher": row.lesson.teacher}
    return " · ".join([_("%(class)s, lesson %(number)s, %(teacher)s") % facts, row.entry.reason])
