"""When teachers can teach, by their own word: weekly hours, dated exceptions, absences. Read once, asked often."""

from collections import defaultdict
from zoneinfo import ZoneInfo

from django.db.models import Q

from core.clock import day_bounds
from scheduling.models import AvailabilityWindow, TeacherAbsence


class TeachingHours:
    """When teachers can teach: their weekly windows, what a dated one replaces, and when they are away."""

    def __init__(self, teacher_ids, *, days, time_zone):
        self._zone = ZoneInfo(time_zone)
        self._windows, self._with_windows, self._away = defaultdict(list), set(), defaultdict(list)
        of_days = Q(day__isnull=True) | Q(day__range=(days[0], days[-1]))
        for window in AvailabilityWindow.objects.filter(of_days, teacher__in=teacher_ids):
            self._windows[window.teacher_id, window.day or window.weekday].append(window)
            if window.day is None:
                self._with_windows.add(window.teacher_id)
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
        begins, ends = starts_at.astimezone(self._zone), ends_at.astimezone(self._zone)
        windows = self.windows_on(teacher_id, begins.date())
        return windows is None or any(
            window.start_time <= begins.time() and ends.time() <= window.end_time and ends.date() == begins.date()
            for window in windows
        )

    def windows_on(self, teacher_id, day):
        """The windows of a day; None where the teacher can always teach."""
        dated = self._windows.get((teacher_id, day))
        if dated is not None:
            return [window for window in dated if window.start_time]
        if teacher_id not in self._with_windows:
            return None
        return self._windows.get((teacher_id, day.weekday()), [])

    def away(self, teacher_id):
        """[start, end) of each absence."""
        return self._away.get(teacher_id, [])
