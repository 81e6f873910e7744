"""Seats of a lesson: who takes one, and how many are left, and for whom."""

from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Greatest

from scheduling.models import Attendance, TrialBooking


def with_seats(lessons):
    """Adds `seats_taken`, `seats_left` (class and trials) and `make_up_seats_left` to lessons.

    A child on leave leaves its seat. Children who make up sit on the extra seats of the class first.
    """
    coming = Attendance.objects.coming()
    capacity, extra = F("class_group__capacity"), F("class_group__make_up_seats")
    return lessons.annotate(
        guest_count=_number_of(coming.filter(make_up__isnull=False)),
        regular_count=_number_of(coming.filter(make_up__isnull=True)),
        trial_count=_number_of(TrialBooking.objects.active()),
        seats_taken=F("regular_count") + F("guest_count") + F("trial_count"),
        seats_left=capacity - F("regular_count") - F("trial_count") - Greatest(F("guest_count") - extra, 0),
        make_up_seats_left=capacity + extra - F("seats_taken"),
    )


def _number_of(rows):
    counted = rows.filter(lesson=OuterRef("pk")).order_by().values("lesson").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)
