"""The waiting list of a class (候补): one seat, one offer, first come first served."""

from django.db import transaction
from django.utils.translation import gettext as _

from scheduling.clashes import lock_timetable
from scheduling.models import ClassGroup, WaitingListEntry
from scheduling.services.class_seats import first_free_day, offer_seats
from scheduling.services.locks import ScheduleError
from scheduling.services.members import place_student, refuse_other_course

Status = WaitingListEntry.Status


@transaction.atomic
def add_to_waiting_list(*, class_group, enrolment, by, now):
    """Let a child wait for a seat; one that waits already keeps its place. A free seat is offered at once."""
    refuse_other_course(class_group, enrolment)
    lock_timetable()
    if class_group.members.filter(enrolment=enrolment, left_date__isnull=True).exists():
        raise ScheduleError(
            _("%(student)s is in %(class)s already.") % {"student": enrolment.student, "class": class_group}
        )
    entry, _is_new = WaitingListEntry.objects.open().get_or_create(
        class_group=class_group, enrolment=enrolment, defaults={"added_at": now, "added_by": by}
    )
    offer_seats(class_group, now=now)
    entry.refresh_from_db()
    return entry


@transaction.atomic
def withdraw_from_waiting_list(*, entry, now):
    """Take a child off the list; a seat that it was offered goes to the next in line."""
    lock_timetable()
    entry = _locked(entry)
    if entry.status in (Status.WAITING, Status.OFFERED):
        entry.status = Status.WITHDRAWN
        entry.save(update_fields=["status"])
        offer_seats(entry.class_group, now=now)
    return entry


@transaction.atomic
def accept_offer(*, entry, by, now, keep_reason=""):
    """Put the child onto the seat that is held for it; returns the member.

    Raises ScheduleError when there is no offer, or none any more.
    """
    lock_timetable()
    entry = _locked(entry)
    if entry.status != Status.OFFERED or entry.offered_until <= now:
        raise ScheduleError(
            _("No seat is offered to %(student)s now: the offer has lapsed or was taken back.")
            % {"student": entry.enrolment.student}
        )
    entry.status = Status.ACCEPTED
    entry.save(update_fields=["status"])
    return place_student(
        class_group=entry.class_group,
        enrolment=entry.enrolment,
        joined_date=max(first_free_day(entry.class_group, now=now), entry.class_group.first_date),
        by=by,
        now=now,
        keep_reason=keep_reason,
    )


@transaction.atomic
def lapse_offers(*, now):
    """End the offers whose time is up, and offer every free seat to the next in line; returns the new offers.

    Right after any pause, and also when a class has got more seats.
    """
    if not WaitingListEntry.objects.open().exists():
        return []  # the usual minute: nobody waits, and nobody has to wait for the lock
    lock_timetable()
    WaitingListEntry.objects.filter(status=Status.OFFERED, offered_until__lte=now).update(status=Status.LAPSED)
    groups = ClassGroup.objects.filter(waiting__status=Status.WAITING).distinct()
    return [entry for group in groups for entry in offer_seats(group, now=now)]


def _locked(entry):
    entries = WaitingListEntry.objects.select_related("class_group__branch", "enrolment__student")
    return entries.select_for_update(of=["self"], no_key=True).get(pk=entry.pk)
