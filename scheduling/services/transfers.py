"""Children go to another class of their course: one of them (转班), some (拆班), all (并班), or a level up (升班)."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import day_text
from scheduling.clashes import Clash, Wanted, find_clashes, lock_timetable
from scheduling.models import Attendance, Booking, ClassGroup, ClassMember, Lesson
from scheduling.services.class_seats import Seats, seats_of
from scheduling.services.length import change_length
from scheduling.services.locks import ScheduleError
from scheduling.services.members import place_students, remove_from_class


@dataclass(frozen=True)
class Transfer:
    """What a transfer comes to, counted before it is made."""

    members: list[ClassMember]
    target: ClassGroup
    from_date: date
    leaving_lessons: int  # places of the children in lessons to come that they give up
    joining_lessons: int  # and get
    seats: Seats  # of the target, before
    clashes: list[Clash]

    @property
    def over(self):
        """How many children more than seats the target will have."""
        return max(len(self.members) - self.seats.free, 0)

    @property
    def is_refused(self):
        return self.seats.is_hard and self.over > 0


def preview_transfer(*, members, target, from_date):
    """The Transfer of these members to another class from a day on. Writes nothing."""
    members = _checked(members, target)
    lessons = list(target.lessons.planned().filter(local_date__gte=from_date))
    leaving = _places_to_give_up(members, from_date)
    wanted = [
        Wanted(Booking.Kind.STUDENT, member.enrolment.student_id, lesson) for member in members for lesson in lessons
    ]
    given_up = set(leaving.values_list("lesson", "enrolment__student"))
    clashes = [clash for clash in find_clashes(wanted) if (clash.booking.lesson_id, clash.resource_id) not in given_up]
    return Transfer(members, target, from_date, len(given_up), len(wanted), seats_of(target, day=from_date), clashes)


@transaction.atomic
def transfer_members(*, members, target, from_date, by, now, keep_reason="", ends_source=False):
    """Move children to another class of their course and branch from a day on; returns the new members.

    What was held stays with the old class; the places in lessons to come are given up there and taken here. Credits
    are untouched. `ends_source` cancels what the old class still has to come, once nobody is left in it. Raises
    ScheduleError for a class of another course or branch and for one that is never over-full, LessonClashError when a
    child is elsewhere then and no `keep_reason` is given.
    """
    lock_timetable()
    members = _checked(members, target)
    source = members[0].class_group
    for member in members:
        remove_from_class(member=member, left_date=from_date, now=now)
    joined = place_students(
        class_group=target,
        enrolments=[member.enrolment for member in members],
        joined_date=from_date,
        by=by,
        now=now,
        keep_reason=keep_reason,
    )
    if ends_source:
        _end(source, from_date, target, by=by, now=now)
    return joined


def _checked(members, target):
    related = ("enrolment__student", "enrolment__course", "class_group__branch")
    members = list(
        ClassMember.objects.filter(pk__in=[member.pk for member in members], left_date__isnull=True)
        .select_related(*related)
        .order_by("pk")
    )
    if not members:
        raise ScheduleError(_("Tick the children who are to move: those who were ticked have left the class already."))
    source = members[0].class_group
    if source.pk == target.pk:
        raise ScheduleError(_("The children are in %(class)s already: choose another class.") % {"class": target})
    if (source.branch_id, source.course_id) != (target.branch_id, target.course_id):
        raise ScheduleError(
            _(
                "%(target)s teaches another course or at another branch than %(class)s: choose a class of %(course)s. "
                "Another course is a new enrolment."
            )
            % {"target": target, "class": source, "course": source.course}
        )
    return members


def _places_to_give_up(members, from_date):
    return Attendance.objects.expected().filter(
        enrolment__in=[member.enrolment_id for member in members],
        lesson__class_group=members[0].class_group_id,
        lesson__local_date__gte=from_date,
    )


def _end(source, from_date, target, *, by, now):
    """An empty class meets no more."""
    left = source.members.filter(left_date__isnull=True).count()
    if left:
        raise ScheduleError(
            _("%(number)d children are still in %(class)s, so its lessons go on: move them, too, or let it go on.")
            % {"number": left, "class": source}
        )
    source.refresh_from_db()
    to_come = Lesson.objects.planned().filter(class_group=source, starts_at__gt=now, local_date__gte=from_date)
    total = source.lessons_total - to_come.count()
    if total < 1:
        raise ScheduleError(
            _("%(class)s has not met yet, so it cannot end on %(day)s: cancel its lessons one by one instead.")
            % {"class": source, "day": day_text(from_date)}
        )
    reason = _("The class goes on as %(class)s.") % {"class": target}
    change_length(class_group=source, lessons_total=total, by=by, now=now, reason=reason)
