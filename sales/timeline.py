"""Everything that happened to an enquiry and to what was merged into it, newest first, from several tables."""

import heapq
from itertools import islice

from django.db.models import Q
from django.utils.translation import gettext as _

from core.clock import span_text
from core.money import yuan
from core.timeline import Event
from enrolments.models import Order
from messaging.models import InboundMessage, OutboundMessage
from messaging.timeline import LENGTH, message_events, reply_events
from scheduling.models import TrialBooking
from students.models import Enquiry, EnquiryChange, FollowUp
from students.timeline import follow_up_events

Kind, Status = EnquiryChange.Kind, TrialBooking.Status
TRIAL_COLOURS = {Status.BOOKED: "info", Status.CAME: "ok", Status.NO_SHOW: "bad"}
ICONS = {
    Kind.CREATED: "contact_phone",
    Kind.STAGE: "flag",
    Kind.OWNER: "person",
    Kind.POOL: "pool",
    Kind.TOUCH: "ring_volume",
    Kind.MERGE: "merge",
    Kind.UNMERGE: "call_split",
    Kind.ASKED_FOR: "front_hand",
    Kind.KEPT: "do_not_disturb_on",
}


def history_of(enquiry, user):
    """The newest events of an enquiry, of what the reader may see."""
    ids = with_merged([enquiry.pk])
    told, written = OutboundMessage.objects.visible_to(user), InboundMessage.objects.visible_to(user)
    newest_first = heapq.merge(
        _changes(ids),
        _follow_ups(ids),
        _trials(ids, user),
        _orders(enquiry, user),
        *(message_events(f"enquiry:{pk}", told) for pk in ids),
        *(reply_events(f"enquiry:{pk}", written) for pk in ids),
        key=lambda event: event.at,
        reverse=True,
    )
    return list(islice(newest_first, LENGTH))


def enquiry_events(student, user):
    """What was before a child was signed up: of its enquiries that the reader may see, the newest first."""
    enquiries = Enquiry.objects.visible_to(user).filter(student=student).values_list("pk", flat=True)
    ids = with_merged(list(enquiries))
    sources = [_changes(ids), _follow_ups(ids), _trials(ids, user)]
    yield from heapq.merge(*sources, key=lambda event: event.at, reverse=True)


def with_merged(enquiries):
    """These and all that became part of them; who sees the one sees what was said before with the other."""
    return Enquiry.objects.filter(Q(pk__in=enquiries) | Q(merged_into__in=enquiries)).values("pk")


def _changes(ids):
    changes = EnquiryChange.objects.filter(enquiry__in=ids)
    for change in changes.select_related("by", "from_owner", "to_owner", "channel")[:LENGTH]:
        yield Event(
            at=change.at,
            what=" · ".join(filter(None, [change.get_kind_display(), _to_what(change)])),
            detail=_and_who(change.reason, change.by),
            icon=ICONS.get(change.kind, "history"),
        )


def _to_what(change):
    """Where a step led: a stage, a colleague, a channel."""
    if change.kind == Kind.STAGE:
        return change.get_to_stage_display()
    if change.kind == Kind.OWNER:
        return " → ".join(str(person) for person in [change.from_owner, change.to_owner] if person)
    if change.kind == Kind.POOL:
        return str(change.from_owner or "")
    return str(change.channel or "")


def _follow_ups(ids):
    return follow_up_events(FollowUp.objects.filter(enquiry__in=ids))


def _trials(ids, user):
    trials = TrialBooking.objects.visible_to(user).filter(enquiry__in=ids).order_by("-booked_at", "-pk")
    trials = trials.select_related("lesson__class_group", "lesson__branch", "lesson__teacher", "booked_by")
    for trial in trials[:LENGTH]:
        lesson = trial.lesson
        when = span_text(lesson.starts_at, lesson.ends_at, lesson.branch.time_zone)
        yield Event(
            at=trial.booked_at,
            what=_("Trial lesson %(when)s") % {"when": when},
            detail=_and_who(f"{lesson.class_group} · {lesson.teacher}", trial.booked_by),
            icon="event_seat",
            state=trial.get_status_display(),
            state_colour=TRIAL_COLOURS.get(trial.status, ""),
        )


def _orders(enquiry, user):
    if not enquiry.student_id:
        return
    orders = Order.objects.visible_to(user).filter(items__student=enquiry.student_id).distinct()
    for order in orders.select_related("created_by").order_by("-created_at", "-pk")[:LENGTH]:
        yield Event(
            at=order.created_at,
            what=_("Order over %(amount)s") % {"amount": yuan(order.total_minor)},
            detail=str(order.created_by),
            icon="shopping_cart",
            state=order.get_status_display(),
        )


def _and_who(text, person):
    """A step without a person was taken by a rule."""
    who = str(person) if person else _("by itself")
    return _("%(text)s (%(who)s)") % {"text": text, "who": who} if text else who
