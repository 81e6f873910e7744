"""A merge that was wrong: two enquiries again, each to the letter as it was."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core.clock import day_text, local_date
from sales.models import EnquiryMerge
from sales.services.merging import FIRST_TIMES, Kind, MergeError, lock, lock_trials, note_on_both, plain
from scheduling.models import Lesson, TrialBooking
from scheduling.seats import with_seats
from scheduling.services import follow_trials
from students.models import Enquiry

UNDO_DAYS = 30
# Fields that the database wants in step: if one of them was changed since, none of them goes back.
IN_STEP = [
    {"stage", "lost_reason", "lost_at", "student", *FIRST_TIMES},
    {"owner", "owned_at", "pooled_at"},
    {"child_name", "name_initials"},
]


class ChangedSinceError(MergeError):
    """What the merge had set was changed since: `what` names it. The rest can still be undone."""

    def __init__(self, what):
        self.what = what
        super().__init__(
            _("Since the merge this was changed: %(what)s. It would be lost: undo the rest and leave it as it is now.")
            % {"what": "、".join(what)}
        )


@transaction.atomic
def unmerge_enquiries(*, merge, by, now, leaves_changed=False):
    """Two enquiries again, each as it was; a double click undoes once. What was added since stays with the kept one.

    Raises ChangedSinceError when something that the merge set was changed since, unless `leaves_changed`.
    """
    lock_trials(merge.kept, merge.merged)
    kept, merged = lock(merge.kept, merge.merged)
    merge = EnquiryMerge.objects.select_for_update().get(pk=merge.pk)
    if merge.undone_at:
        return merge
    why = why_not_unmerge(merge, kept, now)
    if why:
        raise MergeError(why)
    changed, lost_seats = _changed_fields(merge, kept), _lost_seats(merge)
    if (changed or lost_seats) and not leaves_changed:
        raise ChangedSinceError(_names_of(changed, lost_seats))
    _restore(kept, {name: value for name, value in merge.before.items() if name not in changed})
    Enquiry.objects.filter(pk=merged.pk).update(merged_into=None)
    taken_along = EnquiryMerge.objects.standing().filter(kept=merged).values("merged")
    Enquiry.objects.filter(pk__in=taken_along).update(merged_into=merged)
    _hand_back_trials(merge, merged, lost_seats, by=by, now=now)
    note_on_both(kept, merged, Kind.UNMERGE, by, now)
    merge.undone_at, merge.undone_by = now, by
    merge.save(update_fields=["undone_at", "undone_by"])
    return merge


def undoable_merges(enquiry, now):
    """What was merged into an enquiry and can still be parted from it, the newest first."""
    merges = EnquiryMerge.objects.standing().filter(kept=enquiry, at__gte=now - timedelta(days=UNDO_DAYS))
    return merges.select_related("merged", "by")


def why_not_unmerge(merge, kept, now):
    """The sentence that says why the two stay one, or ""."""
    if now > merge.at + timedelta(days=UNDO_DAYS):
        return _("A merge can be undone for %(days)s days. This one was on %(day)s.") % {
            "days": UNDO_DAYS,
            "day": day_text(local_date(merge.at, kept.branch.time_zone)),
        }
    later = EnquiryMerge.objects.standing().filter(pk__gt=merge.pk)
    if kept.merged_into_id or later.filter(kept=kept).exists():
        return _("Another merge came after this one: undo that one first.")
    return ""


def _changed_fields(merge, kept):
    changed = {name for name, value in merge.after.items() if value != plain(kept, name)}
    for fields in IN_STEP:
        if changed & fields:
            changed |= fields
    return changed & merge.before.keys()


def _lost_seats(merge):
    """Trials whose seat was given back at the merge and is taken, or whose lesson is no longer to come."""
    trials = TrialBooking.objects.filter(pk__in=merge.given_back, status=TrialBooking.Status.CANCELLED)
    lessons = with_seats(Lesson.objects.select_related("class_group")).in_bulk([trial.lesson_id for trial in trials])
    return [trial for trial in trials if not _has_seat(lessons[trial.lesson_id])]


def _has_seat(lesson):
    is_open = lesson.seats_left > 0 or not lesson.class_group.is_capacity_hard
    return lesson.status == Lesson.Status.PLANNED and is_open


def _names_of(changed, lost_seats):
    shown = [name for name in changed if name != "name_initials"]
    fields = sorted(str(Enquiry._meta.get_field(name).verbose_name) for name in shown)
    seats = [_("seat of the trial on %(day)s") % {"day": day_text(trial.lesson.local_date)} for trial in lost_seats]
    return [*fields, *seats]


def _restore(enquiry, before):
    fields = [Enquiry._meta.get_field(name) for name in before]
    for field in fields:
        value = before[field.name]
        setattr(enquiry, field.attname, value if field.name == "custom_values" else field.to_python(value))
    Enquiry.objects.filter(pk=enquiry.pk).update(**{field.attname: getattr(enquiry, field.attname) for field in fields})


def _hand_back_trials(merge, merged, lost_seats, *, by, now):
    """To whom they belonged. What became of them meanwhile, at a roll call, moves the enquiry that has them again."""
    trials = TrialBooking.objects.filter(pk__in=merge.trials)
    trials.update(enquiry=merged)
    lost = [trial.pk for trial in lost_seats]
    given_back = TrialBooking.objects.filter(pk__in=merge.given_back).exclude(pk__in=lost)
    given_back.update(status=TrialBooking.Status.BOOKED)
    if any(trial.status != merge.trials[str(trial.pk)] for trial in trials):
        follow_trials(merged, by=by, now=now)
