"""What stands behind a figure: its rows as a queryset, and how one of them reads."""

from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.clock import day_text, local_date, moment_text, span_text
from core.money import yuan
from enrolments.models import Enrolment
from renewals.rates.children import one_of_each
from reports import children, funnel, lessons, money
from reports.scope import Scope
from reports.tables import text

CHILD = pgettext_lazy("numbers", "Child")
CLASS = pgettext_lazy("numbers", "Class")
COURSE = pgettext_lazy("numbers", "Course")
BRANCH = pgettext_lazy("numbers", "Branch")
TEACHER = pgettext_lazy("numbers", "Teacher")
DAY = pgettext_lazy("numbers", "Day")


@dataclass(frozen=True)
class Kind:
    """`group_fields`: {dimension: the way to it}. Each has `figures`, `titles`, `rows` and `cells`."""

    scope: Scope
    basis: str
    group_fields = {}

    def narrowed(self, rows, dimension, group):
        """Those of one group; None is that of nobody."""
        lookup = self.group_fields[dimension]
        return rows.filter(**{f"{lookup}__isnull": True} if group is None else {lookup: group})

    def listed(self, rows):
        """As they stand in the list, in order."""
        return rows

    def completed(self, page):
        """What else the rows of a page need, read at once."""
        return page


class Enquiries(Kind):
    figures = frozenset(funnel.FIGURES)
    titles = (
        CHILD,
        pgettext_lazy("numbers", "Stage"),
        pgettext_lazy("numbers", "Registered"),
        pgettext_lazy("numbers", "Since"),
        _("Channel"),
        _("Owner"),
        COURSE,
        BRANCH,
    )
    group_fields = funnel.DIMENSIONS

    def rows(self, figure):
        rows = funnel.Funnel(self.scope, self.basis).rows(figure)
        return rows.select_related("channel", "owner", "course", "branch").order_by("-registered_date", "-pk")

    def cells(self, row, figure):
        stamp = {"referred_signed": "signed_at", "converted": "signed_at"} | funnel.STAMPS
        moment = getattr(row, stamp[figure]) if figure in stamp else None
        return [
            text(row.child_name, reverse("enquiry", args=[row.pk])),
            text(row.get_stage_display()),
            text(row.registered_date),
            text(local_date(moment, row.branch.time_zone) if moment else ""),
            *(text(one or "") for one in (row.channel, row.owner, row.course, row.branch)),
        ]


class Lessons(Kind):
    figures = frozenset(["lessons"])
    titles = (CLASS, pgettext_lazy("numbers", "Time"), TEACHER, BRANCH)
    group_fields = lessons.DIMENSIONS

    def rows(self, figure):
        rows = lessons.Taught(self.scope).rows(figure)
        return rows.select_related("class_group", "teacher", "branch").order_by("-starts_at", "pk")

    def cells(self, row, figure):
        when = span_text(row.starts_at, row.ends_at, row.branch.time_zone)
        link = reverse("lesson", args=[row.pk])
        return [text(row.class_group, link), text(when), text(row.teacher), text(row.branch)]


class Attendances(Kind):
    figures = frozenset([*lessons.SEEN, "taken"])
    titles = (CHILD, CLASS, pgettext_lazy("numbers", "Time"), pgettext_lazy("numbers", "Roll call"), TEACHER)
    group_fields = {name: f"lesson__{field}" for name, field in lessons.DIMENSIONS.items()}

    def rows(self, figure):
        rows = lessons.Taught(self.scope).rows(figure)
        related = ("enrolment__student", "lesson__class_group", "lesson__teacher", "lesson__branch")
        return rows.select_related(*related).order_by("-lesson__starts_at", "pk")

    def cells(self, row, figure):
        lesson = row.lesson
        return [
            text(row.enrolment.student, reverse("student", args=[row.enrolment.student_id])),
            text(lesson.class_group, reverse("lesson", args=[lesson.pk])),
            text(moment_text(lesson.starts_at, lesson.branch.time_zone)),
            text(row.get_status_display()),
            text(lesson.teacher),
        ]


class ChildrenTaught(Kind):
    """Children who came, each once, with how often."""

    figures = frozenset(["students"])
    titles = (CHILD, pgettext_lazy("numbers", "Lessons"))
    group_fields = Attendances.group_fields

    def rows(self, figure):
        return lessons.Taught(self.scope).rows(figure)

    def listed(self, rows):
        names = ("enrolment__student__name_initials", "enrolment__student__name", "enrolment__student")
        return rows.order_by(*names).values(*names).annotate(number=Count("pk"))

    def cells(self, row, figure):
        link = reverse("student", args=[row["enrolment__student"]])
        return [text(row["enrolment__student__name"], link), text(row["number"])]


class MakeUps(Kind):
    figures = frozenset(lessons.MADE_UP)
    titles = (CHILD, CLASS, pgettext_lazy("numbers", "Missed"), _("Made up in"), _("Valid until"))
    group_fields = {name: f"original__lesson__{field}" for name, field in lessons.DIMENSIONS.items()}

    def rows(self, figure):
        rows = lessons.Taught(self.scope).rows(figure)
        related = ("original__enrolment__student", "original__lesson__class_group", "attendance__lesson")
        return rows.select_related(*related).order_by("-original__lesson__starts_at", "pk")

    def cells(self, row, figure):
        missed, student = row.original.lesson, row.original.enrolment.student
        used = row.attendance.lesson if row.attendance else None
        return [
            text(student, reverse("student", args=[student.pk])),
            text(missed.class_group, reverse("lesson", args=[missed.pk])),
            text(day_text(missed.local_date)),
            text(day_text(used.local_date), reverse("lesson", args=[used.pk])) if used else text(""),
            text(row.expires_date),
        ]


class Classes(Kind):
    figures = frozenset(["classes"])
    titles = (CLASS, COURSE, TEACHER, BRANCH, pgettext_lazy("numbers", "Seats"))
    group_fields = {"branch": "branch", "course": "course", "teacher": "teacher"}

    def rows(self, figure):
        rows = lessons.Taught(self.scope).rows(figure)
        return rows.select_related("course", "teacher", "branch").order_by("branch__name", "name")

    def cells(self, row, figure):
        link = reverse("class_detail", args=[row.pk])
        return [text(row, link), *(text(one) for one in (row.course, row.teacher, row.branch, row.capacity))]


class Members(Kind):
    figures = frozenset(["members"])
    titles = (CHILD, CLASS, TEACHER, _("In the class since"))
    group_fields = {name: f"class_group__{field}" for name, field in Classes.group_fields.items()}

    def rows(self, figure):
        rows = lessons.Taught(self.scope).rows(figure)
        related = ("enrolment__student", "class_group__teacher")
        return rows.select_related(*related).order_by("class_group__name", "enrolment__student__name_initials", "pk")

    def cells(self, row, figure):
        group, student = row.class_group, row.enrolment.student
        return [
            text(student, reverse("student", args=[student.pk])),
            text(group, reverse("class_detail", args=[group.pk])),
            text(group.teacher),
            text(row.joined_date),
        ]


class Entries(Kind):
    figures = frozenset(["consumed", "recognised"])
    titles = (
        CHILD,
        COURSE,
        DAY,
        pgettext_lazy("numbers", "Credits"),
        pgettext_lazy("numbers", "Recognised"),
        pgettext_lazy("numbers", "Reason"),
    )
    group_fields = money.DIMENSIONS

    def rows(self, figure):
        rows = money.Ledger(self.scope).rows(figure)
        return rows.select_related("enrolment__student", "enrolment__course").order_by("-booked_date", "-pk")

    def cells(self, row, figure):
        student = row.enrolment.student
        return [
            text(student, reverse("student", args=[student.pk])),
            text(row.enrolment.course),
            text(row.booked_date),
            text(f"{-row.credits:g}"),
            text(yuan(row.revenue_minor)),
            text(row.reason),
        ]


class Learners(Kind):
    """A child in a subject, once."""

    figures = frozenset(children.FIGURES)
    titles = (CHILD, COURSE, BRANCH)

    def rows(self, figure):
        return children.Children(self.scope).rows(figure)

    def listed(self, rows):
        return one_of_each(rows, with_due=False)

    def cells(self, row, figure):
        account = row["account"]
        student = reverse("student", args=[row["student"]])
        return [text(row["student__name"], student), text(account.course), text(account.branch)]

    def completed(self, page):
        accounts = Enrolment.objects.select_related("course", "branch").in_bulk([row["account"] for row in page])
        return [row | {"account": accounts[row["account"]]} for row in page]


KINDS = (Enquiries, Lessons, Attendances, ChildrenTaught, MakeUps, Classes, Members, Entries, Learners)


def kind_of(figure):
    """Which kind of rows a figure has; None for what is no figure."""
    return next((kind for kind in KINDS if figure in kind.figures), None)
