from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce

from branches.querysets import BranchScopedQuerySet

LONGEST_LESSON = timedelta(days=1)


def _anywhere(day):
    """[start, end) of a local day in all the zones of the earth."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight - timedelta(hours=14), midnight + timedelta(hours=36)


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


def _number_on(rows):
    """The same of a lesson."""
    counted = rows.filter(lesson=OuterRef("pk")).order_by().values("lesson").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0)


class ClassGroupQuerySet(OwnTeachingQuerySet):
    def with_counts(self):
        """Adds `student_count` (children in the class now) and `lesson_count` (not cancelled)."""
        members = self.model.members.rel.related_model.objects.filter(left_date__isnull=True)
        lessons = self.model.lessons.rel.related_model.objects.active()
        return self.annotate(student_count=_number_of(members), lesson_count=_number_of(lessons))

    def with_current_rules(self, today):
        """`current_rules` of each: the weekly times that hold on this day or later."""
        rules = self.model.rules.rel.related_model.objects.select_related("room")
        standing = Q(valid_until__isnull=True) | Q(valid_until__gte=today) & Q(valid_until__gte=F("valid_from"))
        return self.prefetch_related(Prefetch("rules", rules.filter(standing), to_attr="current_rules"))

    def over_full(self):
        """With more children in the class now than it has seats: found from the members, not class by class."""
        members = self.model.members.rel.related_model.objects.filter(left_date__isnull=True).order_by()
        counted = members.values("class_group").annotate(number=Count("pk"))
        return self.filter(pk__in=counted.filter(number__gt=F("class_group__capacity")).values("class_group"))

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

    def on_days(self, days):
        """Lessons of these local days, wherever the branch is, found by the index of their beginnings."""
        spans = [Q(starts_at__gte=start, starts_at__lt=end) for start, end in map(_anywhere, days)]
        return self.filter(reduce(or_, spans, Q(pk__in=[])), local_date__in=days)

    def to_be_called(self, now):
        """Begun and not called: the exception list of the trade (异常课表)."""
        return self.planned().filter(starts_at__lte=now)

    def off_calendar(self, now):
        """Still to come on a day that is closed, or runs another weekday's timetable than the lesson's.

        Not those that somebody let stand on a closed day, or put on that day by hand.
        """
        days = self.model.branch.field.related_model.calendar_days.rel.related_model.objects
        passed = self.model.overrides.rel.related_model.objects.filter(rule="closed_day", lesson=OuterRef("pk"))
        here = {"branch": OuterRef("branch"), "day": OuterRef("local_date")}
        runs_other = days.filter(kind="runs_weekday", **here).exclude(runs_weekday=OuterRef("rule__weekday"))
        is_off = Q(Exists(days.closed().filter(**here))) | Q(Exists(runs_other), rule__isnull=False, has_own_time=False)
        return self.planned().filter(is_off, ~Exists(passed), starts_at__gt=now)

    def for_timetable(self):
        """Adds `student_count` (children of the lesson) and `trial_count` (guests): together they take its seats.

        In time order, said here: Django leaves the order of the model out where it counts.
        """
        counted = self.select_related("class_group__course", "teacher", "room", "branch").annotate(
            student_count=Count("attendances"),
            trial_count=_number_on(self.model.trials.rel.related_model.objects.active()),
        )
        return counted.order_by("starts_at", "pk")


class LessonReplyQuerySet(BranchScopedQuerySet):
    branch_lookup = "attendance__lesson__branch"


class AttendanceQuerySet(OwnTeachingQuerySet):
    branch_lookup = "lesson__branch"
    teacher_lookup = "lesson__teacher"

    def expected(self):
        return self.filter(status="expected", lesson__status="planned")

    def coming(self):
        """Without those on leave: who is not there takes no seat, and is free for something else."""
        return self.exclude(status="leave")

    def student_ids(self):
        return self.values_list("enrolment__student_id", flat=True)


class BookingQuerySet(BranchScopedQuerySet):
    branch_lookup = "lesson__branch"

    def overlapping(self, *, starts_at, ends_at):
        """[start, end): back-to-back is no overlap. The one predicate, as the database has it.

        No lesson is longer than a day (services.changes), so the index need not be read from its beginning.
        """
        return self.filter(starts_at__lt=ends_at, starts_at__gt=starts_at - LONGEST_LESSON, ends_at__gt=starts_at)

    def overlapping_any(self, spans):
        """The same for each of several (starts_at, ends_at), in time order and apart."""
        whole = self.overlapping(starts_at=spans[0][0], ends_at=spans[-1][1])
        return whole.filter(reduce(or_, (Q(starts_at__lt=end, ends_at__gt=start) for start, end in spans)))


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

    def offered(self, now):
        """Seats that are held for somebody now."""
        return self.filter(status="offered", offered_until__gt=now)


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

    def usable(self):
        """Rights of lessons that were really missed: on leave, or cancelled by the school."""
        is_missed = Q(original__status="leave") | Q(original__lesson__status="cancelled")
        return self.filter(is_missed, withdrawn_at__isnull=True)

    def open(self, today):
        """Rights that can be used today."""
        return self.usable().filter(attendance__isnull=True, expires_date__gte=today)

    def expired(self, today):
        """Never used, and too late now: they stay on the books."""
        return self.usable().filter(attendance__isnull=True, expires_date__lt=today)

    def booked(self):
        return self.filter(attendance__lesson__status="planned")

    def taken(self):
        """Made up, or the seat was kept and the child did not come: either way the right is used."""
        return self.filter(attendance__lesson__status="held")


class TrialBookingQuerySet(OwnTeachingQuerySet):
    branch_lookup = "lesson__branch"
    teacher_lookup = "lesson__teacher"

    def active(self):
        return self.exclude(status="cancelled")

    def number_in(self, lesson):
        """How many guests come to a lesson, as an expression in another query."""
        counted = self.active().filter(lesson=lesson.pk).order_by().values("lesson").annotate(number=Count("pk"))
        return Coalesce(Subquery(counted.values("number")), 0)
