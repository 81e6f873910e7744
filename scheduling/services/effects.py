"""What came with a change of the timetable and goes with it when it is undone: a closed day, validity, an absence."""

from django.utils.translation import gettext as _

from branches.models import CalendarDay
from enrolments.services import extend_validity, take_back_extensions
from scheduling.models import TeacherAbsence

DAY_FACTS = ("kind", "runs_weekday", "reason", "source", "is_provisional")


def remember(change, **effects):
    change.effects |= effects
    change.save(update_fields=["effects"])


def close_day(change, *, day, reason):
    """The branch's calendar says that it is closed, so that no lesson is planned there."""
    standing = CalendarDay.objects.filter(branch=change.branch, day=day).first()
    if standing and standing.kind == CalendarDay.Kind.CLOSED:
        return
    before = {name: getattr(standing, name) for name in DAY_FACTS} if standing else None
    closed = {
        "kind": CalendarDay.Kind.CLOSED,
        "runs_weekday": None,
        "reason": reason[:100],
        "source": CalendarDay.Source.OWN,
        "is_provisional": False,
    }
    CalendarDay.objects.update_or_create(branch=change.branch, day=day, defaults=closed)
    remember(change, closed_day=day.isoformat(), day_before=before)


def extend_lots(change, lots, *, days, by, now):
    extend_validity(lots=lots, days=days, reason=change.reason, reference=_reference(change), by=by, now=now)


def take_back_effects(change, *, by, now):
    """Everything but the lessons is as before `change`, too."""
    take_back_extensions(reference=_reference(change), reason=_("The change was undone."), by=by, now=now)
    if "closed_day" in change.effects:
        _reopen(change.branch, change.effects["closed_day"], change.effects["day_before"])
    if "absence" in change.effects:
        absences = TeacherAbsence.objects.filter(pk=change.effects["absence"], withdrawn_at__isnull=True)
        absences.update(withdrawn_at=now)


def _reopen(branch, day, before):
    """Unless somebody has made something else of the day meanwhile."""
    ours = CalendarDay.objects.filter(branch=branch, day=day, kind=CalendarDay.Kind.CLOSED)
    if before is None:
        ours.delete()
    else:
        ours.update(**before)


def _reference(change):
    return f"change:{change.pk}"
