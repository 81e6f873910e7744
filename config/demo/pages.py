"""The pages of daily work: the role that uses each, and addresses to open it at, good examples first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice

from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone

from branches.models import User
from branches.roles import Role
from core.clock import monday_of
from scheduling.models import ClassGroup, KeptClash, Lesson, MakeUp
from students.models import Enquiry, Guardianship, Student


@dataclass(frozen=True)
class Page:
    name: str
    role: Role
    addresses: Callable[[User], list[str]]

    def varied(self, user, count):
        return list(islice(cycle(self.addresses(user)), count))


def home(user):
    return [reverse("home")]


def _students(user):
    """Those with several courses first: their pages show most."""
    visible = Student.objects.visible_to(user)
    return visible.annotate(courses=Count("enrolments"), course=Min("enrolments__course")).order_by("-courses", "pk")


def students(user):
    return [reverse("student", args=[student.pk]) for student in _students(user)]


def enrolments(user):
    """Renewals: the step after the course is chosen."""
    return [f"{reverse('enrol', args=[student.pk])}?course={student.course}" for student in _students(user)]


def week(user):
    """This week, then those around it."""
    monday = monday_of(timezone.localdate())
    days = [monday + timedelta(weeks=offset) for offset in (0, 1, -1, 2, 3)]
    return [f"{reverse('week')}?day={day:%Y-%m-%d}" for day in days]


def roll_calls(user):
    """Lessons that have begun and wait for it, then those to come."""
    now = timezone.now()
    lessons = Lesson.objects.visible_to(user).active().annotate(children=Count("attendances"))
    waiting = lessons.filter(starts_at__lte=now, roll_called_at=None).order_by("-children", "pk")
    coming = lessons.filter(starts_at__gt=now).order_by("starts_at", "pk")
    return [reverse("roll_call", args=[lesson.pk]) for lesson in [*waiting, *coming[:200]]]


def lessons_to_come(user):
    """For a manager's lesson page: those with most children first."""
    coming = Lesson.objects.visible_to(user).planned().filter(starts_at__gt=timezone.now())
    most = coming.annotate(children=Count("attendances")).order_by("-children", "starts_at", "pk")
    return [reverse("lesson", args=[lesson.pk]) for lesson in most[:200]]


def classes(user):
    groups = ClassGroup.objects.visible_to(user).running(timezone.localdate()).with_counts()
    return [reverse("class_detail", args=[group.pk]) for group in groups.order_by("-student_count", "pk")]


def class_times(user):
    """Other weekly times, and more lessons or fewer."""
    return [f"{address}times/" for address in classes(user)]


def trials(user):
    """The next lessons of the course that was asked for."""
    enquiries = Enquiry.objects.visible_to(user).open().filter(course__isnull=False)
    return [reverse("enquiry_trial", args=[enquiry.pk]) for enquiry in enquiries.order_by("pk")[:200]]


def clashes(user):
    """The pairs of classes that clash."""
    kept = KeptClash.objects.visible_to(user).unsolved().upcoming(timezone.now())
    pairs = dict.fromkeys(kept.order_by("kind", "pk").values_list("lesson__class_group", "other__class_group"))
    return [reverse("clash", args=pair) for pair in reversed(pairs)]


def make_ups(user):
    rights = MakeUp.objects.visible_to(user).open(timezone.localdate())
    return [reverse("make_up", args=[right.pk]) for right in rights[:200]]


def payroll(user):
    """This month: the demo's lessons are of this week."""
    return [f"{reverse('payroll')}?month={timezone.localdate():%Y-%m}"]


def papers(user):
    return [reverse("student_papers", args=[student.pk]) for student in _students(user)]


def searches(user):
    """The last four digits of a phone, a name, pinyin initials: what people type, in turn."""
    children = Guardianship.objects.filter(student__in=Student.objects.visible_to(user)).order_by("pk")
    rows = children.values_list("guardian__phone_tail", "student__name", "student__name_initials")
    texts = [row[number % 3] for number, row in enumerate(rows[:300])]
    return [f"{reverse('search')}?q={text}" for text in texts]


def listed(name):
    return lambda user: [reverse(name)]


PAGES = [
    Page("home", Role.FRONT_DESK, home),
    Page("home-manager", Role.MANAGER, home),
    Page("home-owner", Role.OWNER, home),
    Page("home-teacher", Role.TEACHER, home),
    Page("search", Role.FRONT_DESK, searches),
    Page("student", Role.FRONT_DESK, students),
    Page("enrol", Role.FRONT_DESK, enrolments),
    Page("week", Role.MANAGER, week),
    Page("lesson", Role.MANAGER, lessons_to_come),
    Page("classes", Role.MANAGER, listed("class_list")),
    Page("class", Role.MANAGER, classes),
    Page("class-times", Role.MANAGER, class_times),
    Page("clash", Role.MANAGER, clashes),
    Page("calendar", Role.MANAGER, listed("calendar_days")),
    Page("make-up", Role.FRONT_DESK, make_ups),
    Page("trial", Role.FRONT_DESK, trials),
    Page("roll-call", Role.TEACHER, roll_calls),
    Page("renewals", Role.FRONT_DESK, listed("renewals")),
    Page("receipts", Role.FRONT_DESK, listed("receipt_day")),
    Page("papers", Role.FRONT_DESK, papers),
    Page("invoices", Role.FRONT_DESK, listed("invoice_list")),
    Page("payroll", Role.MANAGER, payroll),
    Page("messages", Role.FRONT_DESK, listed("messages")),
]
