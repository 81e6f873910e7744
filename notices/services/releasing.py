"""From a draft to what goes out: who may send how many alone, who approves, and the list of people as it then stays."""

from itertools import batched

from django.db import transaction
from django.utils.translation import gettext as _

from messaging.lint import has_errors
from notices.audience import audience_of
from notices.letters import plan_notice
from notices.models import Notice, NoticeLeftOut, NoticePolicy, NoticeRecipient
from notices.services.errors import NoticeError
from notices.services.running import queue_batch
from notices.words import Wording

SEND, APPROVE = "notices.send_notice", "notices.approve_notice"
State = Notice.State
ROWS_AT_ONCE = 500


def holds_everywhere(user, permission, branches):
    """A person who sends for several branches must have the right in each of them."""
    ids = user.branch_ids_with(permission)
    return ids is None or all(branch.pk in ids for branch in branches)


def limit_alone(user, branches):
    """How many messages of one notice this person may send without a second one: by the strictest of the branches."""
    if not branches or not holds_everywhere(user, SEND, branches):
        return 0
    limits = dict(NoticePolicy.objects.filter(branch__in=branches).values_list("pk", "alone_up_to"))
    return min(limits.get(branch.pk, 0) for branch in branches)


def may_approve(notice, user):
    """Another person than the ones who wrote it and asked for it, with the right at all of its branches."""
    is_other = user.pk not in {notice.written_by_id, notice.asked_by_id}
    return is_other and holds_everywhere(user, APPROVE, notice.branches.all())


@transaction.atomic
def ask_for_release(*, notice, message_count, by, now):
    """Send a draft, or where it takes a second person ask for one; returns the notice. Again changes nothing.

    `message_count` is what the person has seen and agreed to: another number is refused. Raises NoticeError.
    """
    notice = _lock(notice)
    if notice.state != State.DRAFT:
        return notice
    plan = _agreed_plan(notice, message_count, now)
    notice.asked_by, notice.asked_at = by, now
    notice.alone_up_to = limit_alone(by, list(notice.branches.all()))
    _note_size(notice, plan)
    if notice.message_count <= notice.alone_up_to:
        return _release(notice, plan, by, now)
    return _move(notice, State.WAITING, by, now)


@transaction.atomic
def approve_notice(*, notice, message_count, by, now):
    """The second person has looked at it: it goes out. Again changes nothing. Raises NoticeError."""
    notice = _lock(notice)
    if notice.is_released:
        return notice
    if notice.state != State.WAITING:
        raise NoticeError(_("This notice was taken back in the meantime."))
    if not may_approve(notice, by):
        raise NoticeError(_("Somebody else than its writer has to approve a notice: ask another manager or the owner."))
    plan = _agreed_plan(notice, message_count, now)
    notice.approved_by = by
    _note_size(notice, plan)
    return _release(notice, plan, by, now)


@transaction.atomic
def send_back(*, notice, reason, by, now):
    """Make a notice that waits for approval a draft again: its writer takes it back, or the second person says why."""
    notice = _lock(notice)
    if notice.state != State.WAITING:
        raise NoticeError(_("This notice does not wait for approval any more."))
    notice.asked_by = notice.asked_at = None
    notice.sent_back_reason = reason
    return _move(notice, State.DRAFT, by, now)


def _agreed_plan(notice, message_count, now):
    wording = Wording(notice)
    if any(has_errors(wording.findings(branch)) for branch in notice.branches.all()):
        raise NoticeError(_("The text holds what the carriers refuse: change it first."))
    plan = plan_notice(notice=notice, audience=audience_of(notice), now=now)
    if not plan.letters:
        raise NoticeError(_("Nobody would get this notice: look who is left out, and why."))
    if plan.message_count != message_count:
        raise NoticeError(_("Meanwhile the list has changed. Look at it again before you send."))
    return plan


def _note_size(notice, plan):
    notice.message_count = plan.message_count
    notice.part_count, notice.cost_minor = plan.estimate.part_count, plan.estimate.cost_minor


def _release(notice, plan, by, now):
    """From here on the people and the words stay. The first batch goes to the outbox at once."""
    notice.released_at = now
    _move(notice, State.SENDING, by, now)
    for letters in batched(plan.letters, ROWS_AT_ONCE):
        _keep_recipients(notice, letters)
    NoticeLeftOut.objects.bulk_create(
        [
            NoticeLeftOut(notice=notice, branch=one.branch, student=one.student, reason=one.reason)
            for one in plan.left_out
        ],
        batch_size=ROWS_AT_ONCE,
    )
    queue_batch(notice, now=now)
    return notice


def _keep_recipients(notice, letters):
    rows = NoticeRecipient.objects.bulk_create(
        NoticeRecipient(notice=notice, branch=letter.branch, guardian=letter.guardian) for letter in letters
    )
    tie = NoticeRecipient.students.through
    tie.objects.bulk_create(
        tie(noticerecipient=row, student=student)
        for row, letter in zip(rows, letters, strict=True)
        for student in letter.students
    )


def _lock(notice):
    return Notice.objects.select_for_update(of=["self"]).get(pk=notice.pk)


def _move(notice, state, by, now):
    notice.state, notice.state_at, notice.state_by = state, now, by
    notice.save()
    return notice
