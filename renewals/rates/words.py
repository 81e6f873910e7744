"""What each rate is called and how it is counted, as the page prints it beside the number."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True)
class Words:
    name: str
    definition: str
    above: str  # the line: who is in the numerator
    below: str  # and in the denominator


_RENEWED = _("renewals of the period")
WORDS = {
    "R1": Words(
        _("Of those at the start"),
        _("Renewals of the period ÷ children in a class on its first day."),
        _RENEWED,
        _("at the start"),
    ),
    "R2": Words(
        _("Of those at the end"),
        _("Renewals of the period ÷ children in a class on its last day; in a period that is running, today."),
        _RENEWED,
        _("at the end"),
    ),
    "R3": Words(
        _("Of the average"),
        _("Renewals of the period ÷ the average of the children at its start and at its end."),
        _RENEWED,
        _("at the start or at the end"),
    ),
    "R4": Words(
        _("Of the last period's children"),
        _(
            "Children of the last period who paid for this one ÷ (in a class at its start + joined since + transferred "
            "in − transferred out). Paid from 30 days before this period until its end; a first purchase is no renewal."
        ),
        _("paid for this period"),
        _("of the last period"),
    ),
    "R5": Words(
        _("Renewed or finished"),
        _(
            "Renewals of the period ÷ (renewals + finishers). A child finishes when its credits come to nothing in the "
            "period and it has no others in the subject."
        ),
        _RENEWED,
        _("renewed or finished"),
    ),
    "R6": Words(
        _("Promotion"),
        _(
            "Children of classes that ended in the period and whose course goes on in another, who went on there ÷ all "
            "of them. From 30 days before the period until 30 days after it. Which course goes on in which stands with "
            "the course."
        ),
        _("went on"),
        _("of classes that ended"),
    ),
    "R7": Words(
        _("Of those who were due"),
        _(
            "Of the children who were due in the period, those who bought the subject again from 30 days before until "
            "30 days after the day they were due. Free and gift orders do not count; a refund within 30 days takes it "
            "back."
        ),
        _("renewed in time"),
        _("due"),
    ),
}
STAGES = {
    "primary": pgettext_lazy("stage of schooling", "Primary school"),
    "junior": pgettext_lazy("stage of schooling", "Junior high school"),
    "senior": pgettext_lazy("stage of schooling", "Senior high school"),
}
LISTS = {  # of a rate: who is shown
    "in": _("Renewed, and counted"),
    "out": _("Not in the numerator"),
    "below": _("All below the line"),
    "outside": _("Renewed, but not below the line"),
    "running": _("May still renew"),
    "expanded": _("Took up another subject"),
}
