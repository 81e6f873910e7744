"""Whether a family has confirmed a lesson that took credits (课时确认): worked out, never stored."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from django.db import models
from django.utils.translation import pgettext_lazy

from branches.holidays import working_day_after
from core.rule_packs import read_pack

PACKS = Path(__file__).parent / "confirmation_packs"
CODE = "lesson_confirmation"


class Answer(models.TextChoices):
    CONFIRMED = "confirmed", pgettext_lazy("lesson", "Confirmed by the family")
    DISPUTED = "disputed", pgettext_lazy("lesson", "Disputed")


class State(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("lesson", "To be confirmed")
    CONFIRMED = Answer.CONFIRMED.value, Answer.CONFIRMED.label
    DISPUTED = Answer.DISPUTED.value, Answer.DISPUTED.label
    NO_REPLY = "no_reply", pgettext_lazy("lesson", "Confirmed, no reply in time")


LOOKS = {State.WAITING: "info", State.CONFIRMED: "ok", State.DISPUTED: "bad", State.NO_REPLY: "ok"}


@dataclass(frozen=True)
class Confirmation:
    """Where a lesson stands; `until` is the last day on which the family can still dispute it."""

    state: State
    until: date

    @property
    def look(self):
        return LOOKS[self.state]

    @property
    def is_waiting(self):
        return self.state == State.WAITING

    @property
    def is_disputed(self):
        return self.state == State.DISPUTED


def confirmation_of(*, called_on, answer, today, working_days):
    """`called_on`: the local day of the roll call; `answer`: the family's last one, if there is any."""
    until = working_day_after(called_on, working_days)
    if answer:
        return Confirmation(State(answer), until)
    return Confirmation(State.WAITING if today <= until else State.NO_REPLY, until)


@cache
def days_to_confirm(pack):
    """So many working days a family has by a rule pack; None: it asks nobody."""
    rule = read_pack(PACKS, pack, codes={CODE}, permissions=()).get(CODE)
    return rule.parameters["working_days"] if rule else None
