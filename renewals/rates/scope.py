"""Whose children the rates of renewal count, and what it is to count: a child in a subject (人次)."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from branches.models import User
from courses.models import Course
from enrolments.models import Enrolment
from scheduling.models import ClassGroup, ClassMember

PAIR = ("student", "course__subject")


@dataclass(frozen=True)
class Scope:
    """Whose children are counted: of the branches (None: of all), and of what else was chosen."""

    branch_ids: frozenset[int] | None = None
    course: Course | None = None
    teacher: User | None = None  # the class teacher
    adviser: User | None = None
    class_group: ClassGroup | None = None

    def accounts(self, period):
        """Enrolments, of the chosen classes those that were in one of them in the period."""
        chosen = Enrolment.objects.filter(**self._facts(""))
        if not self.class_facts:
            return chosen
        return chosen.filter(Exists(self.members_during(period).filter(enrolment=OuterRef("pk"))))

    def members(self):
        return ClassMember.objects.filter(**self._facts("enrolment__"), **self.class_facts)

    def classes(self):
        """Those that the children may be in."""
        facts = {"branch__in": self.branch_ids, "course": self.course, "teacher": self.teacher}
        facts |= {"pk": self.class_group.pk if self.class_group else None}
        return ClassGroup.objects.filter(**{lookup: value for lookup, value in facts.items() if value is not None})

    def members_during(self, period):
        still_there = Q(left_date__isnull=True) | Q(left_date__gt=period.first)
        return self.members().filter(still_there, joined_date__lte=period.last)

    def members_elsewhere(self):
        """In no class of the chosen ones."""
        facts = self._facts("enrolment__") | self.class_facts
        return ClassMember.objects.exclude(**facts) if facts else ClassMember.objects.none()

    @property
    def class_facts(self):
        facts = {"class_group__teacher": self.teacher, "class_group": self.class_group}
        return {lookup: value for lookup, value in facts.items() if value}

    def _facts(self, way):
        facts = {"course": self.course, "student__adviser": self.adviser}
        facts = {way + lookup: value for lookup, value in facts.items() if value}
        return facts if self.branch_ids is None else facts | {f"{way}branch__in": self.branch_ids}


# --- sets of pairs ---------------------------------------------------------------------------------------


def pairs(rows):
    return rows.order_by().values(*PAIR).distinct()


def number_of(rows):
    return pairs(rows).count()


def both(rows, others):
    return rows.filter(_same_pair(others))


def without(rows, others):
    return rows.filter(~_same_pair(others))


def _same_pair(others):
    return Exists(others.order_by().filter(student=OuterRef("student"), course__subject=OuterRef("course__subject")))
