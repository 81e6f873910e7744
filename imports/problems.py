"""What an import says about a book: problems of rows, and the one sentence when a book cannot be read."""

from dataclasses import dataclass
from enum import StrEnum


class BookError(Exception):
    """A book, a folder or a mapping cannot be used at all; carries the sentence the user reads."""


class BadValueError(Exception):
    """One cell is not understood: why, and what to write instead."""

    def __init__(self, reason, mend, code="bad_value"):
        super().__init__(reason)
        self.reason = reason
        self.mend = mend
        self.code = code


class Severity(StrEnum):
    ERROR = "error"  # the row cannot be used
    WARNING = "warning"  # the row is used; something was left out of it, or needs a person's eye
    NOTE = "note"  # a decision of the reader that somebody may want to check


@dataclass(frozen=True, slots=True)
class Source:
    """Where something stands. `row` is the number Excel shows; 0 means the whole sheet, or the whole file."""

    book: str
    file: str
    sheet: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Problem:
    book: str
    sheet: str
    row: int
    column: str
    value: str
    reason: str
    mend: str
    severity: Severity
    code: str
    file: str = ""

    def as_dict(self):
        return {name: getattr(self, name) for name in self.__slots__}


def problem_at(source, *, reason, mend, severity, code, column="", value=""):
    return Problem(
        book=source.book,
        sheet=source.sheet,
        row=source.row,
        column=column,
        value=str(value),
        reason=reason,
        mend=mend,
        severity=severity,
        code=code,
        file=source.file,
    )
