"""Leave (请假): asked before the roll is called, decided by the branch's policy, and then not changed any more."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import day_text
from core.templatetags.qingxiao import credits as credits_text
from scheduling.clashes import Wanted, clash_refused_by_database, lock_timetable
from scheduling.leave_rules import WHOLE, cost_of_leave, part_of, without_policy
from scheduling.models import AbsenceRequest, Attendance, Booking, LeavePolicy, Lesson, MakeUp
from scheduling.services.locks import locked
from scheduling.services.make_ups import settle_right


class LeaveError(Exception):
    """Leave cannot be asked or withdrawn as wanted; carries the sentence the user reads."""


@dataclass(frozen=True)
class Terms:
    """What a leave takes and gives, and the sentence by which rule."""

    share: Decimal
    gives_make_up: bool
    policy_text: str
    credits: Decimal
    expires_date: date


def terms_of_leave(attendance, *, now):
    """What leave from `attendance` costs when it is asked `now`: three queries."""
    lesson = attendance.lesson
    policy = LeavePolicy.objects.prefetch_related("tiers").filter(branch=lesson.branch_id).first() or LeavePolicy()
    own_tiers = list(policy.tiers.all()) if policy.pk else []
    tiers = own_tiers or [without_policy(takes_credit=lesson.branch.leave_takes_credit)]
    leaves = _leaves_before(attendance) if policy.leaves_per_class is not None else 0
    notice = lesson.starts_at - now
    cost = cost_of_leave(tiers, notice=notice, leaves_before=leaves, cap=policy.leaves_per_class)
    return Terms(
        share=cost.share,
        gives_make_up=cost.gives_make_up,
        policy_text=_rule_text(cost, notice, leaves, has_tiers=bool(own_tiers)),
        credits=part_of(lesson.credits, cost.share),
        expires_date=lesson.local_date + timedelta(days=policy.make_up_days),
    )


def _leaves_before(attendance):
    """The child's other leaves in this class; what the school cancelled does not count."""
    same_class = Attendance.objects.filter(
        enrolment=attendance.enrolment_id, lesson__class_group=attendance.lesson.class_group_id
    )
    leaves = same_class.filter(status=Attendance.Status.LEAVE).exclude(pk=attendance.pk)
    return leaves.exclude(lesson__status=Lesson.Status.CANCELLED).count()


def _rule_text(cost, notice, leaves, *, has_tiers):
    if cost.is_over_cap:
        return _("Leave number %(number)d in this class, which is more than the policy allows.") % {
            "number": leaves + 1
        }
    if not has_tiers:
        return _("The branch's rule for every leave.")
    facts = {"hours": max(int(notice.total_seconds() // 3600), 0), "tier": cost.tier and cost.tier.notice_hours}
    if cost.tier is None:
        return _("Asked %(hours)d h before the lesson, later than every tier of the policy.") % facts
    return _("Asked %(hours)d h before the lesson: the tier from %(tier)d h on.") % facts


@transaction.atomic
def ask_leave(*, attendance, reason, by, now, share=None):
    """The child does not come: its time and seat are free, and the policy decides what it takes and gives.

    `share` (0, 0.5 or 1) overrides the policy and needs a reason. Returns the AbsenceRequest. Raises LeaveError
    for a lesson that is cancelled or whose roll was called, and for a make-up: that is cancelled instead.
    """
    lock_timetable()
    attendance = locked_attendance(attendance)
    _refuse_leave(attendance)
    terms = terms_of_leave(attendance, now=now)
    if share is not None:
        terms = _overridden(terms, attendance.lesson, share=share, reason=reason, by=by)
    attendance.status = Attendance.Status.LEAVE
    attendance.save(update_fields=["status"])
    settle_right(attendance, is_given=terms.gives_make_up, expires_date=terms.expires_date, now=now)
    return AbsenceRequest.objects.create(
        attendance=attendance,
        reason=reason,
        requested_at=now,
        recorded_by=by,
        share=terms.share,
        gives_make_up=terms.gives_make_up,
        policy_text=terms.policy_text,
    )


def locked_attendance(attendance):
    lesson = locked(attendance.lesson)
    attendance = Attendance.objects.select_related("enrolment__student").get(pk=attendance.pk)
    attendance.lesson = lesson
    return attendance


def _refuse_leave(attendance):
    lesson = attendance.lesson
    facts = {"student": attendance.enrolment.student, "day": day_text(lesson.local_date)}
    if lesson.status == Lesson.Status.CANCELLED:
        raise LeaveError(_("The lesson on %(day)s was cancelled: no leave is needed, nothing is taken.") % facts)
    if lesson.is_held:
        raise LeaveError(_("The roll of the lesson on %(day)s was called: correct %(student)s there.") % facts)
    if MakeUp.objects.filter(attendance=attendance).exists():
        raise LeaveError(_("%(student)s makes up a lesson on %(day)s: cancel the make-up instead.") % facts)
    if attendance.absence_requests.active().exists():
        raise LeaveError(_("%(student)s is on leave on %(day)s already.") % facts)


def _overridden(terms, lesson, *, share, reason, by):
    if not by.has_perm("scheduling.change_leavepolicy", lesson):
        raise LeaveError(_("What a leave takes is decided by the policy; only a branch manager may decide otherwise."))
    if not reason:
        raise LeaveError(_("Say why this leave does not follow the policy."))
    return replace(
        terms,
        share=share,
        gives_make_up=share < WHOLE,
        credits=part_of(lesson.credits, share),
        policy_text=_("Decided by %(person)s; the policy takes %(credits)s credits.")
        % {"person": by, "credits": credits_text(terms.credits)},
    )


@transaction.atomic
def withdraw_leave(*, absence_request, by, now):
    """The child comes after all: expected again, the make-up right gone.

    Raises LeaveError when the roll was called or the make-up is booked or taken, LessonClashError when the child
    is elsewhere by now.
    """
    lock_timetable()
    attendance = locked_attendance(absence_request.attendance)
    absence_request = AbsenceRequest.objects.select_for_update().get(pk=absence_request.pk)
    if absence_request.withdrawn_at:
        return absence_request
    _refuse_withdrawal(attendance)
    settle_right(attendance, is_given=False, expires_date=None, now=now)
    absence_request.withdrawn_at = now
    absence_request.save(update_fields=["withdrawn_at"])
    attendance.status = Attendance.Status.EXPECTED
    with clash_refused_by_database([Wanted(Booking.Kind.STUDENT, attendance.enrolment.student_id, attendance.lesson)]):
        attendance.save(update_fields=["status"])
    return absence_request


def _refuse_withdrawal(attendance):
    lesson = attendance.lesson
    if lesson.is_held:
        raise LeaveError(
            _("The roll of the lesson on %(day)s was called: correct %(student)s there.")
            % {"student": attendance.enrolment.student, "day": day_text(lesson.local_date)}
        )
    used = MakeUp.objects.filter(original=attendance, attendance__isnull=False)
    if make_up := used.select_related("attendance__lesson").first():
        raise LeaveError(
            _("%(student)s makes this lesson up on %(day)s. Cancel the make-up first, then withdraw the leave.")
            % {"student": attendance.enrolment.student, "day": day_text(make_up.attendance.lesson.local_date)}
        )
