"""When a family is told that credits run low, and why it is not: plain values in, plain values out."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Reason(TextChoices):
    """Why a family gets no reminder, in the words of the desk."""

    NOT_LOW = "not_low", _("Has enough credits")
    RENEWED = "renewed", _("Has renewed already")
    PROMISED = "promised", _("Has promised to renew")
    LOST = "lost", _("Does not renew")
    AWAY = "away", _("Is suspended")
    NO_PHONE = "no_phone", _("Nobody with a valid phone is to be told")
    OPTED_OUT = "opted_out", _("Wants no messages")
    TOLD = "told", _("Was told lately, or is about to be")
    MOST = "most", _("Has had all reminders until it buys again")
    ANSWERED = "answered", _("Has been spoken to")
    NOTHING_NEW = "nothing_new", _("Has reached no further step")


@dataclass(frozen=True)
class Reached:
    """The most urgent step of each sort that an account has come to; None of a sort of which it has reached none."""

    credits: Decimal | None = None
    days: Decimal | None = None

    def __bool__(self):
        return self.credits is not None or self.days is not None

    def goes_beyond(self, told):
        """Something is more urgent now than in all that was told. Who was told the step at 4 was told the one at 8."""
        return _is_less(self.credits, [one.credits for one in told]) or _is_less(self.days, [one.days for one in told])


def _is_less(step, told):
    return step is not None and all(other is None or step < other for other in told)


@dataclass(frozen=True)
class Told:
    """A reminder of this low period that went out, or is about to: on which local day, at which steps."""

    day: datetime.date
    reached: Reached


@dataclass(frozen=True)
class Cadence:
    """A branch's steps, and how often it may write about one course until the family buys again."""

    credits: tuple[Decimal, ...]
    days: tuple[Decimal, ...]
    most: int
    days_between: int

    def reached(self, balance, days_left):
        """`days_left`: until the credits are used up or no longer valid, None when nobody can tell."""
        return Reached(
            credits=min((step for step in self.credits if balance <= step), default=None),
            days=min((step for step in self.days if days_left is not None and days_left <= step), default=None),
        )

    def refusal(self, told, today):
        """Why a guardian who was told this before is not told again today; None when nothing speaks against it."""
        if len(told) >= self.most:
            return Reason.MOST
        if any(one.day + datetime.timedelta(days=self.days_between) > today for one in told):
            return Reason.TOLD
        return None
