"""Lessons in which a child could make up another one, best first."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import BooleanField, Exists, ExpressionWrapper, Max, Min, OuterRef, Q

from scheduling.models import Attendance, Booking, Lesson
from scheduling.seats import with_seats

OFFERED = 12
AGE_GAP = timedelta(days=2 * 365)  # older or younger than everybody in the class by more: told apart


@dataclass(frozen=True)
class Offer:
    """A lesson that fits; `fits_age` is None where nobody's age is known."""

    lesson: Lesson
    is_same_branch: bool
    fits_age: bool | None


def fitting_lessons(make_up, *, lessons, now, limit=OFFERED):
    """Of `lessons` (those the person may see) the ones that fit: course, level, seat, the child's time, the expiry.

    The child's own branch first, then where the others are of its age, then closest to the missed lesson. Two
    queries, whatever there is: lessons before the missed one, and after.
    """
    missed = make_up.original.lesson
    fitting = _fitting(make_up, lessons, now)
    after = fitting.filter(starts_at__gte=missed.starts_at).order_by("-is_same_branch", "starts_at")
    before = fitting.filter(starts_at__lt=missed.starts_at).order_by("-is_same_branch", "-starts_at")
    offers = [_offer(lesson, make_up.original.enrolment.student) for lesson in [*after[:limit], *before[:limit]]]
    return sorted(offers, key=lambda offer: _rank(offer, missed))[:limit]


def _rank(offer, missed):
    distance = abs(offer.lesson.starts_at - missed.starts_at)
    return (not offer.is_same_branch, offer.fits_age is False, distance, offer.lesson.pk)


def _fitting(make_up, lessons, now):
    enrolment, missed = make_up.original.enrolment, make_up.original.lesson
    is_same_branch = ExpressionWrapper(Q(branch=enrolment.branch_id), output_field=BooleanField())
    level = {"class_group__level": missed.class_group.level} if missed.class_group.level else {}
    found = with_seats(lessons.planned()).filter(
        _is_free(enrolment.student_id),
        starts_at__gt=now,
        local_date__lte=make_up.expires_date,
        class_group__course=enrolment.course_id,
        make_up_seats_left__gt=0,
        **level,
    )
    found = found.annotate(is_same_branch=is_same_branch, **_ages())
    return found.select_related("class_group__course", "branch", "teacher", "room")


def _is_free(student_id):
    """The child is not in the lesson already, and nowhere else at that time."""
    there = Attendance.objects.filter(lesson=OuterRef("pk"), enrolment__student=student_id)
    elsewhere = Booking.objects.filter(
        kind=Booking.Kind.STUDENT,
        resource_id=student_id,
        starts_at__lt=OuterRef("ends_at"),
        ends_at__gt=OuterRef("starts_at"),
    )
    return ~Exists(there) & ~Exists(elsewhere)


def _ages():
    born = "attendances__enrolment__student__birth_date"
    return {"oldest": Min(born), "youngest": Max(born)}


def _offer(lesson, student):
    is_known = student.birth_date and lesson.oldest
    fits = is_known and lesson.oldest - AGE_GAP <= student.birth_date <= lesson.youngest + AGE_GAP
    return Offer(lesson, lesson.is_same_branch, bool(fits) if is_known else None)
