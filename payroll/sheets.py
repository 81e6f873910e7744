"""A branch's month of pay, teacher by teacher: approved slips as they were frozen, all others as of now."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Count, Q
from django.db.models.functions import TruncMonth

from branches.models import User
from core.clock import month_after
from payroll.facts import held_lessons, rates_of, taught_lessons
from payroll.models import PaySlip, PaySlipLine
from payroll.rules import Line, LineKind, decimal_hours, pay_of, total_of

MONTHS_BACK = 3  # how far back a correction of an approved month is looked for


@dataclass(frozen=True)
class Sheet:
    """What a teacher gets for a month; `slip` is None as long as nobody prepared it.

    Of approved slips the lines are there only where they were asked for.
    """

    teacher: User
    slip: PaySlip | None
    lesson_count: int
    minutes: int
    total_minor: int
    adjusted_minor: int
    lines: list[Line] = field(default_factory=list)

    @property
    def is_approved(self):
        return self.slip is not None and self.slip.is_approved

    @property
    def hours(self):
        return decimal_hours(self.minutes)

    @property
    def without_rate(self):
        """Lessons that no rate pays."""
        return sum(line.has_no_rate for line in self.lines)


def sheets_of(*, branch, month, with_lines=False):
    """The sheets of all teachers who taught, are paid by the month, or have a slip; by name."""
    of_month = PaySlip.objects.filter(branch=branch, month=month).with_own_total().select_related("teacher", "branch")
    slips = {slip.teacher_id: slip for slip in (of_month.prefetch_related("lines") if with_lines else of_month)}
    settled = [slip for slip in slips.values() if slip.is_approved]
    others = ~Q(teacher__in=[slip.teacher_id for slip in settled])
    lines = _lines_as_of_now(branch, month, others)
    shown = {teacher: found for teacher, found in lines.items() if found or teacher in slips}
    people = User.objects.in_bulk(shown)
    drafts = [_sheet(people[teacher], slips.get(teacher), found) for teacher, found in shown.items()]
    frozen = [_frozen(slip, with_lines=with_lines) for slip in settled]
    return sorted([*drafts, *frozen], key=lambda sheet: (sheet.teacher.name, sheet.teacher.pk))


def drafts_of(slips):
    """The sheets of slips of one branch and month that are still to be approved."""
    if not slips:
        return []
    lines = _lines_as_of_now(slips[0].branch, slips[0].month, Q(teacher__in=[slip.teacher_id for slip in slips]))
    return [_sheet(slip.teacher, slip, lines.get(slip.teacher_id, [])) for slip in slips]


def sheet_of(slip):
    """The sheet of one slip, with its lines."""
    return _frozen(slip, with_lines=True) if slip.is_approved else drafts_of([slip])[0]


def lessons_on_no_slip(branch, month):
    """[(month, number of lessons)] of earlier months: held by teachers who have no slip, while others have been paid.

    A lesson called late, or given to another teacher, of a month that is otherwise done.
    """
    since = month_after(month, -MONTHS_BACK)
    slips = PaySlip.objects.filter(branch=branch, month__gte=since, month__lt=month)
    known = {(teacher, of): status for teacher, of, status in slips.values_list("teacher", "month", "status")}
    paid_months = {of for (_teacher, of), status in known.items() if status == PaySlip.Status.APPROVED}
    held = held_lessons(branch=branch, since=since, until=month)
    rows = held.annotate(of=TruncMonth("local_date")).values_list("of", "teacher")
    missing = Counter()
    for of, teacher, number in rows.annotate(number=Count("pk")):
        if of in paid_months and (teacher, of) not in known:
            missing[of] += number
    return sorted(missing.items())


def _sheet(teacher, slip, lines):
    lessons = [line.lesson for line in lines if line.lesson]
    adjusted = total_of(line for line in lines if line.kind == LineKind.ADJUSTMENT)
    minutes = sum(lesson.minutes for lesson in lessons)
    return Sheet(teacher, slip, len(lessons), minutes, total_of(lines), adjusted, lines)


def _frozen(slip, *, with_lines):
    lines = [line.as_value(slip.branch.time_zone) for line in slip.lines.all()] if with_lines else []
    adjusted = slip.total_minor - slip.own_minor
    return Sheet(slip.teacher, slip, slip.lesson_count, slip.minutes, slip.total_minor, adjusted, lines)


def _lines_as_of_now(branch, month, who):
    """{teacher id: lines} of the month, adjustments of approved months included; `who` chooses among the teachers."""
    since = month_after(month, -MONTHS_BACK)
    earlier = PaySlip.objects.filter(who, branch=branch, month__gte=since, month__lt=month)
    slips = list(earlier.with_own_total().order_by("month"))
    first = min((slip.month for slip in slips if slip.is_approved), default=month)
    taught = taught_lessons(branch=branch, since=first, until=month_after(month), who=who)
    rates = rates_of(branch, who)
    teachers = {teacher for teacher, of in taught if of == month} | {slip.teacher_id for slip in slips} | rates.keys()
    lines = {key: pay_of(month=month, lessons=taught[key, month], rates=rates[key]) for key in teachers}
    for teacher, line in _adjustments(branch, since, slips, taught, rates):
        lines[teacher].append(line)
    return lines


def _adjustments(branch, since, slips, taught, rates):
    """(teacher id, line) for each approved month that comes to something else today, less what was adjusted before.

    A slip still to be approved takes the adjustments of the months before it: later ones leave them alone.
    """
    adjusted = PaySlipLine.objects.adjusting(branch, since)
    waiting = {slip.teacher_id: slip.month for slip in slips if not slip.is_approved}
    for slip in slips:
        key = slip.teacher_id, slip.month
        if not slip.is_approved or waiting.get(slip.teacher_id, slip.month) > slip.month:
            continue
        now = total_of(pay_of(month=slip.month, lessons=taught[key], rates=rates[slip.teacher_id]))
        before = adjusted.get(key, 0)
        if difference := now - slip.own_minor - before:
            working = {"now": now, "then": slip.own_minor, "adjusted": before}
            yield slip.teacher_id, Line(LineKind.ADJUSTMENT, difference, working, about_month=slip.month)
