"""What became of a notice: counted, listed, and as a workbook."""

from collections import Counter, defaultdict
from itertools import product
from zoneinfo import ZoneInfo

from django.db.models import Count, Prefetch, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from core.workbook import Sheet, workbook_bytes
from messaging.models import BY_HAND, InboundMessage, Status
from messaging.states import STATES, TO_TELL, reason_of, state_of
from notices.models import Notice, NoticeLeftOut, NoticeRecipient

TO_SEND, NOT_SENT, REVIEW, REPLIED = "to_send", "not_sent", "review", "replied"
KEYS = [*(state.key for state in STATES), TO_TELL]
WORDS = {state.key: state.word for state in STATES} | {TO_TELL: gettext_lazy("To be told in person")}
CHIPS = {state.key: state.chip for state in STATES} | {TO_TELL: "warn"}
_KEY_OF = {status: state.key for state in STATES for status in state.statuses}


def key_of(notice_state, status, channel=""):
    """In which of the states of messages a recipient is; `status` is None while nothing is in the outbox.

    What waits is still to be sent while the notice goes on or may go on, and is not sent once it has ended. So is what
    a pause took back.
    """
    is_open = notice_state in (Notice.State.SENDING, Notice.State.PAUSED)
    if status is None or status == Status.CANCELLED:
        return TO_SEND if is_open else NOT_SENT
    if notice_state == Notice.State.STOPPED and status in (Status.QUEUED, Status.CLAIMED):
        return NOT_SENT
    if status == Status.ACCEPTED and channel in BY_HAND:
        return TO_TELL
    return _KEY_OF[status]


def count_states(recipients):
    """{notice id: {key: number}} of recipients, in one query."""
    facts = ["notice", "notice__state", "message__status", "message__channel"]
    counts = defaultdict(Counter)
    for notice_id, *state, number in recipients.order_by().values_list(*facts).annotate(Count("pk")):
        counts[notice_id][key_of(*state)] += number
    return counts


def in_state(recipients, notice, key):
    """The recipients of a notice in this state; also those who replied. Any other key leaves them as they are."""
    if key == REPLIED:
        return recipients.filter(message__replies__isnull=False).distinct()
    if key not in KEYS:
        return recipients
    found = recipients.none()
    for status, channel in product(Status.values, ["", *BY_HAND]):
        if key_of(notice.state, status, channel) == key:
            found |= recipients.filter(_carried(channel), message__status=status)
    return found | recipients.filter(message=None) if key_of(notice.state, None) == key else found


def _carried(channel):
    return Q(message__channel=channel) if channel else ~Q(message__channel__in=BY_HAND)


def replies_to(notice, user):
    """What families wrote back, as far as this person may read it."""
    return InboundMessage.objects.visible_to(user).filter(in_reply_to__notice_recipient__notice=notice)


def with_facts(recipients, user):
    """With all that a line of the report shows."""
    replies = Prefetch("message__replies", InboundMessage.objects.visible_to(user).order_by("received_at"), "answers")
    return recipients.select_related("branch", "guardian", "message", "notice").prefetch_related("students", replies)


def describe(recipients):
    """Adds to each `key`, `word`, `chip`, `reason` and `said`, what the family wrote back."""
    for recipient in recipients:
        message = recipient.message
        recipient.key = key_of(recipient.notice.state, message and message.status, message and message.channel)
        recipient.word, recipient.chip = WORDS[recipient.key], CHIPS[recipient.key]
        if message and recipient.key == state_of(message).key:
            recipient.word = state_of(message).word  # it may say more: by whom it is to be told
        recipient.reason = reason_of(message) if message and recipient.key != TO_SEND else ""
        recipient.said = list(message.answers) if message and hasattr(message, "answers") else []
    return recipients


def left_out_by_reason(left_out):
    """[(label, rows)] in the order of the reasons."""
    groups = defaultdict(list)
    for row in left_out.select_related("student", "branch"):
        groups[row.reason].append(row)
    return [(reason.label, groups[reason]) for reason in NoticeLeftOut.Reason if reason in groups]


def report_workbook(notice, *, user):
    """An .xlsx: every guardian and what became of the message, and who was left out. Phones are masked."""
    recipients = with_facts(NoticeRecipient.objects.visible_to(user).filter(notice=notice), user)
    left_out = NoticeLeftOut.objects.visible_to(user).filter(notice=notice)
    people = [
        _("Branch"),
        _("Children"),
        _("Guardian"),
        _("Phone"),
        pgettext("message", "Sent at"),
        _("What became of it"),
        _("Why"),
        _("Replies"),
    ]
    missing = [_("Branch"), _("Child"), _("Why")]
    return workbook_bytes(
        [
            Sheet(pgettext("notice", "Recipients"), people, [_line(one) for one in describe(recipients)]),
            Sheet(
                pgettext("reminded at once", "Left out"),
                missing,
                [
                    [str(row.branch), row.student.name, row.get_reason_display()]
                    for row in left_out.select_related("branch", "student")
                ],
            ),
        ]
    )


def _line(recipient):
    message = recipient.message
    is_sent = message and message.attempt_count
    zone = ZoneInfo(recipient.branch.time_zone)
    return [
        str(recipient.branch),
        " ".join(student.name for student in recipient.students.all()),
        recipient.guardian.name,
        message.masked_phone if message else "",
        message.status_at.astimezone(zone).replace(tzinfo=None) if is_sent else None,
        str(recipient.word),
        str(recipient.reason),
        "\n".join(reply.body for reply in recipient.said),
    ]
