"""Who is told about a lesson, when, and in which words."""

from datetime import date, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import Branch
from core.clock import local_date, moment, span_text
from messaging.people import finds_names, finds_phones
from messaging.registry import Cancelled, Rendered, renders
from messaging.routing import branches_telling_everybody
from messaging.services import NewMessage, queue_messages
from messaging.wording import words_of
from messaging.words import name_kind
from parents.models import Guardian
from scheduling.models import Attendance, Lesson
from students.models import Guardianship, Student

CLASS_REMINDER = "class_reminder"
PLAN_AHEAD = timedelta(hours=1)
# After the due time: jobs that stood still overnight still remind in the morning, and a child that is put
# into a class at noon gets no reminder of the same afternoon.
PLAN_LATE = timedelta(hours=15)

name_kind(CLASS_REMINDER, _("Class reminder"))


# --- planning --------------------------------------------------------------------------------------------


def plan_class_reminders(*, now):
    """Queue the reminders of tomorrow's lessons, one per child and told guardian; returns how many are new.

    The occurrence names the lesson's day: a lesson that moves to another day gets a reminder of its own, and
    planning again keeps the times of a waiting one up to date.
    """
    branches = Branch.objects.filter(class_reminder_on=True).in_bulk()
    due_at = {(branch.pk, day): at for branch in branches.values() for day, at in _due_days(branch, now).items()}
    if not due_at:
        return 0
    rows = _told_of_lessons(due_at, now)
    return queue_messages(
        NewMessage(
            branch=branches[branch_id],
            recipient=f"guardian:{guardian_id}",
            about=f"student:{student_id}",
            kind=CLASS_REMINDER,
            subject=f"lesson:{lesson_id}/student:{student_id}",
            occurrence=f"day-before:{day}",
            due_at=due_at[branch_id, day],
            useful_until=starts_at,
        )
        for lesson_id, branch_id, day, starts_at, student_id, guardian_id in rows
        if due_at[branch_id, day] < starts_at
    )


def _due_days(branch, now):
    """The days of lessons whose reminder is due about now, and the moment it is."""
    today = local_date(now, branch.time_zone)
    days = [today + timedelta(days=offset) for offset in range(3)]
    due_at = {day: moment(day - timedelta(days=1), branch.class_reminder_at, branch.time_zone) for day in days}
    return {day: at for day, at in due_at.items() if now - PLAN_LATE < at <= now + PLAN_AHEAD}


def _told_of_lessons(branch_days, now):
    """Per expected child and told guardian: lesson, branch, day, start, child, guardian."""
    guardianships = "enrolment__student__guardianships"
    on_days = reduce(or_, (Q(lesson__branch=branch_id, lesson__local_date=day) for branch_id, day in branch_days))
    told = {f"{guardianships}__is_told": True}
    with_phone = Q(**{f"{guardianships}__guardian__phone__isnull": False})
    can_be_told = with_phone | Q(lesson__branch__in=branches_telling_everybody())
    expected = Attendance.objects.expected().filter(on_days, can_be_told, lesson__starts_at__gt=now, **told)
    return expected.values_list(
        "lesson",
        "lesson__branch",
        "lesson__local_date",
        "lesson__starts_at",
        "enrolment__student",
        f"{guardianships}__guardian",
    )


# --- words -----------------------------------------------------------------------------------------------


@renders(CLASS_REMINDER)
def class_reminder(message, now):
    """The lesson as it is now. A lesson on another day than planned for is another occurrence."""
    lesson_id, student_id = (part.partition(":")[2] for part in message.subject.split("/"))
    attendance = (
        Attendance.objects.filter(lesson=lesson_id, enrolment__student=student_id)
        .select_related("lesson__branch", "lesson__room", "lesson__class_group__course", "enrolment__student")
        .first()
    )
    day = date.fromisoformat(message.occurrence.partition(":")[2])
    _cancel_if_pointless(attendance, day, now)
    guardian = told_guardian(message)
    with words_of(message.branch, guardian.message_language) as words:
        key, facts = _lesson_facts(attendance)
        return Rendered(to=guardian.phone or "", text=words.say(key, **facts), template=key, facts=facts)


def _cancel_if_pointless(attendance, day, now):
    if attendance is None:
        raise Cancelled(_("The child is not in this lesson any more."))
    lesson = attendance.lesson
    if lesson.status == Lesson.Status.CANCELLED:
        raise Cancelled(_("The lesson was cancelled."))
    if lesson.local_date != day:
        raise Cancelled(_("The lesson was moved to another day."))
    if attendance.status == Attendance.Status.LEAVE:
        raise Cancelled(_("The child is on leave."))
    if lesson.is_held or lesson.starts_at <= now:
        raise Cancelled(_("The lesson has begun."))
    if not lesson.branch.class_reminder_on:
        raise Cancelled(_("The branch has switched class reminders off."))


def _lesson_facts(attendance):
    """The sentence for this lesson, and what stands in it."""
    lesson = attendance.lesson
    facts = {
        "child": attendance.enrolment.student.name,
        "course": lesson.class_group.course.name,
        "when": span_text(lesson.starts_at, lesson.ends_at, lesson.branch.time_zone),
        "branch": lesson.branch.name,
    }
    if lesson.room is None:
        return "class_reminder.plain", facts
    return "class_reminder.room", facts | {"room": lesson.room.name}


def place_text(lesson):
    if lesson.room is None:
        return lesson.branch.name
    return _("%(branch)s, room %(room)s") % {"branch": lesson.branch.name, "room": lesson.room.name}


def told_guardian(message):
    """The guardian a message is for, if it is still to be told about the child; perhaps one without a phone."""
    guardianship = (
        Guardianship.objects.filter(
            student=message.about.partition(":")[2], guardian=message.recipient.partition(":")[2], is_told=True
        )
        .select_related("guardian")
        .first()
    )
    if guardianship is None:
        raise Cancelled(_("This guardian is not told about the child any more."))
    return guardianship.guardian


# --- people ----------------------------------------------------------------------------------------------


@finds_names("student")
def student_names(ids):
    return dict(Student.objects.filter(pk__in=ids).values_list("pk", "name"))


@finds_names("guardian")
def guardian_names(ids):
    return dict(Guardian.objects.filter(pk__in=ids).values_list("pk", "name"))


@finds_phones
def guardian_with(phone):
    """The guardian, the child they are told about first, and its branch."""
    mine = Guardianship.objects.filter(guardian__phone=phone, student__branches__isnull=False)
    found = mine.order_by("-is_told", "pk").values_list("guardian", "student", "student__branches").first()
    return found and (f"guardian:{found[0]}", f"student:{found[1]}", found[2])
