"""What needs a person now: each card a number with a verb, opening the list that makes it zero."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from branches.models import CalendarDay
from core.clock import day_bounds, day_text, moment_text, monday_of, month_of
from core.health import read_all
from core.money import yuan
from dashboard.orders import sums_of
from dashboard.refunds import to_approve, to_pay
from day_close.days import days_to_close
from enrolments.models import Order, Suspension, WriteOff
from messaging.models import InboundMessage, OutboundMessage
from notices.models import Notice
from payroll.models import PaySlip
from renewals.models import RenewalOpportunity
from sales.referrals import GIVE, due_for
from sales.services.hand_over_requests import requests_to_answer
from sales.todo import count_todo
from scheduling.models import ClassGroup, KeptClash, Lesson, WaitingListEntry

MOST = 1000  # of a number on a card


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
    def shown_number(self):
        """Of very many it is enough to know that: nobody makes a thousand zero today."""
        return f"{MOST - 1}+" if self.number >= MOST else str(self.number)

    @property
    def shown_state(self):
        return self.state if self.number else "done"


def _count(rows):
    """Up to MOST: counting on costs more than the number says."""
    return rows.order_by()[:MOST].count()


def cards_for(user, *, now, today):
    """The cards of the person's roles, in the order of urgency. What is rare has a card only while there is some."""
    builders = [
        ("scheduling.call_roll", _lessons_to_call),
        ("scheduling.add_waitinglistentry", _seats_offered),
        ("enrolments.approve_refund", _refunds_to_approve),
        ("enrolments.pay_refund", _refunds_to_pay),
        ("notices.approve_notice", _notices_to_approve),
        ("enrolments.add_payment", _orders_owing),
        ("day_close.sign_off", _days_to_close),
        ("enrolments.approve_writeoff", _write_offs_to_approve),
        ("enrolments.add_suspension", _children_expected_back),
        ("payroll.approve_payslips", _pay_to_approve),
        ("renewals.view_renewals", _renewals_due),
        ("messaging.view_outboundmessage", _messages_to_review),
        ("messaging.view_outboundmessage", _families_to_tell),
        ("core.view_health", _not_well),
        ("messaging.view_inboundmessage", _replies_to_answer),
        ("students.view_enquiry", _enquiries_to_work),
        ("students.view_enquiry", _hand_overs_asked),
        (GIVE, _rewards_due),
        ("scheduling.change_lesson", _lessons_off_calendar),
        ("scheduling.view_keptclash", _clashes),
        ("scheduling.change_classgroup", _over_full_classes),
    ]
    built = [build(user, now, today) for permission, build in builders if user.has_perm(permission)]
    return [card for one in built for card in (one if isinstance(one, list) else [one]) if card]


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


def _days_to_close(user, now, today):
    """日结: in the evening, and for the days before that nobody signed; the card opens the oldest."""
    days = days_to_close(user.branches_with("day_close.sign_off"), now=now)
    if not days:
        return None
    branch, day = days[0]
    url, note = reverse("day_close", args=[branch.pk, f"{day:%Y-%m-%d}"]), f"{branch} {day_text(day)}"
    return Card("days_to_close", len(days), _("days to close"), url, note=note)


def _renewals_due(user, now, today):
    number = _count(RenewalOpportunity.objects.visible_to(user).to_work().to_contact(today))
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


def _enquiries_to_work(user, now, today):
    """What waits on the sales side: one's own, or the branch's for who leads; asked in one go."""
    numbers, enquiry_list = count_todo(user, now=now), reverse("enquiry_list")
    leads = user.has_perm("students.assign_enquiry")
    listed = f"{enquiry_list}?whose={'all' if leads else 'mine'}&due="
    late = numbers["overdue"]
    note = ngettext("%(number)d of them overdue", "%(number)d of them overdue", late) % {"number": late}
    rare = [
        Card(
            "nobodys",
            numbers["nobodys"],
            pgettext("card", "enquiries without an owner"),
            f"{enquiry_list}?whose=nobodys",
        ),
        Card("to_pool", numbers["pool"], _("enquiries that go back to the pool"), f"{listed}pool", "bad"),
        Card("neglected", numbers["idle"], _("enquiries that nobody works"), f"{listed}idle", "bad"),
        Card("without_date", numbers["none"], pgettext("card", "enquiries without a next date"), f"{listed}none"),
    ]
    state = "bad" if late else "warn"
    due = Card("follow_ups", numbers["now"], _("follow-ups due"), f"{listed}now", state, note if late else "")
    return [due, *(card for card in rare if card.number)]


def _hand_overs_asked(user, now, today):
    """Colleagues found a number in our books and ask for the enquiry."""
    number = requests_to_answer(user, now).count()
    return Card("hand_overs", number, _("hand-overs asked for"), reverse("hand_over_requests")) if number else None


def _rewards_due(user, now, today):
    """老带新: what families are owed for those whom they brought."""
    number = due_for(user).count()
    return Card("rewards", number, _("referral rewards due"), reverse("referral_list")) if number else None


def _clashes(user, now, today):
    """Pairs of classes, from this week on: as many as the timetable lists."""
    week_start, _end = day_bounds(monday_of(today), settings.TIME_ZONE)
    kept = KeptClash.objects.visible_to(user).unsolved().upcoming(min(now, week_start))
    pairs = kept.values_list("lesson__class_group", "other__class_group").distinct()
    return Card(
        "clashes", len({frozenset(pair) for pair in pairs}), _("clashes to solve"), reverse("week") + "#clashes"
    )


def _over_full_classes(user, now, today):
    groups = ClassGroup.objects.visible_to(user).over_full().running(today)
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
