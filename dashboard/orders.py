"""What the pages of orders do over several services: sell with a class, show what the law allows, sum up."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Coalesce

from core.clock import local_date
from courses.models import CoursePackage
from enrolments.models import CreditLot, Enrolment
from enrolments.prepayment import charges_of, standard_lessons, standard_lessons_left
from enrolments.prepayment_rules import findings_of, most_left, renewal_opens, rules_of
from enrolments.services import line_of, settle_order
from renewals.querysets import with_run_out
from scheduling.models import ClassGroup
from scheduling.services import place_student

STATES = {
    "owing": Q(status="confirmed", total_minor__gt=F("paid_minor") + F("forgiven_minor")),
    "draft": Q(status="draft"),
    "paid": Q(status="confirmed", total_minor__lte=F("paid_minor") + F("forgiven_minor")),
    "ended": Q(status__in=["cancelled", "lapsed", "void"]),
}


@transaction.atomic
def sell(*, order, tenders, by, now, token, pass_reason="", due_date=None, with_classes=True):
    """Confirm an order, take what is paid now, and put the children into the classes that it names."""
    facts = {"by": by, "now": now, "token": token, "pass_reason": pass_reason, "due_date": due_date}
    lots = settle_order(order=order, tenders=tenders, **facts)
    for lot in lots:
        if with_classes and lot.item.class_reference:
            group = ClassGroup.objects.get(pk=lot.item.class_reference.removeprefix("class:"))
            place_student(class_group=group, enrolment=lot.enrolment, joined_date=lot.start_date, by=by, now=now)
    return lots


# --- what is on sale, and what the law says to it -----------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """A package for a child: what it goes past, and from which day on it may be charged, as far as one can tell."""

    package: CoursePackage
    findings: list
    opens: object = None  # a later day; None when it may be charged now, or nobody can tell when

    @property
    def is_early(self):
        """Nothing is wrong with it but what the child has left."""
        return {finding.rule.code for finding in self.findings} <= {"renewed_early", "lessons_held"}

    @property
    def state(self):
        return "bad" if any(finding.rule.is_block for finding in self.findings) else "warn"


@dataclass(frozen=True)
class Offers:
    offers: dict  # by the package's id
    left: Decimal  # standard lessons of the subject


def offers_of(packages, *, student, branch, now):
    """What of the packages may be charged to a child at a branch today."""
    packages = list(packages)
    if not packages:
        return Offers({}, Decimal(0))
    today, rules = local_date(now, branch.time_zone), rules_of(branch.rule_pack)
    subject = packages[0].course.subject
    left = standard_lessons_left({student.pk}, {subject.pk})
    weekly = _weekly_lessons(student, subject, now)
    offers = {}
    for package in packages:
        line = line_of(package, student=student, start_date=today)
        findings = findings_of(charges_of([line], left), rules, today)
        most = most_left(standard_lessons(line), rules)
        opens = renewal_opens(left=left[student.pk, subject.pk], most=most, weekly=weekly, today=today)
        offers[package.pk] = Offer(package, findings, opens if opens and opens > today else None)
    return Offers(offers, left[student.pk, subject.pk])


def _weekly_lessons(student, subject, now):
    """Standard lessons a week of a child in a subject, by the timetable."""
    accounts = with_run_out(Enrolment.objects.filter(student=student, course__subject=subject), now=now)
    columns = accounts.values_list("weekly_credits", "course__standard_lesson_factor")
    return sum((weekly * factor for weekly, factor in columns if weekly), Decimal(0))


def last_package(student, course):
    """What the child bought last of a course, if it is on sale still."""
    lots = CreditLot.objects.filter(enrolment__student=student, enrolment__course=course, package__is_active=True)
    last = lots.order_by("-sold_at", "-pk").select_related("package").first()
    return last.package if last else None


# --- lists --------------------------------------------------------------------------------------------------


def sums_of(orders):
    """How many orders of each state, and fen: asked for, received, owing."""
    owing = F("total_minor") - F("paid_minor") - F("forgiven_minor")
    sold = Q(status="confirmed")
    return orders.order_by().aggregate(
        **{name: Count("pk", filter=state) for name, state in STATES.items()},
        sold_minor=Coalesce(Sum("total_minor", filter=sold), 0),
        received_minor=Coalesce(Sum("paid_minor", filter=sold), 0),
        owing_minor=Coalesce(Sum(owing, filter=STATES["owing"]), 0),
        draft_minor=Coalesce(Sum("total_minor", filter=STATES["draft"]), 0),
    )
