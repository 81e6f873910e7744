"""What a reminder has to know of an enrolment: one query for as many as one likes."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from core.clock import local_date
from enrolments.models import CreditEntry, CreditField, CreditLot, Enrolment, Suspension
from messaging.models import InboundMessage
from renewals.cadence import Cadence, Reached, Reason
from renewals.models import ReminderPolicy, ReminderStep, RenewalNote, RenewalOpportunity
from renewals.querysets import standing_purchases, still_learns, with_run_out

Stage = RenewalOpportunity.Stage
_LEFT = Sum(F("paid_left") + F("gift_left"), output_field=CreditField())
FALLING = [CreditEntry.Kind.CONSUMPTION, CreditEntry.Kind.RETURN, CreditEntry.Kind.ADJUSTMENT]


@dataclass(frozen=True)
class Account:
    """An enrolment as it is now, with its branch's cadence."""

    enrolment: Enrolment
    cadence: Cadence

    @property
    def branch(self):
        return self.enrolment.branch

    @property
    def lot_number(self):
        """The low period: every purchase opens a new one."""
        return self.enrolment.last_lot_id or 0

    @property
    def today(self):
        return self.enrolment.today

    @cached_property
    def last_day(self):
        """When the credits are used up or, if that is sooner, no longer valid; None when nobody can tell."""
        if self.enrolment.balance <= 0:
            return self.today
        return min(filter(None, [self.enrolment.run_out_date, self.wasting_date]), default=None)

    @cached_property
    def wasting_date(self):
        """When the validity of credits ends that cannot be used up before, at the pace of the classes."""
        row = self.enrolment
        if row.expiring_date is None:
            return None
        lessons_until = (row.weekly_credits or 0) * (row.expiring_date - self.today).days / 7
        return row.expiring_date if row.expiring_credits > lessons_until else None

    @cached_property
    def reached(self) -> Reached:
        days_left = (self.last_day - self.today).days if self.last_day else None
        return self.cadence.reached(self.enrolment.balance, days_left)

    @property
    def is_low(self):
        """A step is reached, or the branch's own threshold, at which the work on the renewal begins."""
        few = self.enrolment.balance <= self.branch.renewal_threshold
        run_out = self.enrolment.run_out_date
        soon = run_out is not None and (run_out - self.today).days <= self.branch.renewal_days
        return bool(self.reached) or few or soon

    def refusal(self):
        """Why nobody is reminded of this enrolment, whoever asks; None when it may be."""
        row = self.enrolment
        if row.has_bought or row.stage == Stage.RENEWED:
            return Reason.RENEWED
        if not (self.is_low and row.is_learning):
            return Reason.NOT_LOW
        if row.is_away:
            return Reason.AWAY
        return {Stage.PROMISED: Reason.PROMISED, Stage.LOST: Reason.LOST}.get(row.stage)

    def refusal_of_cadence(self):
        """The same for what goes out by itself: it stops as soon as a person has taken over.

        Only credits that go down run low: whoever has bought and not yet come to a lesson is not reminded.
        """
        if self.refusal():
            return self.refusal()
        if self.enrolment.is_answered:
            return Reason.ANSWERED
        if not self.reached or self.enrolment.newest_kind not in FALLING:
            return Reason.NOTHING_NEW
        return None


class Glance(Account):
    """An account of which only the step is known, not what stops a reminder: for the first look at very many."""

    def refusal_of_cadence(self):
        return None if self.reached else Reason.NOTHING_NEW


def load_accounts(enrolments, *, now):
    """The accounts of a queryset of enrolments, in the order of branches and children: three queries."""
    return _load(with_facts(enrolments, now=now), Account)


def glance_at_accounts(enrolments, *, now):
    """The same for the first look: at a third of the cost."""
    return _load(with_steps(enrolments, now=now), Glance)


def _load(rows, kind):
    cadences = load_cadences()
    rows = rows.select_related("student", "course", "branch").order_by("branch", "student", "pk")
    return [kind(row, cadences[row.branch_id]) for row in rows]


def load_cadences():
    """{branch id: Cadence} of all branches: there are a hundred of them at most."""
    return {policy.pk: _cadence(policy) for policy in ReminderPolicy.objects.prefetch_related("steps")}


def _cadence(policy):
    steps = {
        kind: tuple(step.value for step in policy.steps.all() if step.kind == kind) for kind in ReminderStep.Kind.values
    }
    return Cadence(**steps, most=policy.most, days_between=policy.days_between)


def with_steps(enrolments, *, now):
    """Adds to `with_run_out` until when the credits are valid whose validity ends first, and how many they are."""
    lots = CreditLot.objects.filter(enrolment=OuterRef("pk"))
    valid = lots.with_credits().filter(expires_date__gte=OuterRef("today")).order_by("expires_date")
    return with_run_out(enrolments, now=now).annotate(
        expiring_date=Subquery(valid.values("expires_date")[:1]),
        expiring_credits=Subquery(valid.values("expires_date").annotate(left=_LEFT).values("left")[:1]),
    )


def with_facts(enrolments, *, now):
    """Adds to `with_steps` what stops a reminder."""
    lots = CreditLot.objects.filter(enrolment=OuterRef("pk"))
    newest = CreditEntry.objects.filter(enrolment=OuterRef("pk")).order_by("-sequence")
    away = Suspension.objects.open().filter(enrolment=OuterRef("pk"), from_date__lte=OuterRef("today"))
    return (
        with_steps(enrolments, now=now)
        .annotate(period_from=Coalesce(Subquery(lots.order_by("-pk").values("sold_at")[:1]), F("created_at")))
        .annotate(
            newest_kind=Subquery(newest.values("kind")[:1]),
            is_learning=still_learns(now),
            is_away=Exists(away),
            has_bought=Exists(_bought_since()),
            stage=Subquery(_opportunities().order_by("-pk").values("stage")[:1]),
            is_answered=Exists(_notes()) | Exists(_replies()),
        )
    )


def _bought_since():
    """Any course of the subject counts, as it does on the board."""
    return standing_purchases().filter(
        student=OuterRef("student"),
        course__subject=OuterRef("course__subject"),
        order__confirmed_at__gt=OuterRef("period_from"),
    )


def _opportunities():
    """The work on this low period: open, or closed in it."""
    mine = RenewalOpportunity.objects.filter(student=OuterRef("student"), subject=OuterRef("course__subject"))
    return mine.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=OuterRef("period_from")))


def _notes():
    """What somebody at the school noted in this low period. Whoever was spoken to hears no more from the cadence."""
    return RenewalNote.objects.filter(
        opportunity__student=OuterRef("student"),
        opportunity__subject=OuterRef("course__subject"),
        by__isnull=False,
        at__gte=OuterRef("period_from"),
    )


def _replies():
    """What the family wrote back to a reminder of this low period."""
    mine = InboundMessage.objects.filter(in_reply_to__reminder_lines__enrolment=OuterRef("pk"))
    return mine.filter(received_at__gte=OuterRef("period_from"))


def day_of(at, branch) -> date:
    return local_date(at, branch.time_zone)
