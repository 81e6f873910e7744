"""A refund and the classes that the child leaves: one step for who asks, and one to call it off."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from branches.holidays import is_working_day
from core.clock import day_text, local_date
from enrolments.models import Refund
from enrolments.services import reject_refund, request_refund, withdraw_refund
from scheduling.clashes import LessonClashError
from scheduling.models import ClassGroup, ClassMember
from scheduling.services import ScheduleError, place_student, remove_from_class


def classes_to_leave(enrolment, *, day):
    """The memberships that end when nothing is left: the child still comes on the day itself."""
    members = ClassMember.objects.filter(enrolment=enrolment)
    there = members.filter(Q(left_date__isnull=True) | Q(left_date__gt=day + timedelta(days=1)))
    return there.select_related("class_group", "enrolment").order_by("class_group__name", "pk")


def leaves(enrolment, sheet):
    """Whether nothing is left once these lots are given back."""
    return {row["lot"] for row in sheet["lots"]} >= set(_lots_with_credits(enrolment))


@transaction.atomic
def start_refund(*, enrolment, by, now, **facts):
    """Ask for a refund; a child that has nothing left then leaves its classes from tomorrow on. Returns the refund."""
    refund = request_refund(enrolment=enrolment, by=by, now=now, **facts)
    day = refund.requested_date
    if not refund.classes_left and refund.is_open and leaves(enrolment, refund.sheet):
        members = list(classes_to_leave(enrolment, day=day))
        for member in members:
            remove_from_class(member=member, left_date=day + timedelta(days=1), now=now)
        refund.classes_left = [member.class_group_id for member in members]
        refund.save(update_fields=["classes_left"])
    return refund


@transaction.atomic
def call_off(*, refund, is_rejected, reason, by, now):
    """Reject or withdraw it. The child comes back into its classes; returns sentences for those that cannot take it."""
    end = reject_refund if is_rejected else withdraw_refund
    was_open = refund.is_open
    refund = end(refund=refund, reason=reason, by=by, now=now)
    groups = ClassGroup.objects.filter(pk__in=refund.classes_left) if was_open else []
    return [problem for group in groups if (problem := _bring_back(refund, group, by=by, now=now))]


def _bring_back(refund, group, *, by, now):
    today = local_date(now, refund.enrolment.branch.time_zone)
    joined = max(refund.requested_date + timedelta(days=1), today)
    try:
        with transaction.atomic():
            place_student(class_group=group, enrolment=refund.enrolment, joined_date=joined, by=by, now=now)
    except (ScheduleError, LessonClashError) as error:
        return str(error)
    return ""


def _lots_with_credits(enrolment):
    left = Q(paid_left__gt=0) | Q(gift_left__gt=0)
    return enrolment.lots.filter(left).values_list("pk", flat=True)


def to_approve(user):
    """The refunds that this person may approve."""
    here = user.branches_with("enrolments.approve_refund")
    waiting = Refund.objects.visible_to(user).waiting().filter(enrolment__branch__in=here).exclude(requested_by=user)
    if user.has_perm("enrolments.approve_large_refund"):
        return waiting
    return waiting.filter(amount_minor__lte=F("enrolment__branch__refund_manager_limit_minor"))


def to_pay(user):
    """Approved refunds where this person pays out."""
    here = user.branches_with("enrolments.pay_refund")
    return Refund.objects.visible_to(user).to_pay().filter(enrolment__branch__in=here)


@dataclass(frozen=True)
class Clock:
    """Until when the family has to have its answer, in a chip."""

    text: str
    state: str


def clock_of(refund, *, today):
    """None once the refund has ended."""
    if not refund.is_open:
        return None
    if today > refund.answer_by_date:
        return Clock(_("overdue since %(day)s") % {"day": day_text(refund.answer_by_date)}, "bad")
    left = _working_days(today, refund.answer_by_date)
    if not left:
        return Clock(pgettext("refund", "last day"), "bad")
    text = ngettext("%(number)d working day left", "%(number)d working days left", left) % {"number": left}
    return Clock(text, "warn" if left <= 2 else "info")


def _working_days(after, until):
    days = (until - after).days
    return sum(is_working_day(after + timedelta(days=number)) for number in range(1, days + 1))
