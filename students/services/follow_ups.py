"""Writing down what was said with a family."""

from students.models import Enquiry, FollowUp, Student
from students.services.enquiries import close_as_lost, lock, set_stage
from students.services.files import keeping_files

CALL = FollowUp.Way.CALL


def record_follow_up(*, enquiry, outcome, by, now, token, way=CALL, text="", next_at=None, files=(), lost_reason=""):
    """Log a contact and plan the next one (`next_at`: UTC, or none). With the same `token` it is logged once.

    Whoever was reached is contacted; who came to the school came. With a `lost_reason` the enquiry is closed in the
    same step. `files` were checked (services.files.check_file); with files it cannot be part of a larger transaction.
    """
    with keeping_files(files) as keep:
        enquiry = lock(enquiry)
        known = FollowUp.objects.filter(token=token).first()
        if known:
            return known
        facts = {"way": way, "outcome": outcome, "text": text, "at": now, "by": by, "next_at": next_at, "token": token}
        follow_up = FollowUp.objects.create(branch=enquiry.branch, enquiry=enquiry, **facts)
        keep(follow_up)
        enquiry.next_follow_up_at, enquiry.last_contact_at = next_at, now
        enquiry.save(update_fields=["next_follow_up_at", "last_contact_at"])
        if follow_up.is_contact:
            _reach(enquiry, way, by, now)
        if lost_reason:
            close_as_lost(enquiry=enquiry, lost_reason=lost_reason, by=by, now=now, reason=text[:200])
        return follow_up


def record_student_follow_up(*, student, branch, outcome, by, now, token, way=CALL, text="", files=()):
    """Log a contact with the family of a student, at one of the child's branches. With the same `token` once.

    What is to be done next for a student stands where it is worked: renewals, leave, make-ups.
    """
    with keeping_files(files) as keep:
        student = Student.objects.select_for_update().get(pk=student.pk)  # one writer: the token is asked for once
        known = FollowUp.objects.filter(token=token).first()
        if known:
            return known
        facts = {"way": way, "outcome": outcome, "text": text, "at": now, "by": by, "token": token}
        follow_up = FollowUp.objects.create(branch=branch, student=student, **facts)
        keep(follow_up)
        return follow_up


def _reach(enquiry, way, by, now):
    if way == FollowUp.Way.VISIT and enquiry.stage in (Enquiry.Stage.NEW, Enquiry.Stage.CONTACTED):
        set_stage(enquiry=enquiry, stage=Enquiry.Stage.CAME, by=by, now=now)
    elif enquiry.stage == Enquiry.Stage.NEW:
        set_stage(enquiry=enquiry, stage=Enquiry.Stage.CONTACTED, by=by, now=now)
