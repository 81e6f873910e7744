"""Enquiries that may be one: the same phone, and, unless they are brothers and sisters, the same child."""

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.clock import day_text, moment_text
from core.phones import masked
from messaging.models import OutboundMessage
from sales.services.merging import BOTH, CHOSEN, KEPT, MERGED, outcome_of
from students.models import Enquiry

RELATED = ("branch", "course", "channel", "last_channel", "referred_by", "owner", "student")
FACTS = ("channel", "last_channel", "stage", "registered_date", "next_follow_up_at")


def twins_of(enquiry, user):
    """Others of this phone that the person may see, the newest first."""
    if not enquiry.phone:
        return Enquiry.objects.none()
    others = Enquiry.objects.visible_to(user).filter(phone=enquiry.phone).exclude(pk=enquiry.pk)
    return others.select_related(*RELATED)


def later_twins(user, *, of_one_name):
    """Open enquiries of a phone that asked before: each is the later one of a pair."""
    earlier = Enquiry.objects.visible_to(user).filter(
        Q(registered_date__lt=OuterRef("registered_date"))
        | Q(registered_date=OuterRef("registered_date"), pk__lt=OuterRef("pk")),
        phone=OuterRef("phone"),
    )
    if of_one_name:
        earlier = earlier.filter(child_name=OuterRef("child_name"))
    return Enquiry.objects.visible_to(user).open().exclude(phone="").filter(Exists(earlier))


def with_earlier(enquiries, user, *, of_one_name):
    """The same list; each has as `earlier` the first one of its phone (and name). One query for all of them."""
    phones = {enquiry.phone for enquiry in enquiries}
    of_phones = Enquiry.objects.visible_to(user).filter(phone__in=phones).select_related("branch", "owner")
    first = {}
    for one in of_phones.order_by("registered_date", "pk"):
        first.setdefault(_key(one, of_one_name), one)
    for enquiry in enquiries:
        enquiry.earlier = first[_key(enquiry, of_one_name)]
    return enquiries


def _key(enquiry, of_one_name):
    return enquiry.phone, enquiry.child_name if of_one_name else ""


def comparison(kept, merged):
    """The rows of the preview: what both have of each field, and what will stand if nobody chooses otherwise."""
    return [_row(name, kept, merged) for name in CHOSEN if getattr(kept, name) or getattr(merged, name)]


def _row(name, kept, merged):
    ours, theirs = shown(kept, name), shown(merged, name)
    options = []
    if ours and theirs and ours != theirs:
        options = [(KEPT, ours), (MERGED, theirs)]
        if name == "note":
            options = [(BOTH, f"{ours} / {theirs}"), *options]
    return {
        "name": name,
        "label": Enquiry._meta.get_field(name).verbose_name,
        "text": ours or theirs,
        "options": options,
    }


def facts(kept, merged):
    """What follows by itself: {label, what the two have, what will stand}."""
    outcome = kept.__class__(**{field.attname: getattr(kept, field.attname) for field in _stored()})
    for name, value in outcome_of(kept, merged, {}).items():
        setattr(outcome, name, value)
    return [
        {
            "label": Enquiry._meta.get_field(name).verbose_name,
            "kept": shown(kept, name),
            "merged": shown(merged, name),
            "after": shown(outcome, name),
        }
        for name in FACTS
    ]


def _stored():
    return [field for field in Enquiry._meta.concrete_fields if not field.generated]


def shown(enquiry, name):
    value = getattr(enquiry, name)
    if not value:
        return ""
    if name == "phone":
        return masked(value)
    if name == "stage":
        return enquiry.get_stage_display()
    if name == "registered_date":
        return day_text(value)
    return moment_text(value, enquiry.branch.time_zone) if name == "next_follow_up_at" else str(value)


def counts_of(enquiry, user):
    """What comes along, in words and numbers."""
    told = OutboundMessage.objects.visible_to(user).filter(about=f"enquiry:{enquiry.pk}")
    return [
        (_("Follow-ups"), enquiry.follow_ups.count()),
        (pgettext("of an enquiry", "Trials"), enquiry.trials.count()),
        (_("Messages"), told.count()),
    ]
