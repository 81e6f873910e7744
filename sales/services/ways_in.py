"""Enquiries that come without the desk: by a public form, or posted by another system."""

import json
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from branches.models import Branch
from core.names import clean_name
from sales.models import ConsentText, EnquiryForm, EnquirySource, EnquirySubmission
from sales.services.owners import owner_for
from students.models import Enquiry, Student
from students.services import ask_again, open_enquiry, set_next_follow_up

NOTE_LENGTH = 200  # of what a family adds; it stands in the history when the family asks again


class SameIdError(Exception):
    """The sender's id came before, with other content; carries the sentence for the sender."""


@dataclass(frozen=True)
class Consent:
    """What the guardian agreed to and when (PIPL 31); `text` is ours, or None when the sender showed its own."""

    version: str
    at: datetime
    text: ConsentText | None = None


@dataclass(frozen=True)
class Asked:
    """Who asks for what. `phone` is E.164."""

    child_name: str
    phone: str
    course: object = None
    guardian_name: str = ""
    note: str = ""


@dataclass(frozen=True)
class Received:
    """`is_new` is False when this very request had come before."""

    submission: EnquirySubmission
    is_new: bool


@transaction.atomic
def receive_enquiry(*, way, external_id, branch, asked, consent, now, campaign=None):
    """Take in what came by `way` (a form or a source); the same `external_id` again changes nothing.

    A child that the branch knows by this phone asks again; anybody else is a new enquiry, whose owner the branch's
    rule decides. A child known at another branch is marked, and nobody outside is told.
    """
    _lock(way, branch)
    content_hash = hash_content(branch, asked, consent, campaign)
    known = way.submissions.filter(external_id=external_id).first()
    if known:
        return Received(_same(known, content_hash), is_new=False)
    enquiry = _known_at(branch, asked)
    is_duplicate = enquiry is not None or _known_elsewhere(asked)
    submission = EnquirySubmission.objects.create(
        form=way if isinstance(way, EnquiryForm) else None,
        source=way if isinstance(way, EnquirySource) else None,
        external_id=external_id,
        content_hash=content_hash,
        received_at=now,
        consent_version=consent.version,
        consent_at=consent.at,
        consent_text=consent.text,
        campaign=campaign,
        enquiry=_again(enquiry, way.channel, asked, now) if enquiry else _open(branch, way.channel, asked, now),
        is_duplicate=is_duplicate,
    )
    return Received(submission, is_new=True)


def hash_content(branch, asked, consent, campaign):
    """Keyed, for what it stands for can be guessed. The moment of a form's consent is that of sending, so no part."""
    content = [branch.pk, asked.child_name, asked.phone, asked.course and asked.course.pk, asked.guardian_name]
    content += [asked.note, campaign and campaign.pk, consent.version]
    if consent.text is None:
        content.append(consent.at.isoformat())
    return salted_hmac("sales.ways_in", json.dumps(content), algorithm="sha256").hexdigest()


def form_id(token, asked):
    """The id of what a family sends with a form: with the same hidden token another child is another enquiry."""
    content = [token, asked.child_name, asked.phone, asked.course and asked.course.pk, asked.guardian_name]
    return salted_hmac("sales.public_form", json.dumps(content), algorithm="sha256").hexdigest()


def _lock(way, branch):
    """One at a time for each way in, so that an id counts once; and at each branch, so that a child does."""
    type(way).objects.select_for_update(no_key=True).get(pk=way.pk)
    Branch.objects.select_for_update(no_key=True).get(pk=branch.pk)


def _same(submission, content_hash):
    if submission.content_hash != content_hash:
        raise SameIdError(_("This id was used before, with other content. Send another id with every enquiry."))
    return submission


def _known_at(branch, asked):
    """The branch's enquiry of this child: an open one before one that ended, the newest first."""
    rows = _same_child(Enquiry.objects.live().filter(branch=branch, phone=asked.phone).order_by("-pk"), asked)
    return next((row for row in rows if row.is_open), next(iter(rows), None))


def _known_elsewhere(asked):
    return bool(
        _same_child(Enquiry.objects.live().filter(phone=asked.phone), asked)
        or Student.objects.filter(guardians__phone=asked.phone, name=asked.child_name).exists()
    )


def _same_child(enquiries, asked):
    return [row for row in enquiries if clean_name(row.child_name) == asked.child_name]


def _again(enquiry, channel, asked, now):
    enquiry = ask_again(enquiry=enquiry, channel=channel, by=None, now=now, reason=asked.note)
    is_due = enquiry.next_follow_up_at and enquiry.next_follow_up_at <= now
    if enquiry.is_open and not is_due:
        set_next_follow_up(enquiry=enquiry, at=now)  # the family waits for an answer
    return enquiry


def _open(branch, channel, asked, now):
    return open_enquiry(
        branch=branch,
        child_name=asked.child_name,
        phone=asked.phone,
        course=asked.course,
        channel=channel,
        guardian_name=asked.guardian_name,
        note=asked.note,
        owner=owner_for(branch=branch, by=None, now=now),
        next_follow_up_at=now,
        by=None,
        now=now,
    )
