"""What waits for the staff, told to their group once a day."""

from contextlib import nullcontext

import pytest
from django.core.exceptions import ValidationError

from messaging.digest import plan_digests
from messaging.models import InboundMessage, OutboundMessage, Status
from messaging.services import drain_outbox
from tests.factories import BranchFactory, at
from tests.messaging.conftest import PHONE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("wecom")]
EARLY, MORNING, NOON, TOMORROW = (at(f"2026-11-{time}") for time in ("21 08:29", "21 08:30", "21 12:31", "22 08:30"))


@pytest.fixture
def work(queue, branch):
    """One message that failed, and one reply."""
    queue(due_at=EARLY, useful_until=NOON).move_to(Status.REJECTED, now=EARLY)
    InboundMessage.objects.create(
        provider_sid="SM1", branch=branch, from_phone=PHONE, body="几点下课？", meaning="text", received_at=EARLY
    )


def test_the_group_reads_what_waits_in_numbers_and_no_names(work, wecom, branch):
    plan_digests(now=MORNING)

    drain_outbox(now=MORNING)

    [(_key, text)] = wecom.requests
    assert text.count("1") == 2
    assert branch.name in text
    assert "几点" not in text


def test_nothing_is_told_when_nothing_waits(branch, wecom):
    plan_digests(now=MORNING)

    drain_outbox(now=MORNING)

    assert wecom.requests == []
    assert OutboundMessage.objects.get().status == Status.CANCELLED


@pytest.mark.parametrize(("now", "planned"), [(EARLY, 0), (MORNING, 1), (NOON, 0)])
def test_it_is_planned_in_the_morning(branch, now, planned):
    assert plan_digests(now=now) == planned


def test_each_day_has_one(branch):
    assert [plan_digests(now=now) for now in (MORNING, MORNING, TOMORROW)] == [1, 0, 1]


def test_a_branch_whose_staff_have_no_group_gets_none(settings, branch):
    BranchFactory()
    settings.WECOM_ROBOT_KEYS = {}

    assert plan_digests(now=MORNING) == 0


def test_the_hours_are_the_branch_s(branch):
    branch.digest_times = "16:00，20:00"
    branch.save()
    hours = [at(f"2026-11-21 {hour}") for hour in ("08:30", "15:59", "16:00", "17:00", "20:00", "23:00")]

    assert [plan_digests(now=now) for now in hours] == [0, 0, 1, 0, 1, 0]
    branch.digest_times = ""
    branch.save()
    assert plan_digests(now=TOMORROW) == 0


@pytest.mark.parametrize(("text", "is_right"), [("08:30, 16:00", True), ("", True), ("半夜", False), ("25:00", False)])
def test_hours_are_written_as_hours(branch, text, is_right):
    branch.digest_times = text

    with nullcontext() if is_right else pytest.raises(ValidationError):
        branch.full_clean()
