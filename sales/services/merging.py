"""Two enquiries of one child become one.

The earlier one is kept: its first channel is the family's first, and the database lets nobody change it. Rows of
history stay where they are; pages read those of both. What the kept one had before is remembered (see unmerging).
"""

from datetime import UTC, date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from sales.models import EnquiryMerge
from scheduling.models import TrialBooking
from students.models import Enquiry, EnquiryChange

Kind, Stage = EnquiryChange.Kind, Enquiry.Stage
CHOSEN = ("child_name", "grade", "guardian_name", "phone", "course", "note", "owner", "referred_by")
KEPT, MERGED, BOTH = "kept", "merged", "both"
WAY = [Stage.NEW, Stage.CONTACTED, Stage.TRIAL_BOOKED, Stage.CAME, Stage.SIGNED]  # lost is no stage of the way
FIRST_TIMES = ("contacted_at", "booked_at", "came_at", "signed_at")


class MergeError(Exception):
    """They cannot be merged, or not be parted again; carries the sentence the user reads."""


def in_order(one, other):
    """(the one that is kept, the one that becomes part of it): the family asked there first."""
    return tuple(sorted([one, other], key=lambda enquiry: (enquiry.registered_date, enquiry.created_at, enquiry.pk)))


# --- what comes of it -------------------------------------------------------------------------------------


def outcome_of(kept, merged, choices):
    """{field: value} of the kept one after the merge. `choices`: {field of CHOSEN: KEPT, MERGED or BOTH (notes)}.

    Without a choice the kept one's value stands, and the other's where it has none; notes stand side by side.
    """
    values = {name: _chosen(name, kept, merged, choices.get(name)) for name in CHOSEN}
    values["custom_values"] = merged.custom_values | kept.custom_values
    values["student"] = kept.student or merged.student
    values["last_channel"] = merged.last_channel or kept.last_channel
    values["registered_date"] = min(kept.registered_date, merged.registered_date)
    values["created_at"] = min(kept.created_at, merged.created_at)
    values["last_contact_at"] = _latest(kept.last_contact_at, merged.last_contact_at)
    values |= {name: _earliest(getattr(kept, name), getattr(merged, name)) for name in FIRST_TIMES}
    values |= _stage_of(kept, merged)
    values["next_follow_up_at"] = (
        None if values["stage"] in Enquiry.ENDED else _earliest(kept.next_follow_up_at, merged.next_follow_up_at)
    )
    return values | _ownership(kept, merged, values["owner"])


def _chosen(name, kept, merged, choice):
    ours, theirs = getattr(kept, name), getattr(merged, name)
    if not (ours and theirs):
        return ours or theirs
    if name == "note" and ours != theirs and choice in (None, BOTH):
        return f"{ours} / {theirs}"[: Enquiry._meta.get_field("note").max_length]
    return theirs if choice == MERGED else ours


def _stage_of(kept, merged):
    """As far as either came. One that is lost is open again when the family asks elsewhere; two stay lost."""
    lost_at = _latest(kept.lost_at, merged.lost_at)
    if kept.stage == merged.stage == Stage.LOST:
        later = max(kept, merged, key=lambda enquiry: enquiry.lost_at)
        return {"stage": Stage.LOST, "lost_reason": later.lost_reason, "lost_at": lost_at}
    furthest = max((_reached(kept), _reached(merged)), key=WAY.index)
    return {"stage": furthest, "lost_reason": "", "lost_at": lost_at}


def _reached(enquiry):
    if enquiry.stage != Stage.LOST:
        return Stage(enquiry.stage)
    reached = [stage for stage in WAY[1:-1] if getattr(enquiry, Enquiry.STAMPS[stage])]
    return reached[-1] if reached else Stage.NEW


def _ownership(kept, merged, owner):
    if owner is None:
        return {"owned_at": None, "pooled_at": kept.pooled_at or merged.pooled_at}
    of = kept if kept.owner == owner else merged
    return {"owned_at": of.owned_at, "pooled_at": None}


def _earliest(*moments):
    return min((moment for moment in moments if moment), default=None)


def _latest(*moments):
    return max((moment for moment in moments if moment), default=None)


# --- merging ----------------------------------------------------------------------------------------------


@transaction.atomic
def merge_enquiries(*, kept, merged, choices, by, now):
    """`merged` becomes part of `kept`, the earlier of the two. Returns the EnquiryMerge; a double click merges once.

    What was merged into `merged` before goes along: everything hangs on the one that stands by itself.
    """
    trials = lock_trials(kept, merged)
    kept, merged = lock(kept, merged)
    if merged.merged_into_id and merged.merged_into_id == kept.pk:
        return EnquiryMerge.objects.standing().get(merged=merged)
    why = why_not_merge(kept, merged)
    if why:
        raise MergeError(why)
    values = outcome_of(kept, merged, choices)
    before = {name: plain(kept, name) for name in _named(values)}
    moved, given_back = _take_over_trials(kept, merged, trials)
    _write(kept, values)
    changed = [name for name, value in before.items() if value != plain(kept, name)]
    Enquiry.objects.filter(merged_into=merged).update(merged_into=kept)
    Enquiry.objects.filter(pk=merged.pk).update(merged_into=kept)
    note_on_both(kept, merged, Kind.MERGE, by, now)
    return EnquiryMerge.objects.create(
        kept=kept,
        merged=merged,
        at=now,
        by=by,
        before={name: before[name] for name in changed},
        after={name: plain(kept, name) for name in changed},
        trials=moved,
        given_back=given_back,
    )


def why_not_merge(kept, merged):
    """The sentence that says why the two stay two, or ""."""
    if kept.pk == merged.pk:
        return _("Choose another enquiry to merge with this one.")
    if kept.merged_into_id or merged.merged_into_id:
        return _("One of the two was merged meanwhile: open it again from the list.")
    if in_order(kept, merged) != (kept, merged):
        return _("The earlier enquiry is the one that is kept, for its first channel stays.")
    if kept.student_id and merged.student_id and kept.student_id != merged.student_id:
        return _("The two were signed up as two children, %(one)s and %(other)s: they are not the same.") % {
            "one": kept.student,
            "other": merged.student,
        }
    return ""


def lock(*enquiries):
    """In one order: two people who merge at once do not wait in a circle."""
    rows = Enquiry.objects.select_for_update(of=["self"]).filter(pk__in=[one.pk for one in enquiries])
    found = {row.pk: row for row in rows.order_by("pk")}
    return [found[one.pk] for one in enquiries]


def lock_trials(*enquiries):
    """Before the enquiries, as a roll call does it."""
    trials = TrialBooking.objects.select_for_update(of=["self"]).filter(enquiry__in=enquiries)
    return list(trials.select_related("lesson").order_by("pk"))


def _take_over_trials(kept, merged, trials):
    """({id: status} of what moves, ids of seats that are given back): one child sits in a lesson once.

    A trial to come moves the enquiry at its roll call, and one that was can be corrected: so all of them go over. In
    a lesson where both have a seat the other's is free again, without a word to the family; a past one stays.
    """
    active = [trial for trial in trials if trial.status != TrialBooking.Status.CANCELLED]
    ours = {trial.lesson_id for trial in active if trial.enquiry_id == kept.pk}
    theirs = [trial for trial in active if trial.enquiry_id == merged.pk]
    moved = {str(trial.pk): trial.status for trial in theirs if trial.lesson_id not in ours}
    twice = [trial.pk for trial in theirs if trial.lesson_id in ours and trial.status == TrialBooking.Status.BOOKED]
    TrialBooking.objects.filter(pk__in=moved).update(enquiry=kept)
    TrialBooking.objects.filter(pk__in=twice).update(status=TrialBooking.Status.CANCELLED)
    return moved, twice


def note_on_both(kept, merged, kind, by, now):
    for enquiry, other in [(kept, merged), (merged, kept)]:
        EnquiryChange.objects.create(enquiry=enquiry, kind=kind, by=by, at=now, reason=other.child_name)


def _named(values):
    """The initials follow the name."""
    return [*values, "name_initials"]


def _write(enquiry, values):
    for name, value in values.items():
        setattr(enquiry, name, value)
    enquiry.save(update_fields=_named(values))


def plain(enquiry, name):
    """A field's value as JSON keeps it, to the microsecond."""
    value = getattr(enquiry, Enquiry._meta.get_field(name).attname)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value
