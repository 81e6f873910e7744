"""The seats of a class: taken, held for somebody who was offered one, free. Asked under the timetable's lock."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils.translation import gettext as _

from core.clock import local_date
from scheduling.models import ClassGroup, ClassMember, WaitingListEntry
from scheduling.place_notices import tell_seats_offered
from scheduling.services.locks import ScheduleError

OFFER_LASTS = timedelta(hours=24)  # so that a family can ask at home, and the next in line need not wait long
Status = WaitingListEntry.Status


class ClassFullError(ScheduleError):
    """A class that is never over-full has no seat for all who are to come."""


@dataclass(frozen=True)
class Seats:
    """`taken` by children, `held` for those who were offered one."""

    capacity: int
    taken: int
    held: int
    is_hard: bool

    @property
    def free(self):
        return max(self.capacity - self.taken - self.held, 0)

    @property
    def over(self):
        return max(self.taken - self.capacity, 0)


def seats_of(class_group, *, day=None):
    """The seats from `day` on; without one, once everybody who is about to leave has left."""
    is_there = Q(left_date__isnull=True) | (Q(left_date__gt=day) if day else Q(pk__in=[]))
    return Seats(
        capacity=class_group.capacity,
        taken=ClassMember.objects.filter(is_there, class_group=class_group).count(),
        held=WaitingListEntry.objects.filter(class_group=class_group, status=Status.OFFERED).count(),
        is_hard=class_group.is_capacity_hard,
    )


def refuse_full(class_group, coming, *, day):
    """Raise ClassFullError when `coming` more children have no seat from `day` on and the class is hard."""
    group = ClassGroup.objects.get(pk=class_group.pk)  # as it is now, under the lock
    if not coming or not group.is_capacity_hard:
        return
    seats = seats_of(group, day=day)
    if seats.free < coming:
        raise ClassFullError(
            _(
                "%(class)s has %(free)d free seats: %(taken)d of %(capacity)d are taken and %(held)d are offered to "
                "the waiting list. Put the child on the waiting list of the class, or choose another class."
            )
            % {
                "class": group,
                "free": seats.free,
                "taken": seats.taken,
                "capacity": seats.capacity,
                "held": seats.held,
            }
        )


def offer_seats(class_group, *, now):
    """Offer each free seat to the next in line, until OFFER_LASTS from now, and tell the families.

    Returns the new offers.
    """
    group = ClassGroup.objects.get(pk=class_group.pk)
    in_line = group.waiting.filter(status=Status.WAITING).select_related("class_group__branch", "enrolment")
    offered = list(in_line.order_by("added_at", "pk")[: seats_of(group).free])
    for entry in offered:
        entry.status, entry.offered_until = Status.OFFERED, now + OFFER_LASTS
    WaitingListEntry.objects.bulk_update(offered, ["status", "offered_until"])
    tell_seats_offered(offered, now=now)
    return offered


def first_free_day(class_group, *, now):
    """The first day from today on at which somebody may sit in the class: when one who leaves has left."""
    today = local_date(now, class_group.branch.time_zone)
    leaving = class_group.members.filter(left_date__gt=today).order_by("left_date")
    days = [today, *leaving.values_list("left_date", flat=True)]
    return next((day for day in days if seats_of(class_group, day=day).free), days[-1])
