"""Two people at the same call, and the clock besides: one outcome, one name."""

from datetime import timedelta

import pytest

from messaging.by_hand import AlreadySettledError, record_not_reached, record_told
from messaging.claims import expire_stale
from messaging.models import ChannelRoute, MessageEvent, OutboundMessage
from messaging.services import drain_outbox
from tests.factories import NOW, desk_of
from tests.races import at_once, check_refusals

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_people_one_is_believed(branch, queue):
    ChannelRoute.objects.create(branch=branch, purpose="service", position=1, channel="call")
    queue(useful_until=NOW + timedelta(hours=1))
    drain_outbox(now=NOW)
    message, people = OutboundMessage.objects.get(), [desk_of(branch) for _person in range(2)]

    results = at_once(
        [
            lambda: record_told(message=message, by=people[0], now=NOW),
            lambda: record_not_reached(message=message, by=people[1], now=NOW),
            lambda: expire_stale(now=NOW + timedelta(hours=1)),
        ]
    )

    told = list(MessageEvent.objects.values_list("status", "by"))
    message.refresh_from_db()
    assert len(told) <= 1
    assert check_refusals(results, AlreadySettledError) == 1 + len(told)  # the clock never loses, it only comes late
    assert (message.status, told) in [
        ("delivered", [("delivered", people[0].pk)]),
        ("undelivered", [("undelivered", people[1].pk)]),
        ("expired", []),
    ]
