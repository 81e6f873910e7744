"""The sentences of renewal reminders: what they say by themselves, and what they can name."""

from datetime import date

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.clock import day_text
from messaging.wording import Variable, register_wording
from scheduling.wordings import BRANCH, CHILD, COURSE, PHONE

_CREDITS = Variable("credits", pgettext_lazy("in a message", "lesson credits"), "3")
_SOME = Variable("some", pgettext_lazy("in a message", "credits that expire"), "2")
_DAY = Variable("day", pgettext_lazy("in a message", "last day"), lazy(day_text, str)(date(2026, 12, 12)))
_ACCOUNT = (CHILD, COURSE, _CREDITS)

register_wording(
    "renewal_reminder.left_until",
    label=pgettext_lazy("sentence", "What is left, and until when"),
    default=_("%(child)s has %(credits)s lesson credits of %(course)s left, until about %(day)s."),
    variables=(*_ACCOUNT, _DAY),
)
register_wording(
    "renewal_reminder.wasting",
    label=pgettext_lazy("sentence", "What is left, and how much of it expires unused"),
    default=_("%(child)s has %(credits)s lesson credits of %(course)s left; %(some)s of them are valid until %(day)s."),
    variables=(*_ACCOUNT, _SOME, _DAY),
)
register_wording(
    "renewal_reminder.left",
    label=pgettext_lazy("sentence", "What is left, when nobody can tell until when"),
    default=_("%(child)s has %(credits)s lesson credits of %(course)s left."),
    variables=_ACCOUNT,
)
register_wording(
    "renewal_reminder.used_up",
    label=pgettext_lazy("sentence", "Everything is used up"),
    default=_("%(child)s has used up all lessons of %(course)s."),
    variables=(CHILD, COURSE),
)
register_wording(
    "renewal_reminder.owed",
    label=pgettext_lazy("sentence", "Lessons were taken that are not paid yet"),
    default=_("%(child)s has taken %(credits)s lessons of %(course)s that are not paid yet."),
    variables=_ACCOUNT,
)
register_wording(
    "renewal_reminder.call",
    label=pgettext_lazy("sentence", "Whom to ask, by phone"),
    default=_("For questions, call %(branch)s: %(phone)s."),
    variables=(BRANCH, PHONE),
)
register_wording(
    "renewal_reminder.ask",
    label=pgettext_lazy("sentence", "Whom to ask, at a branch without a phone number"),
    default=_("For questions, ask %(branch)s."),
    variables=(BRANCH,),
)
