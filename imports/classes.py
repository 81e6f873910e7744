"""Courses and class groups of the books, into the database, with the lessons that are still to come."""

from collections import Counter, defaultdict
from datetime import datetime
from itertools import takewhile

from django.utils.translation import gettext as _

from courses.models import Course, Subject
from imports.problems import Severity
from scheduling.models import ClassGroup, ScheduleRule
from scheduling.rules import occurrences
from scheduling.services import plan_lessons

DEFAULT_LESSONS = 20
DEFAULT_MINUTES = 60


def minutes_of(slot):
    today = datetime.min
    return (datetime.combine(today, slot.end) - datetime.combine(today, slot.start)).seconds // 60


class Catalogue:
    """Courses by name. A course's list price and minutes are those that most of its classes have."""

    def __init__(self, school, tally):
        self.courses = {course.name.casefold(): course for course in Course.objects.all()}
        self.prices, self.minutes, self.academic = defaultdict(Counter), defaultdict(Counter), set()
        for row in school.classes:
            self._observe(row)
        names = [row.course for row in [*school.classes, *school.students] if row.course]
        for name in dict.fromkeys(names):
            is_new = name.casefold() not in self.courses
            if is_new:
                self.courses[name.casefold()] = self._new_course(name)
            tally.count("courses", is_new)

    def _observe(self, row):
        self.prices[row.course].update([row.unit_price_minor] if row.unit_price_minor else [])
        self.minutes[row.course].update(minutes_of(slot) for slot in row.slots)
        if "学科" in row.category and "非学科" not in row.category:
            self.academic.add(row.course)

    def _new_course(self, name):
        subject, _is_new = Subject.objects.get_or_create(
            name=name, defaults={"is_academic": name in self.academic}
        )
        return Course.objects.create(
            subject=subject,
            name=name,
            list_price_minor=_most_common(self.prices[name], 0),
            minutes=_most_common(self.minutes[name], DEFAULT_MINUTES),
        )

    def course(self, name):
        return self.courses.get(name.casefold()) if name else None


def _most_common(counter, default):
    return counter.most_common(1)[0][0] if counter else default


class Classes:
    """The class groups of a run, found by their group in the class book."""

    def __init__(self, school, *, people, catalogue, tally, by, now, today, shift):
        self.people, self.catalogue, self.tally = people, catalogue, tally
        self.by, self.now, self.today, self.shift = by, now, today, shift
        self.children_in = Counter(
            id(school.class_book.find(row)) for row in school.students if school.class_book.find(row)
        )
        self.known = {(group.branch_id, group.name.casefold()): group for group in ClassGroup.objects.all()}
        self.list_prices = {}  # class group id → fen
        self._by_id = {id(group): self._class_group(group) for group in school.class_book.groups}

    def group(self, found):
        """The class group of a class of the book; None when it could not be made."""
        return self._by_id.get(id(found))

    def _class_group(self, book_class):
        row = book_class.rows[0]
        branch = self.people.branch(row.branch)
        known = branch and self.known.get((branch.pk, row.class_name.casefold()))
        group = known or self._new_group(book_class, row, branch)
        if group:
            self.tally.count("class_groups", known is None)
            self.list_prices[group.pk] = row.unit_price_minor
        return group

    def _new_group(self, book_class, row, branch):
        course = self.catalogue.course(row.course)
        teacher = self._teacher(row, branch)
        if not (branch and course and teacher):
            self._report_unusable(row, branch=branch, course=course, teacher=teacher)
            return None
        group = ClassGroup.objects.create(
            branch=branch,
            name=row.class_name,
            course=course,
            teacher=teacher,
            capacity=book_class.capacity or self._report_seats(row, self.children_in[id(book_class)]),
            first_date=(row.start_date or self._report_start(row)) + self.shift,
            lessons_total=row.lessons or self._report_lessons(row),
        )
        self._rules(group, book_class, teacher)
        self._plan(group)
        return group

    def _teacher(self, row, branch):
        return self.people.person(row.teachers[0], branch) if row.teachers else None

    def _rules(self, group, book_class, class_teacher):
        for row in book_class.rows:
            room = self.people.room(group.branch, row.room, group.capacity)
            for slot in row.slots:
                ScheduleRule.objects.create(
                    class_group=group,
                    weekday=slot.weekday,
                    start_time=slot.start,
                    minutes=minutes_of(slot),
                    teacher=self._teacher(row, group.branch) or class_teacher,
                    room=room,
                    valid_from=group.first_date,
                )

    def _plan(self, group):
        """Lessons before today were held before the class was kept here; the rest goes on the timetable."""
        days = occurrences(group.rules.all(), group.first_date, set())
        held = sum(1 for _day in takewhile(lambda pair: pair[0] < self.today, days))
        group.lessons_before = min(held, group.lessons_total)
        group.save(update_fields=["lessons_before"])
        lessons = plan_lessons(
            class_group=group,
            by=self.by,
            now=self.now,
            from_date=max(self.today, group.first_date),
            keep_reason=_("The class book has both classes at this time."),
        )
        self.tally.created["lessons"] += len(lessons)

    # --- what a person should look at ----------------------------------------------------------------------

    def _report_unusable(self, row, *, branch, course, teacher):
        missing = {
            _("Branch"): (branch, row.branch),
            _("Course"): (course, row.course),
            _("Teacher"): (teacher, "、".join(row.teachers)),
        }
        for column, (found, value) in missing.items():
            if not found:
                self.tally.report(
                    row,
                    column=column,
                    value=value,
                    reason=_("“%(class)s” was not made: no %(what)s “%(value)s” in the books.")
                    % {"class": row.class_name, "what": column, "value": value},
                    mend=_("Correct the name, or add it to its book, and import again."),
                    code="class_not_made",
                    severity=Severity.ERROR,
                )

    def _report_seats(self, row, children):
        reason = _("The class has no number of seats: %(number)d were taken, as many as it has children.")
        self._report_default(row, _("Capacity"), reason % {"number": max(children, 1)}, "missing_capacity")
        return max(children, 1)

    def _report_start(self, row):
        reason = _("The class has no first day: its lessons begin now.")
        self._report_default(row, _("First day"), reason, "missing_start_date")
        return self.today - self.shift

    def _report_lessons(self, row):
        reason = _("The class has no number of lessons: %(number)d were planned.")
        self._report_default(
            row, _("Lessons in all"), reason % {"number": DEFAULT_LESSONS}, "missing_lessons"
        )
        return DEFAULT_LESSONS

    def _report_default(self, row, column, reason, code):
        mend = _("Correct it in the class group.")
        self.tally.report(row, column=column, value="", reason=reason, mend=mend, code=code)
