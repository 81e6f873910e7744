"""Showing a masked number in full: written down, and no more than a day's work needs."""

from datetime import timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import User
from students.models import PhoneReveal

MOST_AN_HOUR = 60  # families; who calls one after the other has a minute for each
HOUR = timedelta(hours=1)


class PhoneRevealError(Exception):
    """The number stays masked; the sentence says why and whom to ask."""


@transaction.atomic
def reveal_phone(*, branch, place, by, now, guardian=None, enquiry=None):
    """The number of a guardian or an enquiry, for a colleague who may see it; a row says so.

    A family whose number was shown within the hour is not counted again. The colleague is locked: many clicks at once
    do not get past the limit.
    """
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    shown = PhoneReveal.objects.filter(by=by, at__gt=now - HOUR)
    others = shown.exclude(guardian=guardian, enquiry=enquiry).order_by()
    if others.values("guardian", "enquiry").distinct().count() >= MOST_AN_HOUR:
        sentence = _("You had %(number)d numbers shown within an hour. Ask the branch manager if you need more.")
        raise PhoneRevealError(sentence % {"number": MOST_AN_HOUR})
    PhoneReveal.objects.create(guardian=guardian, enquiry=enquiry, branch=branch, place=place, by=by, at=now)
    return (guardian or enquiry).phone
