"""Fill, attendance, make-ups and teacher load: by branch, course or teacher."""

from collections import Counter
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from reports import words
from reports.lessons import Taught
from reports.periods import buckets
from reports.tables import Cell, Column, Table, chart, number, ratio, share, text
from reports.views.base import NONE, TablesView, column, heading, of_days

SEEN = ["expected", "present", "late", "leave", "absent"]
RATES = ["attendance_rate", "leave_rate", "absence_rate", "late_rate"]
SHARES = {  # part, whole
    "attendance_rate": ("present", "expected"),
    "leave_rate": ("leave", "expected"),
    "absence_rate": ("absent", "expected"),
    "late_rate": ("late", "expected"),
    "enrolled_fill": ("members", "capacity"),
    "attended_fill": ("taken", "seats"),
    "make_up_rate": ("made_up", "owed"),
}


class LessonsView(TablesView):
    title = gettext_lazy("Lessons in numbers")
    page = "numbers_lessons"
    dimensions = ("branch", "course", "teacher")

    @cached_property
    def taught(self):
        return Taught(self.scope)

    @cached_property
    def groups(self):
        """{group id: Counter} of what was taught and of the classes."""
        found = self.taught.by(self.form.dimension)
        for key, counts in self.taught.fill_by(self.form.dimension).items():
            found.setdefault(key, Counter()).update(counts)
        return found

    @cached_property
    def totals(self):
        """Children who came to several groups count once in all of them together."""
        totals = sum(self.groups.values(), Counter())
        totals["students"] = self.taught.number_of_students
        return totals

    @property
    def cards(self):
        for figure in ("attendance_rate", "enrolled_fill", "attended_fill", "make_up_rate"):
            one = words.LESSONS[figure]
            cell = self._cell(figure, self.totals, {})
            yield {"name": one.name, "cell": cell, "figure": figure, "formula": one.formula}

    @cached_property
    def trend(self):
        """[(bucket, Counter)] of the period's days, weeks or months until today."""
        by_day = self.taught.by_day()
        points = [one for one in buckets(self.scope.period) if one.days.first <= self.scope.last_day]
        return [(one, _sum_of(by_day, one.days)) for one in points]

    @property
    def chart(self):
        rates = [_percent(counts["present"], counts["expected"]) for _bucket, counts in self.trend]
        fill = [_percent(counts["taken"], counts["seats"]) for _bucket, counts in self.trend]
        series = [(words.LESSONS["attendance_rate"].name, rates), (words.LESSONS["attended_fill"].name, fill)]
        return chart([bucket.label for bucket, _counts in self.trend], series, suffix="%")

    @cached_property
    def tables(self):
        names = self.names_of(self.form.dimension, self.groups)
        keys = sorted(names, key=lambda key: (-self.groups[key]["lessons"], names[key]))
        rows = [(names[key], self.groups[key], {"by": self.form.dimension, "group": key or NONE}) for key in keys]
        total = (pgettext("numbers", "All"), self.totals, {})
        return [
            self._table(_("Attendance"), "attendance", rows, total, [*SEEN, *RATES]),
            self._table(_("Fill of the classes"), "fill", rows, total, FILL),
            self._table(_("Lessons and hours"), "load", rows, total, LOAD),
            self._trend_table(),
        ]

    def _table(self, title, name, rows, total, figures):
        return Table(
            title=title,
            name=name,
            columns=[heading(self.form.dimension), *(column(words.LESSONS[figure]) for figure in figures)],
            rows=[self._row(row, figures) for row in rows],
            total=self._row(total, figures),
        )

    def _row(self, row, figures):
        name, counts, chosen = row
        return [text(name), *(self._cell(figure, counts, chosen) for figure in figures)]

    def _cell(self, figure, counts, chosen):
        if figure in SHARES:
            part, whole = SHARES[figure]
            return share(counts[part], counts[whole], self.link(part, **chosen))
        if figure == "average_size":
            return ratio(counts["members"], counts["classes"], self.link("classes", **chosen))
        if figure == "hours":
            return hours(counts["seconds"], self.link("lessons", **chosen))
        return number(counts[figure], self.link(figure, **chosen))

    def _trend_table(self):
        figures = ["lessons", "expected", "present", "attendance_rate", "attended_fill"]
        rows = [
            [
                text(bucket.label),
                *(self._cell(figure, counts, of_days(bucket.days)) for figure in figures),
            ]
            for bucket, counts in self.trend
            if counts["lessons"]
        ]
        told = [column(words.LESSONS[figure]) for figure in figures]
        first = Column(pgettext("numbers", "From"), is_number=False)
        return Table(title=_("Over the days"), name="days", columns=[first, *told], rows=rows)


FILL = ["classes", "members", "enrolled_fill", "average_size", "attended_fill"]
LOAD = ["lessons", "hours", "students", "owed", "made_up", "make_up_rate"]


def hours(seconds, link=""):
    return Cell(f"{seconds / 3600:,.1f}", round(seconds / 3600, 2), link if seconds else "")


def _sum_of(by_day, days):
    return sum((counts for day, counts in by_day.items() if days.first <= day <= days.last), Counter())


def _percent(part, whole):
    return round(100 * part / whole, 1) if whole else None
