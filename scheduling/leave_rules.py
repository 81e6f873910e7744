"""What a leave takes: plain values in, plain values out (policies of the trade: DOMAIN 2.2)."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal

NOTHING, WHOLE = Decimal(0), Decimal(1)
TENTH = Decimal("0.1")  # the ledger's smallest step


@dataclass(frozen=True)
class Tier:
    """At `notice_hours` of notice or more a leave takes `share` of the lesson."""

    notice_hours: int
    share: Decimal
    gives_make_up: bool


@dataclass(frozen=True)
class Cost:
    """What a leave takes, and by what: a tier, or without one the cap or too short a notice."""

    share: Decimal
    gives_make_up: bool
    tier: Tier | None = None
    is_over_cap: bool = False


def cost_of_leave(tiers, *, notice, leaves_before=0, cap=None):
    """The highest tier that `notice` reaches; beyond the cap, or below every tier, the whole credit.

    `tiers` need what Tier has. Notice after the lesson began counts as none.
    """
    if cap is not None and leaves_before >= cap:
        return Cost(WHOLE, False, is_over_cap=True)
    notice = max(notice, timedelta(0))
    reached = [tier for tier in tiers if timedelta(hours=tier.notice_hours) <= notice]
    if not reached:
        return Cost(WHOLE, False)
    tier = max(reached, key=lambda tier: tier.notice_hours)
    return Cost(tier.share, tier.gives_make_up, tier)


def without_policy(*, takes_credit):
    """The one tier of a branch without a policy: leave costs alike at any notice."""
    return Tier(0, WHOLE if takes_credit else NOTHING, gives_make_up=not takes_credit)


def part_of(credits, share):
    """So many of the lesson's `credits` are taken now; rounded for the family. The make-up takes the rest."""
    return (Decimal(credits) * share).quantize(TENTH, ROUND_DOWN)
