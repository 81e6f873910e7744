"""Children come into a class and leave it."""

from django.db import transaction
from django.utils.translation import gettext as _

from scheduling.clashes import lock_timetable
from scheduling.models import Attendance, ClassMember, WaitingListEntry
from scheduling.services.class_seats import offer_seats, refuse_full
from scheduling.services.locks import ScheduleError
from scheduling.services.planning import expect


def place_student(*, enrolment, **facts):
    """Put one child into a class; see place_students."""
    [member] = place_students(enrolments=[enrolment], **facts)
    return member


@transaction.atomic
def place_students(*, class_group, enrolments, joined_date, by, now, keep_reason=""):
    """Put children into a class: they are expected at every planned lesson from `joined_date` on.

    Returns the members, those who were in it before among them. Raises ScheduleError for an enrolment of
    another course or branch, ClassFullError when a class that is never over-full has no seat for them,
    LessonClashError when a child is elsewhere then and no `keep_reason` is given.
    """
    for enrolment in enrolments:
        refuse_other_course(class_group, enrolment)
    lock_timetable()
    _end_waiting(class_group, enrolments)  # before the seats are counted: one's own offer holds one's own seat
    refuse_full(class_group, _number_new(class_group, enrolments), day=joined_date)
    ClassMember.objects.bulk_create(
        [
            ClassMember(class_group=class_group, enrolment=enrolment, joined_date=joined_date)
            for enrolment in enrolments
        ],
        ignore_conflicts=True,
    )
    lessons = list(class_group.lessons.planned().filter(local_date__gte=joined_date))
    expected = set(
        Attendance.objects.filter(lesson__in=lessons, enrolment__in=enrolments).values_list("lesson", "enrolment")
    )
    places = [(lesson, enrolment) for enrolment in enrolments for lesson in lessons]
    new_places = [place for place in places if (place[0].pk, place[1].pk) not in expected]
    expect(new_places, by=by, now=now, keep_reason=keep_reason)
    members = class_group.members.filter(enrolment__in=enrolments, left_date__isnull=True)
    return list(members.select_related("enrolment"))


def _end_waiting(class_group, enrolments):
    entries = WaitingListEntry.objects.open().filter(class_group=class_group, enrolment__in=enrolments)
    entries.update(status=WaitingListEntry.Status.ACCEPTED)


def _number_new(class_group, enrolments):
    inside = class_group.members.filter(enrolment__in=enrolments, left_date__isnull=True)
    return len(enrolments) - inside.count()


def refuse_other_course(class_group, enrolment):
    if (enrolment.branch_id, enrolment.course_id) != (class_group.branch_id, class_group.course_id):
        raise ScheduleError(
            _("%(class)s teaches another course or at another branch than the enrolment: choose a class of %(course)s.")
            % {"class": class_group, "course": enrolment.course}
        )


@transaction.atomic
def remove_from_class(*, member, left_date, now):
    """Take a child out of a class from a day on; what was held stays. The next in line is offered the seat."""
    lock_timetable()
    member.left_date = left_date
    member.save(update_fields=["left_date"])
    Attendance.objects.expected().filter(
        enrolment=member.enrolment, lesson__class_group=member.class_group, lesson__local_date__gte=left_date
    ).delete()
    return offer_seats(member.class_group, now=now)
