"""The reminders of the evening before: who gets one, and when. All that a guardian has to know is one message.

Planning again, every minute, is planning once. What is added while the message waits goes into it; what is added
after it went out is another message, of the same day's next turn.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from itertools import batched
from operator import or_
from typing import NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import Branch
from core.clock import local_date, moment
from messaging.models import AlsoAbout, OutboundMessage, Purpose, Status
from messaging.routing import branches_telling_everybody, branches_with_templates_alone
from messaging.services import NewMessage, queue_messages
from messaging.words import name_kind
from scheduling.models import Attendance, LessonReminder

CLASS_REMINDER = "class_reminder"
PLAN_AHEAD = timedelta(hours=1)
# After the due time: jobs that stood still overnight still remind in the morning, and a child that is put
# into a class at noon gets no reminder of the same afternoon.
PLAN_LATE = timedelta(hours=15)
LETTERS_AT_ONCE = 500

name_kind(CLASS_REMINDER, _("Class reminder"))


@dataclass(frozen=True)
class Told:
    """One guardian is to hear of one lesson of one child."""

    lesson_id: int
    branch_id: int
    day: date
    starts_at: datetime
    student_id: int
    guardian_id: int

    @property
    def occasion(self):
        """Of which there is one reminder, whatever message it is in."""
        return self.lesson_id, self.student_id, self.guardian_id, self.day


class Place(NamedTuple):
    """Where a lesson is told: a guardian's message of a day; later ones of the same day have another occurrence."""

    guardian_id: int
    branch_id: int
    subject: str
    occurrence: str


@transaction.atomic
def plan_class_reminders(*, now):
    """Queue the reminders of tomorrow's lessons, one per told guardian and branch; returns how many are new.

    The occurrence names the lessons' day: a lesson that moves to another day gets a reminder of its own, and
    planning again keeps the times of a waiting one up to date.
    """
    branches = Branch.objects.filter(class_reminder_on=True).in_bulk()
    due_at = {(branch.pk, day): at for branch in branches.values() for day, at in due_days(branch, now).items()}
    if not due_at:
        return 0
    everybody = [told for told in _told_of_lessons(due_at, now) if due_at[told.branch_id, told.day] < told.starts_at]
    letters = [
        (_new_message(place, of_place, branches, due_at), of_place)
        for place, of_place in _sorted_into_messages(everybody).items()
    ]
    count = queue_messages(new for new, _everybody in letters)
    for some in batched(letters, LETTERS_AT_ONCE):
        _write_lines({new.dedupe_key: of_message for new, of_message in some})
    return count


def due_days(branch, now):
    """{day of lessons: when its reminder is due}, of those that are due about now."""
    today = local_date(now, branch.time_zone)
    days = [today + timedelta(days=offset) for offset in range(3)]
    due_at = {day: moment(day - timedelta(days=1), branch.class_reminder_at, branch.time_zone) for day in days}
    return {day: at for day, at in due_at.items() if now - PLAN_LATE < at <= now + PLAN_AHEAD}


def _told_of_lessons(branch_days, now):
    guardianships = "enrolment__student__guardianships"
    on_days = reduce(or_, (Q(lesson__branch=branch_id, lesson__local_date=day) for branch_id, day in branch_days))
    told = {f"{guardianships}__is_told": True}
    with_phone = Q(**{f"{guardianships}__guardian__phone__isnull": False})
    can_be_told = with_phone | Q(lesson__branch__in=branches_telling_everybody())
    expected = Attendance.objects.expected().filter(on_days, can_be_told, lesson__starts_at__gt=now, **told)
    rows = expected.values_list(
        "lesson",
        "lesson__branch",
        "lesson__local_date",
        "lesson__starts_at",
        "enrolment__student",
        f"{guardianships}__guardian",
    )
    return [Told(*row) for row in rows.distinct()]


def _sorted_into_messages(everybody):
    """{place: whom and what it tells}, of the messages that still wait and of new ones."""
    taken, turns = {}, defaultdict(dict)
    for occasion, place, is_waiting in _lines_on({told.day for told in everybody}):
        taken[occasion] = place if is_waiting else None
        turns[place.guardian_id, place.subject, occasion[-1]][place.occurrence] = is_waiting
    apart = branches_with_templates_alone(Purpose.SERVICE)
    messages = defaultdict(list)
    for told in everybody:
        is_known = told.occasion in taken
        place = taken[told.occasion] if is_known else _place_of(told, turns, told.branch_id in apart)
        if place:
            messages[place].append(told)
    return messages


def _lines_on(days):
    """(occasion, place, whether the message waits) of what was planned before."""
    lines = LessonReminder.objects.filter(day__in=days).order_by("pk")
    message = [f"message__{name}" for name in ("branch", "subject", "occurrence", "status", "attempt_count")]
    for lesson, student, guardian, day, *facts in lines.values_list("lesson", "student", "guardian", "day", *message):
        branch, subject, occurrence, status, attempt_count = facts
        is_waiting = status == Status.QUEUED and not attempt_count
        yield (lesson, student, guardian, day), Place(guardian, branch, subject, occurrence), is_waiting


def _place_of(told, turns, is_apart):
    """In the message of the day that waits, or in the next one.

    A provider that sends nothing but sentences it has approved carries one at a time.
    """
    lesson = f"lesson:{told.lesson_id}/student:{told.student_id}"
    subject = lesson if is_apart else f"branch:{told.branch_id}"
    known = turns[told.guardian_id, subject, told.day]
    first = f"day-before:{told.day}"
    next_turn = f"{first}:{len(known) + 1}" if known else first
    occurrence = next((occurrence for occurrence, is_waiting in known.items() if is_waiting), next_turn)
    known[occurrence] = True
    return Place(told.guardian_id, told.branch_id, subject, occurrence)


def _new_message(place, of_place, branches, due_at):
    return NewMessage(
        branch=branches[place.branch_id],
        recipient=f"guardian:{place.guardian_id}",
        about=f"student:{of_place[0].student_id}",
        kind=CLASS_REMINDER,
        subject=place.subject,
        occurrence=place.occurrence,
        due_at=due_at[place.branch_id, of_place[0].day],
        useful_until=max(told.starts_at for told in of_place),
    )


def _write_lines(by_key):
    """Into the messages that still wait: one that went out meanwhile says nothing more, and the next plan sees it."""
    waiting = OutboundMessage.objects.select_for_update().filter(status=Status.QUEUED, attempt_count=0)
    lines, abouts = [], set()
    for row in waiting.filter(dedupe_key__in=by_key).order_by("dedupe_key"):
        of_message = by_key[row.dedupe_key]
        lines += [_line(row, told) for told in of_message]
        abouts |= {(row.pk, f"student:{told.student_id}") for told in of_message} - {(row.pk, row.about)}
    LessonReminder.objects.bulk_create(lines, ignore_conflicts=True)
    also_about = [AlsoAbout(message_id=pk, about=about) for pk, about in sorted(abouts)]
    AlsoAbout.objects.bulk_create(also_about, ignore_conflicts=True)


def _line(row, told):
    return LessonReminder(
        message=row,
        lesson_id=told.lesson_id,
        student_id=told.student_id,
        guardian_id=told.guardian_id,
        day=told.day,
    )
