"""When teachers can teach, by their own word: weekly hours, dated exceptions, absences. Read once, asked often."""

from collections import defaultdict
from zoneinfo import ZoneInfo

from django.db.models import Q

from core.clock import day_bounds
from scheduling.models import AvailabilityWindow, TeacherAbsence


class Windows:
    """When one teacher can teach, in wall-clock time: weekly hours, and the dated ones that replace them.

    Windows that touch are one. Without weekly ones the teacher can always teach, but for the dated days.
    """

    def __init__(self, rows):
        hours = defaultdict(list)
        for row in rows:
            hours[row.weekday if row.day is None else row.day] += [(row.start_time, row.end_time)]
        self._hours = {day: _joined(spans) for day, spans in hours.items()}
        self._is_bound = any(row.day is None for row in rows)

    def on(self, day):
        """[(start, end)] in order; None where the teacher can teach all day."""
        usual = self._hours.get(day.weekday(), []) if self._is_bound else None
        return self._hours.get(day, usual)

    def cover(self, begins, ends):
        """Whether the teacher teaches in [begins, ends), given in wall-clock time."""
        hours = self.on(begins.date())
        return hours is None or any(
            start <= begins.time() and ends.time() <= end and ends.date() == begins.date() for start, end in hours
        )


def _joined(spans):
    """Without those that have no times: they say that there are none on this day."""
    joined = []
    for start, end in sorted(span for span in spans if span[0]):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def windows_of(rows):
    """{teacher id: Windows} of AvailabilityWindows; who has none can always teach."""
    by_teacher = defaultdict(list)
    for row in rows:
        by_teacher[row.teacher_id].append(row)
    return defaultdict(lambda: Windows([]), {pk: Windows(theirs) for pk, theirs in by_teacher.items()})


class TeachingHours:
    """The windows and absences of some teachers over some days."""

    def __init__(self, teacher_ids, *, days, time_zone):
        self._zone = ZoneInfo(time_zone)
        of_days = Q(day__isnull=True) | Q(day__range=(days[0], days[-1]))
        self._windows = windows_of(AvailabilityWindow.objects.filter(of_days, teacher__in=teacher_ids).order_by())
        self._away = defaultdict(list)
        start, end = day_bounds(days[0], time_zone)[0], day_bounds(days[-1], time_zone)[1]
        away = TeacherAbsence.objects.filter(
            teacher__in=teacher_ids, withdrawn_at__isnull=True, starts_at__lt=end, ends_at__gt=start
        )
        for absence in away:
            self._away[absence.teacher_id].append((absence.starts_at, absence.ends_at))

    def hold(self, teacher_id, starts_at, ends_at):
        """Whether the teacher teaches in [starts_at, ends_at)."""
        if any(start < ends_at and end > starts_at for start, end in self._away[teacher_id]):
            return False
        return self._windows[teacher_id].cover(starts_at.astimezone(self._zone), ends_at.astimezone(self._zone))

    def windows_on(self, teacher_id, day):
        """[(start, end)] of a day in wall-clock time; None where the teacher can always teach."""
        return self._windows[teacher_id].on(day)

    def away(self, teacher_id):
        """[start, end) of each absence."""
        return self._away.get(teacher_id, [])
