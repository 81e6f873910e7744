"""What the notices of places say (place_notices.py): the truth at the moment they are sent, and whom to ask."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.clock import day_text, local_date, moment_text, span_text
from messaging.models import OutboundMessage
from messaging.people import finds_names
from messaging.registry import Cancelled, Rendered, renders
from messaging.wording import words_of
from messaging.words import name_kind
from scheduling.models import Lesson, LessonChange, MakeUp, TrialBooking, WaitingListEntry
from scheduling.notices import NOT_TOLD, SEEN_BY_GUESTS, differs
from scheduling.notifications import place_text, told_guardian
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
        "place": place_text(lesson),
    }


def _with_contact(words, kind, notice, branch):
    if branch.phone:
        contact = words.say(f"{kind}.call", branch=branch.name, phone=branch.phone)
    else:
        contact = words.say(f"{kind}.ask", branch=branch.name)
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
def make_up_notice(message, now):
    right, lesson = (part.partition(":")[2] for part in message.subject.split("/"))
    occasion, _colon, attendance_id = message.occurrence.partition(":")
    make_up = MakeUp.objects.select_related("original__lesson__branch", "original__enrolment__student").get(pk=right)
    lesson = Lesson.objects.select_related(*LESSON_NAMES).get(pk=lesson)
    _refuse_begun(lesson, now)
    guardian = told_guardian(message)
    with words_of(message.branch, guardian.message_language) as words:
        if occasion == BOOKED:
            notice = _make_up_booked(words, make_up, lesson, int(attendance_id))
        else:
            _refuse_unheard(message, f"{BOOKED}:{attendance_id}")
            notice = _make_up_cancelled(words, make_up, lesson, now)
        return Rendered(to=guardian.phone or "", text=_with_contact(words, MAKE_UP_NOTICE, notice, lesson.branch))


def _make_up_booked(words, make_up, lesson, attendance_id):
    if make_up.attendance_id != attendance_id or lesson.status == Lesson.Status.CANCELLED:
        raise Cancelled(_("The make-up was cancelled."))
    return words.say("make_up_notice.booked", **_make_up_facts(make_up, lesson))


def _make_up_cancelled(words, make_up, lesson, now):
    if lesson.status == Lesson.Status.CANCELLED:
        raise Cancelled(_("The lesson was cancelled."))  # of which the notice of that change speaks
    facts = _make_up_facts(make_up, lesson)
    today = local_date(now, make_up.original.lesson.branch.time_zone)
    if make_up.attendance_id or not MakeUp.objects.open(today).filter(pk=make_up.pk).exists():
        return words.say("make_up_notice.cancelled", **facts)
    return words.say("make_up_notice.cancelled_open", **facts, until=day_text(make_up.expires_date))


def _make_up_facts(make_up, lesson):
    missed = day_text(make_up.original.lesson.local_date)
    return _facts(lesson, make_up.original.enrolment.student.name) | {"missed": missed}


# --- trials ----------------------------------------------------------------------------------------------


@renders(TRIAL_NOTICE)
def trial_notice(message, now):
    names = [f"lesson__{name}" for name in LESSON_NAMES]
    trials = TrialBooking.objects.select_related("enquiry", *names)
    trial = trials.get(pk=message.subject.partition(":")[2])
    with words_of(message.branch, settings.LANGUAGE_CODE) as words:
        notice = _trial_text(words, trial, message, now)
        if not trial.enquiry.phone:
            raise Cancelled(_("This enquiry has no phone any more."))
        text = _with_contact(words, TRIAL_NOTICE, notice, trial.lesson.branch)
        return Rendered(to=trial.enquiry.phone, text=text)


def _trial_text(words, trial, message, now):
    occasion, _colon, change_id = message.occurrence.partition(":")
    if occasion == CHANGED:
        row = LessonChange.objects.get(change=change_id, lesson=trial.lesson_id)
        return _trial_changed(words, trial, message, row, now)
    if occasion == CANCELLED:
        _refuse_begun(trial.lesson, now)
        _refuse_unheard(message, BOOKED)
        return _trial_cancelled(words, trial, trial.lesson.starts_at, trial.lesson.ends_at)
    return _trial_booked(words, trial, now)


def _trial_booked(words, trial, now):
    _refuse_begun(trial.lesson, now)
    if trial.status != TrialBooking.Status.BOOKED:
        raise Cancelled(_("The trial was cancelled."))
    return words.say("trial_notice.booked", **_facts(trial.lesson, trial.enquiry.child_name))


def _trial_cancelled(words, trial, starts_at, ends_at):
    """As the family knew it; why, when it was the lesson that was cancelled."""
    lesson = trial.lesson
    facts = _facts(lesson, trial.enquiry.child_name) | {"when": span_text(starts_at, ends_at, lesson.branch.time_zone)}
    if lesson.status != Lesson.Status.CANCELLED:
        return words.say("trial_notice.cancelled", **facts)
    return words.say("trial_notice.lesson_cancelled", **facts, reason=lesson.cancel_reason.rstrip(".。"))


def _trial_changed(words, trial, message, row, now):
    """Against what the family knows: earlier changes that did not reach it count as one with this."""
    of_trial = OutboundMessage.objects.filter(kind=TRIAL_NOTICE, subject=message.subject)
    if of_trial.filter(pk__gt=message.pk).exists():
        raise Cancelled(_("It has changed again since; a later message says so."))
    before = _known_before(row, of_trial.filter(pk__lt=message.pk, occurrence__startswith=CHANGED).order_by("-pk"))
    starts_at, ends_at = (datetime.fromisoformat(before[name]) for name in ("starts_at", "ends_at"))
    if max(starts_at, trial.lesson.starts_at) <= now:
        raise Cancelled(_("The lesson has begun."))
    if trial.status == TrialBooking.Status.CANCELLED:
        return _trial_cancelled(words, trial, starts_at, ends_at)
    return _trial_moved(words, trial, before, row.after, span_text(starts_at, ends_at, trial.lesson.branch.time_zone))


def _known_before(row, earlier):
    known = row.before
    for message in earlier:
        if message.status not in NOT_TOLD:
            break
        change_id = message.occurrence.partition(":")[2]
        known = LessonChange.objects.get(change=change_id, lesson=row.lesson_id).before
    return known


def _trial_moved(words, trial, before, after, when_before):
    facts = _facts(trial.lesson, trial.enquiry.child_name) | {"before": when_before}
    if not differs(before, after, SEEN_BY_GUESTS):
        raise Cancelled(_("It is again as the family knows it."))
    if facts["when"] != when_before:
        return words.say("trial_notice.moved", **facts)
    return words.say("trial_notice.another_room", **facts)


# --- the waiting list ------------------------------------------------------------------------------------


@renders(SEAT_OFFER)
def seat_offer(message, now):
    entries = WaitingListEntry.objects.offered(now).select_related("class_group__branch", "enrolment__student")
    entry = entries.filter(pk=message.subject.partition(":")[2]).first()
    if entry is None:
        raise Cancelled(_("The seat is not offered any more."))
    guardian = told_guardian(message)
    with words_of(message.branch, guardian.message_language) as words:
        key, facts = _offer_facts(entry)
        return Rendered(to=guardian.phone or "", text=words.say(key, **facts), template=key, facts=facts)


def _offer_facts(entry):
    group, branch = entry.class_group, entry.class_group.branch
    facts = {
        "child": entry.enrolment.student.name,
        "class": group.name,
        "until": moment_text(entry.offered_until, branch.time_zone),
        "branch": branch.name,
    }
    if branch.phone:
        return "seat_offer.call", facts | {"phone": branch.phone}
    return "seat_offer.tell", facts


@finds_names("enquiry")
def enquiry_names(ids):
    return dict(Enquiry.objects.filter(pk__in=ids).values_list("pk", "child_name"))
