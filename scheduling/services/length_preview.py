"""What more lessons of a class, or fewer, come to: drawn up by the rules of `change_length`, without writing."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import takewhile

from branches.models import CalendarDay
from core.clock import local_date
from scheduling.clashes import find_clashes, wanted_by
from scheduling.findings import check_rules
from scheduling.models import ClassGroup, Lesson
from scheduling.services.length import lessons_to_drop, slots_to_add
from scheduling.services.opening import skipped_days
from scheduling.services.planning import slots_of
from scheduling.services.series import families_of, rules_at


@dataclass(frozen=True)
class LengthPreview:
    """`last_date`: of the class as it will be. `passed_over`: weekly times at which somebody is taken, or a rule
    speaks against them. `against` {id(lesson): sentences} of those two and of the lessons that are added.
    """

    last_date: date | None
    added: list[Lesson] = field(default_factory=list)
    dropped: list[Lesson] = field(default_factory=list)
    skipped: list[CalendarDay] = field(default_factory=list)
    passed_over: list[Lesson] = field(default_factory=list)
    against: dict = field(default_factory=dict)
    families: int = 0

    @property
    def days(self):
        """What happens on which day, in one row by date."""
        rows = [(lesson.local_date, {"lesson": lesson, "against": self._why(lesson)}) for lesson in self.added]
        rows += [(lesson.local_date, {"dropped": lesson}) for lesson in self.dropped]
        rows += [(closed.day, {"skipped": closed}) for closed in self.skipped]
        rows += [(slot.local_date, {"passed_over": slot, "against": self._why(slot)}) for slot in self.passed_over]
        return [row for _day, row in sorted(rows, key=lambda row: row[0])]

    @property
    def clashing_number(self):
        """Lessons that a rule speaks against wherever the class meets: they need a reason."""
        return sum(bool(self._why(lesson)) for lesson in self.added)

    def _why(self, lesson):
        return self.against.get(id(lesson), [])


def preview_length(*, class_group, lessons_total, now):
    """The LengthPreview; None when the class has so many. Raises ScheduleError as `change_length` would."""
    group = ClassGroup.objects.select_related("branch").get(pk=class_group.pk)
    if lessons_total > group.lessons_total:
        return _longer(group, lessons_total, now)
    if lessons_total < group.lessons_total:
        return _shorter(group, lessons_total, now)
    return None


def _shorter(group, lessons_total, now):
    dropped = lessons_to_drop(group, lessons_total, now=now)
    left = group.lessons.active().exclude(pk__in=[lesson.pk for lesson in dropped])
    last_date = left.order_by("-starts_at").values_list("local_date", flat=True).first()
    return LengthPreview(last_date, dropped=dropped, families=families_of(dropped))


def _longer(group, lessons_total, now):
    added = slots_to_add(group, lessons_total, now=now)
    for number, lesson in enumerate(added, start=lessons_total - len(added) + 1):
        lesson.number = number
    if not added:
        return LengthPreview(_last_date(group))
    first_date = max(_last_date(group) or group.first_date, local_date(now, group.branch.time_zone)) + timedelta(days=1)
    passed_over = _passed_over(group, added, now)
    return LengthPreview(
        added[-1].local_date,
        added=added,
        skipped=skipped_days(group.branch, rules_at(group, first_date), first_date, added),
        passed_over=passed_over,
        against=_against(group, passed_over, added, now),
        families=group.members.filter(left_date__isnull=True).count(),
    )


def _last_date(group):
    return group.lessons.order_by("-starts_at").values_list("local_date", flat=True).first()


def _passed_over(group, added, now):
    """Weekly times before the last added lesson at which none is added."""
    taken = {lesson.starts_at for lesson in added}
    slots = takewhile(lambda slot: slot.starts_at < added[-1].starts_at, slots_of(group, group.first_date))
    return [slot for slot in slots if slot.starts_at > now and slot.starts_at not in taken]


def _against(group, passed_over, added, now):
    members = list(group.members.select_related("enrolment"))
    wanted = [
        want
        for slot in passed_over
        for want in wanted_by(slot, [one.enrolment.student_id for one in members if one.is_there_on(slot.local_date)])
    ]
    against = {}
    for one in [*find_clashes(wanted), *check_rules([*passed_over, *added], now=now)]:
        against.setdefault(id(one.lesson), []).append(str(one))
    return against
