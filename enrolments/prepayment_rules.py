"""What may be charged at once, by law: rule_packs/*.toml, and the checks that read them. Values in, values out."""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

from django.utils.translation import gettext as _

from core.clock import day_text
from core.money import yuan
from core.rule_packs import Rule, read_pack

PACKS = Path(__file__).parent / "rule_packs"
KNOWN_PERMISSIONS = {"enrolments.pass_block"}
WEEK = 7  # days


@dataclass(frozen=True)
class Charge:
    """What an order charges for one child in one subject. Lessons are standard lessons, gifts included.

    `left` is what the child has of the subject already; `span_days` the longest period that is sold as one (0: none).
    """

    student: str
    subject: str
    is_academic: bool
    lessons: Decimal
    left: Decimal
    amount_minor: int
    start_date: date
    span_days: int = 0


@dataclass(frozen=True)
class Finding:
    """A rule that a charge goes past, and the sentence for a person: what, how much is allowed, what to do."""

    rule: Rule
    sentence: str


def findings_of(charges, rules, today):
    """What of the charges goes past the rules of a pack, blocks first."""
    found = [
        Finding(rule, sentence)
        for code, rule in rules.items()
        for charge in charges
        if (sentence := CHECKS[code](charge, rule.parameters, today))
    ]
    return sorted(found, key=lambda finding: not finding.rule.is_block)


def span_of(lessons, validity_days):
    """The days of a period that is sold as one: at least one lesson for each week of its validity. Else 0."""
    return validity_days if validity_days and lessons * WEEK >= validity_days else 0


def most_left(lessons, rules):
    """So many standard lessons may be left when as many new ones are charged; None: no rule says so."""
    limits = []
    if "renewed_early" in rules:
        limits.append(Decimal(rules["renewed_early"].parameters["max_lessons"]))
    if "lessons_held" in rules:
        limits.append(rules["lessons_held"].parameters["max_lessons"] - lessons)
    return max(min(limits), Decimal(0)) if limits else None


def renewal_opens(*, left, most, weekly, today):
    """The first day on which no more than `most` are left, at `weekly` a week; None: nobody can tell."""
    if most is None or left <= most:
        return today
    return today + timedelta(days=math.ceil((left - most) * WEEK / weekly)) if weekly else None


# --- the checks: (charge, parameters, today) to a sentence, or to nothing -----------------------------------


def _charge_lessons(charge, limits, today):
    if charge.lessons > limits["max_lessons"]:
        return _(
            "%(student)s, %(subject)s: %(lessons)s standard lessons in one charge, at most %(most)s are allowed. "
            "Sell fewer now and the rest later."
        ) % _facts(charge, lessons=charge.lessons, most=limits["max_lessons"])
    return ""


def _lessons_held(charge, limits, today):
    if charge.left > 0 and charge.lessons <= limits["max_lessons"] < charge.lessons + charge.left:
        return _(
            "%(student)s, %(subject)s: %(left)s standard lessons are left, with the new ones %(sum)s; at most "
            "%(most)s are allowed. Sell fewer, or renew when no more than %(open)s are left."
        ) % _facts(
            charge,
            left=charge.left,
            sum=charge.left + charge.lessons,
            most=limits["max_lessons"],
            open=limits["max_lessons"] - charge.lessons,
        )
    return ""


def _charge_span(charge, limits, today):
    if charge.span_days > limits["max_days"]:
        return _(
            "%(student)s, %(subject)s: %(days)s days are charged at once, at most three months are allowed. "
            "Sell a shorter period."
        ) % _facts(charge, days=charge.span_days)
    return ""


def _charge_amount(charge, limits, today):
    if not charge.is_academic and charge.amount_minor > limits["max_yuan"] * 100:
        return _(
            "%(student)s, %(subject)s: %(amount)s in one charge, at most %(most)s are allowed. "
            "Sell in instalments, the next one when its lessons are due."
        ) % _facts(charge, amount=yuan(charge.amount_minor), most=yuan(limits["max_yuan"] * 100))
    return ""


def _charged_early(charge, limits, today):
    opens = charge.start_date - timedelta(days=limits["max_days"])
    if today < opens:
        return _(
            "%(student)s, %(subject)s: the lessons start on %(day)s. They may be charged from %(open)s on."
        ) % _facts(charge, day=day_text(charge.start_date), open=day_text(opens))
    return ""


def _renewed_early(charge, limits, today):
    if charge.left > limits["max_lessons"]:
        return _(
            "%(student)s, %(subject)s: %(left)s standard lessons are left. "
            "A renewal may be charged when no more than %(most)s are left."
        ) % _facts(charge, left=charge.left, most=limits["max_lessons"])
    return ""


def _facts(charge, **figures):
    return {"student": charge.student, "subject": charge.subject} | {
        name: f"{value.normalize():f}" if isinstance(value, Decimal) else value for name, value in figures.items()
    }


CHECKS = {
    "charge_lessons": _charge_lessons,
    "lessons_held": _lessons_held,
    "charge_span": _charge_span,
    "charge_amount": _charge_amount,
    "charged_early": _charged_early,
    "renewed_early": _renewed_early,
}


# --- the packs ---------------------------------------------------------------------------------------------


@cache
def rules_of(pack):
    """{code: Rule} of a pack, those of the packs that it extends included."""
    return read_pack(PACKS, pack, codes=CHECKS, permissions=KNOWN_PERMISSIONS)
