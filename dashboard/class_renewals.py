"""Renewals prepared for a whole class before the season: whom to offer which package, and the drafts."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.db.models import Prefetch

from core.clock import local_date
from courses.models import CoursePackage
from enrolments.models import Enrolment, OrderItem
from enrolments.services import line_of, prepare_order
from renewals.querysets import due, with_run_out


@dataclass
class Candidate:
    """A child of the class: what is left, whether to prepare an order for it now, and the package it is offered."""

    enrolment: Enrolment
    is_due: bool  # it runs out, and nothing is prepared for it yet
    package: CoursePackage | None
    run_out_date: date | None = None


def candidates_of(group, *, now):
    """The children of a class by name; those who run out are picked, each with the package it had last."""
    members = group.members.filter(left_date__isnull=True).values("enrolment")
    enrolments = with_run_out(Enrolment.objects.filter(pk__in=members), now=now)
    due_ids = set(due(enrolments, now=now).values_list("pk", flat=True))
    prepared = OrderItem.objects.filter(order__status="draft", order__prepared_for=reference_of(group))
    prepared_ids = set(prepared.values_list("student", flat=True))
    on_sale = list(packages_of(group))
    last = _last_packages(enrolments, {package.pk: package for package in on_sale})
    rows = enrolments.select_related("student", "course", "branch").order_by("student__name_initials", "student__name")
    first = on_sale[0] if on_sale else None
    return [
        Candidate(
            enrolment=enrolment,
            is_due=enrolment.pk in due_ids and enrolment.student_id not in prepared_ids,
            package=last.get(enrolment.pk, first),
            run_out_date=enrolment.run_out_date,
        )
        for enrolment in rows
    ]


def _last_packages(enrolments, on_sale):
    """{enrolment id: the package it had last, if that is on sale still}."""
    items = OrderItem.objects.filter(lot__enrolment__in=enrolments.values("pk"), package__in=on_sale)
    oldest_first = items.order_by("lot__sold_at", "lot").values_list("lot__enrolment", "package")
    return {pk: on_sale[package] for pk, package in oldest_first}


def packages_of(group):
    return CoursePackage.objects.on_sale().filter(course=group.course_id).select_related("course__subject")


def drafts_of(group, orders):
    """The orders that were prepared for a class, the newest offer first, with their lines."""
    items = OrderItem.objects.select_related("student", "course", "package").order_by("pk")
    found = orders.filter(prepared_for=reference_of(group)).select_related("branch")
    return found.prefetch_related(Prefetch("items", items)).order_by("-lapses_date", "pk")


def reference_of(group):
    return f"class:{group.pk}"


@transaction.atomic
def prepare_renewals(*, group, packages, lapses_date, by, now, discount=None):
    """A draft for each of {enrolment: package}, once per class, child and last day of the offer. Returns the orders."""
    return [
        prepare_order(
            branch=group.branch,
            guardian=enrolment.student.main_guardian,
            lines=[_line(enrolment, package, discount, group.branch, now)],
            by=by,
            now=now,
            token=f"{reference_of(group)}:{enrolment.pk}:{lapses_date}",
            lapses_date=lapses_date,
            prepared_for=reference_of(group),
        )
        for enrolment, package in packages.items()
    ]


def _line(enrolment, package, discount, branch, now):
    line = line_of(package, student=enrolment.student, start_date=local_date(now, branch.time_zone))
    return line.with_discount(discount) if discount else line
