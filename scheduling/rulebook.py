"""The rules for lessons of law and trade, as data: rule_packs/*.toml. What they check is in findings.py."""

from dataclasses import dataclass
from datetime import time
from functools import cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from core import rule_packs

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


@dataclass(frozen=True)
class Rule(rule_packs.Rule):
    """A rule for lessons: it has a title, and may name an hour."""

    @property
    def title(self):
        return TITLES[self.code]

    def time(self, name):
        return time.fromisoformat(self.parameters[name])


@cache
def rules_of(pack):
    """{code: Rule} of a pack, those of the packs that it extends included."""
    return rule_packs.read_pack(PACKS, pack, kind=Rule, codes=TITLES, permissions=KNOWN_PERMISSIONS)
