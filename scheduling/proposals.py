"""Free (teacher, room, weekly times) for a class that is being drawn up: a handful, the nearest to the wish first."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import islice

from branches.models import Branch, Room, User
from courses.models import Course
from scheduling.hours_of_day import hours_of_day, minutes_of, time_at
from scheduling.models import Booking, ClassGroup, ScheduleRule, Weekday
from scheduling.qualified import teachers_for
from scheduling.services.opening import WeeklySlot, rule_of
from scheduling.services.planning import slots_after
from scheduling.taken import Taken
from scheduling.teaching_hours import TeachingHours

Kind = Booking.Kind
SHIFTS = (0, -30, 30, -60, 60, -90, 90, -120, 120, -180, 180)  # minutes
# When children come, for a class without a wish: after school, and at the weekend.
USUAL = [(day, time(*at)) for day in (5, 6) for at in ((9, 0), (10, 30), (14, 0), (15, 30))] + [
    (day, time(18, 30)) for day in range(5)
]
AT_WISHED_TIMES = 3  # teachers; at any other times one


@dataclass(frozen=True)
class Wish:
    """What is known of the class so far. Without `slots` any usual time will do, without `teacher` anybody."""

    branch: Branch
    course: Course
    minutes: int
    capacity: int
    first_date: date
    lessons_total: int
    teacher: User | None = None
    room: Room | None = None
    slots: tuple[tuple[int, time, int], ...] = ()  # weekday, start, minutes


@dataclass(frozen=True)
class Proposal:
    """Free in every week of the class. `differs_in` says where it is not what was wished: teacher, room, times."""

    teacher: User
    room: Room
    times: tuple[tuple[int, time, int], ...]
    last_date: date
    differs_in: frozenset[str]

    @property
    def slots(self):
        """The weekly times as people say them: 周六 09:00."""
        return [f"{Weekday(weekday).label} {start:%H:%M}" for weekday, start, _minutes in self.times]

    @property
    def key(self):
        """What a button sends: 12.3.5-0900-90.2-1830-90."""
        times = [f"{weekday}-{start:%H%M}-{minutes}" for weekday, start, minutes in self.times]
        return ".".join([str(self.teacher.pk), str(self.room.pk), *times])


def propose(wish, *, now, limit=5):
    """Up to `limit` Proposals, those that differ in least from the wish first."""
    teachers, rooms = _teachers(wish), _rooms(wish)
    dated = [(times, _lessons(wish, times)) for times in _candidates(wish)]
    dated = [(times, lessons) for times, lessons in dated if lessons and lessons[0].starts_at > now]
    if not (teachers and rooms and dated):
        return []
    is_free = _free_all_over(wish, teachers, rooms, dated)
    found = []
    for times, lessons in dated:
        free_rooms = [room for room in rooms if is_free(Kind.ROOM, room, lessons)]
        free_teachers = (one for one in teachers if free_rooms and is_free(Kind.TEACHER, one, lessons))
        for teacher in islice(free_teachers, AT_WISHED_TIMES if times == wish.slots else 1):
            found.append(_proposal(wish, teacher, free_rooms[0], times, lessons[-1].local_date))
    return sorted(found, key=lambda one: len(one.differs_in))[:limit]


def _teachers(wish):
    """Who may teach the course here: the wished one first, then who teaches it already, then by name."""
    teachers = teachers_for(wish.course.pk, wish.branch)
    teaching = set(ScheduleRule.objects.filter(class_group__course=wish.course).values_list("teacher", flat=True))
    return sorted(teachers, key=lambda one: (one != wish.teacher, one.pk not in teaching, one.name, one.pk))


def _rooms(wish):
    """Rooms with enough seats, the wished one first, then the smallest: a small class does not take the hall."""
    rooms = Room.objects.filter(branch=wish.branch, capacity__gte=wish.capacity)
    return sorted(rooms, key=lambda one: (one != wish.room, one.capacity, one.name))


def _candidates(wish):
    """Weekly times to try: the wished ones, the same days at other hours, other days."""
    if not wish.slots:
        return [((weekday, start, wish.minutes),) for weekday, start in USUAL]
    hours = hours_of_day(wish.branch)
    tried = [tuple(_shifted(slot, shift, hours) for slot in wish.slots) for shift in SHIFTS]
    if len(wish.slots) == 1:
        ((_weekday, start, minutes),) = wish.slots
        tried += [((weekday, start, minutes),) for weekday in range(7)]
    return list(dict.fromkeys(times for times in tried if all(times)))


def _shifted(slot, shift, hours):
    """The slot so many minutes later; None when it is no time for a class of children."""
    weekday, start, minutes = slot
    at = minutes_of(start) + shift
    return (weekday, time_at(at), minutes) if hours[0] <= at <= hours[1] - minutes else None


def _lessons(wish, times):
    """The dates of the whole class at these times, without a teacher and a room."""
    group = ClassGroup(branch=wish.branch, course=wish.course)
    rules = [rule_of(group, WeeklySlot(*slot), wish.first_date) for slot in times]
    return list(islice(slots_after(group, rules, wish.first_date), wish.lessons_total))


def _free_all_over(wish, teachers, rooms, dated):
    """is_free(kind, resource, lessons), of bookings and teaching hours that are read once for all."""
    lessons = [lesson for _times, lessons in dated for lesson in lessons]
    taken = Taken(
        {Kind.TEACHER: [one.pk for one in teachers], Kind.ROOM: [one.pk for one in rooms]},
        starts_at=min(lesson.starts_at for lesson in lessons),
        ends_at=max(lesson.ends_at for lesson in lessons),
    )
    days = [wish.first_date, max(lesson.local_date for lesson in lessons) + timedelta(days=1)]
    hours = TeachingHours([one.pk for one in teachers], days=days, time_zone=wish.branch.time_zone)

    def is_free(kind, resource, lessons):
        return all(
            taken.is_free(kind, resource.pk, lesson.starts_at, lesson.ends_at)
            and (kind == Kind.ROOM or hours.hold(resource.pk, lesson.starts_at, lesson.ends_at))
            for lesson in lessons
        )

    return is_free


def _proposal(wish, teacher, room, times, last_date):
    differs = {
        "teacher": wish.teacher and teacher != wish.teacher,
        "room": wish.room and room != wish.room,
        "times": wish.slots and times != wish.slots,
    }
    return Proposal(teacher, room, times, last_date, frozenset(name for name, is_other in differs.items() if is_other))
