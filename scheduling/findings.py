"""What speaks against a lesson by the rules of law and trade, and who lets it stand all the same."""

from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from branches.roles import PERMISSIONS, Role
from scheduling.errors import ScheduleError
from scheduling.models import Lesson, RuleOverride
from scheduling.rule_checks import ALL_FACTS, CHECKS
from scheduling.rule_facts import Facts
from scheduling.rulebook import Rule

SHOWN = 3  # rules in the sentence of a refusal


@dataclass(frozen=True)
class Finding:
    """`rule` speaks against `lesson`: `text` says why."""

    rule: Rule
    lesson: Lesson
    text: str

    def __str__(self):
        return self.text

    @property
    def is_block(self):
        return self.rule.is_block


class RuleRefusedError(ScheduleError):
    """Rules speak against lessons. `needs_reason`: with one the person may let them stand; else it may not."""

    def __init__(self, findings, *, needs_reason):
        self.findings, self.needs_reason = findings, needs_reason
        by_rule = defaultdict(list)
        for finding in findings:
            by_rule[finding.rule.code].append(finding)
        shown = [_said(of_rule) for of_rule in list(by_rule.values())[:SHOWN]]
        super().__init__(" ".join([*shown, _way_on(findings, needs_reason)]))


def check_rules(lessons, *, now, changed=None, is_apart=False):
    """All findings about lessons as they stand in memory, saved or not; the number of queries does not grow.

    `changed` {lesson id: facts that change}: only rules that ask about one of these. None: all rules. `is_apart`:
    each lesson is a possibility of its own, of which one may come true.
    """
    lessons = [lesson for lesson in lessons if lesson.status == Lesson.Status.PLANNED]
    if not lessons:
        return []
    return findings_of(Facts(lessons, now=now, is_apart=is_apart), lessons, changed)


def findings_of(facts, lessons, changed=None):
    """The same, by what is known already."""
    return [
        Finding(rule, lesson, text)
        for lesson in lessons
        for rule in facts.rules(lesson).values()
        if changed is None or CHECKS[rule.code].facts & changed[lesson.pk]
        if (text := CHECKS[rule.code].run(facts, lesson, rule))
    ]


def refuse_or_override(lessons, *, reason, by, now, changed=None):
    """Raise RuleRefusedError for what `by` may not pass, or passes without a reason; else store who passed it.

    `changed` {lesson id: facts that change} of saved lessons: a rule that asks about none of them has spoken
    before. None: all are new.
    """
    changed = changed or dict.fromkeys((lesson.pk for lesson in lessons), ALL_FACTS)
    findings = check_rules(lessons, now=now, changed=changed)
    refused = [finding for finding in findings if not finding.rule.may_be_passed_by(by, finding.lesson)]
    if refused:
        raise RuleRefusedError(refused, needs_reason=False)
    if findings and not reason:
        raise RuleRefusedError(findings, needs_reason=True)
    _forget_overrides(changed)
    override(findings, reason=reason, by=by, now=now)


def override(findings, *, reason, by, now):
    """Store who lets lessons stand against rules, and why."""
    RuleOverride.objects.bulk_create(
        RuleOverride(
            lesson=finding.lesson, rule=finding.rule.code, text=finding.text[:300], reason=reason[:200], by=by, at=now
        )
        for finding in findings
    )


def _forget_overrides(changed):
    """What was checked anew replaces what somebody passed before."""
    rows = RuleOverride.objects.filter(lesson__in=changed).values_list("pk", "lesson_id", "rule")
    outdated = [pk for pk, lesson_id, code in rows if code not in CHECKS or CHECKS[code].facts & changed[lesson_id]]
    if outdated:
        RuleOverride.objects.filter(pk__in=outdated).delete()


def _said(findings):
    """The first of one rule, and how many more."""
    more = len(findings) - 1
    if not more:
        return findings[0].text
    return ngettext(
        "%(text)s And %(count)d more lesson with it.", "%(text)s And %(count)d more lessons with it.", more
    ) % {"text": findings[0].text, "count": more}


def _way_on(findings, needs_reason):
    if needs_reason:
        return _("Write a reason if it is to stand all the same.")
    permissions = {finding.rule.passes_with for finding in findings}
    roles = [role.label for role in Role if permissions <= PERMISSIONS[role]]
    if not roles:
        return _("Nobody may allow this: choose another time, teacher or room.")
    return _("Choose another time, teacher or room, or ask somebody who may allow it: %(roles)s.") % {
        "roles": "、".join(str(role) for role in roles)
    }
