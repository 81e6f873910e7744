"""Class groups of the books, in the database, with the lessons that are still to come."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from django.utils.translation import gettext as _

from branches.models import Branch
from core.clock import local_date
from core.statistics import refresh_statistics
from courses.models import Course
from enrolments.models import Enrolment
from imports.problems import Severity
from scheduling.models import Attendance, Booking, ClassGroup, ClassMember, Lesson, ScheduleRule, Weekday
from scheduling.rules import occurrences
from scheduling.services import plan_lessons
from students.models import Student

DEFAULT_LESSONS = 20


@dataclass(frozen=True)
class Account:
    """Where a row of the students' book belongs; what nobody knows is None."""

    branch: Branch | None
    course: Course | None
    group: ClassGroup | None


def kept_as_in_the_books():
    """The reason of a clash that the import keeps."""
    return _("The books have both at this time.")


class Classes:
    """The class groups of a run, found by branch and name."""

    def __init__(self, run, *, places, staff, catalogue):
        self.run, self.places, self.staff, self.catalogue = run, places, staff, catalogue
        self.book = run.school.class_book
        self.children_in = Counter(id(self.book.find(row)) for row in run.school.students if self.book.find(row))
        self._calendar = cache(lambda branch: branch.calendar_days.for_planning())
        known = ClassGroup.objects.select_related("branch", "course", "teacher").prefetch_related("rules")
        self._known = {(group.branch_id, group.name.casefold()): group for group in known}
        self._by_name = defaultdict(list)
        for group in self._known.values():
            self._by_name[group.name.casefold()].append(group)
        self._names_in_book = {book_class.name.casefold() for book_class in self.book.groups}
        self._of_book, self.new, self.list_prices = {}, set(), {}
        self._rules = []  # of classes that get their first weekly times

    def take_over(self):
        """Make the classes of the book that are new; `plan` gives them lessons."""
        groups = [self._settle(book_class) for book_class in self.book.groups]
        new = [group for group in groups if group and group.pk is None]
        ClassGroup.objects.bulk_create(new)
        self.new = {group.pk for group in new}
        self.list_prices = {
            group.pk: book_class.rows[0].unit_price_minor
            for group, book_class in zip(groups, self.book.groups, strict=True)
            if group
        }
        ScheduleRule.objects.bulk_create(self._rules)
        for row in self.run.school.students:  # all courses are there before the first row needs to know them
            self.account(row)

    def plan(self):
        """Plan the lessons of classes that got their weekly times, with the children who are in them by now."""
        refresh_statistics(Student, Enrolment, ClassMember)
        for position, group in enumerate(dict.fromkeys(rule.class_group for rule in self._rules)):
            lessons = plan_lessons(
                class_group=group,
                by=self.run.by,
                now=self.run.now,
                from_date=max(self._today(group), group.first_date),
                keep_reason=kept_as_in_the_books(),
                checks_rules=False,  # it is so already; a lesson that somebody changes is checked
            )
            self.run.created["lessons"] += len(lessons)
            if position == 0:
                refresh_statistics(Lesson, Attendance, Booking)

    def account(self, row):
        """Where a row of the students' book belongs. A class that only one branch has needs no branch."""
        book_class = self.book.find(row)
        group = self._of_book.get(id(book_class)) if book_class else self._group_of_database(row)
        if group:
            return Account(group.branch, group.course, group)
        branch, course = self.places.branch(row.branch), None
        if book_class:
            branch = self.places.branch(book_class.branch) or branch
            course = self.catalogue.course(book_class.rows[0])
        return Account(branch, course or self._course(row), None)

    def _course(self, row):
        """With a class that nobody knows, a course that nobody knows may be a slip, too: it is not made."""
        is_doubtful = row.class_name and self.has_any()
        return self.catalogue.find(row.course) if is_doubtful else self.catalogue.course(row)

    def _group_of_database(self, row):
        """A class that the book lacks. Of two in the book with one name, none is known by the name alone."""
        branch, name = self.places.branch(row.branch), row.class_name.casefold()
        alone = self._by_name.get(name, []) if name not in self._names_in_book else []
        exact = self._known.get((branch.pk, name)) if branch else None
        return exact or (alone[0] if len(alone) == 1 else None)

    def has_any(self):
        return bool(self.book.groups or self._known)

    # --- one class ---------------------------------------------------------------------------------------

    def _settle(self, book_class):
        """The class group: known, or new and not yet saved; None where something is missing."""
        row = book_class.rows[0]
        branch = self.places.branch(row.branch)
        known = self._known.get((branch.pk, row.class_name.casefold())) if branch else None
        group = self._of_book[id(book_class)] = known or self._new_group(book_class, branch)
        if group is None:
            return None
        for row in book_class.rows:
            self.run.end(row, is_new=known is None)
            self.run.keep_in_report(row, self.run.unused(row) | ({_("Note"): row.note} if row.note else {}))
        self.run.count("class_groups", known is None)
        self._compare(group, book_class) if known else self._add_rules(group, book_class)
        return group

    def _new_group(self, book_class, branch):
        row = book_class.rows[0]
        if branch is None:
            self._leave_out(book_class, self.places.report_missing)
            return None
        course, teacher = self.catalogue.course(row), self._teacher(book_class.rows, branch)
        if not (course and teacher):
            report = self._report_teacher if course else self._report_course
            self._leave_out(book_class, report)
            return None
        return ClassGroup(
            branch=branch,
            name=row.class_name,
            course=course,
            teacher=teacher,
            capacity=book_class.capacity or self._report_seats(row, self.children_in[id(book_class)]),
            first_date=self.run.day(row.start_date) or self._report_start(row, branch),
            lessons_total=row.lessons or self._report_lessons(row),
        )

    def _leave_out(self, book_class, report):
        for row in book_class.rows:
            report(row)

    def _teacher(self, rows, branch):
        """The first teacher of the first row whose name says who it is."""
        names = (row.teachers[0] for row in rows if row.teachers)
        return next(filter(None, (self.staff.person(name, branch) for name in names)), None)

    def _add_rules(self, group, book_class):
        """Its weekly times, once each: a mended row may stand beside the one that it mends."""
        rules = {}
        for row in book_class.rows:
            room = self.places.room(group.branch, row.room, seats=group.capacity) if row.slots else None
            teacher = self._teacher([row], group.branch) or group.teacher
            self._report_other_teachers(row, teacher, group.branch)
            for slot in row.slots:
                if not any(slot.overlaps(other) for other in rules):
                    rules[slot] = self._rule(group, slot, teacher, room)
                elif slot not in rules:
                    self._report_overlap(row)
        self._rules += rules.values()
        group.lessons_before = self._lessons_before(group, rules.values())

    def _rule(self, group, slot, teacher, room):
        return ScheduleRule(
            class_group=group,
            weekday=slot.weekday,
            start_time=slot.start,
            minutes=slot.minutes,
            teacher=teacher,
            room=room,
            valid_from=group.first_date,
        )

    def _today(self, group):
        return local_date(self.run.now, group.branch.time_zone)

    def _lessons_before(self, group, rules):
        """Lessons before today were held before the class was kept here; the rest goes on the timetable."""
        days = occurrences(rules, group.first_date, *self._calendar(group.branch))
        held = sum(1 for _day in takewhile(lambda pair: pair[0] < self._today(group), days))
        return min(held, group.lessons_total)

    # --- a class that was there before ---------------------------------------------------------------------

    def _compare(self, group, book_class):
        row = book_class.rows[0]
        rules = list(group.rules.all())
        if not rules and any(row.slots for row in book_class.rows):
            self._add_rules(group, book_class)
            group.save(update_fields=["lessons_before"])
            self.run.completed["class_groups"] += 1
        elif rules:
            self._compare_times(book_class, rules)
        teacher = self._teacher(book_class.rows, group.branch)
        said = {
            "course": (row.course and row.course.casefold(), group.course.name.casefold(), group.course),
            "teacher": (teacher, group.teacher, group.teacher),
            "capacity": (book_class.capacity, group.capacity, group.capacity),
            "start_date": (self.run.day(row.start_date), group.first_date, group.first_date),
            "lessons": (row.lessons, group.lessons_total, group.lessons_total),
        }
        for key, (book, kept, shown) in said.items():
            if book and book != kept:
                self.run.report_difference(row, key, kept=shown)

    def _compare_times(self, book_class, rules):
        kept = {(rule.weekday, rule.start_time, rule.minutes) for rule in rules}
        shown = "、".join(f"{Weekday(rule.weekday).label} {rule.start_time:%H:%M}" for rule in rules)
        for row in book_class.rows:
            if not kept.issuperset((slot.weekday, slot.start, slot.minutes) for slot in row.slots):
                self.run.report_difference(row, "schedule", kept=shown)

    # --- what a person should look at ----------------------------------------------------------------------

    def _report_course(self, row):
        self.run.leave_out(
            row,
            field="course",
            reason=_("“%(class)s” was not made: the row names no course.") % {"class": row.class_name},
            mend=_("Write the course, and put the row in again."),
            code="missing_course",
        )

    def _report_teacher(self, row):
        name = row.teachers[0] if row.teachers else ""
        if not name:
            reason = _("“%(class)s” was not made: the row names no teacher.")
        elif self.staff.people_called(name, self.places.branch(row.branch)):
            reason = _("“%(class)s” was not made: several people are called “%(name)s”.")
        else:
            reason = _("“%(class)s” was not made: nobody of the staff is called “%(name)s”.")
        self.run.leave_out(
            row,
            field="teacher",
            reason=reason % {"class": row.class_name, "name": name},
            mend=_("Write the name as the staff book has it, or add the person there, and put the row in again."),
            code="unknown_teacher",
        )

    def _report_overlap(self, row):
        self.run.report(
            row,
            field="schedule",
            reason=_("Two weekly times of “%(class)s” overlap: the first was taken.") % {"class": row.class_name},
            mend=_("If they are two classes, give each its own name."),
            code="overlapping_times",
        )

    def _report_other_teachers(self, row, teacher, branch):
        for name in row.teachers[1:]:
            self.run.report(
                row,
                field="teacher",
                reason=_("A class has one teacher: “%(name)s” was left out.") % {"name": name},
                mend=_("Give single lessons to the other teacher on the timetable."),
                code="second_teacher",
                severity=Severity.NOTE,
            )
        if row.teachers and teacher.name != row.teachers[0]:
            self._report_substitute(row, teacher)
        if not self.staff.works_at(teacher, branch):
            self._report_stranger(row, teacher, branch)

    def _report_substitute(self, row, teacher):
        self.run.report(
            row,
            field="teacher",
            reason=_(
                "Nobody of the staff is called “%(name)s”: %(teacher)s was taken, who teaches the class otherwise."
            )
            % {"name": row.teachers[0], "teacher": teacher},
            mend=_("Write the name as the staff book has it before the real run, or correct the class group."),
            code="unknown_teacher",
        )

    def _report_stranger(self, row, teacher, branch):
        self.run.report(
            row,
            field="teacher",
            reason=_("%(teacher)s has no role at %(branch)s and does not see this class.")
            % {"teacher": teacher, "branch": branch},
            mend=_("Give the role in the back office, or add the branch in the staff book before the real run."),
            code="teacher_elsewhere",
        )

    def _report_seats(self, row, children):
        reason = _("The class has no number of seats: %(number)d were taken, as many as it has children.")
        self._report_default(row, "capacity", reason % {"number": max(children, 1)}, "missing_capacity")
        return max(children, 1)

    def _report_start(self, row, branch):
        self._report_default(
            row, "start_date", _("The class has no first day: its lessons begin now."), "missing_start_date"
        )
        return local_date(self.run.now, branch.time_zone)

    def _report_lessons(self, row):
        reason = _("The class has no number of lessons: %(number)d were planned.")
        self._report_default(row, "lessons", reason % {"number": DEFAULT_LESSONS}, "missing_lessons")
        return DEFAULT_LESSONS

    def _report_default(self, row, key, reason, code):
        self.run.report(row, field=key, reason=reason, mend=_("Correct it in the class group."), code=code)
