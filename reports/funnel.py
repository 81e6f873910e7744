"""招生漏斗: how many asked, were reached, booked, came and signed up; counted in SQL, by two bases that never mix.

Every figure is a condition on live enquiries (`FIGURES`), so that a number and the rows behind it cannot disagree.
What was no real enquiry (lost as INVALID) counts as a lead and as nothing else. A figure counts families' enquiries,
each once: the first contact, the first booking, the first visit.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from django.db.models import Count, Exists, OuterRef, Q

from reports.forms import Basis
from reports.scope import Scope
from scheduling.models import TrialBooking
from students.models import Enquiry

INVALID = Enquiry.LostReason.INVALID
STAMPS = {"contacted": "contacted_at", "booked": "booked_at", "came": "came_at", "signed": "signed_at"}
STEPS = ["leads", "valid", *STAMPS]
TREND = ["leads", "booked", "came", "signed"]  # over the months; few, for each is counted in every month
REFERRED = ["referred_leads", "referred_signed"]
TRIALS = ["tried", "converted"]
FIGURES = [*STEPS, *REFERRED, *TRIALS]
DIMENSIONS = {"channel": "channel", "owner": "owner", "branch": "branch", "course": "course"}

IS_VALID = ~Q(lost_reason=INVALID)
IS_REFERRED = Q(channel__is_referral=True) | Q(referred_by__isnull=False)


@dataclass(frozen=True)
class Funnel:
    """The counts of a scope on one basis: `totals`, `by(dimension)`, and `rows(figure)` behind each of them."""

    scope: Scope
    basis: Basis

    def rows(self, figure):
        """The enquiries that a figure counts."""
        return self._enquiries.filter(self.condition(figure))

    @cached_property
    def totals(self):
        counts = self._enquiries.filter(self._any).aggregate(**self._counts([*STEPS, *REFERRED]))
        return Counter(counts | {figure: self.rows(figure).count() for figure in TRIALS})

    def by(self, dimension):
        """{group id (None: nothing was chosen there): Counter of the figures}."""
        group = DIMENSIONS[dimension]
        rows = self._enquiries.filter(self._any).order_by().values_list(group)
        names = [*STEPS, *REFERRED]
        found = {
            row[0]: Counter(dict(zip(names, row[1:], strict=True)))
            for row in rows.annotate(**self._counts(names)).values_list(group, *names)
        }
        for figure in TRIALS:
            counted = self.rows(figure).order_by().values_list(group).annotate(number=Count("pk"))
            for key, count in counted:
                found.setdefault(key, Counter())[figure] = count
        return {key: counts for key, counts in found.items() if any(counts.values())}

    def by_month(self, months):
        """A Counter of the figures of a trend for each of the months, in one query."""
        funnels = [Funnel(self.scope.during(month), self.basis) for month in months]
        counts, touched = {}, Q(pk__in=[])
        for position, funnel in enumerate(funnels):
            counts |= {f"{figure}_{position}": count for figure, count in funnel._counts(TREND).items()}
            touched |= funnel._any
        numbers = self._enquiries.filter(touched).aggregate(**counts)
        return [Counter({figure: numbers[f"{figure}_{at}"] for figure in TREND}) for at in range(len(months))]

    def condition(self, figure):
        if figure in TRIALS:
            return getattr(self, f"_{figure}")
        if figure in REFERRED:
            return IS_REFERRED & self.condition("leads" if figure == "referred_leads" else "signed")
        if figure == "leads":
            return self._asked
        if figure == "valid":
            return self._asked & IS_VALID
        stamp = STAMPS[figure]
        if self.basis == Basis.COHORT:
            return self._asked & IS_VALID & Q(**{f"{stamp}__isnull": False})
        return IS_VALID & self.scope.within(stamp)

    @property
    def _enquiries(self):
        return self.scope.of(Enquiry.objects)

    @property
    def _asked(self):
        """`registered_date` is the branch's own day already."""
        return Q(registered_date__gte=self.scope.period.first, registered_date__lte=self.scope.period.last)

    @property
    def _any(self):
        """Enquiries that any of the steps may count: what the database need look at."""
        if self.basis == Basis.COHORT:
            return self._asked
        touched = self._asked
        for stamp in STAMPS.values():
            touched |= self.scope.within(stamp)
        return touched

    def _counts(self, figures):
        return {figure: Count("pk", filter=self.condition(figure)) for figure in figures}

    @property
    def _tried(self):
        """Who attended a trial: of the cohort until today, else in one on the days."""
        if self.basis == Basis.COHORT:
            return self._asked & IS_VALID & Exists(_attended(OuterRef("pk")))
        days = {"lesson__local_date__gte": self.scope.period.first, "lesson__local_date__lte": self.scope.period.last}
        return IS_VALID & Q(pk__in=_attended_on(self.scope).filter(**days).values("enquiry"))

    @property
    def _converted(self):
        """Who signed up after a trial that they attended."""
        before = _attended(OuterRef("pk")).filter(lesson__starts_at__lte=OuterRef("signed_at"))
        return self.condition("signed") & Exists(before)


def _attended(enquiry):
    return TrialBooking.objects.filter(enquiry=enquiry, status=TrialBooking.Status.CAME)


def _attended_on(scope):
    """By the moment, too: lessons are found by it."""
    moments = scope.within("lesson__starts_at", "lesson__branch")
    return TrialBooking.objects.filter(moments, status=TrialBooking.Status.CAME)


def chain(counts):
    """[(part, whole)] of each step and the one before, and of the last and the first: where the funnel narrows."""
    steps = [(part, whole) for whole, part in pairwise(counts)]
    return steps, (counts[-1], counts[0])
