"""The rules for lessons of law and trade, as data: rule_packs/*.toml. What they check is in findings.py."""

import tomllib
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

PACKS = Path(__file__).parent / "rule_packs"
KNOWN_PERMISSIONS = {"scheduling.keep_clash", "scheduling.pass_block"}

TITLES = {
    "teacher_absent": _("Teacher away"),
    "teacher_unavailable": _("Outside the teacher's times"),
    "teacher_elsewhere": _("Teacher not at this branch"),
    "travel_time": _("Not enough time to travel"),
    "minutes_a_day": _("Too many minutes in a day"),
    "minutes_a_week": _("Too many minutes in a week"),
    "not_qualified": _("Teacher not named for the course"),
    "not_qualified_academic": _("Teacher not named for an academic course"),
    "certificate_expired": _("Teaching certificate expired"),
    "certificate_expired_academic": _("Teaching certificate expired, academic course"),
    "record_check_expired": _("Yearly record check expired"),
    "room_too_small": _("Class bigger than its room"),
    "area_per_child": _("Too little room for each child"),
    "closed_day": _("Closed day"),
    "latest_end": _("Ends too late"),
    "school_hours": _("Children are at school"),
    "school_on_weekend": _("School on a weekend day"),
    "academic_rest_day": _("Academic lesson on a day of rest"),
    "senior_high_rest_day": _("Academic lesson of senior high school on a day of rest"),
}


class Severity(StrEnum):
    BLOCK = "block"
    WARN = "warn"


class RulePackError(Exception):
    """A rule pack cannot be read; carries what is wrong in which file, for whoever edits it."""


@dataclass(frozen=True)
class Rule:
    """`passes_with`: the permission that may let a lesson pass a block, with a reason; empty: nobody may."""

    code: str
    severity: Severity
    source: str
    last_reviewed: date
    article: str = ""
    passes_with: str = ""
    parameters: dict = field(default_factory=dict, hash=False)

    @property
    def title(self):
        return TITLES[self.code]

    @property
    def is_block(self):
        return self.severity == Severity.BLOCK

    def may_be_passed_by(self, person, lesson):
        """A warning by whoever changes the lesson, a block by whom the rule names, at the lesson's branch."""
        return not self.is_block or bool(self.passes_with and person.has_perm(self.passes_with, lesson))

    def time(self, name):
        return time.fromisoformat(self.parameters[name])


@cache
def rules_of(pack):
    """{code: Rule} of a pack, those of the packs that it extends included."""
    return {code: _rule(pack, code, fields) for code, fields in _fields(pack).items()}


def _fields(pack):
    path = PACKS / f"{pack}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise RulePackError(f"{path.name}: {error}") from error
    rules = _fields(content["extends"]) if "extends" in content else {}
    for code, fields in content.get("rules", {}).items():
        rules[code] = rules.get(code, {}) | fields
    return rules


def _rule(pack, code, fields):
    if code not in TITLES:
        raise RulePackError(f"{pack}: nothing checks “{code}”.")
    own = {name: fields[name] for name in ("source", "last_reviewed", "article", "passes_with") if name in fields}
    parameters = {name: value for name, value in fields.items() if name not in own and name != "severity"}
    try:
        rule = Rule(code, Severity(fields.get("severity", "")), parameters=parameters, **own)
    except (TypeError, ValueError) as error:
        raise RulePackError(f"{pack}, {code}: {error}") from error
    if not isinstance(rule.last_reviewed, date) or rule.passes_with not in {"", *KNOWN_PERMISSIONS}:
        raise RulePackError(f"{pack}, {code}: last_reviewed is a date, passes_with one of {KNOWN_PERMISSIONS}.")
    return rule
