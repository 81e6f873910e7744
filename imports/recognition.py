"""Which child of the books is which student of the database: everybody at most once, the likeliest pairs first."""

import re
from collections import defaultdict
from dataclasses import fields

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from imports.identity import TITLE_ONLY, Evidence, Verdict, compare, name_key
from students.models import Guardianship, Student

TELLING = [field.name for field in fields(Evidence) if field.name not in {"name", "phones"}]


def placeholder(child_name):
    """What a guardian is called whose name the books do not tell."""
    return _("%(child)s's guardian") % {"child": child_name}


def recognise(children, account_of):
    """({id of a child of the books: the student it is}, {id of another child: a student it may be}).

    `account_of(row)` says where a row belongs. What tells rows of one book apart tells children apart here too.
    A pair for which that is not certain is one child where both are in one course or class, or where they say
    nothing that differs: else a child of whom the book says little would be made again by every run.
    """
    students = _students_called({name_key(child.name) for child in children})
    known = {student.pk: _known_of_student(student) for called in students.values() for student in called}
    pairs = [
        (_known_of_child(child, account_of), known[student.pk], child, student)
        for child in children
        for student in students[name_key(child.name)]
    ]
    found = each_once((_likeness(one, other), child, student) for one, other, child, student in pairs)
    taken = set(found.values())
    doubts = {
        id(child): student
        for one, other, child, student in pairs
        if id(child) not in found and student not in taken and _is_doubtful(one, other)
    }
    return found, doubts


def each_once(pairs):
    """{id of the new: the known} of (likeness, new, known), the likeliest first; a likeness of None is no pair."""
    found, taken = {}, set()
    likely = (pair for pair in pairs if pair[0])
    for _likeness, new, known in sorted(likely, key=lambda pair: pair[0], reverse=True):
        if id(new) not in found and known.pk not in taken:
            found[id(new)] = known
            taken.add(known.pk)
    return found


def _likeness(child, student):
    """How much speaks for a pair, to be compared with other pairs; None for two children."""
    (evidence, places), (other, other_places) = child, student
    verdict = compare(evidence, other)
    facts, other_facts = _facts(evidence), _facts(other)
    is_likely = _share_course(places, other_places) or (places == other_places and not _differ(evidence, other))
    if verdict is Verdict.SAME or (verdict is Verdict.UNSURE and is_likely):
        agreeing, in_common = len(facts & other_facts), len(places & other_places)
        return verdict is Verdict.SAME, agreeing, in_common, -len(other_facts)
    return None


def _share_course(places, other_places):
    return any(len(place) > 1 for place in places & other_places)


def _differ(evidence, other):
    """Do they say anything that cannot be of one child?"""
    known = ((getattr(evidence, name), getattr(other, name)) for name in TELLING)
    return any(one and another and one != another for one, another in known)


def _is_doubtful(child, student):
    """A new phone makes another child of one; who is in the same course may still be the same."""
    (evidence, places), (other, other_places) = child, student
    return compare(evidence, other) is Verdict.UNSURE or _share_course(places, other_places)


def _facts(evidence):
    facts = {(name, getattr(evidence, name)) for name in TELLING if getattr(evidence, name)}
    return facts | {("phone", phone) for phone in evidence.phones}


# --- what is known of a child -------------------------------------------------------------------------------


def _known_of_child(child, account_of):
    return _evidence_of_child(child), _places_of_child(child, account_of)


def _known_of_student(student):
    return _evidence_of_student(student), _places_of_student(student)


def _evidence_of_child(child):
    """All rows of the child together."""
    phones = {phone for row in child.rows for phone in (row.phone, *row.other_phones) if phone}
    guardians = (row.guardian for row in child.rows if row.guardian and not TITLE_ONLY.search(row.guardian))
    return Evidence(
        child.name,
        child.birth_date,
        frozenset(phones),
        "" if child.phone else _digits(child.phone_text),
        next(guardians, ""),
        child.first("gender") or "",
        child.first("school") or "",
    )


def _evidence_of_student(student):
    links = sorted(student.guardianships.all(), key=lambda link: not link.is_main)
    guardians = [link.guardian for link in links]
    phones = {phone for guardian in guardians for phone in (guardian.phone, guardian.other_phone) if phone}
    unreadable = next((guardian.note for guardian in guardians if not guardian.phone), "")
    names = (guardian.name for guardian in guardians)
    named = (name for name in names if name != placeholder(student.name) and not TITLE_ONLY.search(name))
    return Evidence(
        student.name,
        student.birth_date,
        frozenset(phones),
        _digits(unreadable),
        next(named, ""),
        student.gender,
        student.school,
    )


def _digits(text):
    return re.sub(r"\D", "", text)


def _places_of_child(child, account_of):
    """Where the child is: ("branch", id) alone, and courses and classes, which tell more."""
    accounts = [account_of(row) for row in child.rows]
    at_branches = {(account.branch.pk,) for account in accounts if account.branch}
    in_courses = {(account.branch.pk, account.course.pk) for account in accounts if account.branch and account.course}
    return at_branches | in_courses | {("class", account.group.pk) for account in accounts if account.group}


def _places_of_student(student):
    enrolments = student.enrolments.all()
    members = [member for enrolment in enrolments for member in enrolment.class_members.all()]
    in_classes = {("class", member.class_group_id) for member in members}
    at_branches = {(branch.pk,) for branch in student.branches.all()}
    return at_branches | in_classes | {(enrolment.branch_id, enrolment.course_id) for enrolment in enrolments}


def _students_called(keys):
    """{name key: students}, with all that tells them apart."""
    pks = [pk for pk, name in Student.objects.values_list("pk", "name") if name_key(name) in keys]
    guardianships = Prefetch("guardianships", Guardianship.objects.select_related("guardian"))
    students = Student.objects.filter(pk__in=pks).order_by("pk")
    called = defaultdict(list)
    for student in students.prefetch_related(guardianships, "branches", "enrolments__class_members"):
        called[name_key(student.name)].append(student)
    return called
