"""Enquiries of the books, in the database."""

import re
from collections import defaultdict

from django.utils.translation import gettext as _

from imports.books import BOOKS
from imports.recognition import each_once
from students.models import Enquiry

# What schools call the state of an enquiry; the first pattern found decides.
STATUSES = [
    (r"暂不|不考虑|不感兴趣|无意向|放弃|流失|无效|lost", Enquiry.Status.LOST),
    (r"已报|成交|签约|enrolled", Enquiry.Status.ENROLLED),
    (r"已试听|试听过|试听完|已体验|体验过|trial done", Enquiry.Status.TRIAL_DONE),
    (r"[未没](报|试听|体验|定)", Enquiry.Status.CONTACTED),
    (r"报名", Enquiry.Status.ENROLLED),
    (r"试听|体验|trial", Enquiry.Status.TRIAL_BOOKED),
    (r"新|未|待联系|待跟进|new", Enquiry.Status.NEW),
    (r"联系|跟进|沟通|意向|contacted", Enquiry.Status.CONTACTED),
]
IN_NOTE = ["gender", "birth_date", "school", "relation"]  # what an enquiry has no field for
COMPARED = {  # field of the book → field of the enquiry
    "phone": "phone",
    "grade": "grade",
    "guardian": "guardian_name",
    "course": "course",
    "channel": "channel",
    "status": "status",
    "owner": "owner",
    "next_date": "next_follow_up_date",
}


def status_of(text):
    return next((status for pattern, status in STATUSES if re.search(pattern, text.lower())), None)


class Enquiries:
    """Who asked: found again by branch, child, phone, course and day, or made."""

    def __init__(self, run, *, places, staff, catalogue):
        self.run, self.places, self.staff, self.catalogue = run, places, staff, catalogue

    def take_over(self):
        drafts = [(row, draft) for row in self.run.school.enquiries if (draft := self._draft(row))]
        found = self._recognise(drafts)
        for row, draft in drafts:
            known = found.get(id(draft))
            self.run.count("enquiries", known is None)
            self.run.end(row, is_new=known is None)
            if known:
                self._compare(row, draft, known)
        Enquiry.objects.bulk_create([draft for _row, draft in drafts if id(draft) not in found])

    def _draft(self, row):
        """The enquiry as the row has it; without a day it is of today."""
        branch = self.places.branch(row.branch)
        if branch is None:
            self.places.report_missing(row)
            return None
        fitting = self.run.fitting
        return Enquiry(
            branch=branch,
            child_name=fitting(row, "name", row.name or row.guardian or row.phone_text, Enquiry.child_name),
            grade=fitting(row, "grade", row.grade, Enquiry.grade),
            guardian_name=row.guardian,
            phone=row.phone,
            course=self.catalogue.find(row.course),
            channel=fitting(row, "channel", row.channel, Enquiry.channel),
            status=self._status(row),
            registered_date=self.run.day(row.registered_date) or self.run.today,
            owner=self._owner(row, branch),
            next_follow_up_date=self.run.day(row.next_date),
            note=fitting(row, "note", self._note(row), Enquiry.note),
        )

    def _note(self, row):
        """Remarks, a number that is none, a wish that no course answers to, and what there is no field for."""
        fields = BOOKS["enquiries"].fields
        kept = {str(fields[key].label): getattr(row, key) for key in IN_NOTE} | self.run.unused(row)
        told = [f"{title}: {value}" for title, value in kept.items() if value]
        unreadable = "" if row.phone else row.phone_text
        course = "" if self.catalogue.find(row.course) else row.course
        return "；".join(filter(None, [row.note, unreadable, *row.other_phones, course, *told]))

    def _status(self, row):
        status = status_of(row.status) if row.status else Enquiry.Status.NEW
        if status is None:
            self.run.report(
                row,
                field="status",
                reason=_("“%(status)s” is no state of an enquiry that the software knows: it was taken as new.")
                % {"status": row.status},
                mend=_("Correct it in the enquiry."),
                code="unknown_status",
            )
        return status or Enquiry.Status.NEW

    def _owner(self, row, branch):
        owner = self.staff.person(row.owner, branch)
        if row.owner and not owner:
            self.run.report(
                row,
                field="owner",
                reason=_("Nobody of the staff is surely “%(name)s”: nobody follows up the enquiry.")
                % {"name": row.owner},
                mend=_("Write the name as the staff book has it, or give the enquiry to somebody."),
                code="unknown_owner",
            )
        return owner

    # --- enquiries that were there before ----------------------------------------------------------------

    def _recognise(self, drafts):
        """{id of a draft: the enquiry that it is}"""
        by_child = defaultdict(list)
        names = {draft.child_name for _row, draft in drafts}
        for enquiry in Enquiry.objects.filter(child_name__in=names).select_related("course", "owner").order_by("pk"):
            by_child[enquiry.branch_id, enquiry.child_name].append(enquiry)
        return each_once(
            (_likeness(row, draft, known), draft, known)
            for row, draft in drafts
            for known in by_child[draft.branch_id, draft.child_name]
        )

    def _compare(self, row, draft, known):
        """What was missing is filled in; what differs is told: somebody may have followed the enquiry up since."""
        filled = []
        for key, name in COMPARED.items():
            book, kept = getattr(draft, name), getattr(known, name)
            if book and not kept:
                setattr(known, name, book)
                filled.append(name)
            elif book and book != kept and getattr(row, key):
                shown = known.get_status_display() if key == "status" else kept
                self.run.report_difference(row, key, kept=shown)
        if filled:
            known.save(update_fields=filled)
            self.run.completed["enquiries"] += 1


def _likeness(row, draft, known):
    """How much speaks for one enquiry of this child at this branch; None for two.

    The same family may ask for two courses, or again next year.
    """
    if draft.phone and known.phone and draft.phone != known.phone:
        return None
    same_phone = bool(draft.phone) and draft.phone == known.phone
    same_course = draft.course_id == known.course_id
    same_day = row.registered_date is None or draft.registered_date == known.registered_date
    may_be_course = same_course or not (draft.course_id and known.course_id)
    if not may_be_course and not (same_phone and same_day):
        return None
    return same_phone, same_course, same_day
