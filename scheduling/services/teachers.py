"""What a school writes down about its teachers, and how far it is from branch to branch."""

from django.db import transaction

from branches.models import Membership
from branches.roles import Role
from scheduling.models import Qualification, StaffCheck, TeachingLimit, TravelTime


@transaction.atomic
def set_teaching_facts(*, teacher, minutes_a_day, minutes_a_week, papers, courses, known_courses):
    """Limits, papers {kind: last valid day, None without one} and the courses the teacher is named for.

    Courses that are not among `known_courses` were not shown, and stay as they are.
    """
    limits = {"minutes_a_day": minutes_a_day, "minutes_a_week": minutes_a_week}
    TeachingLimit.objects.update_or_create(teacher=teacher, defaults=limits)
    for kind, valid_until in papers.items():
        if valid_until:
            StaffCheck.objects.update_or_create(teacher=teacher, kind=kind, defaults={"valid_until": valid_until})
        else:
            StaffCheck.objects.filter(teacher=teacher, kind=kind).delete()
    named = Qualification.objects.filter(teacher=teacher, course__in=known_courses)
    named.exclude(course__in=courses).delete()
    missing = set(courses) - {row.course for row in named.select_related("course")}
    Qualification.objects.bulk_create(Qualification(teacher=teacher, course=course) for course in missing)


def set_work_at(*, teacher, branch, valid_from, valid_until):
    """The teacher works at `branch` from a day until a day, both included; None: without an end."""
    membership, _created = Membership.objects.update_or_create(
        user=teacher,
        branch=branch,
        role=Role.TEACHER,
        defaults={"valid_from": valid_from, "valid_until": valid_until},
    )
    return membership


@transaction.atomic
def set_travel_times(*, minutes):
    """`minutes` {(branch id, other branch id): minutes, or None for no time}."""
    for pair, number in minutes.items():
        branch_id, other_id = sorted(pair)
        rows = TravelTime.objects.filter(branch=branch_id, other=other_id)
        if number is None:
            rows.delete()
        else:
            TravelTime.objects.update_or_create(branch_id=branch_id, other_id=other_id, defaults={"minutes": number})
