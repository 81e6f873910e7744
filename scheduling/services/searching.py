"""Free slots for the lessons that classes lack: in rounds for all of them, not class by class."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, islice
from zoneinfo import ZoneInfo

from django.db.models import Count, Max, Prefetch, Q

from scheduling.clashes import wanted_by
from scheduling.findings import check_rules
from scheduling.models import ClassGroup, ClassMember, Lesson, ScheduleRule
from scheduling.services.planning import slots_after
from scheduling.taken import Taken

LOOK_AHEAD = 8  # free slots in a row that a rule speaks against: then it does so wherever the class meets
MOST_ROUNDS = 60  # more than a year of a weekly class


@dataclass
class Slot:
    """An unsaved lesson with (kind, id) of everybody and everything that it takes."""

    lesson: Lesson
    needs: list

    @property
    def span(self):
        return self.lesson.starts_at, self.lesson.ends_at

    def is_free(self, taken):
        return all(taken.is_free(*need, *self.span) for need in self.needs)


@dataclass
class Search:
    """A class that lacks `missing` lessons, and what was found for it. `passed_over`: free, but against a rule."""

    group: ClassGroup
    missing: int
    lessons: object  # in the order of time, not saved
    found: list = field(default_factory=list)
    passed_over: list = field(default_factory=list)

    @property
    def lacks(self):
        return self.missing - len(self.found)

    def members_on(self, lesson):
        return [member for member in self.group.members.all() if member.is_there_on(lesson.local_date)]

    def next_slots(self):
        """As many as are lacking: most often all of them are free."""
        return [self._slot(lesson) for lesson in islice(self.lessons, self.lacks)]

    def _slot(self, lesson):
        children = {member.enrolment.student_id for member in self.members_on(lesson)}
        return Slot(lesson, [(want.kind, want.resource_id) for want in wanted_by(lesson, children)])


def free_slots(group, *, number, now, after=None):
    """Up to `number` slots by the weekly times of one class, after its last lesson; not saved.

    `after`: none that begins before.
    """
    searches = list(searches_of([group.pk], number=number, goes_on=False, after=after))
    search_all(searches, now)
    return sorted((lesson for search in searches for lesson in search.found), key=lambda lesson: lesson.starts_at)


def searches_of(class_group_ids, *, number=None, goes_on, after=None):
    """Of each class the Search for the lessons that it lacks, or for `number`.

    `goes_on`: a class whose weekly times do not go on meets as its last lesson did, week after week.
    """
    calendars = {}
    for group in _groups(class_group_ids):
        missing = group.lessons_total - group.lessons_before - group.active if number is None else number
        if missing > 0:
            if group.branch_id not in calendars:
                calendars[group.branch_id] = group.branch.calendar_days.for_planning()
            lessons = _lessons_to_come(group, calendars[group.branch_id], goes_on)
            if after:
                lessons = filter(lambda lesson: lesson.starts_at > after, lessons)
            yield Search(group, missing, lessons)


def _groups(class_group_ids):
    """With what the rules ask about, too."""
    members = ClassMember.objects.select_related("enrolment")
    members = members.only("class_group", "joined_date", "left_date", "enrolment", "enrolment__student")
    groups = ClassGroup.objects.filter(pk__in=class_group_ids).select_related("branch", "course__subject")
    counted = groups.order_by("pk").annotate(
        active=Count("lessons", filter=~Q(lessons__status=Lesson.Status.CANCELLED)),
        last_starts_at=Max("lessons__starts_at"),
        last_date=Max("lessons__local_date"),
    )
    return counted.prefetch_related(Prefetch("members", members), "rules")


def _lessons_to_come(group, calendar, goes_on):
    """After all that the class had, cancelled ones too."""
    rules = group.rules.all()
    if group.last_starts_at is None:
        return slots_after(group, rules, group.first_date, None, calendar)
    last = Lesson(starts_at=group.last_starts_at, local_date=group.last_date)
    by_rule = slots_after(group, rules, group.last_date, last, calendar)
    return chain(by_rule, _like_the_last(group, calendar)) if goes_on else by_rule


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
    for lesson in slots_after(group, [weekly], last.local_date, last, calendar):
        lesson.rule = None
        yield lesson


def search_all(searches, now):
    """Find for each what it lacks, where all who are needed are free and no rule speaks against it.

    Nobody is found in two places at once. Returns whether all was found in one round: then the rules have been asked
    about all of it together.
    """
    claimed = defaultdict(list)
    for number in range(MOST_ROUNDS):
        tried = {id(search): search.next_slots() for search in searches if search.lacks}
        if not any(tried.values()):
            break
        free = _free(chain.from_iterable(tried.values()))
        against = {id(finding.lesson) for finding in check_rules([slot.lesson for slot in free], now=now)}
        free = {id(slot) for slot in free}
        for search in searches:
            slots = [slot for slot in tried.get(id(search), ()) if id(slot) in free]
            _take(search, slots, against, claimed)
        if number == 0 and not any(search.lacks for search in searches):
            return not any(search.passed_over for search in searches)
    for search in searches:
        _make_do(search, claimed)
    return False


def _free(slots):
    """Those at which nobody has anything that stands already: one query."""
    slots, ids = list(slots), defaultdict(set)
    for kind, resource_id in (need for slot in slots for need in slot.needs):
        ids[kind].add(resource_id)
    starts_at, ends_at = min(slot.span[0] for slot in slots), max(slot.span[1] for slot in slots)
    taken = Taken(ids, starts_at=starts_at, ends_at=ends_at)
    return [slot for slot in slots if slot.is_free(taken)]


def _take(search, slots, against, claimed):
    for slot in slots:
        if id(slot.lesson) in against:
            search.passed_over.append(slot)
        elif _claim(search, slot, claimed):
            search.passed_over.clear()
        if len(search.passed_over) == LOOK_AHEAD:
            _make_do(search, claimed)


def _claim(search, slot, claimed):
    """Take the slot, unless the class has enough or another class has just taken somebody of it."""
    starts_at, ends_at = slot.span
    spans = (span for need in slot.needs for span in claimed[need])
    if not search.lacks or any(start < ends_at and starts_at < end for start, end in spans):
        return False
    search.found.append(slot.lesson)
    for need in slot.needs:
        claimed[need].append(slot.span)
    return True


def _make_do(search, claimed):
    """The rules speak against the class wherever it meets: then the first free slots serve."""
    for slot in search.passed_over:
        _claim(search, slot, claimed)
    search.passed_over.clear()
