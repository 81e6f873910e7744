"""Many at once: clicks, second persons, ticks. Everybody gets one message."""

from functools import partial

import pytest

from messaging.models import OutboundMessage
from notices.models import Notice, NoticePolicy
from notices.services import (
    NoticeError,
    approve_notice,
    ask_for_release,
    pause_notice,
    queue_batches,
    resume_notice,
    running,
)
from tests.factories import NOW, manager_of
from tests.races import at_once, check_refusals

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_race_at_a_time")]


def messages():
    return sorted(OutboundMessage.objects.values_list("recipient", "occurrence"))


def test_clicks_of_two_people_release_once(draft, family, manager, branch):
    ask = partial(ask_for_release, notice=draft(), message_count=2, now=NOW)

    results = at_once([partial(ask, by=by) for by in (manager, manager_of(branch)) * 2])

    assert check_refusals(results) == 4
    assert Notice.objects.get().recipients.count() == len(messages()) == 2


def test_second_persons_release_once(draft, family, manager, branch):
    NoticePolicy.objects.update(alone_up_to=1)
    notice = ask_for_release(notice=draft(), message_count=2, by=manager, now=NOW)
    approve = partial(approve_notice, notice=notice, message_count=2, now=NOW)

    results = at_once([partial(approve, by=manager_of(branch)) for _ in range(3)])

    assert check_refusals(results) == 3
    assert Notice.objects.get().recipients.count() == len(messages()) == 2


def test_ticks_and_a_pause_at_once_lose_and_double_nobody(draft, child, manager, monkeypatch):
    monkeypatch.setattr(running, "AHEAD", 2)
    for number in range(6):
        child(f"学员{number}")
    notice = ask_for_release(notice=draft(), message_count=6, by=manager, now=NOW)
    steps = [partial(step, notice=notice, by=manager, now=NOW) for step in (pause_notice, resume_notice)]

    for _round in range(4):
        OutboundMessage.objects.update(status="suppressed")  # settled: room for the next
        check_refusals(at_once([*[partial(queue_batches, now=NOW)] * 2, *steps]), NoticeError)
        Notice.objects.filter(state="paused").update(state="sending")

    assert messages() == sorted((f"guardian:{row.guardian_id}", "turn:1") for row in notice.recipients.all())
