"""The demo school: read from the books in `demo/`, kept from one start to the next.

Everything comes in by the import that a school uses itself, as if it had been done on Monday morning; since
then the teachers have called the roll, until yesterday. The books say how the school stood on BOOKS_DATE, a
Sunday: their dates are moved by whole weeks, so that it is the last Sunday, whenever the demo is loaded.
"""

import datetime
from itertools import count
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from branches.models import Branch, Membership, User
from branches.roles import Role
from config.demo import DemoError
from config.demo.checks import BOOKS, refuse_missing_books
from config.demo.environment import is_entered
from config.demo.papers import set_legal_details
from config.demo.pay import set_pay
from core.health import has_pending_migrations
from core.triggers import remove_triggers
from courses.models import Course, CoursePackage
from imports.problems import BookError
from renewals.services import open_due_opportunities
from scheduling.models import Attendance, LeavePolicy, Lesson
from scheduling.services import call_roll

BOOKS_DATE = datetime.date(2026, 11, 22)
OWNER = "13800138000"  # a number that belongs to a network, not to a person
PASSWORD = "qingxiao-demo"  # noqa: S105  for everybody, in the manual; DEBUG only
PACKAGES = [(16, 0, 0), (24, 2, 5), (48, 4, 10)]  # lessons, gift lessons, per cent off the list price
VALIDITY_DAYS = 365
LEAVE_TIERS = [(24, "0.0", True), (6, "0.5", True), (0, "1.0", False)]  # hours of notice, share taken, make-up
SCHOOL_HOURS = (datetime.time(8), datetime.time(16, 30))  # of the children's schools


def open_database(*, fresh):
    """Make it the demo's own and up to date; True when the school is in it already."""
    if not is_entered():
        raise DemoError(_("Start it with “manage.py demo”: only then has it a database of its own."))
    if fresh:
        _start_over()
    _refuse_other_school()
    if has_pending_migrations():
        call_command("migrate", verbosity=0)
    return _is_loaded()


@transaction.atomic
def load_school(*, now):
    """All of it or nothing: a start that was broken off begins again."""
    from imports.services import import_school  # reads Excel: the other starts need not wait for it

    refuse_missing_books()
    today = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    opening = min(today - datetime.timedelta(days=today.weekday(), hours=-7), timezone.localtime(now))
    owner = User.objects.create_user(username=OWNER, name=_("Demo owner"), is_staff=True)
    Membership.objects.create(user=owner, role=Role.OWNER)
    try:
        import_school(directory=BOOKS, now=opening, by=owner, shift=shift_to(opening.date()))
    except BookError as error:
        raise DemoError(str(error)) from error
    Branch.objects.update(school_from=SCHOOL_HOURS[0], school_until=SCHOOL_HOURS[1])
    for course in Course.objects.all():
        _offer_packages(course)
    _call_rolls(until=today)
    for branch in Branch.objects.all():
        _set_leave_policy(branch)
    set_legal_details()
    open_due_opportunities(now=now)
    set_pay(since=opening.date().replace(month=1, day=1))
    User.objects.update(password=make_password(PASSWORD))  # made once: each takes half a second


def shift_to(monday):
    """From BOOKS_DATE to the Sunday before: whole weeks, so that every class keeps its weekday."""
    return monday - datetime.timedelta(days=1) - BOOKS_DATE


def _call_rolls(*, until):
    """Each teacher has called the roll after the lesson; a few children were late, on leave or absent."""
    marks = {4: Attendance.Status.LATE, 11: Attendance.Status.LEAVE, 17: Attendance.Status.ABSENT}
    children = count()
    lessons = Lesson.objects.planned().filter(ends_at__lte=until).select_related("teacher")
    for lesson in lessons.order_by("starts_at", "pk"):
        numbered = [(next(children) % 20, child.pk) for child in lesson.attendances.order_by("pk")]
        exceptions = {pk: marks[number] for number, pk in numbered if number in marks}
        call_roll(lesson=lesson, exceptions=exceptions, by=lesson.teacher, now=lesson.ends_at)


def _offer_packages(course):
    for lessons, gift, discount in PACKAGES:
        name = _("%(lessons)d lessons and %(gift)d free") if gift else _("%(lessons)d lessons")
        CoursePackage.objects.create(
            course=course,
            name=name % {"lessons": lessons, "gift": gift},
            paid_credits=lessons,
            gift_credits=gift,
            price_minor=course.list_price_minor * lessons * (100 - discount) // 100,
            validity_days=VALIDITY_DAYS,
        )


def _set_leave_policy(branch):
    """From now on: a day before it is free, six hours before half a credit, later the whole."""
    policy = LeavePolicy.objects.create(branch=branch, make_up_days=60)
    for hours, share, gives_make_up in LEAVE_TIERS:
        policy.tiers.create(notice_hours=hours, share=share, gives_make_up=gives_make_up)


def sign_ins():
    """[(role, user)]: the owner, and for each other role one person of the largest branch."""
    branch = Branch.objects.annotate(size=Count("memberships")).order_by("-size", "pk").first()
    people = [(Role.OWNER, User.objects.get(username=OWNER))]
    for role in [role for role in Role if role != Role.OWNER]:
        user = _busiest(branch, role)
        if user:
            people.append((role, user))
    return people


def _busiest(branch, role):
    """The teacher with the most classes has something on the page every day."""
    classes = Count("class_groups", filter=Q(class_groups__branch=branch))
    at_branch = User.objects.filter(memberships__branch=branch, memberships__role=role)
    return at_branch.annotate(classes=classes).order_by("-classes", "pk").first()


def _is_loaded():
    return User.objects.filter(username=OWNER).exists()


def refuse_unloaded():
    if has_pending_migrations() or not _is_loaded():
        raise DemoError(_("The demo school is not loaded: start “manage.py demo --no-server” first."))


def _refuse_other_school():
    has_tables = Branch._meta.db_table in connection.introspection.table_names()
    if has_tables and Branch.objects.exists() and not _is_loaded():
        raise DemoError(
            _("The database %(name)s holds a school of its own: the demo goes into an empty one only.")
            % {"name": connection.settings_dict["NAME"]}
        )


def _start_over():
    """Empty the demo's folder; a database that DATABASE_URL names must be seen to hold no other school."""
    connection.close()
    for path in Path(settings.VAR_DIR).glob("*.sqlite3*"):
        path.unlink()
    _refuse_other_school()
    remove_triggers()  # the ledger's refuse to lose rows; the flush puts them back
    call_command("flush", verbosity=0, interactive=False)
