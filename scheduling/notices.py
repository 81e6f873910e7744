"""Who is told that a lesson changed. A reminder that still waits says the truth by itself; the rest needs a notice."""

from collections import defaultdict
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Q

from core.clock import local_date, moment
from messaging.models import OutboundMessage, Status
from messaging.routing import branches_telling_everybody
from messaging.services import NewMessage, dedupe_key, queue_messages
from scheduling.models import Attendance, Lesson, LessonChange, LessonReminder, MakeUp, TimetableChange
from scheduling.place_notices import make_up_booking_key, tell_trials_changed

CHANGE_NOTICE = "change_notice"
SEEN_BY_GUESTS = ("starts_at", "ends_at", "room_id", "status")  # of somebody who comes once: the teacher is new anyway
SEEN_BY_FAMILIES = (*SEEN_BY_GUESTS, "teacher_id")
# Whatever the reminder will say: that another teacher comes is not in it, and a lost day is no ordinary move.
ALWAYS_TOLD = [TimetableChange.Kind.SUBSTITUTE, TimetableChange.Kind.CANCEL_DAY]
# The guardian does not have the message, and will not get it unless it is rendered anew.
NOT_TOLD = [
    Status.QUEUED,
    Status.CANCELLED,
    Status.EXPIRED,
    Status.SUPPRESSED,
    Status.REJECTED,
    Status.UNDELIVERED,
    Status.FAILED,
]
GIVEN_UP = [status for status in NOT_TOLD if status != Status.QUEUED]


def queue_change_notices(change, *, now, rows=None):
    """Queue one notice per told guardian of a child in these lessons; returns how many are new.

    A lesson that moves before its reminder gets the reminder alone. After it, or so late that none will come, a
    notice; a cancelled one always. The words are found when it is sent (notice_words.py). `rows`: the lessons of
    the change, where they are at hand.
    """
    rows = rows or _rows_of(change)
    rows = {row.lesson_id: row for row in rows if concerns_families(row) and ends_of(row)[1] > now}
    _remember_guests([row for row in rows.values() if is_cancelled(row.after)])
    tell_trials_changed(change, {pk: ends_of(row)[1] for pk, row in rows.items() if _concerns_guests(row)}, now=now)
    families = list(_families(rows))
    known = _Known(change, rows, families)
    children = defaultdict(list)
    useful_until = defaultdict(lambda: now)
    for lesson_id, student_id, guardian_id, *_place in families:
        row = rows[lesson_id]
        if _is_needed(row, student_id, guardian_id, known=known, now=now):
            children[guardian_id].append(student_id)
            useful_until[guardian_id] = max(useful_until[guardian_id], ends_of(row)[1])
    if not children:
        return 0
    return queue_messages(
        NewMessage(
            branch=change.branch,
            recipient=f"guardian:{guardian_id}",
            about=f"student:{min(student_ids)}",
            kind=CHANGE_NOTICE,
            subject=f"change:{change.pk}",
            occurrence="once",
            due_at=now,
            useful_until=useful_until[guardian_id],
        )
        for guardian_id, student_ids in children.items()
    )


def _rows_of(change):
    return change.lessons.select_related("lesson__branch").order_by("pk")


def _remember_guests(rows):
    """Children who were to make up in a cancelled lesson lose their place there, and are told all the same."""
    guests = defaultdict(list)
    if rows:
        used = MakeUp.objects.filter(attendance__lesson__in=[row.lesson_id for row in rows])
        for lesson_id, enrolment_id in used.values_list("attendance__lesson", "attendance__enrolment"):
            guests[lesson_id].append(enrolment_id)
    with_guests = [row for row in rows if row.lesson_id in guests]
    for row in with_guests:
        row.after["guests"] = guests[row.lesson_id]
    LessonChange.objects.bulk_update(with_guests, ["after"])


def concerns_families(row):
    """A lesson they know of stands differently now."""
    return bool(row.before) and differs(row.before, row.after)


def _concerns_guests(row):
    return differs(row.before, row.after, SEEN_BY_GUESTS)


def differs(before, after, names=SEEN_BY_FAMILIES):
    return any(before[name] != after[name] for name in names)


def ends_of(row):
    """(the earlier, the later) of the beginnings before and after."""
    return sorted((begins(row.before), begins(row.after)))


def begins(facts):
    return datetime.fromisoformat(facts["starts_at"])


def is_cancelled(facts):
    return facts["status"] == Lesson.Status.CANCELLED


def _families(lesson_ids):
    """(lesson, child, guardian who is told, attendance, the make-up that it is) of all who are expected: one query."""
    guardianships = "enrolment__student__guardianships"
    with_phone = Q(**{f"{guardianships}__guardian__phone__isnull": False})
    can_be_told = with_phone | Q(lesson__branch__in=branches_telling_everybody())
    told = {f"{guardianships}__is_told": True}
    expected = Attendance.objects.filter(can_be_told, lesson__in=lesson_ids, **told).exclude(
        status=Attendance.Status.LEAVE
    )
    return expected.values_list("lesson", "enrolment__student", f"{guardianships}__guardian", "pk", "make_up")


def _is_needed(row, student_id, guardian_id, *, known, now):
    if known.change.kind in ALWAYS_TOLD or known.has_notice(row, guardian_id):
        return True
    if known.change.kind != TimetableChange.Kind.UNDO and is_cancelled(row.after):
        return True
    if _concerns_guests(row) and known.has_booking(row, student_id, guardian_id):
        return True
    reminder = known.reminder(row, student_id, guardian_id)
    if reminder and reminder.status not in NOT_TOLD:
        return known.change.undoes is None or reminder.status_at > known.change.undoes.at
    if known.change.undoes:
        return False
    old, new = (day_of(facts, row.lesson.branch) for facts in (row.before, row.after))
    if reminder and reminder.status == Status.QUEUED:  # it says the truth, or on another day is dropped
        return old != new and _is_too_late_to_remind(row.after, row.lesson.branch, now)
    return any(_is_too_late_to_remind(facts, row.lesson.branch, now) for facts in (row.before, row.after))


def day_of(facts, branch):
    return local_date(begins(facts), branch.time_zone)


def _is_too_late_to_remind(facts, branch, now):
    """The hour of this time's reminder is past, the lesson still to come."""
    due_at = moment(day_of(facts, branch) - timedelta(days=1), branch.class_reminder_at, branch.time_zone)
    return due_at <= now < begins(facts)


def notice_key(change_id, guardian_id):
    """The dedupe key of a notice: the index by which the outbox finds it."""
    return dedupe_key(CHANGE_NOTICE, f"change:{change_id}", "once", f"guardian:{guardian_id}")


class _Known:
    """What the families were told of these lessons before, or are about to be. Read only where it matters."""

    def __init__(self, change, rows, families):
        self.change, self.rows, self.families = change, rows, families

    def reminder(self, row, student_id, guardian_id):
        """The reminder of the lesson as it stood before: of that day. None, too, when it left the lesson out."""
        return self._reminders.get((row.lesson_id, student_id, guardian_id, day_of(row.before, row.lesson.branch)))

    def has_notice(self, row, guardian_id):
        """An earlier change of this lesson was told, or is being told: to undo it, the one that is undone."""
        changes = [self.change.undoes_id] if self.change.undoes_id else self._earlier_changes[row.lesson_id]
        keys = (notice_key(change_id, guardian_id) for change_id in changes)
        return any(key in self._notices for key in keys)

    def has_booking(self, row, student_id, guardian_id):
        """They were told of a make-up there, with its time: weeks may pass before its reminder."""
        return (row.lesson_id, student_id, guardian_id) in self._bookings

    @cached_property
    def _reminders(self):
        lines = LessonReminder.objects.filter(lesson__in=self.rows, was_dropped=False).select_related("message")
        return {(line.lesson_id, line.student_id, line.guardian_id, line.day): line.message for line in lines}

    @cached_property
    def _bookings(self):
        keys = {
            make_up_booking_key(make_up_id, lesson_id, attendance_id, guardian_id): (lesson_id, student_id, guardian_id)
            for lesson_id, student_id, guardian_id, attendance_id, make_up_id in self.families
            if make_up_id
        }
        found = OutboundMessage.objects.in_bulk(keys, field_name="dedupe_key") if keys else {}
        return {keys[key] for key, message in found.items() if message.status not in NOT_TOLD}

    @cached_property
    def _earlier_changes(self):
        earlier = LessonChange.objects.filter(lesson__in=self.rows).exclude(change=self.change)
        changes = defaultdict(list)
        for lesson_id, change_id in earlier.values_list("lesson", "change"):
            changes[lesson_id].append(change_id)
        return changes

    @cached_property
    def _notices(self):
        undone = [self.change.undoes_id] if self.change.undoes_id else None
        keys = {
            notice_key(change_id, guardian_id)
            for lesson_id, _student_id, guardian_id, *_place in self.families
            for change_id in (undone or self._earlier_changes[lesson_id])
        }
        found = OutboundMessage.objects.in_bulk(keys, field_name="dedupe_key") if keys else {}
        return {key for key, message in found.items() if message.status not in GIVEN_UP}
