"""What people do with enquiries. Every step writes its line into the history, in the same transaction."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import local_date
from students.models import Enquiry, EnquiryChange
from students.services.custom_fields import carry_custom_values
from students.services.families import register_student

Kind, Stage = EnquiryChange.Kind, Enquiry.Stage


class EnquiryError(Exception):
    """The step cannot be taken as asked; carries the sentence the user reads."""


@transaction.atomic
def open_enquiry(*, branch, child_name, phone, course, channel, by, now, owner=None, token=None, **facts):
    """Register who asked; repeated with the same `token` it returns the enquiry that is there.

    `phone` is E.164, `by` empty for a form that a family filled in. Further facts: fields of Enquiry.
    """
    known = Enquiry.objects.filter(token=token).first() if token else None
    if known:
        return known
    enquiry = Enquiry.objects.create(
        branch=branch,
        child_name=child_name,
        phone=phone,
        course=course,
        channel=channel,
        last_channel=channel,
        owner=owner,
        owned_at=now if owner else None,
        registered_date=local_date(now, branch.time_zone),
        created_at=now,
        token=token,
        **facts,
    )
    _note(enquiry, Kind.CREATED, by, now, to_stage=Stage.NEW, to_owner=owner, channel=channel)
    return enquiry


@transaction.atomic
def ask_again(*, enquiry, channel, by, now, reason=""):
    """A family that is in the books asks again: the last channel moves, the first stays; a lost one is open again."""
    enquiry = lock(enquiry)
    if channel:
        enquiry.last_channel = channel
        enquiry.channel = enquiry.channel or channel
        enquiry.save(update_fields=["last_channel", "channel"])
    _note(enquiry, Kind.TOUCH, by, now, channel=channel, reason=reason)
    if enquiry.stage == Stage.LOST:
        _move(enquiry, _stage_reached(enquiry), by, now)
    return enquiry


@transaction.atomic
def set_stage(*, enquiry, stage, by, now, reason=""):
    """Stand at another stage because something happened; who signed up stays signed up. Repeating changes nothing."""
    enquiry = lock(enquiry)
    if enquiry.stage in (stage, Stage.SIGNED):
        return enquiry
    return _move(enquiry, stage, by, now, reason)


@transaction.atomic
def close_as_lost(*, enquiry, lost_reason, by, now, reason=""):
    """暂不考虑: no more reminders. `lost_reason` is one of Enquiry.LostReason; `reason` adds words of one's own."""
    enquiry = lock(enquiry)
    if enquiry.stage == Stage.SIGNED:
        raise EnquiryError(_("%(child)s has signed up. A family that leaves is a refund.") % {"child": enquiry})
    if enquiry.stage == Stage.LOST:
        return enquiry
    enquiry.next_follow_up_at = None
    return _move(enquiry, Stage.LOST, by, now, reason, lost_reason=lost_reason)


@transaction.atomic
def reopen_enquiry(*, enquiry, by, now, reason=""):
    """A lost one is followed up again, from where it stood."""
    enquiry = lock(enquiry)
    if enquiry.stage != Stage.LOST:
        raise EnquiryError(_("Only an enquiry that was lost can be opened again."))
    return _move(enquiry, _stage_reached(enquiry), by, now, reason)


@transaction.atomic
def assign_enquiry(*, enquiry, owner, by, now, reason=""):
    """Give an enquiry to a colleague (out of the pool, too). Repeating changes nothing."""
    enquiry = lock(enquiry)
    if enquiry.owner == owner:
        return enquiry
    before = enquiry.owner
    enquiry.owner, enquiry.owned_at, enquiry.pooled_at = owner, now, None
    enquiry.save(update_fields=["owner", "owned_at", "pooled_at"])
    _note(enquiry, Kind.OWNER, by, now, from_owner=before, to_owner=owner, reason=reason)
    return enquiry


@transaction.atomic
def to_pool(*, enquiry, by, now, reason):
    """Give an open enquiry up: whoever of the branch comes first may claim it."""
    enquiry = lock(enquiry)
    if enquiry.pooled_at or not enquiry.is_open:
        return enquiry
    before = enquiry.owner
    enquiry.owner, enquiry.owned_at, enquiry.pooled_at, enquiry.next_follow_up_at = None, None, now, None
    enquiry.save(update_fields=["owner", "owned_at", "pooled_at", "next_follow_up_at"])
    _note(enquiry, Kind.POOL, by, now, from_owner=before, reason=reason)
    return enquiry


@transaction.atomic
def set_next_follow_up(*, enquiry, at):
    """Plan the next contact (`at` is empty: none). A plan is no record, so it stands in no history."""
    enquiry = lock(enquiry)
    enquiry.next_follow_up_at = at
    enquiry.save(update_fields=["next_follow_up_at"])
    return enquiry


@transaction.atomic
def sign_up(*, enquiry, by, now, student=None, relation="", gender="", birth_date=None, school="", **asked):
    """The enquiry's child becomes a student, with what was said before kept; returns the student.

    Found by phone and name, never doubled; or the child of the school that somebody says it is (`student`), of whom
    only what is not known yet is written. `asked`: what the enquiry says, put right: child_name, grade,
    guardian_name, phone. It counts as signed when the first order is made, see `sign_up_students`.
    """
    enquiry = lock(enquiry)
    if enquiry.student:
        return enquiry.student
    for name, value in asked.items():
        setattr(enquiry, name, value)
    if not enquiry.phone:
        raise EnquiryError(_("Write the family's phone number first: it tells two families apart."))
    facts = {"gender": gender, "birth_date": birth_date, "school": school} | _facts_for_student(enquiry)
    student = student or register_student(
        branch=enquiry.branch,
        guardian_name=enquiry.guardian_name or enquiry.child_name,
        phone=enquiry.phone,
        relation=relation,
        name=enquiry.child_name,
        **facts,
    )
    enquiry.save(update_fields=["name_initials", *asked])
    return _lead_to(enquiry, student, facts)


@transaction.atomic
def link_enquiries(*, student, branch, phone):
    """A child is taken in at the desk that had asked before: its open enquiries there, by phone (E.164) and name.

    So its first order signs them, and what was said stands on the child's page. Returns the newest one, or None.
    """
    asked = Enquiry.objects.live().open().filter(branch=branch, phone=phone, child_name=student.name)
    enquiries = [lock(enquiry) for enquiry in asked.filter(student__isnull=True).order_by("pk")]
    for enquiry in reversed(enquiries):
        _lead_to(enquiry, student, _facts_for_student(enquiry))
    return enquiries[-1] if enquiries else None


def _facts_for_student(enquiry):
    return {
        "grade": enquiry.grade,
        "adviser": enquiry.owner,
        "channel": str(enquiry.channel or ""),
        "note": enquiry.note,
    }


def _lead_to(enquiry, student, facts):
    """The enquiry is this student's. What the school knows of the child stays; what it does not know is added."""
    new = {name: value for name, value in facts.items() if value and not getattr(student, name)}
    for name, value in new.items():
        setattr(student, name, value)
    student.save(update_fields=[*new])
    carry_custom_values(enquiry=enquiry, student=student)
    student.branches.add(enquiry.branch)
    enquiry.student = student
    enquiry.save(update_fields=["student"])
    return student


@transaction.atomic
def sign_up_students(*, students, by, now):
    """Students have bought something: their open enquiries are signed. Repeating changes nothing."""
    enquiries = Enquiry.objects.live().filter(student__in=students).exclude(stage=Stage.SIGNED)
    for enquiry in enquiries.order_by("pk"):
        enquiry = lock(enquiry)
        enquiry.next_follow_up_at = None
        _move(enquiry, Stage.SIGNED, by, now)


def lock(enquiry):
    """One writer per enquiry."""
    return Enquiry.objects.select_for_update(of=["self"]).get(pk=enquiry.pk)


def _stage_reached(enquiry):
    """How far it had come before it was lost."""
    order = [Stage.CAME, Stage.TRIAL_BOOKED, Stage.CONTACTED]
    return next((stage for stage in order if getattr(enquiry, Enquiry.STAMPS[stage])), Stage.NEW)


def _move(enquiry, stage, by, now, reason="", lost_reason=""):
    before = enquiry.stage
    enquiry.stand_at(stage, now)
    enquiry.lost_reason = lost_reason
    enquiry.save(update_fields=[*enquiry.stage_fields, "next_follow_up_at"])
    _note(enquiry, Kind.STAGE, by, now, from_stage=before, to_stage=stage, reason=reason)
    return enquiry


def _note(enquiry, kind, by, now, **facts):
    EnquiryChange.objects.create(enquiry=enquiry, kind=kind, by=by, at=now, **facts)
