"""Who may teach a course: those who are named for it, and everybody where nobody is."""

from collections import defaultdict

from branches.models import User
from scheduling.models import Qualification


class Qualified:
    """Who is named for which of these courses: one query."""

    def __init__(self, course_ids):
        self._named = defaultdict(set)
        rows = Qualification.objects.filter(course__in=course_ids).order_by()
        for course_id, teacher_id in rows.values_list("course", "teacher"):
            self._named[course_id].add(teacher_id)

    def may_teach(self, teacher_id, course_id):
        return course_id not in self._named or teacher_id in self._named[course_id]


def teachers_for(course_id, branch):
    """Who may teach the course at the branch, by name."""
    qualified = Qualified([course_id])
    teachers = User.objects.teaching_at(branch).order_by("name", "pk")
    return [teacher for teacher in teachers if qualified.may_teach(teacher.pk, course_id)]
