"""Rows for the rates of renewal, and the rates counted a second time: slowly, in Python, from the rows themselves."""

from datetime import timedelta
from decimal import Decimal

from branches.models import User
from enrolments.models import CreditEntry, CreditLot, Enrolment, OrderItem, Refund, RefundLine
from renewals.models import RenewalOpportunity
from scheduling.models import ClassMember, Lesson
from tests.factories import (
    CreditLotFactory,
    LessonFactory,
    OrderFactory,
    at,
)

MONTH_WINDOW = timedelta(days=30)
GAP = timedelta(days=7)


def clerk():
    return User.objects.get_or_create(username="clerk", name="文员")[0]


def buy(enrolment, day, *, price_minor=2400_00, paid_credits=20, **lot):
    """A confirmed order and its lot, as bare rows: sold and booked on the day, at noon."""
    moment = at(f"{day} 12:00")
    order = OrderFactory(
        branch=enrolment.branch, total_minor=price_minor, created_at=moment, confirmed_at=moment, created_by=clerk()
    )
    item = OrderItem.objects.create(
        order=order,
        student=enrolment.student,
        course=enrolment.course,
        paid_credits=paid_credits,
        gift_credits=5,
        list_price_minor=150_00,
        before_minor=price_minor,
        amount_minor=price_minor,
        start_date=day,
    )
    return CreditLotFactory(
        enrolment=enrolment,
        item=item,
        paid_credits=paid_credits,
        paid_minor=price_minor,
        start_date=day,
        sold_at=moment,
        booked_date=day,
        sold_by=clerk(),
        **lot,
    )


def give_back(lot, day):
    """A refund of the lot that was paid on the day."""
    moment, person = at(f"{day} 12:00"), clerk()
    refund = Refund.objects.create(
        enrolment=lot.enrolment,
        status="paid",
        cause="school",
        reason="退费",
        method="cash",
        amount_minor=lot.paid_minor,
        sheet={},
        needs_second_person=False,
        requested_date=day,
        answer_by_date=day,
        requested_at=moment,
        requested_by=person,
        approved_at=moment,
        approved_by=person,
        ended_at=moment,
        ended_by=person,
        token=f"refund-{lot.pk}",
    )
    refund.lines.create(lot=lot, formula="contract", paid_credits=20, gift_credits=0, value_minor=1, amount_minor=1)


def open_renewal(enrolment, day):
    """As the job opens it; closed again as lost, so that a child may have several."""
    return RenewalOpportunity.objects.create(
        enrolment=enrolment,
        student=enrolment.student,
        subject=enrolment.course.subject,
        cause="low",
        stage="lost",
        lost_reason="price",
        opened_at=at(f"{day} 06:00"),
        due_date=day,
        closed_at=at(f"{day} 07:00"),
    )


def lessons(group, *days):
    for day in days:
        LessonFactory(class_group=group, starts_at=at(f"{day} 09:00"), room=None)


def move(enrolment, credits, day):
    """Credits come or go: a bare entry of the ledger."""
    before = enrolment.credit_entries.order_by("-sequence").first()
    balance = (before.balance_after if before else Decimal(0)) + credits
    return CreditEntry.objects.create(
        enrolment=enrolment,
        sequence=before.sequence + 1 if before else 1,
        kind="adjustment",
        credits=credits,
        balance_after=balance,
        reference="test",
        reason="测试",
        occurred_at=at(f"{day} 10:00"),
        booked_date=day,
        recorded_by=clerk(),
    )


# --- the second count ------------------------------------------------------------------------------------


class Recount:
    """{code: (numerator, denominator)} as sets of (student, subject), of rows read whole."""

    def __init__(self, scope, period, today):
        self.scope, self.period, self.today = scope, period, today
        self.enrolments = list(Enrolment.objects.select_related("course", "student"))
        self.members = list(
            ClassMember.objects.select_related("class_group", "enrolment__course", "enrolment__student")
        )
        self.lessons = list(Lesson.objects.exclude(status="cancelled"))
        self.bought = [
            item for item in OrderItem.objects.select_related("order", "course", "lot") if self._stands(item)
        ]

    @property
    def sets(self):
        renewed, p = self.renewed(), self.period
        start, end = self.learning(p.first), self.learning(min(p.last, max(self.today, p.first)))
        finished, source, due = self.finished(), self.source(), self.due()
        return {
            "R1": (renewed, start),
            "R2": (renewed, end),
            "R3": (renewed, start | end),
            "R4": self.last_period(),
            "R5": (renewed, renewed | finished),
            "R6": ({pair(one) for one in source if self.went_on(one)}, {pair(one) for one in source}),
            "R7": ({pair(one) for one, day in due if self.in_time(one, day)}, {pair(one) for one, _day in due}),
        }

    @staticmethod
    def _stands(item):
        until = item.order.confirmed_at + MONTH_WINDOW
        back = RefundLine.objects.filter(lot__item=item, refund__status="paid", refund__ended_at__lte=until)
        return item.order.status == "confirmed" and item.amount_minor and item.paid_credits and not back.exists()

    def renewals_of(self, student, subject):
        mine = sorted(
            (one for one in self.bought if (one.student_id, one.course.subject_id) == (student, subject)),
            key=lambda one: one.order.confirmed_at,
        )
        return [one.lot.booked_date for one in mine if one.order.confirmed_at > mine[0].order.confirmed_at]

    def bought_between(self, pairs, first, last):
        return {key for key in pairs if any(first <= day <= last for day in self.renewals_of(*key))}

    def is_chosen(self, enrolment):
        s = self.scope
        return (
            (s.branch_ids is None or enrolment.branch_id in s.branch_ids)
            and (not s.course or enrolment.course_id == s.course.pk)
            and (not s.adviser or enrolment.student.adviser_id == s.adviser.pk)
        )

    def is_member_chosen(self, member):
        s, group = self.scope, member.class_group
        of_class = (not s.teacher or group.teacher_id == s.teacher.pk) and (not s.class_group or group == s.class_group)
        return of_class and self.is_chosen(member.enrolment)

    def accounts(self):
        p = self.period
        chosen = [one for one in self.enrolments if self.is_chosen(one)]
        if not self.scope.class_facts:
            return chosen
        there = {
            one.enrolment_id
            for one in self.members
            if self.is_member_chosen(one)
            and one.joined_date <= p.last
            and (not one.left_date or one.left_date > p.first)
        }
        return [one for one in chosen if one.pk in there]

    def renewed(self):
        return self.bought_between({pair(one) for one in self.accounts()}, self.period.first, self.period.last)

    def meets_between(self, group, first, last):
        return group.first_date <= last and any(
            one.class_group_id == group.pk and one.local_date >= first for one in self.lessons
        )

    def learning(self, day):
        return {
            pair(one.enrolment)
            for one in self.members
            if self.is_member_chosen(one) and one.is_there_on(day) and self.meets_between(one.class_group, day, day)
        }

    def last_period(self):
        """(who paid, denominator); and the parts, for the formula."""
        last = self.period.before
        mine = [
            one
            for one in self.members
            if self.is_member_chosen(one)
            and one.joined_date <= last.last
            and (not one.left_date or one.left_date > last.first)
        ]
        everybody = {pair(one.enrolment) for one in mine if self.meets_between(one.class_group, last.first, last.last)}
        elsewhere = [one for one in self.members if not self.is_member_chosen(one)]
        start, end = self.learning(last.first), self.learning(last.last)
        came = {
            pair(one.enrolment)
            for one in mine
            for old in elsewhere
            if pair(one.enrolment) == pair(old.enrolment)
            and old.left_date
            and one.joined_date - GAP <= old.left_date <= one.joined_date
        }
        went = {
            pair(one.enrolment)
            for one in mine
            for new in elsewhere
            if pair(one.enrolment) == pair(new.enrolment)
            and one.left_date
            and one.left_date <= last.last
            and one.left_date <= new.joined_date <= one.left_date + GAP
        }
        self.parts = (
            len(start),
            len(everybody - start - came),
            len((everybody - start) & came),
            len((everybody & went) - end),
        )
        denominator = everybody - (went - end)
        return self.bought_between(denominator, self.period.first - MONTH_WINDOW, self.period.last), denominator

    def balance(self, enrolment):
        entries = [one for one in enrolment.credit_entries.order_by("sequence") if one.booked_date <= self.period.last]
        return entries[-1].balance_after if entries else None, entries

    def finished(self):
        rich = {pair(one) for one in self.enrolments if (self.balance(one)[0] or 0) > 0}
        found = set()
        for one in self.accounts():
            left, entries = self.balance(one)
            if left is not None and left <= 0 and entries[-1].booked_date >= self.period.first:
                found.add(pair(one))
        return found - rich - self.renewed()

    def last_day_of(self, group):
        return max((one.local_date for one in self.lessons if one.class_group_id == group.pk), default=None)

    def source(self):
        found = []
        for one in self.members:
            day = self.last_day_of(one.class_group)
            if (
                self.is_member_chosen(one)
                and one.class_group.course.continues_in.exists()
                and day
                and self.period.first <= day <= self.period.last
                and (not one.left_date or one.left_date > day)
            ):
                found.append(one.enrolment)
        return found

    def went_on(self, enrolment):
        first, last = self.period.first - MONTH_WINDOW, self.period.last + MONTH_WINDOW
        targets = set(enrolment.course.continues_in.values_list("pk", flat=True))
        bought = any(
            one.student_id == enrolment.student_id and one.course_id in targets and first <= one.lot.booked_date <= last
            for one in self.bought
        )
        return bought or any(
            one.enrolment.student_id == enrolment.student_id
            and one.enrolment.course_id in targets
            and first <= one.joined_date <= last
            and (not one.left_date or one.left_date > self.period.last)
            and (self.last_day_of(one.class_group) or self.period.last) > self.period.last
            for one in self.members
        )

    def due(self):
        p, found = self.period, []
        for one in self.accounts():
            opened = [
                day for day in one.renewal_opportunities.values_list("due_date", flat=True) if p.first <= day <= p.last
            ]
            expired = [
                lot.expires_date
                for lot in CreditLot.objects.filter(enrolment=one, expires_date__isnull=False, paid_minor__gt=0)
                if p.first <= lot.expires_date <= p.last and lot.paid_left > 0
            ]
            if opened or expired:
                found.append((one, min(opened) if opened else min(expired)))
        return found

    def in_time(self, enrolment, day):
        return bool(self.bought_between({pair(enrolment)}, day - MONTH_WINDOW, day + MONTH_WINDOW))


def pair(enrolment):
    return enrolment.student_id, enrolment.course.subject_id
