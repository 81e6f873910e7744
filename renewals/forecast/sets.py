"""Who runs out in the coming weeks, by day and group, and how many of the same group renewed last term: in SQL.

To come are the accounts whose renewal is open, and those that will open: in a class, with credits that run out within
the horizon. A renewal that was lost lately is not expected. An account stands in the week in which

- its credits run out (`with_run_out`), if that is within the horizon;
- else its last class ends, for a renewal that is open for that;
- else in the first week: its credits are used up, or nobody knows until when they last.

What a renewal brings is the amount of the order prepared for it, else of the last purchase.
"""

from datetime import timedelta
from enum import StrEnum

from django.db.models import (
    Case,
    CharField,
    Count,
    DateField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, Greatest

from enrolments.models import CreditLot, OrderItem
from renewals.forecast.expectation import Cell, Hits
from renewals.models import RenewalOpportunity
from renewals.querysets import current_members, with_run_out
from renewals.rates.sets import due, renewals_in_time
from scheduling.models import ClassMember, Lesson


class Grouping(StrEnum):
    """By whom or what the forecast is divided."""

    COURSE = "course"
    TEACHER = "teacher"
    OWNER = "owner"


def group_of(grouping):
    """The id by which an enrolment is grouped, the same for last term and for the weeks to come."""
    if grouping == Grouping.COURSE:
        return F("course_id")
    if grouping == Grouping.TEACHER:
        members = ClassMember.objects.filter(enrolment=OuterRef("pk")).order_by("-joined_date", "-pk")
        return Subquery(members.values("class_group__teacher")[:1])
    opened = RenewalOpportunity.objects.filter(enrolment=OuterRef("pk")).order_by("-pk")
    return Coalesce(Subquery(opened.values("owner")[:1]), F("student__adviser"), output_field=IntegerField())


def to_come(accounts, *, mondays, now):
    """Enrolments expected to renew in the weeks from `mondays`. Adds `renews_on`, `next_minor`, `open_stage`."""
    until = mondays[-1] + timedelta(days=6)
    rows = with_run_out(accounts, now=now)
    mine = RenewalOpportunity.objects.to_work().filter(enrolment=OuterRef("pk"))
    of_pair = RenewalOpportunity.objects.filter(student=OuterRef("student"), subject=OuterRef("course__subject"))
    answered = of_pair.filter(
        Q(closed_at__isnull=True) | Q(pk__in=RenewalOpportunity.objects.lost_lately(now).values("pk"))
    )
    weeks = Value(len(mondays) + 1)  # a week more than asked for: the day decides below
    opens = Q(balance__lt=F("weekly_credits") * weeks, run_out_date__lte=until) & ~Exists(answered)
    rows = rows.annotate(open_stage=Subquery(mine.values("stage")[:1]), ends_date=_end_of_classes(now))
    rows = rows.filter(Q(open_stage__isnull=False) | opens)
    return rows.annotate(renews_on=_renews_on(mondays[0], until), next_minor=_next_price())


def _renews_on(first, until):
    ends_within = Q(ends_date__lte=until) & Exists(
        RenewalOpportunity.objects.open().filter(enrolment=OuterRef("pk"), cause="class_end")
    )
    first = Value(first, output_field=DateField())
    return Case(
        When(run_out_date__lte=until, then=Greatest(F("run_out_date"), first)),
        When(ends_within, then=Greatest(F("ends_date"), first)),
        default=first,
        output_field=DateField(),
    )


def _end_of_classes(now):
    """The last lesson of the classes that the child is in."""
    groups = current_members(now).filter(enrolment=OuterRef(OuterRef("pk"))).values("class_group")
    lessons = Lesson.objects.planned().filter(class_group__in=groups).order_by("-local_date")
    return Subquery(lessons.values("local_date")[:1])


def _next_price():
    """In fen; None when nobody knows it."""
    prepared = OrderItem.objects.filter(
        order__status="draft", student=OuterRef("student"), course=OuterRef("course"), amount_minor__gt=0
    )
    bought = CreditLot.objects.filter(enrolment=OuterRef("pk"), paid_minor__gt=0)
    newest = (rows.order_by("-pk") for rows in (prepared, bought))
    amounts = zip(newest, ("amount_minor", "paid_minor"), strict=True)
    return Coalesce(*(Subquery(rows.values(amount)[:1]) for rows, amount in amounts))


def cells(rows, grouping):
    """`to_come` as Cells: counted and added up by the database."""
    counted = rows.annotate(group=group_of(grouping)).order_by().values("branch", "group", "renews_on")
    counted = counted.annotate(due=Count("pk"), priced=Count("next_minor"), money=Coalesce(Sum("next_minor"), 0))
    for row in counted:
        unpriced = row["due"] - row["priced"]
        yield Cell(row["branch"], row["group"], row["renews_on"], row["due"], unpriced, row["money"])


def hits_of(scope, period, grouping):
    """{(branch, group): Hits} of a period: R7 of each group."""
    pair = Concat("student", Value("-"), "course__subject", output_field=CharField())
    rows = due(scope, period)
    rows = (
        rows.annotate(group=group_of(grouping), pair=pair, is_renewed=Exists(renewals_in_time()))
        .order_by()
        .values("branch", "group")
    )
    rows = rows.annotate(due=Count("pair", distinct=True), renewed=Count("pair", Q(is_renewed=True), distinct=True))
    return {(row["branch"], row["group"]): Hits(row["renewed"], row["due"]) for row in rows}
