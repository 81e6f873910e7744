"""Which children a rate counts, as querysets: the page shows their numbers, its lists their names.

What is counted is a child in a subject (人次): one that learns Go and drawing counts twice, one in two courses of Go
once. A set is a queryset of enrolments; its members are the pairs of child and subject in it (`rate_scope.pairs`).

What counts as what, from the data there is:

- A child *learns here on a day* when it is in a class then (`ClassMember`), and that class meets on the day or later.
- A *renewal* is a purchase that stands (`standing_purchases`: confirmed, with a price and paid credits, not given back
  within 30 days) of a subject that the child had bought before. Its day is the one on which the books count the sale.
- A *mid-term joiner* comes into one of the chosen classes after the first day of the period. It was *transferred in*
  when it left a class of its subject that was not chosen on that day or in the week before, and *transferred out* when
  it left a chosen one for such a class on that day or in the week after. Without any choice nobody is transferred: a
  child that changes its class stays. Credits given to a brother or sister (`Transfer`) transfer no child.
- A child *finishes* (结课) when its account comes to nothing in the period and stays there until its end, no other
  account of the subject has credits then, and it does not renew in the period.
- A child is *due* when its renewal opened (`RenewalOpportunity.due_date`: few credits, credits that run out soon, or
  the end of its class), or when a paid lot expired with credits left. R7 reaches back to the first renewal kept here.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce

from courses.models import Course
from enrolments.models import CreditEntry, CreditLot, Enrolment, WriteOff
from renewals.models import RenewalOpportunity
from renewals.querysets import DaysLater, standing_purchases
from renewals.rates.formulas import PREPAID, WINDOW, Period
from renewals.rates.scope import PAIR, Scope, without
from scheduling.models import ClassGroup, ClassMember, Lesson

TRANSFER_GAP = timedelta(days=7)  # between the old class and the new one


# --- purchases -------------------------------------------------------------------------------------------


def purchases_of_child():
    """What the child of an outer row bought and kept."""
    return standing_purchases().filter(student=OuterRef("student"))


def renewals_of_pair():
    """Of the child and subject of an outer row: purchases, but for the first."""
    return purchases_of_child().filter(Exists(_earlier()), course__subject=OuterRef("course__subject"))


def _earlier():
    """The same subject, bought before."""
    return standing_purchases().filter(
        student=OuterRef("student"),
        course__subject=OuterRef("course__subject"),
        order__confirmed_at__lt=OuterRef("order__confirmed_at"),
    )


def renewed(scope, period):
    """Who renewed in the period."""
    return _bought_between(scope.accounts(period), period.first, period.last)


def _bought_between(rows, first, last):
    return rows.filter(Exists(renewals_of_pair().filter(lot__booked_date__gte=first, lot__booked_date__lte=last)))


# --- who learns here -------------------------------------------------------------------------------------


def learning_on(scope, day):
    there = Q(left_date__isnull=True) | Q(left_date__gt=day)
    members = scope.members().filter(there, joined_date__lte=day, class_group__in=_meeting(day, day))
    return _accounts_of(members)


def learning_during(scope, period):
    members = scope.members_during(period).filter(class_group__in=_meeting(period.first, period.last))
    return _accounts_of(members)


def _accounts_of(members):
    return Enrolment.objects.filter(pk__in=members.values("enrolment"))


def _meeting(first, last):
    """Classes that begin by the last day and meet on the first or later."""
    lessons = Lesson.objects.active().filter(class_group=OuterRef("pk"), local_date__gte=first)
    return ClassGroup.objects.filter(Exists(lessons), first_date__lte=last).values("pk")


# --- R4: the children of the last period --------------------------------------------------------------------


@dataclass(frozen=True)
class LastPeriod:
    """R4's denominator: start + joined + transferred in − transferred out, and who of it paid for this period."""

    scope: Scope
    period: Period  # this one

    @property
    def before(self):
        return self.period.before

    @property
    def start(self):
        return learning_on(self.scope, self.before.first)

    @property
    def everybody(self):
        return learning_during(self.scope, self.before)

    @property
    def transferred_in(self):
        came_from = self._elsewhere_of_pair().filter(
            left_date__gte=DaysLater(OuterRef("joined_date"), Value(-TRANSFER_GAP.days)),
            left_date__lte=OuterRef("joined_date"),
        )
        came = self.scope.members_during(self.before).filter(Exists(came_from), enrolment=OuterRef("pk"))
        return without(self.everybody.filter(Exists(came)), self.start)

    @property
    def transferred_out(self):
        went_to = self._elsewhere_of_pair().filter(
            joined_date__gte=OuterRef("left_date"),
            joined_date__lte=DaysLater(OuterRef("left_date"), Value(TRANSFER_GAP.days)),
        )
        went = self.scope.members_during(self.before).filter(
            Exists(went_to), left_date__lte=self.before.last, enrolment=OuterRef("pk")
        )
        return without(self.everybody.filter(Exists(went)), learning_on(self.scope, self.before.last))

    @property
    def denominator(self):
        return without(self.everybody, self.transferred_out)

    @property
    def numerator(self):
        return _bought_between(self.denominator, self.period.first - PREPAID, self.period.last)

    def _elsewhere_of_pair(self):
        return self.scope.members_elsewhere().filter(
            enrolment__student=OuterRef("enrolment__student"),
            enrolment__course__subject=OuterRef("enrolment__course__subject"),
        )


# --- R5, R6 ----------------------------------------------------------------------------------------------


def finished(scope, period):
    """Who came to nothing, stayed there, and did not renew."""
    entries = CreditEntry.objects.filter(booked_date__lte=period.last)
    came_to_nothing = entries.filter(booked_date__gte=period.first, balance_after__lte=0)
    last_entry = entries.filter(enrolment=OuterRef("pk")).order_by("-sequence")
    with_credits = Enrolment.objects.annotate(left=Subquery(last_entry.values("balance_after")[:1])).filter(left__gt=0)
    rows = scope.accounts(period).filter(pk__in=came_to_nothing.values("enrolment"))
    return without(without(rows, with_credits), renewed(scope, period))


def ended_in_source(scope, period):
    """In a class of a course that others continue, until its last lesson, which was in the period."""
    ended = scope.classes().filter(course__continues_in__isnull=False).annotate(ended_date=_last_day_of("pk"))
    ended = ended.filter(ended_date__gte=period.first, ended_date__lte=period.last)
    members = scope.members().filter(class_group__in=ended.values("pk"))
    members = members.annotate(ended_date=_last_day_of("class_group"))
    return _accounts_of(members.filter(Q(left_date__isnull=True) | Q(left_date__gt=F("ended_date"))))


def moved_on(rows, period):
    """Of `ended_in_source`, who bought a course that continues theirs or came into a class of it that goes on.

    From 30 days before the period until 30 days after: families book the next term before this one ends.
    """
    first, last = period.first - WINDOW, period.last + WINDOW
    targets = Course.continues_in.through.objects.filter(from_course=OuterRef(OuterRef("course"))).values("to_course")
    bought = purchases_of_child().filter(lot__booked_date__gte=first, lot__booked_date__lte=last, course__in=targets)
    goes_on = Lesson.objects.active().filter(class_group=OuterRef("class_group"), local_date__gt=period.last)
    joined = ClassMember.objects.filter(Exists(goes_on), joined_date__gte=first, joined_date__lte=last).filter(
        Q(left_date__isnull=True) | Q(left_date__gt=period.last),
        enrolment__student=OuterRef("student"),
        enrolment__course__in=targets,
    )
    return rows.filter(Exists(bought) | Exists(joined))


def _last_day_of(group):
    """Of the class that an outer row names."""
    lessons = Lesson.objects.active().filter(class_group=OuterRef(group)).order_by().values("class_group")
    return Subquery(lessons.annotate(day=Max("local_date")).values("day"))


# --- R7 --------------------------------------------------------------------------------------------------


def due(scope, period):
    """Who was due to renew in the period. Adds `due_date`."""
    opened = RenewalOpportunity.objects.filter(due_date__gte=period.first, due_date__lte=period.last)
    left = Q(paid_left__gt=0) | Exists(WriteOff.objects.filter(lot=OuterRef("pk"), status="approved"))
    expired = CreditLot.objects.filter(
        left, paid_minor__gt=0, expires_date__gte=period.first, expires_date__lte=period.last
    )
    rows = scope.accounts(period).filter(Q(pk__in=opened.values("enrolment")) | Q(pk__in=expired.values("enrolment")))
    return rows.annotate(due_date=Coalesce(_first_of(opened, "due_date"), _first_of(expired, "expires_date")))


def _first_of(rows, day):
    return Subquery(rows.filter(enrolment=OuterRef("pk")).order_by(day).values(day)[:1])


def renewed_in_time(rows):
    """原科续. Of `due`, who renewed the subject from 30 days before until 30 days after."""
    return rows.filter(Exists(renewals_in_time()))


def expanded_in_time(rows):
    """扩科. Of `due`, who in these days bought a subject that it had never bought before."""
    return rows.filter(Exists(_new_subjects_in_time()))


def still_running(rows, today):
    """Of `due`, whose days to renew are not over."""
    return rows.filter(due_date__gte=today - WINDOW)


def count_due(rows, today):
    """{"due", "renewed", "expanded", "running"}: what the sets above hold, in one query."""
    by_pair = rows.order_by().values(*PAIR)
    by_pair = by_pair.annotate(
        last_due=Max("due_date"), is_renewed=_any(renewals_in_time()), is_expanded=_any(_new_subjects_in_time())
    )
    still = Q(is_renewed=0, last_due__gte=today - WINDOW)
    numbers = by_pair.aggregate(
        due=Count("student"), renewed=Sum("is_renewed"), expanded=Sum("is_expanded"), running=Count("student", still)
    )
    return {name: number or 0 for name, number in numbers.items()}


def _any(rows):
    return Max(Case(When(Exists(rows), then=1), default=0))


def renewals_in_time():
    """Of a row of `due`."""
    return renewals_of_pair().filter(_around("lot__booked_date", "due_date"))


def _new_subjects_in_time():
    new = purchases_of_child().filter(~Exists(_earlier()), ~Q(course__subject=OuterRef("course__subject")))
    return new.filter(_around("lot__booked_date", "due_date"))


def _around(field, day):
    """A day within the window around another of the outer row."""
    earliest, latest = (DaysLater(OuterRef(day), Value(days)) for days in (-WINDOW.days, WINDOW.days))
    return Q(**{f"{field}__gte": earliest, f"{field}__lte": latest})
