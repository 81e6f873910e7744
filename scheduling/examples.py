"""Real children for the preview of a message's words: those with a lesson soon."""

from datetime import timedelta

from core.clock import moment_text, span_text
from messaging.wording import Example, gives_examples
from scheduling.models import Attendance
from scheduling.notifications import place_text

MOST = 20  # children to choose from
_KINDS = ["class_reminder", "change_notice", "make_up_notice", "trial_notice", "seat_offer"]
_LESSON = [f"lesson__{name}" for name in ("branch", "room", "teacher", "class_group__course")]


@gives_examples(*_KINDS)
def children_with_lessons(branch, now):
    """[Example], the next lesson first, each child once."""
    soon = Attendance.objects.expected().filter(lesson__branch=branch, lesson__starts_at__gt=now)
    rows = soon.select_related(*_LESSON, "enrolment__student").order_by("lesson__starts_at", "pk")[: 3 * MOST]
    found = {}
    for row in rows:
        found.setdefault(row.enrolment.student_id, row)
    return [_example(row) for row in list(found.values())[:MOST]]


def _example(row):
    lesson, student, branch = row.lesson, row.enrolment.student, row.lesson.branch
    day = timedelta(days=1)
    facts = {
        "child": student.name,
        "course": lesson.class_group.course.name,
        "class": lesson.class_group.name,
        "when": span_text(lesson.starts_at, lesson.ends_at, branch.time_zone),
        "before": span_text(lesson.starts_at - day, lesson.ends_at - day, branch.time_zone),
        "until": moment_text(lesson.starts_at - day, branch.time_zone),
        "place": place_text(lesson),
        "teacher": lesson.teacher.name,
        "branch": branch.name,
    }
    facts |= {"room": lesson.room.name} if lesson.room else {}
    facts |= {"phone": branch.phone} if branch.phone else {}
    return Example(str(student.pk), student.name, facts)
