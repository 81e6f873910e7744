"""What a notice of changed lessons says: the truth at the moment it is sent, against what the family knew."""

from collections import defaultdict
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from core.clock import span_text
from enrolments.models import Enrolment
from messaging.models import OutboundMessage
from messaging.registry import Cancelled, Rendered, renders
from messaging.wording import words_of
from messaging.words import name_kind
from parents.models import Guardian
from scheduling.models import Attendance, Lesson, LessonChange, TimetableChange
from scheduling.notices import CHANGE_NOTICE, NOT_TOLD, begins, differs, is_cancelled, notice_key
from scheduling.notifications import place_text

LESSON_NAMES = ("branch", "room", "teacher", "class_group__course")
MOST_SENTENCES = 6  # a text message of more is not read, and carriers cut it

name_kind(CHANGE_NOTICE, _("Change of a lesson"))


@renders(CHANGE_NOTICE)
def change_notice(message, now):
    """All lessons of the guardian's children in this change. One that was changed again meanwhile is left out."""
    guardian_id = int(message.recipient.partition(":")[2])
    change = TimetableChange.objects.get(pk=message.subject.partition(":")[2])
    guardian = Guardian.objects.get(pk=guardian_id)
    with words_of(message.branch, guardian.message_language) as words:
        sentences = list(_sentences(words, change, guardian_id, now))
        if not sentences:
            raise Cancelled(_("Nothing of this change holds any more, or it is over."))
        return Rendered(to=guardian.phone or "", text=_joined(sentences, words))


def _joined(sentences, words):
    left = len(sentences) - MOST_SENTENCES
    if left > 0:
        sentences = [*sentences[:MOST_SENTENCES], words.say("change_notice.more", n=left, branch=words.branch)]
    return " ".join(sentences)


def _sentences(words, change, guardian_id, now):
    """One or two per lesson and child, by time; then what was added in place of a cancelled one."""
    rows = {row.lesson_id: row for row in change.lessons.all()}
    everybody = [*_attendances(rows, guardian_id), *_guests(rows, guardian_id)]
    attendances = [row for row in everybody if row.lesson.version == rows[row.lesson_id].version]
    before = _known_before(change, [rows[row.lesson_id] for row in attendances], guardian_id)
    told = set()
    for attendance in attendances:
        known, lesson = before[attendance.lesson_id], attendance.lesson
        if known and not lesson.is_held and max(begins(known), lesson.starts_at) > now:
            sentences = list(_sentences_of(words, attendance, known, rows[lesson.pk].after, change))
            told |= {(lesson.class_group_id, attendance.enrolment_id)} if sentences else set()
            yield from sentences
    for attendance in attendances:
        is_new = not rows[attendance.lesson_id].before
        if is_new and (attendance.lesson.class_group_id, attendance.enrolment_id) in told:
            yield words.say("change_notice.added", **_facts(attendance))


def _attendances(lesson_ids, guardian_id):
    told = _told(guardian_id, "enrolment__student__guardianships")
    expected = Attendance.objects.filter(lesson__in=lesson_ids, **told).exclude(status=Attendance.Status.LEAVE)
    related = [f"lesson__{name}" for name in LESSON_NAMES]
    return expected.select_related(*related, "enrolment__student").order_by("lesson__starts_at", "enrolment__student")


def _guests(rows, guardian_id):
    """Who was to make up in a lesson that was cancelled is not in it any more (notices.py): as if they were."""
    places = {pk: row.after["guests"] for pk, row in rows.items() if "guests" in row.after}
    if not places:
        return
    ids = {pk for guests in places.values() for pk in guests}
    told = _told(guardian_id, "student__guardianships")
    enrolments = Enrolment.objects.filter(pk__in=ids, **told).select_related("student").in_bulk()
    lessons = Lesson.objects.select_related(*LESSON_NAMES).in_bulk(places)
    for lesson_id, guests in places.items():
        for enrolment_id in guests:
            if enrolment_id in enrolments:
                yield Attendance(lesson=lessons[lesson_id], enrolment=enrolments[enrolment_id])


def _told(guardian_id, guardianships):
    return {f"{guardianships}__is_told": True, f"{guardianships}__guardian": guardian_id}


def _known_before(change, rows, guardian_id):
    """{lesson: how the family last knew it}: earlier changes whose notice did not reach them count as one with this."""
    earlier = defaultdict(list)
    for row in LessonChange.objects.filter(lesson__in=[row.lesson_id for row in rows], change__lt=change.pk):
        earlier[row.lesson_id].append(row)
    keys = {notice_key(row.change_id, guardian_id) for of_lesson in earlier.values() for row in of_lesson}
    notices = OutboundMessage.objects.in_bulk(keys, field_name="dedupe_key") if keys else {}
    return {row.lesson_id: _before(row, change, earlier[row.lesson_id], notices, guardian_id) for row in rows}


def _before(row, change, earlier, notices, guardian_id):
    """Nothing for a lesson that was added by the change that is undone: the one it stood for is named."""
    known = row.before
    for other in sorted(earlier, key=lambda other: -other.pk):
        if other.change_id == change.undoes_id and not other.before:
            return {}
        notice = notices.get(notice_key(other.change_id, guardian_id))
        if not known or notice is None or notice.status not in NOT_TOLD:
            break
        known = other.before
    return known


def _sentences_of(words, attendance, before, after, change):
    facts = _facts(attendance) | {"before": _when(before, attendance.lesson.branch)}
    if not differs(before, after):
        return
    if is_cancelled(after):
        yield words.say("change_notice.cancelled", **facts, reason=attendance.lesson.cancel_reason.rstrip(".。"))
    elif is_cancelled(before):
        yield words.say("change_notice.back_on", **facts)
    elif begins(before) != begins(after) or before["ends_at"] != after["ends_at"]:
        yield words.say(f"change_notice.{_moved(change)}", **facts)
    elif before["room_id"] != after["room_id"] and attendance.lesson.room:
        yield words.say("change_notice.another_room", **facts)
    if before["teacher_id"] != after["teacher_id"] and not is_cancelled(after):
        yield words.say("change_notice.another_teacher", **facts)


def _moved(change):
    return "undone" if change.kind == TimetableChange.Kind.UNDO else "moved"


def _facts(attendance):
    lesson = attendance.lesson
    return {
        "child": attendance.enrolment.student.name,
        "course": lesson.class_group.course.name,
        "when": span_text(lesson.starts_at, lesson.ends_at, lesson.branch.time_zone),
        "place": place_text(lesson),
        "teacher": lesson.teacher.name,
    }


def _when(facts, branch):
    starts_at, ends_at = (datetime.fromisoformat(facts[name]) for name in ("starts_at", "ends_at"))
    return span_text(starts_at, ends_at, branch.time_zone)
