"""Nobody is in two places at once: what the database does to keep that true.

`Booking` says which teacher, room and child a lesson takes, from when until when. No program writes it:
triggers derive it from the lesson and its attendances, so no path (a page, the admin, bulk_create, update, raw SQL)
can go round the one rule on it: two bookings of one resource in different clash groups do not overlap in
time, [start, end). PostgreSQL keeps that rule with an exclusion constraint (migration 0002), SQLite with
the two triggers `booking_…_clash` below.

A lesson takes its resources while it is booked and not cancelled; a child on leave is free. Lessons that
knowingly clash share a clash group (KeptClash); a third one is refused by both.
"""

from core.triggers import Trigger

CLASH = "no_double_booking"  # in the message of both databases' errors


def _insert(kind, resource, lesson, source):
    """Book `resource` for the lesson of each row of `source` that takes place."""
    group = (
        "SELECT MIN(k.clash_group) FROM scheduling_keptclash k "
        f"WHERE k.kind = '{kind}' AND k.resource_id = {resource} AND (k.lesson_id = l.id OR k.other_id = l.id)"
    )
    return (
        "INSERT INTO scheduling_booking (kind, resource_id, lesson_id, starts_at, ends_at, clash_group) "
        f"SELECT '{kind}', {resource}, l.id, l.starts_at, l.ends_at, COALESCE(({group}), l.id) {source} "
        f"AND l.id = {lesson} AND l.is_booked AND l.status <> 'cancelled' ORDER BY 2; "
    )


_FROM_LESSON = "FROM scheduling_lesson l WHERE l.{column} IS NOT NULL"
_FROM_ATTENDANCE = (
    "FROM scheduling_attendance a JOIN scheduling_lesson l ON l.id = a.lesson_id "
    "JOIN enrolments_enrolment e ON e.id = a.enrolment_id WHERE a.status <> 'leave'"
)

_book_lesson = (
    "DELETE FROM scheduling_booking WHERE lesson_id = NEW.id; "
    + _insert("teacher", "l.teacher_id", "NEW.id", _FROM_LESSON.format(column="teacher_id"))
    + _insert("room", "l.room_id", "NEW.id", _FROM_LESSON.format(column="room_id"))
    + _insert("student", "e.student_id", "NEW.id", _FROM_ATTENDANCE)
)


def _release_child(row):
    return (
        f"DELETE FROM scheduling_booking WHERE kind = 'student' AND lesson_id = {row}.lesson_id AND resource_id = "
        f"(SELECT e.student_id FROM enrolments_enrolment e WHERE e.id = {row}.enrolment_id); "
    )


_book_child = _insert("student", "e.student_id", "NEW.lesson_id", f"{_FROM_ATTENDANCE} AND a.id = NEW.id")
_book_other_child = (
    "DELETE FROM scheduling_booking WHERE kind = 'student' AND resource_id = OLD.student_id "
    "AND lesson_id IN (SELECT a.lesson_id FROM scheduling_attendance a WHERE a.enrolment_id = NEW.id); "
    + _insert("student", "NEW.student_id", "a.lesson_id", f"{_FROM_ATTENDANCE} AND a.enrolment_id = NEW.id")
)

# A roll call changes lessons and attendances without freeing or taking anybody: it books nothing anew.
_lesson_moved = (
    "OLD.starts_at <> NEW.starts_at OR OLD.ends_at <> NEW.ends_at OR OLD.teacher_id <> NEW.teacher_id "
    "OR COALESCE(OLD.room_id, 0) <> COALESCE(NEW.room_id, 0) OR OLD.is_booked <> NEW.is_booked "
    "OR (OLD.status = 'cancelled') <> (NEW.status = 'cancelled')"
)
_child_moved = (
    "OLD.lesson_id <> NEW.lesson_id OR OLD.enrolment_id <> NEW.enrolment_id "
    "OR (OLD.status = 'leave') <> (NEW.status = 'leave')"
)
# On PostgreSQL two transactions that claim one resource would find each other's row and wait in a circle.
_wait = " ".join(
    f"PERFORM 1 FROM {table} WHERE NEW.kind = '{kind}' AND id = NEW.resource_id FOR NO KEY UPDATE;"
    for kind, table in (
        ("teacher", "branches_user"),
        ("room", "branches_room"),
        ("student", "students_student"),
    )
)

_overlap = (
    "EXISTS (SELECT 1 FROM scheduling_booking b WHERE b.kind = NEW.kind AND b.resource_id = NEW.resource_id "
    "AND b.starts_at < NEW.ends_at AND b.ends_at > NEW.starts_at AND b.clash_group <> NEW.clash_group "
    "AND b.id IS NOT NEW.id)"
)

TRIGGERS = [
    Trigger("lesson_books", "AFTER INSERT ON scheduling_lesson", _book_lesson),
    Trigger("lesson_rebooks", "AFTER UPDATE ON scheduling_lesson", _book_lesson, condition=_lesson_moved),
    Trigger(
        "lesson_releases",
        "BEFORE DELETE ON scheduling_lesson",
        "DELETE FROM scheduling_booking WHERE lesson_id = OLD.id;",
    ),
    Trigger("attendance_books", "AFTER INSERT ON scheduling_attendance", _book_child),
    Trigger(
        "attendance_rebooks",
        "AFTER UPDATE ON scheduling_attendance",
        _release_child("OLD") + _book_child,
        condition=_child_moved,
    ),
    Trigger("attendance_releases", "AFTER DELETE ON scheduling_attendance", _release_child("OLD")),
    Trigger(
        "enrolment_rebooks",
        "AFTER UPDATE ON enrolments_enrolment",
        _book_other_child,
        condition="OLD.student_id <> NEW.student_id",
    ),
    Trigger("booking_waits", "BEFORE INSERT ON scheduling_booking", _wait, vendors=("postgresql",)),
    Trigger(
        "booking_insert_clash",
        "BEFORE INSERT ON scheduling_booking",
        refuse=CLASH,
        condition=_overlap,
        vendors=("sqlite",),
    ),
    Trigger(
        "booking_update_clash",
        "BEFORE UPDATE ON scheduling_booking",
        refuse=CLASH,
        condition=_overlap,
        vendors=("sqlite",),
    ),
]
