"""Rows for the numbers, and the funnel counted a second time: slowly, in Python, from the rows themselves."""

from zoneinfo import ZoneInfo

from scheduling.models import TrialBooking
from students.models import Enquiry

STAMPS = {"contacted": "contacted_at", "booked": "booked_at", "came": "came_at", "signed": "signed_at"}


def recount(scope, basis, figure, group=lambda enquiry: None):
    """{group: pks of the enquiries}, of all the rows there are."""
    found = {}
    for enquiry in Enquiry.objects.select_related("branch", "channel"):
        if (
            enquiry.branch in scope.branches
            and enquiry.merged_into_id is None
            and _counts(scope, basis, figure, enquiry)
        ):
            found.setdefault(group(enquiry), set()).add(enquiry.pk)
    return found


def _counts(scope, basis, figure, enquiry):
    days = scope.period
    zone = ZoneInfo(enquiry.branch.time_zone)

    def is_in(day):
        return days.first <= day <= days.last

    def happened(moment):
        return moment is not None and (basis == "cohort" or is_in(moment.astimezone(zone).date()))

    asked = is_in(enquiry.registered_date)
    if figure == "leads":
        return asked
    if figure == "referred_leads":
        return asked and _is_referred(enquiry)
    if enquiry.lost_reason == "invalid" or (basis == "cohort" and not asked):
        return False
    if figure == "valid":
        return asked
    if figure in STAMPS:
        return happened(getattr(enquiry, STAMPS[figure]))
    if figure == "referred_signed":
        return happened(enquiry.signed_at) and _is_referred(enquiry)
    trials = [trial for trial in TrialBooking.objects.select_related("lesson") if trial.enquiry_id == enquiry.pk]
    lessons = [trial.lesson for trial in trials if trial.status == "came"]
    if figure == "tried":
        return any(basis == "cohort" or is_in(lesson.local_date) for lesson in lessons)
    return happened(enquiry.signed_at) and any(lesson.starts_at <= enquiry.signed_at for lesson in lessons)


def _is_referred(enquiry):
    return bool(enquiry.referred_by_id or (enquiry.channel and enquiry.channel.is_referral))
