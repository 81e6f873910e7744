"""Lessons that many classes lack at once, each added where all who are needed are free: rounds, not class by class."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Prefetch, Q
from django.utils.translation import gettext as _

from scheduling.clashes import wanted_by
from scheduling.findings import check_rules, override
from scheduling.models import Attendance, Booking, ClassGroup, ClassMember, Lesson, ScheduleRule
from scheduling.services.changes import record_lessons
from scheduling.services.locks import ScheduleError
from scheduling.services.planning import LOOK_AHEAD, slots_after
from scheduling.taken import Taken

Kind = Booking.Kind
MOST_ROUNDS = 60  # slots that are tried: more than a year of a weekly class


@dataclass
class Search:
    """A class that lacks `missing` lessons, and what was found for it. `passed_over`: free, but against a rule."""

    group: ClassGroup
    missing: int
    slots: object
    found: list = field(default_factory=list)
    passed_over: list = field(default_factory=list)

    @property
    def is_over(self):
        return len(self.found) >= self.missing

    def needs(self, slot):
        """(kind, id) of everybody and everything that a lesson at this slot takes."""
        children = {member.enrolment.student_id for member in self.members_on(slot)}
        return [(want.kind, want.resource_id) for want in wanted_by(slot, children)]

    def members_on(self, slot):
        return [member for member in self.group.current_members if member.is_there_on(slot.local_date)]


def append_to_all(change, class_group_ids, *, by, now):
    """Add the lessons that these classes of one branch lack and record them with `change`; returns them.

    A rule that speaks against every slot of a class does not keep it from its lessons. A class whose weekly times
    do not go on meets as its last lesson did, week after week. Raises ScheduleError where nothing is free.
    """
    searches = list(_searches(class_group_ids))
    _search_all(searches, now)
    _refuse_short([search.group for search in searches if not search.is_over])
    lessons = [lesson for search in searches for lesson in search.found]
    _save(searches, lessons)
    override(check_rules(lessons, now=now), reason=change.reason or change.get_kind_display(), by=by, now=now)
    record_lessons(change, lessons)
    return lessons


def _searches(class_group_ids):
    members = Prefetch(
        "members", ClassMember.objects.filter(left_date__isnull=True).select_related("enrolment"), "current_members"
    )
    groups = ClassGroup.objects.filter(pk__in=class_group_ids).select_related("branch").order_by("pk")
    counted = groups.annotate(
        active=Count("lessons", filter=~Q(lessons__status=Lesson.Status.CANCELLED)),
        last_starts_at=Max("lessons__starts_at"),
        last_date=Max("lessons__local_date"),
    ).prefetch_related(members, "rules")
    calendars = {}
    for group in counted:
        if group.branch_id not in calendars:
            calendars[group.branch_id] = group.branch.calendar_days.for_planning()
        last = Lesson(starts_at=group.last_starts_at, local_date=group.last_date)
        calendar = calendars[group.branch_id]
        by_rule = slots_after(group, group.rules.all(), group.last_date, last, calendar)
        slots = chain(by_rule, _like_the_last(group, calendar))
        missing = group.lessons_total - group.lessons_before - group.active
        if missing > 0:
            yield Search(group, missing, slots)


def _like_the_last(group, calendar):
    """Slots of a class without weekly times that go on."""
    last = group.lessons.order_by("-starts_at").first()
    local = last.starts_at.astimezone(ZoneInfo(group.branch.time_zone))
    weekly = ScheduleRule(
        weekday=last.local_date.weekday(),
        start_time=local.time(),
        minutes=(last.ends_at - last.starts_at) // timedelta(minutes=1),
        teacher_id=last.teacher_id,
        room_id=last.room_id,
        valid_from=last.local_date,
    )
    for slot in slots_after(group, [weekly], last.local_date, last, calendar):
        slot.rule = None
        yield slot


def _refuse_short(groups):
    if groups:
        raise ScheduleError(
            _("No free time was found for %(class)s within a year: cancel its lesson by itself.") % {"class": groups[0]}
        )


def _search_all(searches, now):
    claimed = defaultdict(list)
    for _number in range(MOST_ROUNDS):
        tried = [(search, slot) for search in searches if not search.is_over and (slot := next(search.slots, None))]
        if not tried:
            break
        free = _free(tried)
        spoken_against = {id(finding.lesson) for finding in check_rules([slot for search, slot in free], now=now)}
        for search, slot in free:
            if id(slot) in spoken_against:
                search.passed_over.append(slot)
            else:
                _claim(search, slot, claimed)
            if len(search.passed_over) == LOOK_AHEAD:
                _make_do(search, claimed)
    for search in searches:
        _make_do(search, claimed)


def _free(tried):
    """Those at which nobody has anything that stands already: one query."""
    needs = [(search, slot, search.needs(slot)) for search, slot in tried]
    ids = defaultdict(set)
    for _search, _slot, resources in needs:
        for kind, resource_id in resources:
            ids[kind].add(resource_id)
    starts_at, ends_at = min(slot.starts_at for search, slot in tried), max(slot.ends_at for search, slot in tried)
    taken = Taken(ids, starts_at=starts_at, ends_at=ends_at)
    return [
        (search, slot)
        for search, slot, resources in needs
        if all(taken.is_free(*resource, slot.starts_at, slot.ends_at) for resource in resources)
    ]


def _claim(search, slot, claimed):
    """Take the slot, unless the class has enough or another class has just taken somebody of it."""
    spans = [span for resource in search.needs(slot) for span in claimed[resource]]
    if search.is_over or any(start < slot.ends_at and slot.starts_at < end for start, end in spans):
        return
    search.found.append(slot)
    for resource in search.needs(slot):
        claimed[resource].append((slot.starts_at, slot.ends_at))


def _make_do(search, claimed):
    """The rules speak against the class wherever it meets: then the first free slots serve."""
    for slot in search.passed_over:
        _claim(search, slot, claimed)
    search.passed_over.clear()


def _save(searches, lessons):
    for search in searches:
        search.found.sort(key=lambda lesson: lesson.starts_at)
        first_number = search.group.lessons_total - search.missing + 1
        for number, lesson in enumerate(search.found, start=first_number):
            lesson.number, lesson.is_booked = number, True
    places = [
        (lesson, member.enrolment)
        for search in searches
        for lesson in search.found
        for member in search.members_on(lesson)
    ]
    Lesson.objects.bulk_create(lessons)  # under the lock of the timetable: who was free is free
    Attendance.objects.bulk_create(Attendance(lesson=lesson, enrolment=enrolment) for lesson, enrolment in places)
