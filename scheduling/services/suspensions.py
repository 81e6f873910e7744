"""A child pauses a course (停课) and comes back (复课): its classes, its make-ups and its lots' validity at once."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core.clock import day_text, local_date
from enrolments.models import CreditLot, Suspension
from enrolments.services import extend_validity, lock
from scheduling.clashes import LessonClashError, lock_timetable
from scheduling.errors import ScheduleError
from scheduling.models import ClassGroup, ClassMember, MakeUp
from scheduling.services.class_seats import seats_of
from scheduling.services.make_ups import cancel_make_up
from scheduling.services.members import place_student, remove_from_class


class SuspensionError(Exception):
    """The child cannot pause or come back so; the sentence says why and what to do."""


@transaction.atomic
def suspend_enrolment(*, enrolment, from_date, expected_date, reason, by, now):
    """The child is away from `from_date` on: its places in lessons to come are given up. Returns the Suspension.

    Its lots are extended when it comes back, by the days that it really was away.
    """
    lock_timetable()
    enrolment = lock(enrolment)
    _refuse(enrolment, from_date, expected_date, today=local_date(now, enrolment.branch.time_zone))
    members = list(classes_to_leave(enrolment, from_date))
    for member in members:
        remove_from_class(member=member, left_date=from_date, now=now)
    for make_up in _make_ups(enrolment, from_date):
        cancel_make_up(make_up=make_up, by=by, now=now)
    return Suspension.objects.create(
        enrolment=enrolment,
        from_date=from_date,
        expected_date=expected_date,
        reason=reason,
        classes_left=[member.class_group_id for member in members],
        recorded_at=now,
        recorded_by=by,
    )


@transaction.atomic
def resume_enrolment(*, suspension, day, by, now):
    """The child is back from `day` on: its lots are valid as many days longer, and it comes into its classes again.

    Returns sentences for the classes that cannot take it. A second call changes nothing.
    """
    lock_timetable()
    enrolment = lock(suspension.enrolment)
    suspension = Suspension.objects.get(pk=suspension.pk)
    if suspension.ended_date:
        return []
    suspension.ended_date, suspension.ended_at, suspension.ended_by = max(day, suspension.from_date), now, by
    suspension.save(update_fields=["ended_date", "ended_at", "ended_by"])
    if suspension.days:
        _extend(enrolment, suspension, by=by, now=now)
    groups = ClassGroup.objects.filter(pk__in=suspension.classes_left).order_by("pk")
    return [problem for group in groups if (problem := _bring_back(enrolment, group, suspension, by=by, now=now))]


def classes_to_leave(enrolment, from_date):
    """The memberships that a suspension from a day on ends."""
    members = ClassMember.objects.filter(enrolment=enrolment)
    there = members.filter(Q(left_date__isnull=True) | Q(left_date__gt=from_date))
    return there.select_related("class_group", "enrolment").order_by("pk")


def lots_to_extend(enrolment, from_date):
    """Those with something left that were still valid when the child left."""
    lots = CreditLot.objects.filter(enrolment=enrolment, expires_date__gte=from_date)
    return lots.with_credits().order_by("pk")


def _refuse(enrolment, from_date, expected_date, *, today):
    if enrolment.suspensions.open().exists():
        raise SuspensionError(_("The child is away from this course already: have it come back first."))
    if from_date < today:
        raise SuspensionError(_("A suspension begins today or later: days before are leave of single lessons."))
    if expected_date <= from_date:
        raise SuspensionError(_("The day of return lies after the first day away: check the two days."))
    if last := enrolment.suspensions.filter(ended_date__gt=from_date).order_by("-ended_date").first():
        raise SuspensionError(
            _("The child comes back on %(day)s only: let the next suspension begin then.")
            % {"day": day_text(last.ended_date)}
        )


def _make_ups(enrolment, from_date):
    booked = MakeUp.objects.filter(
        attendance__enrolment=enrolment,
        attendance__lesson__status="planned",
        attendance__lesson__local_date__gte=from_date,
    )
    return booked.order_by("pk")


def _extend(enrolment, suspension, *, by, now):
    extend_validity(
        lots=lots_to_extend(enrolment, suspension.from_date),
        days=suspension.days,
        reason=_("Away from %(first)s to %(last)s: %(reason)s")
        % {
            "first": day_text(suspension.from_date),
            "last": day_text(suspension.ended_date - timedelta(days=1)),
            "reason": suspension.reason,
        },
        by=by,
        now=now,
        reference=f"suspension:{suspension.pk}",
    )


def _bring_back(enrolment, group, suspension, *, by, now):
    """A sentence when the class cannot take the child any more; empty when it is back."""
    day = suspension.ended_date
    if not group.lessons.planned().filter(local_date__gte=day).exists():
        return _("%(class)s has no lessons to come: choose another class.") % {"class": group}
    if not seats_of(group, day=day).free:
        return _("%(class)s has no free seat: choose another class, or put the child on its waiting list.") % {
            "class": group
        }
    try:
        with transaction.atomic():
            place_student(class_group=group, enrolment=enrolment, joined_date=day, by=by, now=now)
    except (ScheduleError, LessonClashError) as error:
        return str(error)
    return ""
