"""How fast families are answered, and how many contacts it takes until they sign up."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Min, OuterRef, Subquery
from django.db.models.functions import Coalesce

from reports.funnel import Funnel
from students.models import FollowUp

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZERO = timedelta(0)


@dataclass(frozen=True)
class Pace:
    """Of the valid enquiries: who was tried to be reached at all, how soon, and within an hour or a day."""

    asked: int
    answered: int
    within_hour: int
    within_day: int
    median: timedelta | None


def answered(funnel: Funnel):
    """Valid enquiries with a follow-up, whether somebody was reached or not: adds `waited`, until the first.

    An import may know a follow-up that is older than its enquiry's row (it waited less than no time).
    """
    first = FollowUp.objects.filter(enquiry=OuterRef("pk")).order_by().values("enquiry").annotate(first=Min("at"))
    rows = funnel.rows("valid").annotate(first_at=Subquery(first.values("first")))
    waited = ExpressionWrapper(F("first_at") - F("created_at"), output_field=DurationField())
    return rows.filter(first_at__isnull=False).annotate(waited=waited)


def pace_of(funnel: Funnel, asked):
    """`asked`: the valid enquiries of the funnel, counted already."""
    waited = sorted(max(ZERO, one) for one in answered(funnel).order_by().values_list("waited", flat=True))
    return Pace(
        asked=asked,
        answered=len(waited),
        within_hour=bisect_right(waited, HOUR),
        within_day=bisect_right(waited, DAY),
        median=middle_of(waited),
    )


def contacts_until_signing(funnel: Funnel):
    """The median number of follow-ups that a family had before it signed up; None when nobody did."""
    contacts = FollowUp.objects.filter(enquiry=OuterRef("pk"), at__lte=OuterRef("signed_at")).order_by()
    counted = contacts.values("enquiry").annotate(number=Count("pk")).values("number")
    numbers = funnel.rows("signed").annotate(contacts=Coalesce(Subquery(counted), 0))
    return middle_of(sorted(numbers.order_by().values_list("contacts", flat=True)))


def middle_of(values):
    """The median of values in order."""
    if not values:
        return None
    pair = values[(len(values) - 1) // 2 : len(values) // 2 + 1]
    return (pair[0] + pair[-1]) / 2
