"""Which children are running out of lesson credits: one query, for one child or for the whole school.

An enrolment is due for renewal when its credits are at the branch's threshold or below, or run out within the
branch's days, and the child still learns here: it is in a class that has lessons to come, or used credits in
the last 60 days. A child that finished long ago stays in the books and off the list.
"""

from datetime import date, timedelta

from django.db.models import (
    Case,
    DateField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
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
from branches.querysets import BranchScopedQuerySet
from core.clock import local_date
from enrolments.models import CreditEntry, CreditLot, OrderItem, RefundLine
from scheduling.models import ClassMember, Lesson

LATELY = timedelta(days=60)  # longer than a summer break: who used no credit since has left
UNDONE_WITHIN = timedelta(days=30)  # a refund so soon after the order: it was no renewal


class DaysLater(Func):
    """A day plus a whole number of days."""

    output_field = DateField()
    template = "(%(expressions)s)"
    arg_joiner = " + "

    def as_sqlite(self, compiler, connection, **context):
        template = "DATE(%(expressions)s || ' days')"
        return self.as_sql(compiler, connection, template=template, arg_joiner=", ", **context)


def with_run_out(enrolments, *, now):
    """Adds `weekly_credits`, `today` and `run_out_date` to a queryset of enrolments.

    The forecast is balance ÷ weekly credits, in whole days; None once used up, and without a class. Days are
    the branch's.
    """
    days_left = Cast(Floor(F("balance") * 7.0 / F("weekly_credits")), IntegerField())
    return (
        enrolments.with_last_lot()
        .annotate(today=_today_of_branch(now))
        .annotate(weekly_credits=Subquery(_weekly_credits(now)))
        .annotate(run_out_date=Case(When(balance__gt=0, then=DaysLater(F("today"), days_left))))
    )


def due(enrolments, *, now):
    """Those of `with_run_out` that are due for renewal."""
    return enrolments.filter(is_low(), still_learns(now))


def still_learns(now):
    """The child of an enrolment is in a class that has lessons to come, or used credits lately."""
    used = CreditEntry.objects.filter(
        enrolment=OuterRef("pk"), kind=CreditEntry.Kind.CONSUMPTION, occurred_at__gte=now - LATELY
    )
    return Exists(current_members(now).filter(enrolment=OuterRef("pk"))) | Exists(used)


def is_low():
    """Few credits are left, or they run out soon, of enrolments `with_run_out`."""
    days_less_than = F("branch__renewal_days") + 1  # asked of the balance, which is cheaper than of the date
    return Q(balance__lte=F("branch__renewal_threshold")) | Q(balance__lt=F("weekly_credits") * days_less_than / 7.0)


def is_ending(now):
    """Every class of the enrolment ends within the branch's days, and nothing was paid lately for what comes then."""
    in_class = current_members(now).filter(enrolment=OuterRef("pk"))
    after_the_window = Lesson.objects.planned().filter(
        class_group=OuterRef("class_group"),
        local_date__gt=DaysLater(_today_of_branch(now), F("branch__renewal_days")),
    )
    paid = CreditLot.objects.filter(
        enrolment__student=OuterRef("student"),
        enrolment__course__subject=OuterRef("course__subject"),
        paid_minor__gt=0,
        sold_at__gte=now - LATELY,
    )
    return Exists(in_class) & ~Exists(in_class.filter(Exists(after_the_window))) & ~Exists(paid)


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
        default=Cast(Value(None), DateField()),  # a school without branches: NULL alone has no type
        output_field=DateField(),
    )


def standing_purchases():
    """Order items that count as renewals: confirmed, for money, and not given back soon after the order."""
    until = ExpressionWrapper(OuterRef("order__confirmed_at") + UNDONE_WITHIN, output_field=DateTimeField())
    given_back = RefundLine.objects.filter(lot__item=OuterRef("pk"), refund__status="paid", refund__ended_at__lte=until)
    items = OrderItem.objects.filter(order__status="confirmed", amount_minor__gt=0, paid_credits__gt=0)
    return items.filter(~Exists(given_back))


def to_contact(today):
    """Nobody has agreed on a day, or that day has come."""
    return Q(next_contact_date__isnull=True) | Q(next_contact_date__lte=today)


class RenewalOpportunityQuerySet(BranchScopedQuerySet):
    branch_lookup = "enrolment__branch"
    view_permission = "renewals.view_renewals"

    def open(self):
        return self.filter(closed_at__isnull=True)

    def lost_lately(self, now):
        """Closed without a renewal; the family may still change its mind."""
        return self.filter(stage="lost", closed_at__gte=now - LATELY)

    def with_purchase(self):
        """Adds `bought_item_id`: the first purchase of the child in the subject since it opened."""
        bought = standing_purchases().filter(
            student=OuterRef("student"),
            course__subject=OuterRef("subject"),
            order__confirmed_at__gt=OuterRef("opened_at"),
        )
        return self.annotate(bought_item_id=Subquery(bought.order_by("order__confirmed_at", "pk").values("pk")[:1]))

    def no_longer_renewed(self):
        """Closed by an order that was made void or given back, and by no other; the newest first."""
        stands = standing_purchases().filter(pk=OuterRef("renewal_item"))
        another_is_open = self.model.objects.open().filter(student=OuterRef("student"), subject=OuterRef("subject"))
        return self.filter(~Exists(stands), ~Exists(another_is_open), stage="renewed").order_by("-closed_at", "-pk")

    def untouched(self):
        """Open, and nobody has noted anything yet."""
        return self.open().filter(notes__isnull=True)

    def to_work(self):
        """Open, and not renewed in the meantime: an order counts at once, without waiting for the job.

        Only of who was sold something since are the orders looked at: that is cheap to know of everybody.
        """
        sold = CreditLot.objects.filter(enrolment__student=OuterRef("student"), sold_at__gt=OuterRef("opened_at"))
        return self.open().with_purchase().filter(~Exists(sold) | Q(bought_item_id__isnull=True))

    def to_contact(self, today):
        return self.filter(to_contact(today))


class RenewalNoteQuerySet(BranchScopedQuerySet):
    branch_lookup = "opportunity__enrolment__branch"
    view_permission = "renewals.view_renewals"


class ReminderPolicyQuerySet(BranchScopedQuerySet):
    pass


class BulkReminderQuerySet(BranchScopedQuerySet):
    view_permission = "renewals.view_renewals"


class ReminderLineQuerySet(BranchScopedQuerySet):
    branch_lookup = "enrolment__branch"
    view_permission = "renewals.view_renewals"

    def counted(self):
        """Those that a family was told, or will be: not those of a message that was dropped before it was sent."""
        return self.filter(was_dropped=False).exclude(message__status__in=["cancelled", "expired"])
