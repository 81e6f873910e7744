"""What a lesson pays its teacher, and what a month comes to. Values in, values out; money in fen.

Bands are half-open: [from, next). A lesson that earned exactly 500 is in the band that begins at 500.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.clock import last_day_of
from core.money import share_of


class Basis(models.TextChoices):
    LESSON = "lesson", _("So much a lesson")
    TIERS = "tiers", _("So much a lesson, by the number of lessons in the month")
    HEADS = "heads", _("By the number of children in the lesson")
    REVENUE = "revenue", _("A share of what the lesson earned")


class LineKind(models.TextChoices):
    LESSON = "lesson", pgettext_lazy("pay", "Lesson")
    FULL_CLASS = "full_class", pgettext_lazy("pay", "Bonus for full classes")
    BASE = "base", pgettext_lazy("pay", "Base pay")
    GUARANTEE = "guarantee", pgettext_lazy("pay", "Top-up to the guaranteed pay")
    ADJUSTMENT = "adjustment", pgettext_lazy("pay", "Adjustment of an earlier month")


class Unpaid(models.TextChoices):
    """Why a lesson is on the slip and adds nothing."""

    NO_RATE = "no_rate", _("No pay rate holds on this day")
    SUBSTITUTE = "substitute", _("Taught as a substitute, which this scheme does not pay")
    NOBODY = "nobody", _("No child that counts was there")
    IN_BASE = "in_base", _("Covered by the base pay")
    BELOW = "below", _("Below the first band")


@dataclass(frozen=True)
class Children:
    """Children of one lesson who are alike in what decides whether they count.

    `status` is that of their attendance, or "trial" for a guest who came; `revenue_minor` what they earned together.
    """

    status: str
    number: int
    revenue_minor: int = 0
    is_make_up: bool = False


@dataclass(frozen=True)
class TaughtLesson:
    """A lesson that was held, as its pay sees it. `day` is the branch's."""

    lesson_id: int
    day: date
    starts_at: datetime
    minutes: int
    class_name: str
    course_id: int | None = None
    is_substitute: bool = False
    children: tuple[Children, ...] = ()

    @property
    def ends_at(self):
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Tier:
    """From `at_least` (lessons, or fen of the lesson's revenue) up to the next tier: fen a lesson, or per cent."""

    at_least: int
    rate: int | Decimal


@dataclass(frozen=True)
class Terms:
    """A pay scheme as values; what each means is told by `payroll.models.PayScheme`."""

    scheme_id: int
    name: str
    basis: str
    amount_minor: int = 0
    children_included: int = 0
    extra_minor: int = 0
    tiers: tuple[Tier, ...] = ()
    is_progressive: bool = False
    base_minor: int = 0
    minimum_lessons: int = 0
    guaranteed_minor: int = 0
    full_class_children: int = 0
    full_class_minor: int = 0
    counts_trials: bool = True
    counts_make_ups: bool = True
    counts_leave: bool = False
    counts_absent: bool = False
    pays_substitutes: bool = True


@dataclass(frozen=True)
class Rate:
    """`terms` hold for a teacher's lessons from `valid_from` to `valid_until`, both included; of one course, or all."""

    rate_id: int
    terms: Terms
    valid_from: date
    valid_until: date | None = None
    course_id: int | None = None

    def holds_on(self, day):
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True)
class Line:
    """One line of a slip. `working` holds the figures that `amount_minor` follows from, as JSON can keep them."""

    kind: str
    amount_minor: int
    working: dict = field(default_factory=dict)
    lesson: TaughtLesson | None = None
    children: int = 0
    about_month: date | None = None

    @property
    def label(self):
        return LineKind(self.kind).label

    @property
    def has_no_rate(self):
        return self.working.get("unpaid") == Unpaid.NO_RATE


def days_of(month, rate):
    """(days of the month on which the rate holds, days of the month)."""
    last = last_day_of(month)
    first_day, last_day = max(month, rate.valid_from), min(last, rate.valid_until or last)
    return max((last_day - first_day).days + 1, 0), last.day


# --- one lesson ------------------------------------------------------------------------------------------


def counted(lesson, terms):
    """The children of the lesson who count by the scheme's switches."""
    counts = {
        "present": True,
        "late": True,
        "trial": terms.counts_trials,
        "leave": terms.counts_leave,
        "absent": terms.counts_absent,
    }
    return [
        group
        for group in lesson.children
        if counts.get(group.status) and (terms.counts_make_ups or not group.is_make_up)
    ]


def rate_of(lesson, rates):
    """The rate of the lesson's course, else the one for all courses; None where none holds on the day."""
    holding = [rate for rate in rates if rate.holds_on(lesson.day) and rate.course_id in (None, lesson.course_id)]
    return max(holding, key=lambda rate: rate.course_id is not None, default=None)


def why_unpaid(lesson, rate):
    """Why a lesson pays nothing whatever the figures; None when it pays."""
    if rate is None:
        return Unpaid.NO_RATE
    if lesson.is_substitute and not rate.terms.pays_substitutes:
        return Unpaid.SUBSTITUTE
    return None if counted(lesson, rate.terms) else Unpaid.NOBODY


def band_of(tiers, value):
    """(the tier whose band [from, next) holds `value`, where the next begins); (None, …) below the first."""
    ordered = sorted(tiers, key=lambda tier: tier.at_least)
    reached = [tier for tier in ordered if tier.at_least <= value]
    above = [tier.at_least for tier in ordered if tier.at_least > value]
    return (reached[-1] if reached else None), (above[0] if above else None)


def price_of(lesson, terms, number):
    """(fen, working) of a lesson that pays; `number` is the one that bands of lessons go by."""
    heads = counted(lesson, terms)
    if terms.basis == Basis.TIERS:
        return _by_lessons(terms, number)
    if terms.basis == Basis.REVENUE:
        return _by_revenue(terms, sum(group.revenue_minor for group in heads))
    if terms.basis == Basis.HEADS:
        return _by_heads(terms, sum(group.number for group in heads))
    return terms.amount_minor, {"rate": terms.amount_minor}


def _by_lessons(terms, number):
    tier, next_from = band_of(terms.tiers, number)
    if tier is None:
        return 0, {"unpaid": Unpaid.BELOW.value, "lessons": number}
    return tier.rate, {"rate": tier.rate, "lessons": number, "from": tier.at_least, "next": next_from}


def _by_revenue(terms, revenue):
    tier, next_from = band_of(terms.tiers, revenue)
    if tier is None:
        return 0, {"unpaid": Unpaid.BELOW.value, "revenue": revenue}
    working = {"revenue": revenue, "percent": f"{tier.rate.normalize():f}", "from": tier.at_least, "next": next_from}
    return share_of(revenue, tier.rate, 100), working


def _by_heads(terms, children):
    more = max(children - terms.children_included, 0)
    working = {
        "rate": terms.amount_minor,
        "included": terms.children_included,
        "more": more,
        "extra": terms.extra_minor,
    }
    return terms.amount_minor + more * terms.extra_minor, working


# --- a month ---------------------------------------------------------------------------------------------


def pay_of(*, month, lessons, rates):
    """The lines of a teacher's month at a branch: lessons by time, bonuses, base pay, top-ups. Their sum is the pay."""
    lines = list(_lesson_lines(month, lessons, rates))
    full = _full_classes(lessons, rates)
    bonuses = list(_bonus_lines(rates, full))
    monthly = []
    for rate in rates:
        days, of_days = days_of(month, rate)
        if days and rate.course_id is None:
            monthly += _monthly_lines(rate, days, of_days, _earned(rate, lines, full))
    return [*lines, *bonuses, *monthly]


def _earned(rate, lines, full):
    """What the lessons of the rate's days pay, of whatever course, with their bonuses."""
    own = [line for line in lines if rate.holds_on(line.lesson.day)]
    bonuses = sum(full[pk].terms.full_class_minor for line in own if (pk := line.lesson.lesson_id) in full)
    return sum(line.amount_minor for line in own) + bonuses


def pays_monthly(rate):
    """Base pay and guaranteed pay are of the month, not of a lesson: they come with a rate for all courses."""
    return rate.course_id is None and bool(rate.terms.base_minor or rate.terms.guaranteed_minor)


def _lesson_lines(month, lessons, rates):
    in_order = sorted(lessons, key=lambda lesson: (lesson.starts_at, lesson.lesson_id))
    rated = [(lesson, rate_of(lesson, rates)) for lesson in in_order]
    totals = Counter(rate.terms.scheme_id for lesson, rate in rated if not why_unpaid(lesson, rate))
    so_far, covered = Counter(), Counter()
    for lesson, rate in rated:
        if why := why_unpaid(lesson, rate):
            yield _lesson_line(lesson, rate, 0, {"unpaid": why.value})
            continue
        so_far[rate.terms.scheme_id] += 1
        covered[rate.rate_id] += 1
        if covered[rate.rate_id] <= _lessons_in_base(month, rate):
            yield _lesson_line(lesson, rate, 0, {"unpaid": Unpaid.IN_BASE.value, "lessons": covered[rate.rate_id]})
            continue
        number = (so_far if rate.terms.is_progressive else totals)[rate.terms.scheme_id]
        yield _lesson_line(lesson, rate, *price_of(lesson, rate.terms, number))


def _lesson_line(lesson, rate, amount, working):
    told = {"scheme": rate.terms.name, "basis": str(rate.terms.basis)} if rate else {}
    children = sum(group.number for group in counted(lesson, rate.terms)) if rate else 0
    return Line(LineKind.LESSON, amount, told | working, lesson, children)


def _lessons_in_base(month, rate):
    """How many lessons the base pay covers, in proportion to the days the rate holds."""
    return share_of(rate.terms.minimum_lessons, *days_of(month, rate)) if pays_monthly(rate) else 0


def is_full(lesson, terms):
    """Whether so many children count in the lesson as the scheme calls a full class."""
    children = sum(group.number for group in counted(lesson, terms))
    return bool(terms.full_class_minor) and children >= terms.full_class_children


def _full_classes(lessons, rates):
    """{lesson id: the rate that gives a bonus for it}; a lesson that the base pay covers gets it as well."""
    rated = {lesson: rate_of(lesson, rates) for lesson in lessons}
    return {
        lesson.lesson_id: rate
        for lesson, rate in rated.items()
        if not why_unpaid(lesson, rate) and is_full(lesson, rate.terms)
    }


def _bonus_lines(rates, full):
    for rate in rates:
        if number := sum(one == rate for one in full.values()):
            terms = rate.terms
            working = {"lessons": number, "children": terms.full_class_children, "each": terms.full_class_minor}
            yield Line(LineKind.FULL_CLASS, number * terms.full_class_minor, {"scheme": terms.name, **working})


def _monthly_lines(rate, days, of_days, from_lessons):
    terms, told = rate.terms, {"scheme": rate.terms.name, "days": days, "of": of_days}
    base = share_of(terms.base_minor, days, of_days)
    if base:
        lessons = share_of(terms.minimum_lessons, days, of_days)
        yield Line(LineKind.BASE, base, told | {"monthly": terms.base_minor, "lessons": lessons})
    earned = base + from_lessons
    guaranteed = share_of(terms.guaranteed_minor, days, of_days)
    if earned < guaranteed:
        working = told | {"monthly": terms.guaranteed_minor, "earned": earned}
        yield Line(LineKind.GUARANTEE, guaranteed - earned, working)


def decimal_hours(minutes):
    """285 minutes → "4.75"."""
    return f"{minutes / 60:.2f}".rstrip("0").rstrip(".")


def total_of(lines):
    return sum(line.amount_minor for line in lines)
