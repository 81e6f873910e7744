"""A school of the largest size, for measuring: 100 branches, 100,000 children, a year of lessons."""

from django.db import connection, transaction
from django.utils.translation import gettext as _

from branches.models import Branch, Membership, Room, User
from branches.roles import Role
from config.demo import DemoError
from config.demo.bench_rows import add_children, add_classes, add_lessons, take_times
from config.demo.bench_scale import COURSES, SPARE_ROOMS
from config.demo.bench_sql import count_on_from, execute
from core.health import has_pending_migrations
from courses.models import Course, Subject
from enrolments.models import Books, CreditLot
from parents.models import Guardian
from scheduling.models import ClassGroup, Lesson, ScheduleRule
from students.models import Student

CODE = "bench-{}"  # a branch of ours, by its number
OWNER = "bench-owner"
NUMBERED = (Branch, Room, User, Course, Student, Guardian, CreditLot, ClassGroup, ScheduleRule, Lesson)  # by us


def is_filled():
    return Branch.objects.filter(code=CODE.format(1)).exists()


def fill(scale, *, now, today):
    """All of it or nothing. False when the school was there already."""
    refuse_other_database()
    if is_filled():
        return False
    with transaction.atomic():
        # Triggers and foreign keys need not ask about each of twenty million rows: what they keep holds by itself.
        execute("SET LOCAL session_replication_role = replica; SET LOCAL maintenance_work_mem = '1GB'")
        _add_school(scale)
        add_children(scale, now=now)
        add_classes(scale, now=now, first_monday=scale.first_monday(today))
        add_lessons(now=now)
        take_times()
        count_on_from(NUMBERED)
        execute("SET LOCAL session_replication_role = DEFAULT")
        execute("ANALYZE")
    return True


def refuse_unfilled():
    refuse_other_database()
    if not is_filled():
        raise DemoError(_("There is nothing to measure yet: start “manage.py bench timetable --fill”."))


def refuse_other_database():
    """Only PostgreSQL is measured, and only a database that holds nothing else."""
    if connection.vendor != "postgresql":
        raise DemoError(_("The large school is measured on PostgreSQL: name an empty database in DATABASE_URL."))
    if has_pending_migrations():
        raise DemoError(_("The database lacks some tables: start “manage.py migrate” first."))
    if Branch.objects.exists() and not is_filled():
        raise DemoError(
            _("The database %(name)s holds a school of its own: measuring takes an empty one.")
            % {"name": connection.settings_dict["NAME"]}
        )


def _add_school(scale):
    branches = [Branch(pk=n, name=f"校区{n:03d}", code=CODE.format(n)) for n in range(1, scale.branches + 1)]
    Branch.objects.bulk_create(branches)
    Books.objects.bulk_create(Books(branch=branch) for branch in branches)
    rooms = scale.rooms + SPARE_ROOMS
    Room.objects.bulk_create(
        Room(pk=(branch.pk - 1) * rooms + n, branch=branch, name=f"{n}号教室")
        for branch in branches
        for n in range(1, rooms + 1)
    )
    subject = Subject.objects.create(name="围棋")
    Course.objects.bulk_create(
        Course(pk=n, subject=subject, name=f"围棋{n}段", list_price_minor=100_00) for n in range(1, COURSES + 1)
    )
    for branch in branches:
        _add_staff(scale, branch)
    owner = User.objects.create(pk=scale.branches * scale.staff_here + 1, username=OWNER, name="总部")
    Membership.objects.create(user=owner, role=Role.OWNER)


def _add_staff(scale, branch):
    roles = [Role.MANAGER, Role.FRONT_DESK, *[Role.TEACHER] * (2 * scale.rooms)]
    first = (branch.pk - 1) * scale.staff_here + 1
    people = [
        User(pk=first + n, username=f"{CODE.format(branch.pk)}-{n}", name=f"{branch.name}员工{n}")
        for n in range(len(roles))
    ]
    User.objects.bulk_create(people)
    Membership.objects.bulk_create(
        Membership(user=user, branch=branch, role=role) for user, role in zip(people, roles, strict=True)
    )
