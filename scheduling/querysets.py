from django.db.models import Count, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from branches.querysets import BranchScopedQuerySet


class OwnTeachingQuerySet(BranchScopedQuerySet):
    """Rows of the branches one may view, and for a teacher one's own."""

    teacher_lookup = "teacher"

    def visible_to(self, user):
        branch_ids = user.branch_ids_with(self.view_permission)
        if branch_ids is None:
            return self
        own = Q(**{self.teacher_lookup: user}) if user.is_active else Q(pk__in=[])
        return self.filter(Q(**{f"{self.branch_lookup}__in": branch_ids}) | own)


def _number_of(rows):
    """How many of `rows` a class group has, as a subquery: two counts do not multiply each other."""
    counted = rows.filter(class_group=OuterRef("pk")).order_by().values("class_group").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)


class ClassGroupQuerySet(OwnTeachingQuerySet):
    def with_counts(self):
        """Adds `student_count` (children in the class now) and `lesson_count` (not cancelled)."""
        members = self.model.members.rel.related_model.objects.filter(left_date__isnull=True)
        lessons = self.model.lessons.rel.related_model.objects.active()
        return self.annotate(student_count=_number_of(members), lesson_count=_number_of(lessons))

    def running(self, today):
        """Classes that still have a lesson to come."""
        lessons = self.model.lessons.rel.related_model.objects.planned().filter(local_date__gte=today)
        return self.filter(Exists(lessons.filter(class_group=OuterRef("pk"))))


class LessonQuerySet(OwnTeachingQuerySet):
    def active(self):
        return self.exclude(status="cancelled")

    def planned(self):
        return self.filter(status="planned")

    def between(self, start, end):
        """Lessons that begin in [start, end)."""
        return self.filter(starts_at__gte=start, starts_at__lt=end)

    def to_be_called(self, now):
        """Begun and not called: the exception list of the trade (异常课表)."""
        return self.planned().filter(starts_at__lte=now)

    def for_timetable(self):
        return self.select_related("class_group__course", "teacher", "room", "branch").annotate(
            student_count=Count("attendances")
        )


class AttendanceQuerySet(OwnTeachingQuerySet):
    branch_lookup = "lesson__branch"
    teacher_lookup = "lesson__teacher"

    def expected(self):
        return self.filter(status="expected", lesson__status="planned")


class BookingQuerySet(BranchScopedQuerySet):
    branch_lookup = "lesson__branch"

    def overlapping(self, *, starts_at, ends_at):
        """[start, end): back-to-back is no overlap. The one predicate, as the database has it."""
        return self.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)


class KeptClashQuerySet(BranchScopedQuerySet):
    branch_lookup = "lesson__branch"

    def unsolved(self):
        """Those where both lessons still take the same person or room at the same time."""
        bookings = self.model.bookings()
        ours = bookings.filter(kind=OuterRef("kind"), resource_id=OuterRef("resource_id"), lesson=OuterRef("lesson"))
        theirs = bookings.filter(
            kind=OuterRef("kind"),
            resource_id=OuterRef("resource_id"),
            lesson=OuterRef("other"),
            starts_at__lt=OuterRef("lesson__ends_at"),
            ends_at__gt=OuterRef("lesson__starts_at"),
        )
        return self.filter(Exists(ours), Exists(theirs))

    def upcoming(self, now):
        return self.filter(lesson__ends_at__gt=now)

    def with_lessons(self):
        return self.select_related("lesson__class_group", "lesson__branch", "other__class_group", "kept_by").order_by(
            F("lesson__starts_at"), "pk"
        )


class WaitingListQuerySet(OwnTeachingQuerySet):
    branch_lookup = "class_group__branch"
    teacher_lookup = "class_group__teacher"

    def open(self):
        return self.filter(status__in=["waiting", "offered"])


class TimetableChangeQuerySet(BranchScopedQuerySet):
    def undoable(self, since):
        """Changes from `since` on that nobody took back."""
        return self.filter(at__gte=since, undone_by__isnull=True).exclude(kind="undo")


class OfTeacherQuerySet(BranchScopedQuerySet):
    """Rows about a teacher, seen wherever the teacher works."""

    def in_branches(self, branch_ids):
        colleagues = self.model.teacher.field.related_model.objects.in_branches(branch_ids)
        return self.filter(teacher__in=colleagues.values("pk"))


class LeavePolicyQuerySet(BranchScopedQuerySet):
    pass


class AbsenceRequestQuerySet(OwnTeachingQuerySet):
    branch_lookup = "attendance__lesson__branch"
    teacher_lookup = "attendance__lesson__teacher"

    def active(self):
        return self.filter(withdrawn_at__isnull=True)


class MakeUpQuerySet(OwnTeachingQuerySet):
    branch_lookup = "original__lesson__branch"
    teacher_lookup = "original__lesson__teacher"

    def open(self, today):
        """Rights that can be used today."""
        return self.filter(attendance__isnull=True, withdrawn_at__isnull=True, expires_date__gte=today)


class TrialBookingQuerySet(OwnTeachingQuerySet):
    branch_lookup = "lesson__branch"
    teacher_lookup = "lesson__teacher"

    def active(self):
        return self.exclude(status="cancelled")
