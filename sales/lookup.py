"""Who has a number already, while it is typed: of one's own branches what stands there, of others that it does."""

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q

from core.names import clean_name
from core.phones import parse_phone
from parents.models import Guardian
from sales.services.hand_over_requests import latest_requests
from students.models import Enquiry, Student

SHORTEST = 7  # digits: with fewer there are too many families
SHOWN = 5  # of a kind
TAIL = 4


@dataclass(frozen=True)
class Elsewhere:
    """What may be told of a family at another branch: that it is there, where, and whom to ask. No name, no child."""

    branch: object
    owner: object
    enquiry_id: int | None  # to ask for a hand-over; a student is not handed over
    asked: object = None  # the reader's own request, if one waits; `is_kept`: the answer was no


@dataclass(frozen=True)
class Found:
    enquiries: list
    students: list
    elsewhere: list

    def __bool__(self):
        return bool(self.enquiries or self.students or self.elsewhere)

    @property
    def ids(self):
        """For the log, which names nobody."""
        own = [f"enquiry {row.pk}" for row in self.enquiries] + [f"student {row.pk}" for row in self.students]
        return own + [f"enquiry {row.enquiry_id} (elsewhere)" for row in self.elsewhere if row.enquiry_id]


NOTHING = Found([], [], [])


def look_up(user, *, typed, now, child_name=""):
    """What is known of a number, or of its beginning. Only a whole number finds families of other branches.

    The same child with the same last digits is found too: one digit of the others was mistyped.
    """
    digits = digits_of(typed)
    if len(digits) < SHORTEST:
        return NOTHING
    phone = whole_number(typed)
    if not phone:
        return Found(*_own(user, _beginning(typed, digits)), [])
    wanted = Q(phone=phone)
    enquiries, students = _own(user, wanted, same_child=Q(child_name=_name(child_name), phone_tail=phone[-TAIL:]))
    return Found(enquiries, students, _elsewhere(user, phone, now))


def digits_of(typed):
    return re.sub(r"\D", "", typed)


def whole_number(typed):
    """E.164, or "" as long as it is none."""
    try:
        return parse_phone(typed)
    except ValidationError:
        return ""


def _name(typed):
    return clean_name(typed.replace("\0", ""))  # no name has one, and PostgreSQL refuses it


def _beginning(typed, digits):
    beginning = f"+{digits}" if typed.strip().startswith("+") else f"+86{digits.lstrip('0')}"
    return Q(phone__startswith=beginning)


def _own(user, wanted, same_child=None):
    """The open ones first: they are what is to be worked."""
    of_enquiry = wanted | same_child if same_child else wanted
    enquiries = Enquiry.objects.visible_to(user).filter(of_enquiry).select_related("branch", "owner", "course")
    guardians = Guardian.objects.filter(wanted)
    students = Student.objects.visible_to(user).filter(guardianships__guardian__in=guardians).distinct()
    newest = sorted(enquiries.order_by("-pk")[: SHOWN * 2], key=lambda enquiry: not enquiry.is_open)
    return newest[:SHOWN], list(students.with_guardians().prefetch_related("branches")[:SHOWN])


def _elsewhere(user, phone, now):
    seen = Enquiry.objects.visible_to(user).filter(phone=phone).values("pk")
    enquiries = Enquiry.objects.live().filter(phone=phone).exclude(pk__in=seen).select_related("branch", "owner")
    enquiries = list(enquiries.order_by("-pk")[:SHOWN])
    asked = latest_requests(user, enquiries, now)
    rows = [Elsewhere(row.branch, row.owner, row.pk, asked.get(row.pk)) for row in enquiries]
    known = {row.branch for row in rows}
    return rows + [row for row in _students_elsewhere(user, phone) if row.branch not in known]


def _students_elsewhere(user, phone):
    """One line a branch, and none for a child that also comes to a branch of the reader's."""
    students = Student.objects.filter(guardianships__guardian__phone=phone)
    seen = Student.objects.visible_to(user).filter(guardianships__guardian__phone=phone).values("pk")
    hidden = students.exclude(pk__in=seen).select_related("adviser").prefetch_related("branches").distinct()[:SHOWN]
    rows = {branch: Elsewhere(branch, row.adviser, None) for row in hidden for branch in row.branches.all()}
    return list(rows.values())
