"""The charges of an order, and the rules for prepayment that they go past at its branch."""

from collections import defaultdict
from decimal import Decimal

from enrolments.models import Enrolment
from enrolments.prepayment_rules import Charge, findings_of, rules_of, span_of


def prepayment_findings(lines, *, branch, today):
    """What an order with these lines (or saved items) goes past, by the branch's rule pack. Blocks first."""
    rules = rules_of(branch.rule_pack)
    return findings_of(charges_of(lines), rules, today) if rules else []


def charges_of(lines, left=None):
    """One charge for each child and subject of the lines; `left` as of standard_lessons_left, if it is known."""
    groups = defaultdict(list)
    for line in lines:
        groups[line.student, line.course.subject].append(line)
    if left is None:
        left = standard_lessons_left({student.pk for student, _subject in groups}, {one.pk for _student, one in groups})
    return [
        Charge(
            student=student.name,
            subject=subject.name,
            is_academic=subject.is_academic,
            lessons=sum(map(standard_lessons, group)),
            left=left[student.pk, subject.pk],
            amount_minor=sum(line.amount_minor for line in group),
            start_date=max(line.start_date for line in group),
            span_days=max(span_of(line.paid_credits + line.gift_credits, line.validity_days) for line in group),
        )
        for (student, subject), group in groups.items()
    ]


def standard_lessons(line):
    return (line.paid_credits + line.gift_credits) * line.course.standard_lesson_factor


def standard_lessons_left(student_ids, subject_ids):
    """{(student id, subject id): standard lessons} that children have, at whichever branch."""
    accounts = Enrolment.objects.filter(student__in=student_ids, course__subject__in=subject_ids)
    columns = ("student", "course__subject", "balance", "course__standard_lesson_factor")
    left = defaultdict(Decimal)
    for student, subject, balance, factor in accounts.values_list(*columns):
        left[student, subject] += balance * factor
    return left
