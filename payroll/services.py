"""What people do with pay: prepare the slips of a month, and approve them."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import local_date
from core.money import yuan
from payroll.approval import Approval
from payroll.models import PaySlip, PaySlipLine
from payroll.sheets import drafts_of, sheets_of


class PayError(Exception):
    """Slips cannot be prepared or approved as asked; carries the sentence the user reads."""


@transaction.atomic
def prepare_slips(*, branch, month, by, now):
    """Give everybody with pay in the month a slip to be approved; the number of new ones."""
    if month > local_date(now, branch.time_zone):
        raise PayError(_("This month has not begun: its slips can be prepared from its first day on."))
    new = [sheet.teacher for sheet in sheets_of(branch=branch, month=month) if sheet.slip is None]
    PaySlip.objects.bulk_create(
        [PaySlip(teacher=teacher, branch=branch, month=month, prepared_by=by, prepared_at=now) for teacher in new],
        ignore_conflicts=True,  # somebody else prepares the same month
    )
    return len(new)


@transaction.atomic
def approve_slips(*, slips, seen_minor, by, now):
    """Freeze slips of a branch and month as they stand; all or none. The number approved: none the second time.

    `seen_minor` is the sum that `by` saw: if a lesson was called meanwhile, they look again.
    """
    locked = PaySlip.objects.select_for_update(of=["self"]).filter(pk__in=[slip.pk for slip in slips]).order_by("pk")
    drafts = [slip for slip in locked.select_related("teacher", "branch") if not slip.is_approved]
    sheets = drafts_of(drafts)
    _refuse(sheets, by=by, now=now)
    total = sum(sheet.total_minor for sheet in sheets)
    if sheets and total != seen_minor:
        seen = {"seen": yuan(seen_minor), "now": yuan(total)}
        raise PayError(_("You saw %(seen)s, and it is %(now)s by now. Look at the slips again, then approve.") % seen)
    for sheet in sheets:
        _freeze(sheet, by=by, now=now)
    return len(sheets)


def _refuse(sheets, *, by, now):
    if sheets:
        slip = sheets[0].slip
        approval = Approval(branch=slip.branch, month=slip.month, by=by, now=now)
        if why := next(filter(None, map(approval.objection, sheets)), ""):
            raise PayError(why)


def _freeze(sheet, *, by, now):
    """The lines first: an approved slip takes no more."""
    slip = sheet.slip
    PaySlipLine.objects.bulk_create(_row(slip, number, line) for number, line in enumerate(sheet.lines, start=1))
    slip.status, slip.approved_by, slip.approved_at = PaySlip.Status.APPROVED, by, now
    slip.lesson_count, slip.minutes, slip.total_minor = sheet.lesson_count, sheet.minutes, sheet.total_minor
    slip.save()


def _row(slip, number, line):
    return PaySlipLine(
        slip=slip,
        position=number,
        kind=line.kind,
        children=line.children,
        about_month=line.about_month,
        working=line.working,
        amount_minor=line.amount_minor,
        **_of_lesson(line.lesson) if line.lesson else {},
    )


def _of_lesson(lesson):
    return {
        "lesson_id": lesson.lesson_id,
        "starts_at": lesson.starts_at,
        "minutes": lesson.minutes,
        "class_name": lesson.class_name,
    }
