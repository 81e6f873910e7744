"""Courses of the books, in the database."""

from collections import Counter, defaultdict

from django.utils.translation import gettext as _

from courses.models import Course, Subject

DEFAULT_MINUTES = 60


class Catalogue:
    """Courses by name. A new one's list price and minutes are those that most of its classes have."""

    def __init__(self, run):
        self.run = run
        self._courses = {course.name.casefold(): course for course in Course.objects.all()}
        self._asked = set()
        self._prices, self._minutes, self._academic = defaultdict(Counter), defaultdict(Counter), set()
        for row in run.school.classes:
            self._observe(row)

    def _observe(self, row):
        name = row.course.casefold()
        self._prices[name].update([row.unit_price_minor] if row.unit_price_minor else [])
        self._minutes[name].update(slot.minutes for slot in row.slots)
        if "学科" in row.category and "非学科" not in row.category:
            self._academic.add(name)

    def find(self, name):
        return self._courses.get(name.casefold())

    def course(self, row):
        """The course that a row of the classes or the students names, made where it is new; None without a name."""
        name = row.course.casefold()
        if not name:
            return None
        if name not in self._asked:
            self._asked.add(name)
            self.run.count("courses", name not in self._courses)
        if name not in self._courses:
            self._courses[name] = self._new_course(row)
        return self._courses[name]

    def _new_course(self, row):
        name = row.course.casefold()
        if self.run.school.classes and row.source.book != "classes":
            self._report_without_class(row)
        subject, _is_new = Subject.objects.get_or_create(
            name=row.course, defaults={"is_academic": name in self._academic}
        )
        return Course.objects.create(
            subject=subject,
            name=row.course,
            list_price_minor=_most_common(self._prices[name], 0),
            minutes=_most_common(self._minutes[name], DEFAULT_MINUTES),
        )

    def _report_without_class(self, row):
        self.run.report(
            row,
            field="course",
            reason=_("No class teaches “%(name)s”: the course was made without a list price.") % {"name": row.course},
            mend=_("If it is a slip of the pen, write the course as the class book has it before the real run."),
            code="new_course",
        )


def _most_common(counter, default):
    return counter.most_common(1)[0][0] if counter else default
