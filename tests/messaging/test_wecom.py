"""Notices to staff by the robot of a WeCom group, over HTTP to a stand-in."""

from datetime import timedelta

import pytest

from messaging.models import Purpose, Status
from messaging.registry import Rendered, renders
from messaging.rules import SETTLE
from messaging.services import drain_outbox, reconcile_unknown
from tests.factories import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + SETTLE + timedelta(seconds=2)


@pytest.fixture
def notice(queue, wecom):
    def notice(text="待办 3 条", **fields):
        @renders("digest", purpose=Purpose.STAFF)
        def digest(message, now):
            return Rendered(to="", text=text)

        return queue(kind="digest", **fields)

    return notice


def test_the_branch_s_own_group_gets_it(notice, wecom, reload, branch):
    branch.channel_routes.create(purpose="staff", position=1, channel="wecom")
    message = notice()

    drain_outbox(now=NOW)

    assert wecom.requests == [("key-of-zsb", "【轻校】待办 3 条")]
    assert reload(message).status == Status.DELIVERED


def test_without_a_choice_it_goes_to_the_group_of_all(notice, wecom):
    notice()

    drain_outbox(now=NOW)

    assert wecom.requests[0][0] == "key-of-all"


def test_the_key_stands_nowhere_in_the_database(notice, wecom):
    message = notice()

    drain_outbox(now=NOW)

    assert message.attempts.get().sender == "*"


def test_a_long_notice_is_cut_at_a_character(notice, wecom):
    notice("好" * 1000)

    drain_outbox(now=NOW)

    assert 2040 < len(wecom.requests[0][1].encode()) <= 2048


@pytest.mark.parametrize(
    ("answer", "outcome", "status"),
    [
        ((200, {"errcode": 45009, "errmsg": "api freq out of limit"}), "throttled", Status.QUEUED),
        ((200, {"errcode": 93000, "errmsg": "invalid webhook url"}), "misconfigured", Status.QUEUED),
        ((200, {"errcode": 40058, "errmsg": "content size out of limit"}), "rejected", Status.REJECTED),
        ((502, "<html>"), "unknown", Status.UNKNOWN),
    ],
)
def test_what_an_answer_means(notice, wecom, reload, answer, outcome, status):
    message = notice()
    wecom.answers.append(answer)

    drain_outbox(now=NOW, limit=1)

    assert (message.attempts.get().outcome, reload(message).status) == (outcome, status)


def test_what_nobody_can_look_up_is_for_a_person(notice, wecom, reload):
    message = notice()
    wecom.answers.append((None, ""))
    drain_outbox(now=NOW)

    reconcile_unknown(now=LATER)

    assert reload(message).status == Status.NEEDS_REVIEW
    assert wecom.requests == []
