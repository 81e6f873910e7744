"""Nobody is in two places at once: what the database does to keep that true.

`Booking` says which teacher, room and child a lesson takes, from when until when. No program writes it:
triggers derive it from the lesson and its attendances, so no path (a page, the admin, bulk_create, update, raw SQL)
can go round the one rule on it: two bookings of one resource in different clash groups do not overlap in
time, [start, end). PostgreSQL keeps that rule with an exclusion constraint (migration 0006), SQLite with
the two triggers `booking_…_clash` below.

A lesson takes its resources while it is booked and not cancelled; a child on leave is free. Lessons that
knowingly clash share a clash group (KeptClash); a third one is refused by both.
"""

from core.triggers import Trigger

CLASH = "no_double_booking"  # in the message of both databases' errors


def _insert(kind, resource, source):
    """Book `resource` for the lesson of each row of `source` that takes place."""
    group = (
        "SELECT MIN(k.clash_group) FROM scheduling_keptclash k "
        f"WHERE k.kind = '{kind}' AND k.resource_id = {resource} AND (k.lesson_id = l.id OR k.other_id = l.id)"
    )
    return (
        "INSERT INTO scheduling_booking (kind, resource_id, lesson_id, starts_at, ends_at, clash_group) "
        f"SELECT '{kind}', {resource}, l.id, l.starts_at, l.ends_at, COALESCE(({group}), l.id) {source} "
        "AND l.is_booked AND l.status <> 'cancelled' ORDER BY 2; "
    )


_TABLES = {"teacher": "branches_user", "room": "branches_room", "student": "students_student"}


def _claim(kind, resource, source):
    """On PostgreSQL two transactions that claim one resource would find each other's row and wait in a circle."""
    wait = f"PERFORM 1 FROM {_TABLES[kind]} WHERE id IN (SELECT {resource} {source}) ORDER BY id FOR NO KEY UPDATE; "
    return wait + _insert(kind, resource, source)


_FROM_LESSON = "FROM scheduling_lesson l WHERE "
_FROM_ATTENDANCE = (
    "FROM scheduling_attendance a JOIN scheduling_lesson l ON l.id = a.lesson_id "
    "JOIN enrolments_enrolment e ON e.id = a.enrolment_id WHERE a.status <> 'leave'"
)


def _book_lessons(which, book=_insert):
    """Teacher, room and children of the lessons for which `which` holds."""
    return (
        book("teacher", "l.teacher_id", f"{_FROM_LESSON} {which}")
        + book("room", "l.room_id", f"{_FROM_LESSON} {which} AND l.room_id IS NOT NULL")
        + book("student", "e.student_id", f"{_FROM_ATTENDANCE} AND {which}")
    )


def _book_children(which, book=_insert):
    return book("student", "e.student_id", f"{_FROM_ATTENDANCE} AND {which}")


# --- SQLite: row by row. A roll call changes lessons and attendances without freeing or taking anybody. ---

_lesson_moved = (
    "OLD.starts_at <> NEW.starts_at OR OLD.ends_at <> NEW.ends_at OR OLD.teacher_id <> NEW.teacher_id "
    "OR COALESCE(OLD.room_id, 0) <> COALESCE(NEW.room_id, 0) OR OLD.is_booked <> NEW.is_booked "
    "OR (OLD.status = 'cancelled') <> (NEW.status = 'cancelled')"
)
_child_moved = (
    "OLD.lesson_id <> NEW.lesson_id OR OLD.enrolment_id <> NEW.enrolment_id "
    "OR (OLD.status = 'leave') <> (NEW.status = 'leave')"
)
_release_child = (
    "DELETE FROM scheduling_booking WHERE kind = 'student' AND lesson_id = OLD.lesson_id AND resource_id = "
    "(SELECT e.student_id FROM enrolments_enrolment e WHERE e.id = OLD.enrolment_id); "
)
_release_other_child = (
    "DELETE FROM scheduling_booking WHERE kind = 'student' AND resource_id = OLD.student_id "
    "AND lesson_id IN (SELECT a.lesson_id FROM scheduling_attendance a WHERE a.enrolment_id = NEW.id); "
)

# --- PostgreSQL: all rows of a statement in one go. Row by row, a term of a branch took a minute. ---


def _rebook(facts, release, book):
    """Release the rows that differ in `facts`, and book them anew. EXCEPT compares by hash; a join would not."""
    return f"""
        DECLARE
            moved bigint[] := ARRAY(
                SELECT id FROM (SELECT id, {facts} FROM new_rows EXCEPT SELECT id, {facts} FROM old_rows) AS differing
            );
        BEGIN
            IF cardinality(moved) > 0 THEN {release} {book} END IF;
        END;
    """


_NEW = "(SELECT id FROM new_rows)"
_rebook_lessons = _rebook(
    "starts_at, ends_at, teacher_id, room_id, is_booked, status = 'cancelled'",
    "DELETE FROM scheduling_booking WHERE lesson_id = ANY (moved);",
    _book_lessons("l.id = ANY (moved)", _claim),
)
_rebook_children = _rebook(
    "lesson_id, enrolment_id, status = 'leave'",
    "DELETE FROM scheduling_booking b USING old_rows o, enrolments_enrolment e WHERE o.id = ANY (moved) "
    "AND e.id = o.enrolment_id AND b.kind = 'student' AND b.resource_id = e.student_id AND b.lesson_id = o.lesson_id;",
    _book_children("a.id = ANY (moved)", _claim),
)
_rebook_enrolments = _rebook(
    "student_id",
    "DELETE FROM scheduling_booking b USING old_rows o, scheduling_attendance a WHERE o.id = ANY (moved) "
    "AND a.enrolment_id = o.id AND b.kind = 'student' AND b.resource_id = o.student_id AND b.lesson_id = a.lesson_id;",
    _book_children("a.enrolment_id = ANY (moved)", _claim),
)

_overlap = (
    "EXISTS (SELECT 1 FROM scheduling_booking b WHERE b.kind = NEW.kind AND b.resource_id = NEW.resource_id "
    "AND b.starts_at < NEW.ends_at AND b.ends_at > NEW.starts_at AND b.clash_group <> NEW.clash_group "
    "AND b.id IS NOT NEW.id)"
)

TRIGGERS = [
    Trigger(
        "lesson_books",
        "AFTER INSERT ON scheduling_lesson",
        _book_lessons("l.id = NEW.id"),
        for_all=_book_lessons(f"l.id IN {_NEW}", _claim),
    ),
    Trigger(
        "lesson_rebooks",
        "AFTER UPDATE ON scheduling_lesson",
        "DELETE FROM scheduling_booking WHERE lesson_id = NEW.id; " + _book_lessons("l.id = NEW.id"),
        condition=_lesson_moved,
        for_all=_rebook_lessons,
    ),
    Trigger(
        "lesson_releases",
        "BEFORE DELETE ON scheduling_lesson",
        "DELETE FROM scheduling_booking WHERE lesson_id = OLD.id;",
    ),
    Trigger(
        "attendance_books",
        "AFTER INSERT ON scheduling_attendance",
        _book_children("a.id = NEW.id"),
        for_all=_book_children(f"a.id IN {_NEW}", _claim),
    ),
    Trigger(
        "attendance_rebooks",
        "AFTER UPDATE ON scheduling_attendance",
        _release_child + _book_children("a.id = NEW.id"),
        condition=_child_moved,
        for_all=_rebook_children,
    ),
    Trigger("attendance_releases", "AFTER DELETE ON scheduling_attendance", _release_child),
    Trigger(
        "enrolment_rebooks",
        "AFTER UPDATE ON enrolments_enrolment",
        _release_other_child + _book_children("a.enrolment_id = NEW.id"),
        condition="OLD.student_id <> NEW.student_id",
        for_all=_rebook_enrolments,
    ),
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
