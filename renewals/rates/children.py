"""The children of a rate, a page at a time, each with what it bought or why it does not count."""

from dataclasses import dataclass
from datetime import date

from django.db.models import Exists, Max, Min, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from core.clock import day_text
from enrolments.models import Enrolment, OrderItem
from renewals.models import RenewalOpportunity
from renewals.querysets import standing_purchases
from renewals.rates.formulas import PREPAID, WINDOW, Period
from renewals.rates.scope import PAIR, pairs
from renewals.rates.sets import renewals_of_pair


@dataclass(frozen=True)
class Child:
    """A child in a subject, by the account that stands for it."""

    enrolment: Enrolment
    due_date: date | None
    bought_date: date | None  # its last renewal
    why_not: str  # empty when it counts


def one_of_each(rows, *, with_due):
    """Pairs as dicts with `account`, an enrolment of theirs, by pinyin initials; `due` for the sets of R7."""
    order = ("student__name_initials", "student__name", *PAIR)
    found = rows.order_by().values(*order).annotate(account=Min("pk"))
    return (found.annotate(due=Max("due_date")) if with_due else found).order_by(*order)


def children_of(page, line, *, period, today):
    """The page's `one_of_each` as Children of a rate."""
    code = line.rate.code
    counted = pairs(line.numerator.filter(student__in=[row["student"] for row in page]))
    counted = set(counted.values_list(*PAIR))
    accounts = _with_history(window_of(code, period)).in_bulk([row["account"] for row in page])
    for row in page:
        account, due = accounts[row["account"]], row.get("due")
        counts = (row["student"], row["course__subject"]) in counted
        why = "" if counts else why_not(account, code=code, due=due, today=today)
        yield Child(account, due, account.bought_date, why)


def window_of(code, period):
    """The days in which a purchase counts for the rate."""
    if code in ("R6", "R7"):
        return Period(period.first - WINDOW, period.last + WINDOW)
    return Period(period.first - PREPAID, period.last) if code == "R4" else period


def why_not(account, *, code, due, today):
    """The sentence for one that is not in the numerator; the first reason that holds."""
    if due and today <= due + WINDOW:
        return _("May still renew until %(day)s.") % {"day": day_text(due + WINDOW)}
    if account.had_free:
        return _("Had a free or gift order only: that is no renewal.")
    if account.gave_back:
        return _("Bought again, and had it given back within 30 days.")
    if code == "R6":
        return _("Has not gone on in a course that continues this one.")
    if account.bought_date:
        return _("Bought on %(day)s, outside the days that count.") % {"day": day_text(account.bought_date)}
    if account.lost_reason:
        reason = RenewalOpportunity.LostReason(account.lost_reason).label
        return _("Does not renew: %(reason)s.") % {"reason": reason}
    return _("Has not bought again.")


def _with_history(window):
    same = {"student": OuterRef("student"), "course__subject": OuterRef("course__subject")}
    items = OrderItem.objects.filter(order__status="confirmed", **same)
    lately = items.filter(lot__booked_date__gte=window.first, lot__booked_date__lte=window.last)
    for_money = Q(amount_minor__gt=0, paid_credits__gt=0)
    lost = RenewalOpportunity.objects.filter(student=OuterRef("student"), subject=OuterRef("course__subject"))
    bought = renewals_of_pair().order_by("-lot__booked_date").values("lot__booked_date")
    return Enrolment.objects.select_related("student", "course__subject", "branch").annotate(
        bought_date=Subquery(bought[:1]),
        had_free=Exists(lately.exclude(for_money)),
        gave_back=Exists(lately.filter(for_money).exclude(pk__in=standing_purchases().values("pk"))),
        lost_reason=Subquery(lost.order_by("-pk").values("lost_reason")[:1]),
    )
