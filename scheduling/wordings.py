"""The sentences about lessons and places: what they say by themselves, and what they can name."""

from datetime import UTC, date, datetime

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.clock import day_text, span_text
from messaging.wording import Variable, register_wording

_day = lazy(day_text, str)
_span = lazy(span_text, str)
_SATURDAY = date(2026, 11, 28)


def _lesson_on(day):
    return _span(datetime(2026, 11, day, 9, tzinfo=UTC), datetime(2026, 11, day, 10, 30, tzinfo=UTC), "UTC")


CHILD = Variable("child", pgettext_lazy("in a message", "child"), pgettext_lazy("example", "Lin Xiaoyu"))
COURSE = Variable("course", pgettext_lazy("in a message", "course"), pgettext_lazy("example", "Drawing"))
BRANCH = Variable("branch", pgettext_lazy("in a message", "branch"), pgettext_lazy("example", "Olympic Branch"))
PHONE = Variable("phone", pgettext_lazy("in a message", "branch phone"), "024-12345678")
_WHEN = Variable("when", pgettext_lazy("in a message", "time of the lesson"), _lesson_on(28))
_BEFORE = Variable("before", pgettext_lazy("in a message", "time before"), _lesson_on(27))
_ROOM = Variable("room", pgettext_lazy("in a message", "room"), "301")
_PLACE = Variable(
    "place", pgettext_lazy("in a message", "branch and room"), pgettext_lazy("example", "Olympic Branch, room 301")
)
_TEACHER = Variable("teacher", pgettext_lazy("in a message", "teacher"), pgettext_lazy("example", "Teacher Wang"))
_REASON = Variable("reason", pgettext_lazy("in a message", "reason"), pgettext_lazy("example", "The power is off"))
_MISSED = Variable("missed", pgettext_lazy("in a message", "day missed"), _day(date(2026, 11, 21)))
_UNTIL = Variable("until", pgettext_lazy("in a message", "valid until"), _day(_SATURDAY))
_CLASS = Variable("class", pgettext_lazy("in a message", "class"), pgettext_lazy("example", "Drawing A"))
_COUNT = Variable("n", pgettext_lazy("in a message", "number of lessons"), "3")
_LESSON = (CHILD, COURSE, _WHEN, _PLACE)

# --- the evening before ----------------------------------------------------------------------------------

register_wording(
    "class_reminder.room",
    label=pgettext_lazy("sentence", "The evening before a lesson"),
    default=_("Class reminder: %(child)s, %(course)s, %(when)s, %(branch)s, room %(room)s."),
    variables=(CHILD, COURSE, _WHEN, BRANCH, _ROOM),
    is_whole=True,
)
register_wording(
    "class_reminder.plain",
    label=pgettext_lazy("sentence", "The evening before a lesson without a room"),
    default=_("Class reminder: %(child)s, %(course)s, %(when)s, %(branch)s."),
    variables=(CHILD, COURSE, _WHEN, BRANCH),
    is_whole=True,
)

# --- a lesson changed ------------------------------------------------------------------------------------

register_wording(
    "change_notice.moved",
    label=pgettext_lazy("sentence", "A lesson was moved"),
    default=_("Class moved: %(child)s, %(course)s, from %(before)s to %(when)s, %(place)s."),
    variables=(*_LESSON, _BEFORE, _TEACHER),
)
register_wording(
    "change_notice.cancelled",
    label=pgettext_lazy("sentence", "A lesson was cancelled"),
    default=_("Class cancelled: %(child)s, %(course)s, %(before)s. Reason: %(reason)s."),
    variables=(CHILD, COURSE, _BEFORE, _REASON),
)
register_wording(
    "change_notice.added",
    label=pgettext_lazy("sentence", "A lesson was added in its place"),
    default=_("Added at the end: %(child)s, %(course)s, %(when)s."),
    variables=(*_LESSON, _TEACHER),
)
register_wording(
    "change_notice.back_on",
    label=pgettext_lazy("sentence", "A cancelled lesson takes place after all"),
    default=_("Takes place after all: %(child)s, %(course)s, %(when)s, %(place)s."),
    variables=(*_LESSON, _TEACHER),
)
register_wording(
    "change_notice.undone",
    label=pgettext_lazy("sentence", "A moved lesson is at its old time again"),
    default=_("At its old time after all: %(child)s, %(course)s, %(when)s, %(place)s (not %(before)s)."),
    variables=(*_LESSON, _BEFORE, _TEACHER),
)
register_wording(
    "change_notice.another_room",
    label=pgettext_lazy("sentence", "A lesson is in another room"),
    default=_("Another room: %(child)s, %(course)s, %(when)s, %(place)s."),
    variables=(*_LESSON, _TEACHER),
)
register_wording(
    "change_notice.another_teacher",
    label=pgettext_lazy("sentence", "Another teacher comes"),
    default=_("Another teacher: %(child)s, %(course)s, %(when)s, is taught by %(teacher)s."),
    variables=(*_LESSON, _TEACHER),
)
register_wording(
    "change_notice.more",
    label=pgettext_lazy("sentence", "More changes than one message holds"),
    default=_("Further lesson changes: %(n)s. Ask %(branch)s."),
    variables=(_COUNT, BRANCH),
)

# --- make-ups, trials, seats -----------------------------------------------------------------------------


def _register_contact(kind):
    register_wording(
        f"{kind}.call",
        label=pgettext_lazy("sentence", "Whom to ask, by phone"),
        default=_("Questions: %(branch)s, %(phone)s."),
        variables=(BRANCH, PHONE),
    )
    register_wording(
        f"{kind}.ask",
        label=pgettext_lazy("sentence", "Whom to ask, at a branch without a phone number"),
        default=_("Questions: ask %(branch)s."),
        variables=(BRANCH,),
    )


register_wording(
    "make_up_notice.booked",
    label=pgettext_lazy("sentence", "A make-up lesson is booked"),
    default=_(
        "Make-up lesson booked: %(child)s, %(course)s, %(when)s, %(place)s, for the lesson missed on %(missed)s."
    ),
    variables=(*_LESSON, _MISSED),
)
register_wording(
    "make_up_notice.cancelled",
    label=pgettext_lazy("sentence", "A make-up lesson is cancelled"),
    default=_("Make-up lesson cancelled: %(child)s, %(course)s, %(when)s."),
    variables=(*_LESSON, _MISSED),
)
register_wording(
    "make_up_notice.cancelled_open",
    label=pgettext_lazy("sentence", "A make-up lesson is cancelled and can be booked anew"),
    default=_(
        "Make-up lesson cancelled: %(child)s, %(course)s, %(when)s. The lesson missed on %(missed)s can be made up "
        "until %(until)s."
    ),
    variables=(*_LESSON, _MISSED, _UNTIL),
)
_register_contact("make_up_notice")
register_wording(
    "trial_notice.booked",
    label=pgettext_lazy("sentence", "A trial lesson is booked"),
    default=_("Trial lesson booked: %(child)s, %(course)s, %(when)s, %(place)s."),
    variables=_LESSON,
)
register_wording(
    "trial_notice.cancelled",
    label=pgettext_lazy("sentence", "A trial lesson is cancelled"),
    default=_("Trial lesson cancelled: %(child)s, %(course)s, %(when)s."),
    variables=_LESSON,
)
register_wording(
    "trial_notice.lesson_cancelled",
    label=pgettext_lazy("sentence", "The lesson of a trial is cancelled"),
    default=_("Trial lesson cancelled: %(child)s, %(course)s, %(when)s. Reason: %(reason)s."),
    variables=(*_LESSON, _REASON),
)
register_wording(
    "trial_notice.moved",
    label=pgettext_lazy("sentence", "A trial lesson is moved"),
    default=_("Trial lesson moved: %(child)s, %(course)s, from %(before)s to %(when)s, %(place)s."),
    variables=(*_LESSON, _BEFORE),
)
register_wording(
    "trial_notice.another_room",
    label=pgettext_lazy("sentence", "A trial lesson is in another room"),
    default=_("Trial lesson in another room: %(child)s, %(course)s, %(when)s, %(place)s."),
    variables=(*_LESSON, _BEFORE),
)
_register_contact("trial_notice")
register_wording(
    "seat_offer.call",
    label=pgettext_lazy("sentence", "A seat is offered, with the phone to call"),
    default=_(
        "A seat in %(class)s is free and held for %(child)s until %(until)s. To take it, call %(branch)s: %(phone)s."
    ),
    variables=(CHILD, _CLASS, _UNTIL, BRANCH, PHONE),
    is_whole=True,
)
register_wording(
    "seat_offer.tell",
    label=pgettext_lazy("sentence", "A seat is offered, at a branch without a phone number"),
    default=_("A seat in %(class)s is free and held for %(child)s until %(until)s. To take it, tell %(branch)s."),
    variables=(CHILD, _CLASS, _UNTIL, BRANCH),
    is_whole=True,
)
