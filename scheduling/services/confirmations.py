"""What a family says of a lesson that took credits, written down by the desk."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import day_text, local_date
from enrolments.models import CreditEntry
from scheduling.confirmation import Answer, confirmation_of, days_to_confirm
from scheduling.models import Attendance, LessonReply


class ReplyError(Exception):
    """The reply cannot be recorded; the sentence says why and what to do."""


@transaction.atomic
def record_reply(*, attendance, answer, by, now, reason=""):
    """Write down that the family confirms a lesson, or disputes it, with what it says. Returns the reply.

    The same answer twice is recorded once. A dispute ends by a confirmation, or by correcting the roll.
    """
    attendances = Attendance.objects.select_for_update(of=["self"], no_key=True)
    attendance = attendances.select_related("lesson__branch").get(pk=attendance.pk)
    last = standing_reply(attendance)
    if last and (last.answer, last.reason) == (answer, reason):
        return last
    _refuse(attendance, last, answer, reason, now=now)
    return LessonReply.objects.create(
        attendance=attendance, answer=answer, reason=reason, recorded_at=now, recorded_by=by
    )


def standing_reply(attendance):
    """The last reply to the roll call as it stands: one to a roll call that was undone says nothing."""
    called_at = attendance.lesson.roll_called_at
    return attendance.replies.filter(recorded_at__gte=called_at).order_by("-pk").first() if called_at else None


def _refuse(attendance, last, answer, reason, *, now):
    branch = attendance.lesson.branch
    days = days_to_confirm(branch.rule_pack)
    if days is None:
        raise ReplyError(_("The rules of this branch ask no family to confirm lessons."))
    if not attendance.lesson.is_held or CreditEntry.objects.filter(reference=attendance.reference).total() >= 0:
        raise ReplyError(_("This lesson took no credits: there is nothing to confirm."))
    if answer == Answer.DISPUTED and not reason:
        raise ReplyError(_("Write what the family says of this lesson."))
    today, called_on = (local_date(at, branch.time_zone) for at in (now, attendance.lesson.roll_called_at))
    found = confirmation_of(called_on=called_on, answer=last.answer if last else "", today=today, working_days=days)
    if answer == Answer.DISPUTED and not found.is_disputed and today > found.until:
        raise ReplyError(
            _("Until %(day)s the family could dispute this lesson. If it is wrong all the same, correct the roll.")
            % {"day": day_text(found.until)}
        )
