"""The rows of the large school that go by the hundred thousand, as SQL; ids count from 1 without gaps."""

from config.demo.bench_scale import CLASS_SIZE, COURSES, MINUTES, SLOTS, SPARE_ROOMS, TERM
from config.demo.bench_sql import execute, insert, without_indexes
from enrolments.models import CreditEntry, CreditLot, Enrolment
from parents.models import Guardian
from scheduling.models import Attendance, Booking, ClassGroup, ClassMember, Lesson, Qualification, ScheduleRule
from students.models import Guardianship, Student

CREDITS = 2 * TERM  # bought by each child in each of its courses

# Every class of every branch and term, by where it stands in them.
CLASSES = """
    CREATE TEMP TABLE bench_class ON COMMIT DROP AS
    SELECT n + 1 AS id, branch + 1 AS branch_id, mod(number, {courses}) + 1 AS course_id, number,
           %(monday)s::date + 7 * {term_weeks} * term + slot.weekday AS first_date, slot.weekday, slot.start_time,
           branch * {room_step} + mod(number, {rooms}) + 1 AS room_id,
           branch * {staff_step} + 3 + 2 * mod(number, {rooms}) + mod(slot.place, 2) AS teacher_id
    FROM generate_series(0, {classes} - 1) AS n,
         LATERAL (SELECT n / ({terms} * {here}) AS branch, mod(n / {here}, {terms}) AS term, mod(n, {here}) AS number) p
    JOIN (VALUES {slots}) AS slot (place, weekday, start_time) ON slot.place = p.number / {rooms}
"""
SEATS = """
    CREATE TEMP TABLE bench_seat ON COMMIT DROP AS
    SELECT c.id AS class_id, c.branch_id, c.course_id, c.first_date,
           (c.branch_id - 1) * {children} + mod(c.number * {size} + seat, {children}) + 1 AS student_id
    FROM bench_class c, generate_series(0, {size} - 1) AS seat WHERE seat < {children}
"""


def add_children(scale, *, now):
    """Each child has one guardian and comes to one branch."""
    children = f"generate_series(1, {scale.branches * scale.children_here}) AS n"
    at = {"created_at": f"'{now.isoformat()}'::timestamptz"}
    insert(Student, children, id="n", name="'学员' || n", name_initials="'xy' || n", **at)
    insert(Student.branches.through, children, student_id="n", branch_id=f"(n - 1) / {scale.children_here} + 1")
    insert(Guardian, children, id="n", name="'家长' || n", phone="'+86139' || lpad(n::text, 8, '0')", **at)
    insert(Guardianship, children, student_id="n", guardian_id="n", relation="'妈妈'")


def add_classes(scale, *, now, first_monday):
    """Classes with a weekly rule and children, who are enrolled in their courses; teachers may teach what they do."""
    _number_classes(scale, first_monday)
    insert(
        ClassGroup,
        "bench_class",
        name="'班级' || id",
        capacity="12",
        lessons_total=str(TERM),
        **_same("id", "branch_id", "course_id", "teacher_id", "first_date"),
    )
    insert(
        ScheduleRule,
        "bench_class",
        class_group_id="id",
        minutes=str(MINUTES),
        valid_from="first_date",
        **_same("id", "weekday", "start_time", "teacher_id", "room_id"),
    )
    insert(
        Qualification,
        "(SELECT DISTINCT teacher_id, course_id FROM bench_class) AS taught",
        **_same("teacher_id", "course_id"),
    )
    _enrol(now)
    insert(
        ClassMember,
        "bench_seat s JOIN enrolments_enrolment e USING (student_id, course_id)",
        class_group_id="class_id",
        enrolment_id="e.id",
        joined_date="first_date",
    )


def _number_classes(scale, first_monday):
    slots = ", ".join(f"({n}, {day}, '{start}'::time)" for n, (day, start) in enumerate(SLOTS))
    facts = {
        "courses": COURSES,
        "term_weeks": TERM,
        "room_step": scale.rooms + SPARE_ROOMS,
        "rooms": scale.rooms,
        "staff_step": scale.staff_here,
        "classes": scale.classes,
        "terms": scale.terms,
        "here": scale.classes_here,
        "slots": slots,
    }
    execute(CLASSES.format(**facts), {"monday": first_monday})
    execute(SEATS.format(children=scale.children_here, size=CLASS_SIZE))
    execute("ANALYZE bench_class; ANALYZE bench_seat")


def _enrol(now):
    """One purchase each. What the lessons held took is not in the ledger: nothing that is measured reads it."""
    at = f"'{now.isoformat()}'::timestamptz"
    pairs = "(SELECT DISTINCT student_id, branch_id, course_id FROM bench_seat) AS pair"
    insert(Enrolment, pairs, created_at=at, balance=str(CREDITS), **_same("student_id", "branch_id", "course_id"))
    owned = {"paid_credits": str(CREDITS), "list_price_minor": "10000", "paid_minor": str(CREDITS * 10000)}
    insert(
        CreditLot,
        "enrolments_enrolment e",
        id="e.id",
        enrolment_id="e.id",
        revenue_method="'blended'",
        start_date="e.created_at::date",
        expires_date="e.created_at::date + 365",
        sold_at="e.created_at",
        booked_date="e.created_at::date",
        paid_left=str(CREDITS),
        sold_by_id="1",
        token="'bench-' || e.id",  # noqa: S106  a number
        **owned,
    )
    insert(
        CreditEntry,
        "enrolments_creditlot l",
        enrolment_id="l.id",
        lot_id="l.id",
        sequence="1",
        kind="'purchase'",
        credits="l.paid_credits",
        balance_after="l.paid_credits",
        pool_left_after="l.paid_credits",
        reference="'lot:' || l.id",
        occurred_at="l.sold_at",
        booked_date="l.booked_date",
        recorded_at="l.sold_at",
        recorded_by_id="1",
    )
    execute("ANALYZE enrolments_enrolment")


def add_lessons(*, now):
    """Every class once a week for a term. What lies behind `now` was held; one child in twenty is on leave."""
    starts_at = "((c.first_date + 7 * n) + c.start_time) AT TIME ZONE 'Asia/Shanghai'"
    ends_at = f"({starts_at} + interval '{MINUTES} minutes')"
    is_held = f"{ends_at} <= '{now.isoformat()}'::timestamptz"
    with without_indexes(Lesson, Attendance):
        insert(
            Lesson,
            f"bench_class c, generate_series(0, {TERM} - 1) AS n",
            id=f"(c.id - 1) * {TERM} + n + 1",
            class_group_id="c.id",
            rule_id="c.id",
            number="n + 1",
            starts_at=starts_at,
            ends_at=ends_at,
            local_date="c.first_date + 7 * n",
            status=f"CASE WHEN {is_held} THEN 'held' ELSE 'planned' END",
            roll_called_at=f"CASE WHEN {is_held} THEN {ends_at} END",
            roll_called_by_id=f"CASE WHEN {is_held} THEN c.teacher_id END",
            **_same("branch_id", "teacher_id", "room_id"),
        )
        insert(
            Attendance,
            "scheduling_classmember m JOIN scheduling_lesson l USING (class_group_id)",
            lesson_id="l.id",
            enrolment_id="m.enrolment_id",
            status="CASE WHEN mod(l.id + m.id, 20) = 0 THEN 'leave' WHEN l.status = 'held' THEN 'present' "
            "ELSE 'expected' END",
        )


def take_times():
    """What the triggers of scheduling.bookings would have written, row by row."""
    times = {"lesson_id": "l.id", "starts_at": "l.starts_at", "ends_at": "l.ends_at", "clash_group": "l.id"}
    children = (
        "scheduling_lesson l JOIN scheduling_attendance a ON a.lesson_id = l.id AND a.status <> 'leave' "
        "JOIN enrolments_enrolment e ON e.id = a.enrolment_id"
    )
    with without_indexes(Booking):
        insert(Booking, "scheduling_lesson l", kind="'teacher'", resource_id="l.teacher_id", **times)
        insert(Booking, "scheduling_lesson l", kind="'room'", resource_id="l.room_id", **times)
        insert(Booking, children, kind="'student'", resource_id="e.student_id", **times)


def _same(*columns):
    """These columns from the ones of the same name."""
    return {column: column for column in columns}
