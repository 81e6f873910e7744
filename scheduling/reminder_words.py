"""What a reminder says at the moment it is sent: the lessons of its guardian's children as they are then."""

from django.utils.translation import gettext_lazy as _

from core.clock import span_text
from messaging.registry import Cancelled, Rendered, renders
from messaging.wording import words_of
from scheduling.models import Attendance, Lesson, LessonReminder
from scheduling.reminders import CLASS_REMINDER
from students.models import Guardianship


@renders(CLASS_REMINDER)
def class_reminder(message, now):
    """One sentence for each lesson, in the order of the day. A line that is not true any more is marked as dropped."""
    lines = list(message.lesson_reminders.select_related("guardian"))
    if not lines:
        raise Cancelled(_("There is nothing to say."))
    attendances = _attendances(lines)
    told = set(Guardianship.objects.filter(guardian=lines[0].guardian, is_told=True).values_list("student", flat=True))
    refusals = {line: _refusal(line, attendances.get(_place(line)), told, now) for line in lines}
    _mark_dropped(refusals)
    true = [attendances[_place(line)] for line, refusal in refusals.items() if not refusal]
    if not true:
        raise Cancelled(next(iter(refusals.values())))
    return _rendered(message.branch, lines[0].guardian, sorted(true, key=lambda one: (one.lesson.starts_at, one.pk)))


def _place(line):
    return line.lesson_id, line.student_id


def _attendances(lines):
    """{(lesson, child): the attendance}, as it is now."""
    rows = Attendance.objects.filter(
        lesson__in=[line.lesson_id for line in lines], enrolment__student__in=[line.student_id for line in lines]
    ).select_related("lesson__branch", "lesson__room", "lesson__class_group__course", "enrolment__student")
    return {(row.lesson_id, row.enrolment.student_id): row for row in rows}


def _refusal(line, attendance, told, now):
    """Why the lesson is not spoken of any more, as a sentence; None when it is."""
    if line.student_id not in told:
        return _("This guardian is not told about the child any more.")
    if attendance is None:
        return _("The child is not in this lesson any more.")
    lesson = attendance.lesson
    if lesson.status == Lesson.Status.CANCELLED:
        return _("The lesson was cancelled.")
    if lesson.local_date != line.day:
        return _("The lesson was moved to another day.")
    if attendance.status == Attendance.Status.LEAVE:
        return _("The child is on leave.")
    if lesson.is_held or lesson.starts_at <= now:
        return _("The lesson has begun.")
    if not lesson.branch.class_reminder_on:
        return _("The branch has switched class reminders off.")
    return None


def _mark_dropped(refusals):
    """Beside the words, what they left out: it does not count as told."""
    changed = [line for line, refusal in refusals.items() if line.was_dropped != bool(refusal)]
    for line in changed:
        line.was_dropped = not line.was_dropped
    if changed:
        LessonReminder.objects.bulk_update(changed, ["was_dropped"])


def _rendered(branch, guardian, attendances):
    """One sentence alone is a template that a provider may have approved; several are not."""
    to = guardian.phone or ""
    with words_of(branch, guardian.message_language) as words:
        said = [(key, facts, words.say(key, **facts)) for key, facts in map(_lesson_facts, attendances)]
    if len(said) > 1:
        return Rendered(to=to, text=" ".join(text for _key, _facts, text in said))
    [(key, facts, text)] = said
    return Rendered(to=to, text=text, template=key, facts=facts)


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
