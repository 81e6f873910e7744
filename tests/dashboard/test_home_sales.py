"""What waits on the sales side, on the home page: each card opens the list that makes it zero."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import NOW, EnquiryFactory, desk_of, manager_of, teacher_of

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(branch, other_branch):
    """With one of everything that can wait, and others' beside it."""
    desk, colleague = desk_of(branch), desk_of(branch)
    facts = {"branch": branch, "owned_at": NOW}
    for owner in (desk, colleague):
        EnquiryFactory(owner=owner, next_follow_up_at=NOW - HOUR, **facts)
        EnquiryFactory(owner=owner, next_follow_up_at=NOW + 6 * HOUR, **facts)
        EnquiryFactory(owner=owner, next_follow_up_at=NOW + 2 * DAY, **facts)
        old = {"owner": owner, "created_at": NOW - 30 * DAY, "branch": branch}
        for days in (4, 5, 6):
            EnquiryFactory(owned_at=NOW - days * DAY, **old)
    EnquiryFactory(branch=branch)
    EnquiryFactory(branch=branch, pooled_at=NOW)
    EnquiryFactory(branch=other_branch)
    return desk


def cards_of(client, user):
    client.force_login(user)
    names = {"follow_ups", "nobodys", "to_pool", "neglected", "without_date"}
    return {card.name: card for card in client.get("/").context["cards"] if card.name in names}


@pytest.mark.parametrize(
    ("who", "numbers"),
    [
        ("desk", {"follow_ups": 2, "to_pool": 1, "neglected": 2, "without_date": 3}),
        ("manager", {"follow_ups": 4, "nobodys": 1, "to_pool": 2, "neglected": 2, "without_date": 6}),
    ],
)
def test_the_cards_count_what_their_lists_show(client, branch, desk, who, numbers):
    user = desk if who == "desk" else manager_of(branch)

    cards = cards_of(client, user)

    assert {name: card.number for name, card in cards.items()} == numbers
    for name, card in cards.items():
        assert (name, len(client.get(card.url).context["enquiries"])) == (name, numbers[name])


def test_where_nothing_waits_only_the_daily_card_stands(client, branch):
    cards = cards_of(client, desk_of(branch))

    assert {name: card.shown_state for name, card in cards.items()} == {"follow_ups": "done"}
    assert cards_of(client, teacher_of(branch)) == {}
