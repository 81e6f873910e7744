"""What holds whatever happens, and in whatever order: days, planning, lessons, purchases, messages that are dropped."""

import datetime
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.clock import local_date
from enrolments.models import Enrolment
from messaging.models import OutboundMessage, Status
from renewals.cadence import Cadence, Reached, Reason, Told
from renewals.models import BulkReminder, ReminderLine, ReminderPolicy
from renewals.notifications import plan_renewal_reminders
from renewals.services import plan_bulk_reminder, remind_families
from tests.factories import NOW, TODAY, EnrolmentFactory, GuardianshipFactory, sell
from tests.renewals.conftest import use

DAY = datetime.timedelta(days=1)
CADENCE = Cadence(credits=(Decimal(8), Decimal(4), Decimal(1)), days=(Decimal(30),), most=3, days_between=5)


@pytest.mark.parametrize(
    ("balance", "days_left", "reached"),
    [
        (9, None, Reached()),
        (8, None, Reached(Decimal(8))),
        (Decimal("4.5"), 31, Reached(Decimal(8))),
        (4, 30, Reached(Decimal(4), Decimal(30))),
        (-1, 0, Reached(Decimal(1), Decimal(30))),
        (20, 12, Reached(None, Decimal(30))),
    ],
)
def test_most_urgent_step_of_each_sort(balance, days_left, reached):
    assert CADENCE.reached(balance, days_left) == reached


@pytest.mark.parametrize(
    ("days_ago", "reason"), [([], None), ([5], None), ([4], Reason.TOLD), ([9, 0], Reason.TOLD), ([30, 20, 10], "most")]
)
def test_most_and_days_between(days_ago, reason):
    told = [Told(TODAY - number * DAY, Reached()) for number in days_ago]

    assert CADENCE.refusal(told, TODAY) == reason


@given(st.lists(st.decimals(-5, 12, places=1), max_size=30))
def test_a_step_is_told_once_however_the_balance_goes(balances):
    told = []
    for balance in balances:
        reached = CADENCE.reached(balance, None)
        if reached.goes_beyond(told):
            told.append(reached)

    steps = [one.credits for one in told]
    assert steps == sorted(set(steps), reverse=True)
    assert min((step for step in CADENCE.credits if balances and min(balances) <= step), default=None) == (
        steps[-1] if steps else None
    )


# (days that pass before it, what happens)
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 6),
        st.sampled_from([
            ("plan", None), ("by_hand", None), ("use", 0), ("use", 1), ("buy", 0),
            ("settle", "cancelled"), ("settle", "expired"), ("settle", "rejected"),
        ]),
    ),
    min_size=8,
    max_size=16,
)  # fmt: skip


class Family:
    """Two children of one mother, and what happens to them."""

    def __init__(self, branch, enrolments, by):
        self.branch, self.enrolments, self.by, self.now = branch, enrolments, by, NOW

    def plan(self, _value):
        plan_renewal_reminders(now=self.now)

    def use(self, which):
        use(self.enrolments[which], 2)

    def buy(self, which):
        sell(self.enrolments[which], 10, now=self.now)

    def by_hand(self, _value):
        everybody = Enrolment.objects.filter(branch=self.branch)
        seen = plan_bulk_reminder(enrolments=everybody, now=self.now)
        if seen.letters:
            token = str(BulkReminder.objects.count())
            remind_families(
                enrolments=everybody, message_count=seen.message_count, token=token, by=self.by, now=self.now
            )

    def settle(self, status):
        OutboundMessage.objects.filter(status=Status.QUEUED).update(status=status)


@pytest.fixture
def family(branch, owner):
    """Their branch tells at most twice, and not twice in three days."""
    ReminderPolicy.objects.filter(pk=branch.pk).update(most=2, days_between=3)
    enrolments = EnrolmentFactory.create_batch(2, branch=branch)
    guardian = GuardianshipFactory(student=enrolments[0].student).guardian
    GuardianshipFactory(student=enrolments[1].student, guardian=guardian)
    for enrolment in enrolments:
        sell(enrolment, 10)
        use(enrolment, 2)
    return Family(branch, enrolments, owner)


@pytest.mark.django_db
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS)
@example(events=[(4, ("by_hand", None))] * 3 + [(4, ("use", 0)), (4, ("plan", None))])
@example(events=[(0, ("plan", None)), (0, ("use", 0)), (1, ("plan", None)), (0, ("by_hand", None))])
def test_families_are_never_written_to_too_often(family, events):
    with transaction.atomic():
        family.now = NOW
        for days, (event, value) in events:
            family.now += days * DAY
            getattr(family, event)(value)
        days = Counter((one.recipient, _day(one)) for one in OutboundMessage.objects.all())
        assert max(days.values(), default=0) <= 1
        for told in _told_by_period().values():
            assert len(told) <= 2
            assert all(later - earlier >= 3 * DAY for earlier, later in pairwise(sorted(told)))
        transaction.set_rollback(True)


def _day(message):
    return local_date(message.due_at, message.branch.time_zone)


def _told_by_period():
    told = defaultdict(list)
    for line in ReminderLine.objects.counted().select_related("message__branch"):
        told[line.enrolment_id, line.guardian_id, line.lot_number].append(_day(line.message))
    return told
