"""The rows of the four books, cleaned."""

from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal

from imports.problems import Source
from imports.schedules import Slot


@dataclass(frozen=True, kw_only=True)
class Row:
    """`cells` are the original ones by title; `rest` is what no field holds: unused and unreadable ones."""

    source: Source
    cells: dict = field(repr=False)
    rest: dict = field(default_factory=dict, repr=False)

    @property
    def sheet(self):
        return self.source.sheet

    @property
    def row(self):
        return self.source.row

    @property
    def meaning(self):
        """All that the row says, whatever the shape in which it says it: equal for an exact duplicate."""
        said = (getattr(self, item.name) for item in fields(self) if item.name not in {"source", "cells", "rest"})
        return (self.source.book, *said, *sorted(self.rest.items()))


@dataclass(frozen=True, kw_only=True)
class Person(Row):
    """`phone` is E.164 or empty; `phone_text` is what the book says, so an invalid number is not lost."""

    name: str
    phone: str = ""
    phone_text: str = ""
    can_sms: bool = False
    other_phones: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class StaffRow(Person):
    role: str = ""
    branches: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ClassRow(Row):
    branch: str
    class_name: str
    course: str = ""
    teachers: tuple[str, ...] = ()
    room: str = ""
    slots: tuple[Slot, ...] = ()
    capacity: int | None = None
    start_date: date | None = None
    lessons: int | None = None
    unit_price_minor: int | None = None
    category: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class FamilyRow(Person):
    """What the students' and the enquiries' books both say of a child."""

    branch: str
    gender: str = ""
    birth_date: date | None = None
    school: str = ""
    grade: str = ""
    guardian: str = ""
    relation: str = ""
    course: str = ""
    channel: str = ""
    status: str = ""


@dataclass(frozen=True, kw_only=True)
class StudentRow(FamilyRow):
    """`left` is worked out from the others where its cell is empty (`left_is_derived`)."""

    number: str = ""
    class_name: str = ""
    bought: Decimal | None = None
    gift: Decimal | None = None
    used: Decimal | None = None
    left: Decimal | None = None
    left_is_derived: bool = False
    paid_minor: int | None = None
    last_day: date | None = None
    enrolled_date: date | None = None
    adviser: str = ""

    @property
    def expected_left(self):
        """Bought + gift − used; empty cells count as 0, but without the bought there is nothing to expect."""
        if self.bought is None:
            return None
        return self.bought + (self.gift or 0) - (self.used or 0)


@dataclass(frozen=True, kw_only=True)
class EnquiryRow(FamilyRow):
    registered_date: date | None = None
    owner: str = ""
    next_date: date | None = None
