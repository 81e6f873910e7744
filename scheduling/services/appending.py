"""Lessons that classes lack, each added after the last one, where all who are needed are free."""

from django.utils.translation import gettext as _

from scheduling.findings import check_rules, override
from scheduling.models import Attendance, Lesson
from scheduling.services.changes import record_lessons
from scheduling.services.locks import ScheduleError
from scheduling.services.searching import search_all, searches_of


def append_to_all(change, class_group_ids, *, by, now, goes_on=True):
    """Add the lessons that these classes of one branch lack and record them with `change`; returns them.

    A rule that speaks against every slot of a class does not keep it from its lessons. A class whose weekly times
    do not go on meets as its last lesson did, week after week, and ScheduleError is raised where nothing is free;
    if not `goes_on`, such a class has fewer lessons.
    """
    searches = list(searches_of(class_group_ids, goes_on=goes_on))
    is_asked = search_all(searches, now)
    if goes_on:
        _refuse_short([search.group for search in searches if search.lacks])
    lessons = [lesson for search in searches for lesson in search.found]
    _save(searches, lessons)
    if not is_asked:
        override(check_rules(lessons, now=now), reason=change.reason or change.get_kind_display(), by=by, now=now)
    record_lessons(change, lessons)
    return lessons


def _refuse_short(groups):
    if groups:
        raise ScheduleError(
            _("No free time was found for %(class)s within a year: cancel its lesson by itself.") % {"class": groups[0]}
        )


def _save(searches, lessons):
    for search in searches:
        search.found.sort(key=lambda lesson: lesson.starts_at)
        first_number = search.group.lessons_total - search.missing + 1
        for number, lesson in enumerate(search.found, start=first_number):
            lesson.number, lesson.is_booked = number, True
    places = [
        (lesson, member.enrolment_id)
        for search in searches
        for lesson in search.found
        for member in search.members_on(lesson)
    ]
    Lesson.objects.bulk_create(lessons)  # under the lock of the timetable: who was free is free
    Attendance.objects.bulk_create(Attendance(lesson=lesson, enrolment_id=pk) for lesson, pk in places)
