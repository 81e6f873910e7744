"""Which children are running out of lesson credits: one query, for one child or for the whole school.

An enrolment is due for renewal when its credits are at the branch's threshold or below, or run out within the
branch's days, and the child still learns here: it is in a class that has lessons to come, or used credits in
the last 60 days. A child that finished long ago stays in the books and off the list.
"""

from datetime import date, timedelta

from django.db.models import (
    Case,
    DateField,
    Exists,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Floor

from branches.models import Branch
from core.clock import local_date
from enrolments.models import CreditEntry
from scheduling.models import ClassMember, Lesson

LATELY = timedelta(days=60)  # longer than a summer break: who used no credit since has left


class DaysLater(Func):
    """A day plus a whole number of days."""

    output_field = DateField()
    template = "(%(expressions)s)"
    arg_joiner = " + "

    def as_sqlite(self, compiler, connection, **context):
        template = "DATE(%(expressions)s || ' days')"
        return self.as_sql(compiler, connection, template=template, arg_joiner=", ", **context)


def with_run_out(enrolments, *, now):
    """Adds `balance`, `weekly_credits`, `today` and `run_out_date` to a queryset of enrolments.

    The forecast is balance ÷ weekly credits, in whole days; None once used up, and without a class. Days are
    the branch's.
    """
    days_left = Cast(Floor(F("balance") * 7.0 / F("weekly_credits")), IntegerField())
    return (
        enrolments.with_balance()
        .annotate(today=_today_of_branch(now))
        .annotate(weekly_credits=Subquery(_weekly_credits(now)))
        .annotate(run_out_date=Case(When(balance__gt=0, then=DaysLater(F("today"), days_left))))
    )


def due(enrolments, *, now):
    """Those of `with_run_out` that are due for renewal."""
    days_less_than = F("branch__renewal_days") + 1  # asked of the balance, which is cheaper than of the date
    is_low = Q(balance__lte=F("branch__renewal_threshold")) | Q(balance__lt=F("weekly_credits") * days_less_than / 7.0)
    used = CreditEntry.objects.filter(
        enrolment=OuterRef("pk"), kind=CreditEntry.Kind.CONSUMPTION, occurred_at__gte=now - LATELY
    )
    still_learns = Exists(current_members(now).filter(enrolment=OuterRef("pk"))) | Exists(used)
    return enrolments.filter(is_low, still_learns)


def current_members(now):
    """Children in a class that has lessons to come while they are in it."""
    last_day = Coalesce(OuterRef("left_date"), Value(date.max, output_field=DateField()))
    to_come = Lesson.objects.planned().filter(
        class_group=OuterRef("class_group"), ends_at__gt=now, local_date__lt=last_day
    )
    return ClassMember.objects.filter(Exists(to_come))


def _weekly_credits(now):
    """What the weekly rules of today take from an enrolment; None when they take nothing."""
    rules = "class_group__rules"
    members = current_members(now).filter(
        Q(**{f"{rules}__valid_until__isnull": True}) | Q(**{f"{rules}__valid_until__gte": OuterRef("today")}),
        **{f"{rules}__valid_from__lte": OuterRef("today")},
        class_group__credits_per_lesson__gt=0,
        enrolment=OuterRef("pk"),
    )
    sums = members.order_by().values("enrolment").annotate(weekly=Sum("class_group__credits_per_lesson"))
    return sums.values("weekly")


def _today_of_branch(now):
    zones = Branch.objects.order_by().values_list("time_zone", flat=True).distinct()
    return Case(
        *[When(branch__time_zone=zone, then=Value(local_date(now, zone))) for zone in zones],
        output_field=DateField(),
    )
