"""Whom a notice is for: what was chosen, and the children whom that means now."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Q

from branches.models import Branch
from core.clock import local_date
from courses.models import Course, Subject
from enrolments.models import Enrolment, Order, OrderItem
from notices.models import Notice
from renewals.querysets import still_learns, with_run_out
from scheduling.models import ClassGroup, ClassMember, Lesson
from students.models import Student


@dataclass(frozen=True)
class Audience:
    """People by what they have. Each thing that is chosen must hold: one of the classes, one of the courses or
    subjects, the credits, an order to pay.
    """

    branches: list[Branch]
    class_groups: list[ClassGroup] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)
    subjects: list[Subject] = field(default_factory=list)
    who: str = Notice.Who.LEARNERS
    run_out_days: int | None = None
    credits_at_most: Decimal | None = None
    is_owing: bool = False

    @property
    def is_of_enrolments(self):
        """Something is asked of what a child is enrolled for; a child that only stands in the books has no answer."""
        lists = [self.class_groups, self.courses, self.subjects]
        numbers = [self.run_out_days, self.credits_at_most]
        return any(lists) or any(number is not None for number in numbers) or self.who == Notice.Who.LEARNERS

    def within(self, branch_ids):
        """The same, as far as these branches go; None: all of them."""
        if branch_ids is None:
            return self
        branches = [branch for branch in self.branches if branch.pk in branch_ids]
        return Audience(**{**self.__dict__, "branches": branches})


MANY = ["branches", "class_groups", "courses", "subjects"]
SINGLE = ["who", "run_out_days", "credits_at_most", "is_owing"]


def audience_of(notice):
    """What was chosen for a notice that is kept."""
    many = {name: list(getattr(notice, name).all()) for name in MANY}
    return Audience(**many, **{name: getattr(notice, name) for name in SINGLE})


def children(audience, *, now):
    """(student id, branch id) of everybody who is meant, once per branch: one query."""
    rows = _enrolments(audience, now) if audience.is_of_enrolments else _in_the_books(audience)
    if audience.is_owing:
        rows = rows.filter(Exists(_unpaid()))
    return list(
        rows.order_by("branch__name", "branch_id", "student__name", "student_id")
        .values_list("student", "branch")
        .distinct()
    )


def offered_classes(branches, *, now, chosen=()):
    """The classes of the branches that have lessons to come, and those that were chosen while they had."""
    to_come = Lesson.objects.planned().filter(class_group=OuterRef("pk"), ends_at__gt=now)
    groups = ClassGroup.objects.filter(Exists(to_come) | Q(pk__in=chosen), branch__in=branches)
    return groups.select_related("branch").order_by("branch__name", "name")


def _in_the_books(audience):
    return Student.branches.through.objects.filter(branch__in=audience.branches)


def _enrolments(audience, now):
    rows = Enrolment.objects.filter(branch__in=audience.branches)
    if audience.courses or audience.subjects:
        wanted = Q(course__in=audience.courses) | Q(course__subject__in=audience.subjects)
        rows = rows.filter(wanted)
    if audience.credits_at_most is not None:
        rows = rows.filter(balance__lte=audience.credits_at_most)
    if audience.run_out_days is not None:
        days_less_than = audience.run_out_days + 1  # asked of the balance, as the list of renewals does
        soon = Q(balance__lte=0) | Q(balance__lt=F("weekly_credits") * days_less_than / 7.0)
        rows = with_run_out(rows, now=now).filter(soon)
    if audience.class_groups:
        return rows.filter(Exists(_members(audience, now).filter(enrolment=OuterRef("pk"))))
    return rows.filter(still_learns(now)) if audience.who == Notice.Who.LEARNERS else rows


def _members(audience, now):
    """Whoever is in the classes, or joins them later; at midnight the branch furthest behind decides."""
    today = min((local_date(now, branch.time_zone) for branch in audience.branches), default=now.date())
    return ClassMember.objects.filter(class_group__in=audience.class_groups).exclude(left_date__lte=today)


def _unpaid():
    """An order of the child at the branch, of which something is still to pay."""
    orders = Order.objects.owing().filter(branch=OuterRef(OuterRef("branch")))
    return OrderItem.objects.filter(student=OuterRef("student"), order__in=orders)
