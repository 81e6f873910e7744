"""The lessons of classes in the order of time, read once for a change: a class meets once at a time, and counts."""

from collections import defaultdict

from django.db.models import F
from django.utils.translation import gettext as _

from core.clock import span_text
from scheduling.models import Lesson
from scheduling.services.locks import ScheduleError


class LessonsInOrder:
    """All lessons that take place of the classes of `changed`.

    These as they stand in memory, the others as the database has them: made before a change is written.
    """

    def __init__(self, changed):
        self.changed = changed
        self._groups = {lesson.class_group_id: lesson.class_group for lesson in changed}
        self._rows = defaultdict(list)  # by class: (starts at, id, ends at, number)
        own = {lesson.pk for lesson in changed}
        standing = Lesson.objects.active().filter(class_group__in=self._groups).order_by()
        for group_id, *row in standing.values_list("class_group", "starts_at", "pk", "ends_at", "number"):
            if row[1] not in own:
                self._rows[group_id].append(tuple(row))
        for lesson in changed:
            if lesson.status != Lesson.Status.CANCELLED:
                row = (lesson.starts_at, lesson.pk, lesson.ends_at, lesson.number)
                self._rows[lesson.class_group_id].append(row)

    def refuse_meeting_twice(self):
        """A class is in one place at a time, with or without children in it."""
        for lesson in self.changed:
            if lesson.status == Lesson.Status.PLANNED:
                self._refuse_meeting(lesson)

    def _refuse_meeting(self, lesson):
        span = lesson.starts_at, lesson.ends_at
        for starts_at, pk, ends_at, _number in self._rows[lesson.class_group_id]:
            if pk != lesson.pk and starts_at < lesson.ends_at and lesson.starts_at < ends_at:
                when = span_text(*min(span, (starts_at, ends_at)), lesson.branch.time_zone)
                raise ScheduleError(
                    _("%(class)s meets already at this time: %(when)s. Choose another one.")
                    % {"class": lesson.class_group, "when": when}
                )

    def renumber(self):
        """Lessons count by the time they begin: a moved or cancelled one changes the numbers of others.

        Few statements for one class as for two hundred: most lessons shift by one.
        """
        numbers, shifted = {}, defaultdict(list)
        for group_id, rows in self._rows.items():
            first = self._groups[group_id].lessons_before + 1
            for number, (_starts_at, pk, _ends_at, stood) in enumerate(sorted(rows), start=first):
                numbers[pk] = number
                if number != stood:
                    shifted[number - stood].append(pk)
        for shift, pks in shifted.items():
            Lesson.objects.filter(pk__in=pks).update(number=F("number") + shift)
        for lesson in self.changed:
            lesson.number = numbers.get(lesson.pk, lesson.number)
