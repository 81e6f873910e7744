"""Reconciliation (对账): statements come in, and their lines are matched with our books."""

from datetime import timedelta
from hashlib import sha256
from itertools import batched

from django.db import transaction
from django.utils.translation import gettext as _

from core.money import yuan
from enrolments.bank_statements.matching import match
from enrolments.bank_statements.reading import StatementError, read_statement
from enrolments.models import PaymentAccount, StatementImport, StatementLine, StatementMatch
from enrolments.reconciliation import line_of, open_item, open_items

AT_ONCE = 2_000  # rows in a statement of SQL
BEFORE, AFTER = timedelta(days=7), timedelta(days=62)  # what was forgotten is recorded long after the money came
Rule = StatementMatch.Rule


class ReconciliationError(Exception):
    """It cannot be matched so; the sentence says why and what to do."""


def add_account(*, branch, kind, name):
    """An account whose statements will be read; the one of this name, if the branch has it already."""
    account, _created = PaymentAccount.objects.get_or_create(branch=branch, kind=kind, name=name.strip())
    return account


def import_statement(*, account, rows, file_digest, by, now, columns=None):
    """Store the lines of a statement that are not known yet, and match what is certain.

    `rows` are the cells of its table, `columns` {field: title} what a person said of a table with unknown titles.
    The same file again changes nothing and returns the first import. Raises StatementError, with nothing stored.
    """
    statement = read_statement(
        rows, kind=account.kind, time_zone=account.branch.time_zone, columns=columns or account.columns
    )
    with transaction.atomic():
        _lock(account.branch_id)
        account = PaymentAccount.objects.select_related("branch").get(pk=account.pk)
        if known := StatementImport.objects.filter(account=account, file_digest=file_digest).first():
            return known
        _claim_number(account, statement.account_number)
        if columns:
            PaymentAccount.objects.filter(pk=account.pk).update(columns=columns)
        imported = _store(account, statement, file_digest, by, now)
        _match_certain(account, by=by, now=now)
    return imported


def _lock(branch_id):
    """One hand at a time matches the money of a branch."""
    list(PaymentAccount.objects.select_for_update().filter(branch=branch_id).order_by("pk").values_list("pk"))


def _claim_number(account, number):
    """The first file that tells a number gives it to the account; from then on another one is another account's."""
    if not number:
        return
    digest, end = sha256(f"{account.kind}:{number}".encode()).hexdigest(), number[-4:]
    if account.number_digest and account.number_digest != digest:
        raise StatementError(
            _("This file is of the account …%(other)s, and “%(account)s” is …%(own)s: choose the account it is of.")
            % {"other": end, "account": account, "own": account.number_end}
        )
    if PaymentAccount.objects.filter(number_digest=digest).exclude(pk=account.pk).exists():
        raise StatementError(
            _("This file is of the account …%(other)s, which stands here under another name or branch: choose that.")
            % {"other": end}
        )
    PaymentAccount.objects.filter(pk=account.pk).update(number_digest=digest, number_end=end)


def _store(account, statement, file_digest, by, now):
    keys = [row.key for row in statement.rows]
    lines = StatementLine.objects.filter(account=account)
    known = {key for some in batched(keys, AT_ONCE) for key in lines.filter(key__in=some).values_list("key", flat=True)}
    new = [row for row in statement.rows if row.key not in known]
    imported = StatementImport.objects.create(
        account=account,
        layout=statement.layout.key,
        file_digest=file_digest,
        first_day=min(row.day for row in statement.rows),
        last_day=max(row.day for row in statement.rows),
        new_lines=len(new),
        known_lines=len(known),
        passed_over=statement.passed_over,
        imported_at=now,
        imported_by=by,
    )
    StatementLine.objects.bulk_create([_line(imported, row) for row in new], batch_size=AT_ONCE)
    return imported


def _line(imported, row):
    return StatementLine(
        account_id=imported.account_id,
        statement=imported,
        key=row.key,
        occurred_at=row.occurred_at,
        has_time=row.has_time,
        day=row.day,
        amount_minor=row.amount_minor,
        reference=row.reference,
        other_references=" ".join(row.others)[:200],
        payer=row.payer,
        note=row.note,
    )


@transaction.atomic
def match_again(*, branch, by, now):
    """Match what has become certain since, such as payments that were recorded later. Returns how many lines."""
    _lock(branch.pk)
    accounts = PaymentAccount.objects.filter(branch=branch).select_related("branch").order_by("pk")
    return sum(_match_certain(account, by=by, now=now) for account in accounts)


def _match_certain(account, *, by, now):
    """What a person has undone once is left to persons."""
    rows = StatementLine.objects.open().filter(account=account, matches__isnull=True).order_by("pk")
    lines = [line_of(row, account.kind) for row in rows]
    if not lines:
        return 0
    days = [line.day for line in lines]
    pairs = match(lines, open_items(account.branch, account.methods, min(days) - BEFORE, max(days) + AFTER))
    told = {"matched_at": now, "matched_by": by}
    matches = [
        StatementMatch(
            line_id=pair.line.key, rule=Rule(pair.rule), **{f"{pair.item.key[0]}_id": pair.item.key[1]}, **told
        )
        for pair in pairs
    ]
    StatementMatch.objects.bulk_create(matches, batch_size=AT_ONCE)
    return len(matches)


@transaction.atomic
def match_by_hand(*, line, key, by, now):
    """A person says that a line is this payment, payout or movement of a wallet; once. Returns the match.

    `key` is ("payment", 17), as of matching.Item.
    """
    account = line.account
    _lock(account.branch_id)
    side, pk = key
    if standing := StatementMatch.objects.standing().filter(line=line).first():
        if getattr(standing, f"{side}_id") == pk:
            return standing
        raise ReconciliationError(_("This line was matched meanwhile: open the page anew."))
    item = open_item(account.branch, account.methods, key)
    if item is None:
        raise ReconciliationError(_("This payment was matched with another line meanwhile: open the page anew."))
    if item.amount_minor != line.amount_minor:
        raise ReconciliationError(
            _("The line is %(line)s and our books say %(item)s: take the payment back and record what was paid.")
            % {"line": yuan(line.amount_minor), "item": yuan(item.amount_minor)}
        )
    return StatementMatch.objects.create(line=line, rule=Rule.HAND, matched_at=now, matched_by=by, **{f"{side}_id": pk})


@transaction.atomic
def set_aside(*, branch, lines, reason, by, now):
    """Lines that are none of our payments, such as fees: with a reason. Returns how many were open."""
    _lock(branch.pk)
    if not reason.strip():
        raise ReconciliationError(_("Write why the line is none of our payments: it stays with the line."))
    rows = lines.open().filter(account__branch=branch)
    told = {"rule": Rule.ASIDE, "reason": reason.strip()[:100], "matched_at": now, "matched_by": by}
    matches = StatementMatch.objects.bulk_create([StatementMatch(line=line, **told) for line in rows])
    return len(matches)


@transaction.atomic
def undo_match(*, match, by, now):
    """The match was wrong: both sides are open again, and it stays on record. Repeating it changes nothing."""
    _lock(match.branch_id)
    match = StatementMatch.objects.get(pk=match.pk)
    if match.undone_at is None:
        match.undone_at, match.undone_by = now, by
        match.save(update_fields=["undone_at", "undone_by"])
    return match
