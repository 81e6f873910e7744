"""What needs a person now: each card a number with a verb, opening the list that makes it zero."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, F, Min
from django.urls import reverse
from django.utils.translation import gettext as _

from branches.models import CalendarDay
from core.clock import day_bounds, day_text, moment_text, monday_of, month_of
from core.health import read_all
from core.money import yuan
from dashboard.orders import sums_of
from dashboard.refunds import to_approve, to_pay
from enrolments.models import Order, Suspension, WriteOff
from messaging.models import InboundMessage, OutboundMessage
from notices.models import Notice
from payroll.models import PaySlip
from renewals.models import RenewalOpportunity
from scheduling.models import ClassGroup, KeptClash, Lesson, WaitingListEntry
from students.models import Enquiry


@dataclass(frozen=True)
class Card:
    """`note`: what the number alone does not say – until when, from which day."""

    name: str
    number: int
    verb: str
    url: str
    state: str = "warn"
    note: str = ""

    @property
    def shown_state(self):
        return self.state if self.number else "done"


def cards_for(user, *, now, today):
    """The cards of the person's roles, in the order of urgency. What is rare has a card only while there is some."""
    builders = [
        ("scheduling.call_roll", _lessons_to_call),
        ("scheduling.add_waitinglistentry", _seats_offered),
        ("enrolments.approve_refund", _refunds_to_approve),
        ("enrolments.pay_refund", _refunds_to_pay),
        ("notices.approve_notice", _notices_to_approve),
        ("enrolments.add_payment", _orders_owing),
        ("enrolments.approve_writeoff", _write_offs_to_approve),
        ("enrolments.add_suspension", _children_expected_back),
        ("payroll.approve_payslips", _pay_to_approve),
        ("renewals.view_renewals", _renewals_due),
        ("messaging.view_outboundmessage", _messages_to_review),
        ("messaging.view_outboundmessage", _families_to_tell),
        ("core.view_health", _not_well),
        ("messaging.view_inboundmessage", _replies_to_answer),
        ("students.view_enquiry", _follow_ups_due),
        ("scheduling.change_lesson", _lessons_off_calendar),
        ("scheduling.view_keptclash", _clashes),
        ("scheduling.change_classgroup", _over_full_classes),
    ]
    cards = [build(user, now, today) for permission, build in builders if user.has_perm(permission)]
    return [card for card in cards if card]


def _lessons_to_call(user, now, today):
    lessons = Lesson.objects.visible_to(user).to_be_called(now)
    return Card("to_call", lessons.count(), _("lessons to call"), reverse("to_call"), "bad")


def _seats_offered(user, now, today):
    """Held for the next in line: the family is to be asked before the offer ends."""
    open_offers = WaitingListEntry.objects.visible_to(user).offered(now).order_by("offered_until", "pk")
    offers = list(open_offers.values_list("class_group", "offered_until", "class_group__branch__time_zone"))
    if not offers:
        return None
    group, until, time_zone = offers[0]
    is_one_class = {of_group for of_group, *_rest in offers} == {group}
    of_class, of_all = reverse("class_detail", args=[group]) + "#waiting", reverse("class_list") + "?state=waiting"
    note = _("until %(when)s") if len(offers) == 1 else _("the first until %(when)s")
    when = {"when": moment_text(until, time_zone)}
    url = of_class if is_one_class else of_all
    return Card("offers", len(offers), _("seats offered: ask the family"), url, note=note % when)


def _refunds_to_approve(user, now, today):
    return _refund_card("refunds_to_approve", to_approve(user), _("refunds to approve"), "requested", today)


def _refunds_to_pay(user, now, today):
    return _refund_card("refunds_to_pay", to_pay(user), _("refunds to pay"), "approved", today)


def _notices_to_approve(user, now, today):
    """One leads to its page, several to their list."""
    waiting = list(Notice.objects.to_approve_by(user).values_list("pk", flat=True))
    if not waiting:
        return None
    url = reverse("notice", args=waiting) if len(waiting) == 1 else f"{reverse('notice_list')}?state=waiting"
    return Card("notices", len(waiting), _("notices to approve"), url)


def _refund_card(name, refunds, verb, state, today):
    """One leads to its page, several to their list; the family has a right to its answer in five working days."""
    found = list(refunds.order_by("answer_by_date", "pk").values_list("pk", "answer_by_date"))
    if not found:
        return None
    first, answer_by = found[0]
    url = reverse("refund", args=[first]) if len(found) == 1 else f"{reverse('refund_list')}?state={state}"
    note = _("answer by %(day)s") % {"day": day_text(answer_by)}
    return Card(name, len(found), verb, url, "bad" if answer_by <= today else "warn", note=note)


def _pay_to_approve(user, now, today):
    """Prepared slips of months that are over; the card opens the oldest month."""
    slips = PaySlip.objects.visible_to(user).drafts().filter(month__lt=month_of(today))
    first = slips.order_by("month", "branch").values_list("branch", "month").first()
    if first is None:
        return None
    branch, month = first
    url = f"{reverse('payroll')}?branch={branch}&month={month:%Y-%m}"
    return Card("pay_to_approve", slips.count(), _("pay slips to approve"), url)


def _write_offs_to_approve(user, now, today):
    here = user.branches_with("enrolments.approve_writeoff")
    waiting = WriteOff.objects.visible_to(user).waiting().filter(lot__enrolment__branch__in=here)
    number = waiting.exclude(requested_by=user).count()
    return Card("write_offs", number, _("write-offs to approve"), reverse("expiring")) if number else None


def _children_expected_back(user, now, today):
    """Their day of return has come: the family is asked whether the child comes again."""
    due = Suspension.objects.visible_to(user).expected_by(today)
    number = due.count()
    return Card("back", number, _("children expected back"), reverse("suspension_list")) if number else None


def _orders_owing(user, now, today):
    """欠费: sold, and not paid in full."""
    sums = sums_of(Order.objects.visible_to(user).owing())
    if not sums["owing"]:
        return None
    url = reverse("order_list") + "?state=owing"
    return Card("owing", sums["owing"], _("orders not paid in full"), url, "bad", note=yuan(sums["owing_minor"]))


def _renewals_due(user, now, today):
    number = RenewalOpportunity.objects.visible_to(user).to_work().to_contact(today).count()
    return Card("renewals", number, _("renewals due"), reverse("renewals") + "?stage=now")


def _messages_to_review(user, now, today):
    number = OutboundMessage.objects.visible_to(user).needing_staff().count()
    return Card("messages", number, _("messages that failed"), reverse("messages") + "?state=todo", "bad")


def _families_to_tell(user, now, today):
    """Calls to make and slips to hand out, where a text does not come through."""
    waiting = OutboundMessage.objects.visible_to(user).to_tell(now)
    number, first = waiting.aggregate(Count("pk"), Min("useful_until")).values()
    if not number:
        return None
    note = _("the first by %(when)s") % {"when": moment_text(first, settings.TIME_ZONE)}
    return Card("to_tell", number, _("families to tell by hand"), reverse("by_hand"), "bad", note=note)


def _not_well(user, now, today):
    """The software's own health: that reminders go out, nobody at the school would notice otherwise."""
    number = sum(not reading.is_well for reading in read_all(now))
    return (
        Card("health", number, _("parts of the system that need a look"), reverse("health"), "bad") if number else None
    )


def _replies_to_answer(user, now, today):
    number = InboundMessage.objects.visible_to(user).open().count()
    return Card("replies", number, _("replies to answer"), reverse("replies")) if number else None


def _follow_ups_due(user, now, today):
    number = Enquiry.objects.visible_to(user).due(now).count()
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


def _lessons_off_calendar(user, now, today):
    """Planned before their day was closed or given another weekday's timetable; the branch's calendar moves them."""
    here = user.branches_with("scheduling.change_lesson")
    days = list(CalendarDay.objects.filter(branch__in=here).special_from(today))
    if not days:
        return None  # else every lesson to come of the school is looked at
    lessons = Lesson.objects.visible_to(user).filter(branch__in=here).on_days(days).off_calendar(now)
    first = lessons.order_by("starts_at", "pk").values_list("branch", "branch__name", "local_date").first()
    if first is None:
        return None
    branch, name, day = first
    return Card(
        "off_calendar",
        lessons.count(),
        _("lessons on closed days"),
        f"{reverse('calendar_days')}?branch={branch}&year={day.year}",
        "bad",
        note=_("%(branch)s, from %(day)s on") % {"branch": name, "day": day_text(day)},
    )
