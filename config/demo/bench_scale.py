"""The shape of the school that the timetable is measured on. Nothing is random.

Each branch's week has SLOTS in each of its rooms, and a class is a room and a slot for a term; a term's classes take
the branch's children in turn, CLASS_SIZE at a time, so that nobody is in two places.
"""

from dataclasses import dataclass
from datetime import time, timedelta

from core.clock import monday_of

CLASS_SIZE = 9
TERM = 24  # weeks, and lessons of a class
MINUTES = 90
# (weekday, start) of a branch's week: after school, and the weekend.
SLOTS = [(day, time(hour)) for day in (1, 2, 3, 4) for hour in (17, 19)] + [
    (day, start) for day in (5, 6) for start in (time(8, 30), time(10, 15), time(14), time(15, 45))
]
COURSES = 8
SPARE_ROOMS = 2


@dataclass(frozen=True)
class Scale:
    """How large the school is. The terms of its year lie around today."""

    branches: int = 100
    children: int = 100_000
    terms: int = 2

    @property
    def children_here(self):
        """At one branch."""
        return self.children // self.branches

    @property
    def rooms(self):
        """Of a branch that are in use: no more classes at a time than children for them."""
        return max(min(self.children_here // CLASS_SIZE, 13), 1)

    @property
    def staff_here(self):
        """A manager, the front desk, and two teachers to a room, who take turns."""
        return 2 + 2 * self.rooms

    @property
    def classes_here(self):
        """In one term."""
        return self.rooms * len(SLOTS)

    @property
    def classes(self):
        return self.branches * self.terms * self.classes_here

    def first_monday(self, today):
        return monday_of(today) - timedelta(weeks=self.terms * TERM // 2)
