"""Which guardian gets what. All that is low of one guardian at one branch is one message a day."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched

from branches.models import Branch
from messaging.models import AlsoAbout, OutboundMessage, Purpose, Status, Suppression
from messaging.routing import branches_telling_everybody
from messaging.services import NewMessage, queue_messages
from renewals.cadence import Reached, Reason, Told
from renewals.models import ReminderLine
from renewals.notifications.accounts import Account, day_of
from renewals.notifications.words import RENEWAL_REMINDER
from students.models import Guardianship

USEFUL_FOR = timedelta(days=3)
AT_ONCE = 2000  # ids in one question
ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class LeftOut:
    """An enrolment that nobody is reminded of, and why."""

    account: Account
    reason: Reason


@dataclass(frozen=True)
class Letter:
    """What one guardian is told of one branch on one day: an account for each child and course."""

    branch: Branch
    guardian_id: int
    language: str
    due_at: datetime
    accounts: list[Account] = field(default_factory=list)

    @property
    def message(self):
        """The day is in the key: planning twice is planning once, and a child that is added comes into the same row."""
        return NewMessage(
            branch=self.branch,
            recipient=f"guardian:{self.guardian_id}",
            about=self.abouts[0],
            kind=RENEWAL_REMINDER,
            subject=f"branch:{self.branch.pk}",
            occurrence=f"day:{day_of(self.due_at, self.branch)}",
            due_at=self.due_at,
            useful_until=self.due_at + USEFUL_FOR,
        )

    @property
    def abouts(self):
        """The children, each once."""
        return list(dict.fromkeys(f"student:{account.enrolment.student_id}" for account in self.accounts))


# --- writing ---------------------------------------------------------------------------------------------


def write_letters(accounts, *, due_at, by_cadence):
    """(letters, left out) of accounts; `due_at` is {branch id: moment}. Six queries for a thousand families.

    `by_cadence`: only what has reached a step that the guardian was not told of; otherwise somebody has chosen them.
    """
    letters, left_out = {}, []
    open_accounts = []
    for account in accounts:
        reason = account.refusal_of_cadence() if by_cadence else account.refusal()
        left_out.append(LeftOut(account, reason)) if reason else open_accounts.append(account)
    people = _People(open_accounts)
    for account in open_accounts:
        refusals = [
            _put_into(letters, account, guardian, people, due_at, by_cadence) for guardian in people.of(account)
        ]
        if None not in refusals:
            left_out.append(LeftOut(account, next(iter(refusals), Reason.NO_PHONE)))
    ready, gone = _split_by_row(list(letters.values()))
    left_out += [LeftOut(account, Reason.TOLD) for letter in gone for account in letter.accounts]
    return ready, left_out


def _split_by_row(letters):
    """(those that can be queued, those whose guardian's message of the day is on its way, or was dropped)."""
    keys = [letter.message.dedupe_key for letter in letters]
    taken = set()
    for some in batched(keys, AT_ONCE):
        rows = OutboundMessage.objects.filter(dedupe_key__in=some).exclude(status=Status.QUEUED, attempt_count=0)
        taken |= set(rows.values_list("dedupe_key", flat=True))
    ready = [letter for letter in letters if letter.message.dedupe_key not in taken]
    return ready, [letter for letter in letters if letter.message.dedupe_key in taken]


def _put_into(letters, account, guardian, people, due_at, by_cadence):
    """Into the guardian's letter, or why not."""
    due = due_at[account.branch.pk]
    told = people.told(account, guardian)
    if (guardian.phone, account.branch.pk) in people.opted_out:
        return Reason.OPTED_OUT
    if by_cadence and not account.reached.goes_beyond([one.reached for one in told]):
        return Reason.NOTHING_NEW
    if refusal := account.cadence.refusal(told, day_of(due, account.branch)):
        return refusal
    key = account.branch.pk, guardian.pk
    letters.setdefault(key, Letter(account.branch, guardian.pk, guardian.message_language, due)).accounts.append(
        account
    )
    return None


class _People:
    """Who is told about the children, which of them want nothing, and what they were told in this low period."""

    def __init__(self, accounts):
        self.guardians = defaultdict(list)
        self.history = defaultdict(list)
        self.everybody = branches_telling_everybody()
        for some in batched(accounts, AT_ONCE):
            self._read(some)
        self.opted_out = self._read_opted_out(accounts)

    def of(self, account):
        """Who can be told: with a phone, or at a branch that hands out slips to those without."""
        told = self.guardians[account.enrolment.student_id]
        return [guardian for guardian in told if guardian.phone or account.branch.pk in self.everybody]

    def told(self, account, guardian):
        return self.history[account.enrolment.pk, guardian.pk, account.lot_number]

    def _read(self, accounts):
        branches = {account.enrolment.pk: account.branch for account in accounts}
        students = {account.enrolment.student_id for account in accounts}
        told = Guardianship.objects.filter(student__in=students, is_told=True)
        for row in told.select_related("guardian").order_by("-is_main", "pk"):
            if row.guardian not in self.guardians[row.student_id]:
                self.guardians[row.student_id].append(row.guardian)
        lines = ReminderLine.objects.counted().filter(enrolment__in=branches)
        facts = ("enrolment", "guardian", "lot_number", "message__due_at", "credits_step", "days_step")
        for enrolment_id, guardian_id, lot_number, at, *steps in lines.values_list(*facts):
            told = Told(day_of(at, branches[enrolment_id]), Reached(*steps))
            self.history[enrolment_id, guardian_id, lot_number].append(told)

    def _read_opted_out(self, accounts):
        branches = {account.branch.pk for account in accounts}
        phones = {guardian.phone for guardians in self.guardians.values() for guardian in guardians if guardian.phone}
        pairs = set()
        for some in batched(phones, AT_ONCE):
            rows = Suppression.objects.filter(phone__in=some, purpose=Purpose.SERVICE)
            for phone, branch_id in rows.values_list("phone", "branch"):
                pairs |= {(phone, one) for one in ([branch_id] if branch_id else branches)}
        return pairs


# --- queueing --------------------------------------------------------------------------------------------


def queue_letters(letters, *, bulks=None):
    """Write letters to the outbox, in the caller's transaction; returns those that were written.

    A row of the day that still waits takes the accounts in. One that was sent, or is being sent, does not: they
    are told on another day. `bulks`: the BulkReminder of each branch id, when somebody sends them by hand.
    """
    return [letter for some in batched(letters, ROWS_AT_ONCE) for letter in _queue_batch(some, bulks or {})]


def _queue_batch(letters, bulks):
    queue_messages([letter.message for letter in letters])
    keys = [letter.message.dedupe_key for letter in letters]
    waiting = OutboundMessage.objects.select_for_update().filter(status=Status.QUEUED, attempt_count=0)
    rows = {row.dedupe_key: row for row in waiting.filter(dedupe_key__in=keys)}
    written = [letter for letter in letters if letter.message.dedupe_key in rows]
    lines, abouts = [], []
    for letter in written:
        row = rows[letter.message.dedupe_key]
        lines += [_line(row, letter, account, bulks.get(letter.branch.pk)) for account in letter.accounts]
        abouts += [AlsoAbout(message=row, about=about) for about in letter.abouts if about != row.about]
    ReminderLine.objects.bulk_create(lines, ignore_conflicts=True)
    AlsoAbout.objects.bulk_create(abouts, ignore_conflicts=True)
    return written


def _line(row, letter, account, bulk):
    return ReminderLine(
        message=row,
        enrolment=account.enrolment,
        guardian_id=letter.guardian_id,
        lot_number=account.lot_number,
        credits_step=account.reached.credits,
        days_step=account.reached.days,
        bulk=bulk,
    )
