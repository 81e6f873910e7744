"""How soon a child's credits are used up: plain values in, plain values out."""

import datetime
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

SOON = 7  # days


class Urgency(TextChoices):
    """From the most urgent to the least."""

    USED_UP = "used_up", _("Used up or owed")
    SOON = "soon", _("Within a week")
    LATER = "later", pgettext_lazy("credits run out", "Later")


@dataclass(frozen=True)
class Forecast:
    """What is left of one enrolment, and until when it lasts. No date when used up, or without a class."""

    enrolment_id: int
    name: str
    initials: str
    balance: Decimal
    weekly_credits: Decimal | None
    today: datetime.date
    run_out_date: datetime.date | None

    @property
    def owed(self):
        return max(-self.balance, Decimal(0))

    @property
    def days_left(self):
        return (self.run_out_date - self.today).days if self.run_out_date else None

    @property
    def urgency(self):
        if self.balance <= 0:
            return Urgency.USED_UP
        if self.days_left is not None and self.days_left <= SOON:
            return Urgency.SOON
        return Urgency.LATER


@dataclass(frozen=True)
class Work:
    """A renewal on the board: how far it has come, when somebody asks again, and how long the credits last."""

    opportunity_id: int
    stage: str
    next_contact_date: datetime.date | None
    forecast: Forecast

    @property
    def is_for_now(self):
        """Nobody has agreed on a day, or that day has come."""
        return self.next_contact_date is None or self.next_contact_date <= self.forecast.today

    @property
    def is_late(self):
        return self.next_contact_date is not None and self.next_contact_date < self.forecast.today


def by_next_contact(work):
    """Promised calls first, the oldest on top; then whom nobody has a day for; then the days to come."""
    group = 2 if not work.is_for_now else 0 if work.next_contact_date else 1
    return group, work.next_contact_date or datetime.date.max, by_run_out(work.forecast)


def next_dates(today):
    """The days that people agree on, by one tap."""
    saturday = today + datetime.timedelta(days=(5 - today.weekday()) % 7 or 7)
    return {
        "tomorrow": today + datetime.timedelta(days=1),
        "saturday": saturday,
        "week": today + datetime.timedelta(days=7),
    }


def by_run_out(forecast):
    """The most urgent first; those without a date after those with one."""
    urgency = Urgency.values.index(forecast.urgency)
    return urgency, forecast.run_out_date or datetime.date.max, forecast.balance, by_name(forecast)


def by_credits(forecast):
    return forecast.balance, by_run_out(forecast)


def by_name(forecast):
    """As a Chinese index has them: by pinyin initials."""
    return forecast.initials, forecast.name, forecast.enrolment_id
