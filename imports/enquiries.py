"""Enquiries of the books, in the database."""

import re
from collections import defaultdict
from datetime import time

from django.utils.translation import gettext as _

from core.clock import moment
from core.names import initials
from imports.books import BOOKS
from imports.custom_fields import IN_NOTE
from imports.recognition import each_once
from students.models import Channel, Enquiry, EnquiryChange

# What schools call the state of an enquiry; the first pattern found decides.
STATUSES = [
    (r"暂不|不考虑|不感兴趣|无意向|放弃|流失|无效|lost", Enquiry.Stage.LOST),
    (r"已报|成交|签约|enrolled", Enquiry.Stage.SIGNED),
    (r"已试听|试听过|试听完|已体验|体验过|trial done", Enquiry.Stage.CAME),
    (r"[未没](报|试听|体验|定)", Enquiry.Stage.CONTACTED),
    (r"报名", Enquiry.Stage.SIGNED),
    (r"试听|体验|trial", Enquiry.Stage.TRIAL_BOOKED),
    (r"新|未|待联系|待跟进|new", Enquiry.Stage.NEW),
    (r"联系|跟进|沟通|意向|contacted", Enquiry.Stage.CONTACTED),
]
WORK_BEGINS = time(9)  # when what books say of a day is due
COMPARED = {  # field of the book → field of the enquiry
    "phone": "phone",
    "grade": "grade",
    "guardian": "guardian_name",
    "course": "course",
    "channel": "channel",
    "status": "stage",
    "owner": "owner",
    "next_date": "next_follow_up_at",
}


def status_of(text):
    return next((status for pattern, status in STATUSES if re.search(pattern, text.lower())), None)


class Enquiries:
    """Who asked: found again by branch, child, phone, course and day, or made."""

    def __init__(self, run, *, places, staff, catalogue):
        self.run, self.places, self.staff, self.catalogue = run, places, staff, catalogue
        self.channels = {channel.name: channel for channel in Channel.objects.all()}

    def take_over(self):
        drafts = [(row, draft) for row in self.run.school.enquiries if (draft := self._draft(row))]
        found = self._recognise(drafts)
        for row, draft in drafts:
            known = found.get(id(draft))
            self.run.count("enquiries", known is None)
            self.run.end(row, is_new=known is None)
            if known:
                self._compare(row, draft, known)
        self._add([draft for _row, draft in drafts if id(draft) not in found])

    def _add(self, drafts):
        """With a history that begins with where the book says that they stand."""
        Enquiry.objects.bulk_create(drafts)
        EnquiryChange.objects.bulk_create(
            EnquiryChange(
                enquiry=enquiry,
                kind=EnquiryChange.Kind.CREATED,
                at=enquiry.created_at,
                to_stage=enquiry.stage,
                to_owner=enquiry.owner,
                channel=enquiry.channel,
            )
            for enquiry in drafts
        )

    def _draft(self, row):
        """The enquiry as the row has it; without a day it is of today."""
        branch = self.places.branch(row.branch)
        if branch is None:
            self.places.report_missing(row)
            return None
        fitting = self.run.fitting
        child = fitting(row, "name", row.name or row.guardian or row.phone_text, Enquiry.child_name)
        channel, owner = self._channel(row), self._owner(row, branch)
        day = self.run.day(row.registered_date) or self.run.today
        enquiry = Enquiry(
            branch=branch,
            child_name=child,
            name_initials=initials(child),
            grade=fitting(row, "grade", row.grade, Enquiry.grade),
            guardian_name=row.guardian,
            phone=row.phone,
            course=self.catalogue.find(row.course),
            channel=channel,
            last_channel=channel,
            registered_date=day,
            created_at=moment(day, WORK_BEGINS, branch.time_zone),
            owner=owner,
            owned_at=self.run.now if owner else None,  # nobody neglected it here before today
            next_follow_up_at=self._next_at(row, branch),
            note=fitting(row, "note", self._note(row), Enquiry.note),
            custom_values=self.run.custom.values(row),
        )
        self._stand(enquiry, self._status(row))
        return enquiry

    def _next_at(self, row, branch):
        """Books have a day; it is due when the school opens."""
        day = self.run.day(row.next_date)
        return moment(day, WORK_BEGINS, branch.time_zone) if day else None

    def _stand(self, enquiry, stage):
        """The book does not say when a stage was reached: it counts for the day of the enquiry."""
        enquiry.stand_at(stage, enquiry.created_at)
        if stage == Enquiry.Stage.LOST:
            enquiry.lost_reason = Enquiry.LostReason.OTHER

    def _channel(self, row):
        """The channel of this name, which may be a new one."""
        name = self.run.fitting(row, "channel", row.channel, Channel.name)
        if not name:
            return None
        if name not in self.channels:
            self.channels[name] = Channel.objects.get_or_create(name=name)[0]
        return self.channels[name]

    def _note(self, row):
        """Remarks, a number that is none, a wish that no course answers to, and what there is no field for."""
        fields = BOOKS["enquiries"].fields
        in_note = [key for key in IN_NOTE if key not in self.run.custom.meanings(row)]
        kept = {str(fields[key].label): getattr(row, key) for key in in_note} | self.run.unused(row)
        told = [f"{title}: {value}" for title, value in kept.items() if value]
        unreadable = "" if row.phone else row.phone_text
        course = "" if self.catalogue.find(row.course) else row.course
        return "；".join(filter(None, [row.note, unreadable, *row.other_phones, course, *told]))

    def _status(self, row):
        status = status_of(row.status) if row.status else Enquiry.Stage.NEW
        if status is None:
            self.run.report(
                row,
                field="status",
                reason=_("“%(status)s” is no state of an enquiry that the software knows: it was taken as new.")
                % {"status": row.status},
                mend=_("Correct it in the enquiry."),
                code="unknown_status",
            )
        return status or Enquiry.Stage.NEW

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
        for enquiry in (
            Enquiry.objects.filter(child_name__in=names).select_related("course", "owner", "channel").order_by("pk")
        ):
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
                shown = known.get_stage_display() if key == "status" else kept
                self.run.report_difference(row, key, kept=shown)
        custom = self.run.custom.complete(row, known.custom_values, draft.custom_values)
        if custom:
            known.custom_values = custom
            filled.append("custom_values")
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
