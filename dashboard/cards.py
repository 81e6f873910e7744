"""What needs a person now: each card a number with a verb, opening the list that makes it zero."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from core.clock import day_bounds, monday_of
from enrolments.models import Enrolment
from messaging.models import OutboundMessage
from renewals.querysets import due, with_run_out
from scheduling.models import ClassGroup, KeptClash, Lesson
from students.models import Enquiry


@dataclass(frozen=True)
class Card:
    name: str
    number: int
    verb: str
    url: str
    state: str = "warn"

    @property
    def shown_state(self):
        return self.state if self.number else "done"


def cards_for(user, *, now, today):
    """The cards of the person's roles, in the order of urgency."""
    builders = [
        ("scheduling.call_roll", _lessons_to_call),
        ("renewals.view_renewals", _renewals_due),
        ("messaging.view_outboundmessage", _messages_to_review),
        ("students.view_enquiry", _follow_ups_due),
        ("scheduling.view_keptclash", _clashes),
        ("scheduling.change_classgroup", _over_full_classes),
    ]
    return [build(user, now, today) for permission, build in builders if user.has_perm(permission)]


def _lessons_to_call(user, now, today):
    lessons = Lesson.objects.visible_to(user).to_be_called(now)
    return Card("to_call", lessons.count(), _("lessons to call"), reverse("to_call"), "bad")


def _renewals_due(user, now, today):
    enrolments = with_run_out(Enrolment.objects.visible_to(user), now=now)
    return Card("renewals", due(enrolments, now=now).count(), _("renewals due"), reverse("renewals"))


def _messages_to_review(user, now, today):
    number = OutboundMessage.objects.visible_to(user).needing_staff().count()
    return Card("messages", number, _("messages that failed"), reverse("messages") + "?state=todo", "bad")


def _follow_ups_due(user, now, today):
    number = Enquiry.objects.visible_to(user).open().filter(next_follow_up_date__lte=today).count()
    return Card("follow_ups", number, _("follow-ups due"), reverse("admin:students_enquiry_changelist") + "?due=yes")


def _clashes(user, now, today):
    """Pairs of classes, from this week on: as many as the timetable lists."""
    week_start, _end = day_bounds(monday_of(today), settings.TIME_ZONE)
    kept = KeptClash.objects.visible_to(user).unsolved().upcoming(min(now, week_start))
    pairs = kept.values_list("lesson__class_group", "other__class_group").distinct()
    return Card(
        "clashes", len({frozenset(pair) for pair in pairs}), _("clashes to solve"), reverse("week") + "#clashes"
    )


def _over_full_classes(user, now, today):
    running = ClassGroup.objects.visible_to(user).running(today)
    groups = running.with_counts().filter(student_count__gt=F("capacity"))
    return Card(
        "over_full",
        groups.count(),
        _("over-full classes"),
        reverse("class_list") + "?state=over",
    )
