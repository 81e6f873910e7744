"""From the rows of a table to the lines of a statement; the sentence of an error says what to do."""

import datetime
import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from django.utils.translation import gettext as _

from core.clock import moment
from enrolments.bank_statements.cells import clock_of, fen_of, is_blank, masked, moment_of, text_of, title_of
from enrolments.bank_statements.layouts import LAYOUTS, Layout, generic_layout

TITLES_WITHIN = 60  # rows: what stands above a table is short
IN_WORDS = ("收入", "贷", "收", "入", "c", "credit")
OUT_WORDS = ("支出", "借", "支", "出", "付", "d", "debit")
CLOSED_WORDS = ("交易关闭", "已关闭", "支付失败", "交易失败")
ACCOUNT_ABOVE = re.compile(r"(?:账\s*号|帐\s*号|卡\s*号)\s*[:：]\s*\[?\s*(\d[\d\s]{7,})", re.ASCII)


class StatementError(Exception):
    """The file is no statement of this account; the sentence says why and what to do."""


class UnknownColumnsError(StatementError):
    """Somebody has to say which column means what: `titles` are those to choose from."""

    def __init__(self, message, titles):
        super().__init__(message)
        self.titles = titles


@dataclass(frozen=True)
class StatementRow:
    """A movement as it stands in the file; money in fen, above zero came in."""

    occurred_at: datetime.datetime
    has_time: bool
    day: datetime.date
    amount_minor: int
    key: str
    reference: str = ""
    others: tuple[str, ...] = ()
    payer: str = ""
    note: str = ""


@dataclass
class Statement:
    layout: Layout
    account_number: str = ""  # digits of the owner's account, where the file tells them
    rows: list[StatementRow] = field(default_factory=list)
    passed_over: int = 0


def read_statement(rows, *, kind, time_zone, columns=None):
    """The statement in the rows of a sheet; `kind` is the account's, `columns` what a person said of them."""
    titles, number, layout = _table(rows, kind, columns)
    if layout.kind != kind:
        raise StatementError(
            _("This is a statement of another kind of account: choose the account of %(kind)s, or the other file.")
            % {"kind": {"wechat": _("WeChat Pay"), "alipay": _("Alipay")}[layout.kind]}
        )
    statement = Statement(layout, _account_above(rows[:number]))
    reader = _Reader(layout, titles, time_zone)
    for row_number, cells in enumerate(rows[number + 1 :], start=number + 2):
        reader.take(statement, row_number, cells)
    if not statement.rows:
        raise StatementError(_("No money moves in this file: choose a period in which something was paid."))
    return statement


def _table(rows, kind, columns):
    """(titles, the row in which they stand, the layout)."""
    above = [[title_of(cell) for cell in row] for row in rows[:TITLES_WITHIN]]
    for layout in LAYOUTS:
        for number, titles in enumerate(above):
            if set(layout.marks) <= set(titles):
                return titles, number, layout
    for number, titles in enumerate(above):
        if columns and set(columns.values()) <= set(titles):
            return titles, number, generic_layout(titles, kind, columns)
    for number, titles in enumerate(above):
        if found := generic_layout(titles, kind):
            return titles, number, found
    raise _unknown(rows, above)


def kind_of(rows):
    """The kind of account that a statement is of, where its titles tell; a bank's otherwise."""
    above = [{title_of(cell) for cell in row} for row in rows[:TITLES_WITHIN]]
    return next((one.kind for one in LAYOUTS if any(set(one.marks) <= titles for titles in above)), "bank")


def _unknown(rows, above):
    """The titles stand right above the first row that has a day and an amount."""
    first = next((number for number, row in enumerate(rows[: TITLES_WITHIN + 1]) if _moves_money(row)), 0)
    titles = next((titles for titles in reversed(above[:first]) if len(list(filter(None, titles))) > 1), [])
    if not titles:
        return StatementError(_("This file holds no table: export the statement as .csv or .xlsx, and try again."))
    return UnknownColumnsError(
        _("The columns of this file are not known yet: say once which is which."),
        list(dict.fromkeys(filter(None, titles))),
    )


def _moves_money(row):
    return any(map(moment_of, row)) and any(fen_of(cell) for cell in row if not moment_of(cell))


def _account_above(rows):
    texts = (text_of(cell) for row in rows for cell in row)
    found = next((match for text in texts if (match := ACCOUNT_ABOVE.search(text))), None)
    return re.sub(r"\s", "", found[1]) if found else ""


class _Reader:
    """Reads row after row, and counts those that are equal."""

    def __init__(self, layout, titles, time_zone):
        self.layout, self.time_zone = layout, time_zone
        self.index = {title: number for number, title in reversed(list(enumerate(titles))) if title}
        self.seen = Counter()

    def take(self, statement, number, cells):
        """A row with a day is a movement; what stands below the table is none."""
        when = moment_of(self._cell(cells, "time"))
        if when is None:
            self._refuse_lost(number, cells)
            return
        amount, numbers = self._amount(number, cells), self._numbers(cells)
        if not amount or self._is_closed(cells):
            statement.passed_over += 1
            return
        statement.account_number = self._same_account(statement, cells)
        statement.rows.append(self._row(cells, when, amount, numbers))

    def _row(self, cells, when, amount, numbers):
        day, clock = when
        clock = clock or clock_of(self._cell(cells, "clock"))
        told = {
            "occurred_at": moment(day, clock or datetime.time.min, self.time_zone),
            "amount_minor": amount,
            "payer": masked(self._cell(cells, "payer")),
            "note": self._text(cells, "note")[:100],
        }
        key = self._key(numbers, told, text_of(self._cell(cells, "payer")))
        return StatementRow(
            **told, day=day, has_time=clock is not None, key=key, reference=numbers[0], others=numbers[1:]
        )

    def _key(self, numbers, told, payer):
        """The provider's number with the amount, else all that is told; and how many equal rows stood above."""
        if self.layout.has_numbers and numbers[0]:
            key = f"{numbers[0]}:{told['amount_minor']}"
        else:
            facts = [*numbers, told["occurred_at"].isoformat(), str(told["amount_minor"]), payer, told["note"]]
            key = sha256("\n".join(facts).encode()).hexdigest()
        self.seen[key] += 1
        return f"{key}:{self.seen[key]}"

    # --- cells ---

    def _at(self, cells, title):
        place = self.index.get(title)
        return cells[place] if place is not None and place < len(cells) else None

    def _cell(self, cells, name):
        return self._at(cells, self.layout.columns.get(name))

    def _text(self, cells, name):
        return "" if is_blank(self._cell(cells, name)) else text_of(self._cell(cells, name))

    def _is_refund(self, cells):
        refunds = self.layout.refunds
        return bool(refunds) and text_of(self._at(cells, refunds.column)).upper() in refunds.words

    def _amount(self, number, cells):
        """In fen; 0 of a row that neither brings nor takes money."""
        if self._is_refund(cells):
            amounts = (self._fen(number, self._at(cells, title)) for title in self.layout.refunds.amounts)
            return -abs(next((amount for amount in amounts if amount), 0))
        if "amount" not in self.layout.columns:
            income, outgo = (self._fen(number, self._cell(cells, name)) for name in ("income", "outgo"))
            return income - abs(outgo)
        amount = self._fen(number, self._cell(cells, "amount"))
        return amount if "direction" not in self.layout.columns else self._sign(cells) * abs(amount)

    def _sign(self, cells):
        word = self._text(cells, "direction").lower()
        return word.startswith(IN_WORDS) - word.startswith(OUT_WORDS)

    def _fen(self, number, value):
        fen = fen_of(value)
        if fen is None:
            raise StatementError(
                _("Row %(number)d: “%(value)s” is no amount in yuan. Nothing was stored: mend the row, and try again.")
                % {"number": number, "value": text_of(value)[:30]}
            )
        return fen

    def _numbers(self, cells):
        """The line's own number first, then the others by which somebody may have recorded it."""
        refunds = self.layout.refunds if self._is_refund(cells) else None
        own = "" if refunds is None or is_blank(self._at(cells, refunds.reference)) else refunds.reference
        others = (self._at(cells, title) for title in self.layout.others)
        texts = [self._at(cells, own) if own else self._cell(cells, "reference"), *others]
        numbers = ["" if is_blank(text) else text_of(text).replace(" ", "")[:64] for text in texts]
        return (numbers[0], *dict.fromkeys(number for number in numbers[1:] if number and number != numbers[0]))

    def _is_closed(self, cells):
        return self._text(cells, "status") in CLOSED_WORDS

    def _same_account(self, statement, cells):
        titles = (title for title in self.layout.account if not is_blank(self._at(cells, title)))
        numbers = (text_of(self._at(cells, title)) for title in titles)
        number = next((number for number in numbers if number != "0"), statement.account_number)
        if statement.rows and number != statement.account_number:
            raise StatementError(
                _("This file holds lines of several accounts (…%(one)s and …%(other)s): export each by itself.")
                % {"one": statement.account_number[-4:], "other": number[-4:]}
            )
        return number

    def _refuse_lost(self, number, cells):
        """A row with money and a number, but no day, is not passed over in silence."""
        names = [name for name in ("amount", "income", "outgo") if name in self.layout.columns]
        has_money = any(fen_of(self._cell(cells, name)) for name in names)
        if has_money and self._text(cells, "reference") and not is_blank(self._cell(cells, "time")):
            raise StatementError(
                _("Row %(number)d: “%(value)s” is no day. Nothing was stored: mend the row, and try again.")
                % {"number": number, "value": text_of(self._cell(cells, "time"))[:30]}
            )
