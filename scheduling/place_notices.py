"""Who is told of a place: a make-up or a trial that is booked, moved or cancelled, and a seat that is offered.

One message per occasion, in the transaction that causes it; the words are found when it is sent (place_words.py).
"""

from messaging.models import OutboundMessage, Status
from messaging.routing import branches_telling_everybody
from messaging.services import NewMessage, dedupe_key, queue_messages
from scheduling.models import TrialBooking
from students.models import Guardianship

MAKE_UP_NOTICE = "make_up_notice"
TRIAL_NOTICE = "trial_notice"
SEAT_OFFER = "seat_offer"
BOOKED, CANCELLED, CHANGED, OFFERED = "booked", "cancelled", "change", "offered"
# Nobody has tried to deliver it, or nobody will: the family knows nothing of it from us.
NEVER_WENT_OUT = [Status.QUEUED, Status.CANCELLED, Status.EXPIRED]


def tell_make_up_booked(make_up, *, now):
    _tell_make_up(make_up, BOOKED, now=now)


def tell_make_up_cancelled(make_up, *, now):
    """To be called while the child still has its place."""
    _tell_make_up(make_up, CANCELLED, now=now)


def _make_up_subject(make_up_id, lesson_id):
    return f"make_up:{make_up_id}/lesson:{lesson_id}"


def make_up_booking_key(make_up_id, lesson_id, attendance_id, guardian_id):
    """The dedupe key by which the outbox finds what a guardian was told of a booking."""
    subject, occurrence = _make_up_subject(make_up_id, lesson_id), f"{BOOKED}:{attendance_id}"
    return dedupe_key(MAKE_UP_NOTICE, subject, occurrence, f"guardian:{guardian_id}")


def _tell_make_up(make_up, occasion, *, now):
    """Each booking is an attendance of its own: who books, cancels and books again is told each time."""
    lesson = make_up.attendance.lesson
    _tell_guardians(
        make_up.original.enrolment.student_id,
        branch=lesson.branch,
        kind=MAKE_UP_NOTICE,
        subject=_make_up_subject(make_up.pk, lesson.pk),
        occurrence=f"{occasion}:{make_up.attendance_id}",
        now=now,
        useful_until=lesson.starts_at,
    )


def tell_seats_offered(entries, *, now):
    """The family of each is asked whether the child takes the seat that is held for it."""
    for entry in entries:
        _tell_guardians(
            entry.enrolment.student_id,
            branch=entry.class_group.branch,
            kind=SEAT_OFFER,
            subject=f"waiting:{entry.pk}",
            occurrence=OFFERED,
            now=now,
            useful_until=entry.offered_until,
        )


def _tell_guardians(student_id, *, branch, now, useful_until, **message):
    if useful_until <= now:
        return
    told = Guardianship.objects.told(without_phone=branch.pk in branches_telling_everybody()).filter(student=student_id)
    queue_messages(
        NewMessage(
            branch=branch,
            recipient=f"guardian:{guardian_id}",
            about=f"student:{student_id}",
            due_at=now,
            useful_until=useful_until,
            **message,
        )
        for guardian_id in told.values_list("guardian", flat=True)
    )


# --- trials ----------------------------------------------------------------------------------------------


def tell_trial_booked(trial, *, now):
    _tell_trials([(trial, BOOKED, trial.lesson.starts_at)], now=now)


def tell_trial_cancelled(trial, *, now):
    _tell_trials([(trial, CANCELLED, trial.lesson.starts_at)], now=now)


def tell_trials_changed(change, lessons, *, now):
    """Lessons {id: until when it matters} have other hours, another room or are cancelled: who was to try there is
    told. A booking that still waits to be sent says the truth by itself, as long as the trial stands.
    """
    booked = TrialBooking.objects.filter(lesson__in=lessons, status=TrialBooking.Status.BOOKED)
    trials = list(booked.select_related("enquiry", "lesson__branch"))
    if not trials:
        return
    waiting = _with_waiting_booking(trials)
    occasion = f"{CHANGED}:{change.pk}"
    _tell_trials(
        [(trial, BOOKED if trial in waiting else occasion, lessons[trial.lesson_id]) for trial in trials], now=now
    )


def _with_waiting_booking(trials):
    keys = {_trial_message(trial, BOOKED, None, None).dedupe_key: trial for trial in trials}
    waiting = OutboundMessage.objects.filter(dedupe_key__in=keys, status=Status.QUEUED)
    return {keys[key] for key in waiting.values_list("dedupe_key", flat=True)}


def trial_subject(trial):
    return f"trial:{trial.pk}"


def _tell_trials(occasions, *, now):
    """(trial, occasion, until when it matters): to the phone of whoever asked."""
    queue_messages(
        _trial_message(trial, occasion, now, until)
        for trial, occasion, until in occasions
        if trial.enquiry.phone and until > now
    )


def _trial_message(trial, occasion, due_at, useful_until):
    enquiry = f"enquiry:{trial.enquiry_id}"
    return NewMessage(
        branch=trial.lesson.branch,
        recipient=enquiry,
        about=enquiry,
        kind=TRIAL_NOTICE,
        subject=trial_subject(trial),
        occurrence=occasion,
        due_at=due_at,
        useful_until=useful_until,
    )
