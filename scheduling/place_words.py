"""What the notices of places say (place_notices.py): the truth at the moment they are sent, and whom to ask."""

from datetime import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from core.clock import day_text, local_date, moment_text, span_text
from messaging.models import OutboundMessage
from messaging.people import finds_names
from messaging.registry import Cancelled, Rendered, renders
from messaging.words import name_kind
from scheduling.models import Lesson, LessonChange, MakeUp, TrialBooking, WaitingListEntry
from scheduling.notices import NOT_TOLD, SEEN_BY_GUESTS, differs
from scheduling.notifications import phone_of_told_guardian
from scheduling.place_notices import (
    BOOKED,
    CANCELLED,
    CHANGED,
    MAKE_UP_NOTICE,
    NEVER_WENT_OUT,
    SEAT_OFFER,
    TRIAL_NOTICE,
)
from students.models import Enquiry

LESSON_NAMES = ("branch", "room", "class_group__course")

name_kind(MAKE_UP_NOTICE, pgettext_lazy("message", "Make-up lesson"))
name_kind(TRIAL_NOTICE, pgettext_lazy("message", "Trial lesson"))
name_kind(SEAT_OFFER, pgettext_lazy("message", "Seat offered"))


def _facts(lesson, child):
    return {
        "child": child,
        "course": lesson.class_group.course.name,
        "when": span_text(lesson.starts_at, lesson.ends_at, lesson.branch.time_zone),
        "place": _place(lesson),
    }


def _place(lesson):
    if lesson.room is None:
        return lesson.branch.name
    return _("%(branch)s, room %(room)s") % {"branch": lesson.branch.name, "room": lesson.room.name}


def _with_contact(notice, branch):
    if branch.phone:
        contact = _("Questions: %(branch)s, %(phone)s.") % {"branch": branch.name, "phone": branch.phone}
    else:
        contact = _("Questions: ask %(branch)s.") % {"branch": branch.name}
    return _("%(notice)s %(contact)s") % {"notice": notice, "contact": contact}


def _refuse_begun(lesson, now):
    if lesson.is_held or lesson.starts_at <= now:
        raise Cancelled(_("The lesson has begun."))


def _refuse_unheard(message, booking_occurrence):
    """Who was never told of the booking need not hear that it was cancelled."""
    booking = OutboundMessage.objects.filter(
        kind=message.kind, subject=message.subject, recipient=message.recipient, occurrence=booking_occurrence
    )
    if booking.filter(status__in=NEVER_WENT_OUT).exists():
        raise Cancelled(_("The family was never told of the booking."))


# --- make-ups --------------------------------------------------------------------------------------------


@renders(MAKE_UP_NOTICE)
@translation.override(settings.LANGUAGE_CODE)
def make_up_notice(message, now):
    right, lesson = (part.partition(":")[2] for part in message.subject.split("/"))
    occasion, _colon, attendance_id = message.occurrence.partition(":")
    make_up = MakeUp.objects.select_related("original__lesson__branch", "original__enrolment__student").get(pk=right)
    lesson = Lesson.objects.select_related(*LESSON_NAMES).get(pk=lesson)
    _refuse_begun(lesson, now)
    if occasion == BOOKED:
        notice = _make_up_booked(make_up, lesson, int(attendance_id))
    else:
        _refuse_unheard(message, f"{BOOKED}:{attendance_id}")
        notice = _make_up_cancelled(make_up, lesson, now)
    return Rendered(to=phone_of_told_guardian(message), text=_with_contact(notice, lesson.branch))


def _make_up_booked(make_up, lesson, attendance_id):
    if make_up.attendance_id != attendance_id or lesson.status == Lesson.Status.CANCELLED:
        raise Cancelled(_("The make-up was cancelled."))
    return _(
        "Make-up lesson booked: %(child)s, %(course)s, %(when)s, %(place)s, for the lesson missed on %(missed)s."
    ) % _make_up_facts(make_up, lesson)


def _make_up_cancelled(make_up, lesson, now):
    if lesson.status == Lesson.Status.CANCELLED:
        raise Cancelled(_("The lesson was cancelled."))  # of which the notice of that change speaks
    facts = _make_up_facts(make_up, lesson)
    today = local_date(now, make_up.original.lesson.branch.time_zone)
    if make_up.attendance_id or not MakeUp.objects.open(today).filter(pk=make_up.pk).exists():
        return _("Make-up lesson cancelled: %(child)s, %(course)s, %(when)s.") % facts
    return _(
        "Make-up lesson cancelled: %(child)s, %(course)s, %(when)s. The lesson missed on %(missed)s can be made up "
        "until %(until)s."
    ) % (facts | {"until": day_text(make_up.expires_date)})


def _make_up_facts(make_up, lesson):
    missed = day_text(make_up.original.lesson.local_date)
    return _facts(lesson, make_up.original.enrolment.student.name) | {"missed": missed}


# --- trials ----------------------------------------------------------------------------------------------


@renders(TRIAL_NOTICE)
@translation.override(settings.LANGUAGE_CODE)
def trial_notice(message, now):
    names = [f"lesson__{name}" for name in LESSON_NAMES]
    trials = TrialBooking.objects.select_related("enquiry", *names)
    trial = trials.get(pk=message.subject.partition(":")[2])
    occasion, _colon, change_id = message.occurrence.partition(":")
    if occasion == CHANGED:
        notice = _trial_changed(trial, message, LessonChange.objects.get(change=change_id, lesson=trial.lesson_id), now)
    elif occasion == CANCELLED:
        _refuse_begun(trial.lesson, now)
        _refuse_unheard(message, BOOKED)
        notice = _trial_cancelled(trial, trial.lesson.starts_at, trial.lesson.ends_at)
    else:
        notice = _trial_booked(trial, now)
    return Rendered(to=_phone_of(trial.enquiry), text=_with_contact(notice, trial.lesson.branch))


def _phone_of(enquiry):
    if not enquiry.phone:
        raise Cancelled(_("This enquiry has no phone any more."))
    return enquiry.phone


def _trial_booked(trial, now):
    _refuse_begun(trial.lesson, now)
    if trial.status != TrialBooking.Status.BOOKED:
        raise Cancelled(_("The trial was cancelled."))
    return _("Trial lesson booked: %(child)s, %(course)s, %(when)s, %(place)s.") % _facts(
        trial.lesson, trial.enquiry.child_name
    )


def _trial_cancelled(trial, starts_at, ends_at):
    """As the family knew it; why, when it was the lesson that was cancelled."""
    lesson = trial.lesson
    facts = _facts(lesson, trial.enquiry.child_name) | {"when": span_text(starts_at, ends_at, lesson.branch.time_zone)}
    if lesson.status != Lesson.Status.CANCELLED:
        return _("Trial lesson cancelled: %(child)s, %(course)s, %(when)s.") % facts
    return _("Trial lesson cancelled: %(child)s, %(course)s, %(when)s. Reason: %(reason)s.") % {
        **facts,
        "reason": lesson.cancel_reason.rstrip(".。"),
    }


def _trial_changed(trial, message, row, now):
    """Against what the family knows: earlier changes that did not reach it count as one with this."""
    of_trial = OutboundMessage.objects.filter(kind=TRIAL_NOTICE, subject=message.subject)
    if of_trial.filter(pk__gt=message.pk).exists():
        raise Cancelled(_("It has changed again since; a later message says so."))
    before = _known_before(row, of_trial.filter(pk__lt=message.pk, occurrence__startswith=CHANGED).order_by("-pk"))
    starts_at, ends_at = (datetime.fromisoformat(before[name]) for name in ("starts_at", "ends_at"))
    if max(starts_at, trial.lesson.starts_at) <= now:
        raise Cancelled(_("The lesson has begun."))
    if trial.status == TrialBooking.Status.CANCELLED:
        return _trial_cancelled(trial, starts_at, ends_at)
    return _trial_moved(trial, before, row.after, span_text(starts_at, ends_at, trial.lesson.branch.time_zone))


def _known_before(row, earlier):
    known = row.before
    for message in earlier:
        if message.status not in NOT_TOLD:
            break
        change_id = message.occurrence.partition(":")[2]
        known = LessonChange.objects.get(change=change_id, lesson=row.lesson_id).before
    return known


def _trial_moved(trial, before, after, when_before):
    facts = _facts(trial.lesson, trial.enquiry.child_name) | {"before": when_before}
    if not differs(before, after, SEEN_BY_GUESTS):
        raise Cancelled(_("It is again as the family knows it."))
    if facts["when"] != when_before:
        return _("Trial lesson moved: %(child)s, %(course)s, from %(before)s to %(when)s, %(place)s.") % facts
    return _("Trial lesson in another room: %(child)s, %(course)s, %(when)s, %(place)s.") % facts


# --- the waiting list ------------------------------------------------------------------------------------


@renders(SEAT_OFFER)
@translation.override(settings.LANGUAGE_CODE)
def seat_offer(message, now):
    entries = WaitingListEntry.objects.offered(now).select_related("class_group__branch", "enrolment__student")
    entry = entries.filter(pk=message.subject.partition(":")[2]).first()
    if entry is None:
        raise Cancelled(_("The seat is not offered any more."))
    return Rendered(to=phone_of_told_guardian(message), text=_offer_text(entry))


def _offer_text(entry):
    group, branch = entry.class_group, entry.class_group.branch
    facts = {
        "child": entry.enrolment.student.name,
        "class": group.name,
        "until": moment_text(entry.offered_until, branch.time_zone),
        "branch": branch.name,
    }
    if branch.phone:
        return _(
            "A seat in %(class)s is free and held for %(child)s until %(until)s. To take it, call %(branch)s: "
            "%(phone)s."
        ) % {**facts, "phone": branch.phone}
    return _("A seat in %(class)s is free and held for %(child)s until %(until)s. To take it, tell %(branch)s.") % facts


@finds_names("enquiry")
def enquiry_names(ids):
    return dict(Enquiry.objects.filter(pk__in=ids).values_list("pk", "child_name"))
