"""The board: the open ones by stage, those due first, no more in a column than one can read."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import NOW, EnquiryFactory, desk_of, manager_of

pytestmark = pytest.mark.django_db
BOARD = "/enquiries/board/"


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def lanes(response):
    return {lane["stage"].value: lane for lane in response.context["lanes"]}


def test_a_column_for_each_open_stage_with_its_number(client, branch, other_branch):
    for stage in ["new", "new", "came", "signed", "lost"]:
        EnquiryFactory(branch=branch, stage=stage)
    EnquiryFactory(branch=other_branch)
    client.force_login(manager_of(branch))

    board = lanes(client.get(BOARD))

    assert {stage: lane["number"] for stage, lane in board.items()} == {
        "new": 2,
        "contacted": 0,
        "trial_booked": 0,
        "came": 1,
    }


def test_the_most_overdue_stand_first_then_the_newest(client, branch):
    desk = desk_of(branch)
    for name, hours in [("晚", 5), ("早", -9), ("中", 0)]:
        at = NOW + timedelta(hours=hours)
        EnquiryFactory(branch=branch, owner=desk, child_name=name, next_follow_up_at=at)
    EnquiryFactory(branch=branch, owner=desk, child_name="旧")
    EnquiryFactory(branch=branch, owner=desk, child_name="新")
    EnquiryFactory(branch=branch, child_name="别人的")
    client.force_login(desk)

    cards = lanes(client.get(BOARD))["new"]["enquiries"]

    assert [card.child_name for card in cards] == ["早", "中", "晚", "新", "旧"]


def test_a_long_column_leads_to_the_list(client, branch):
    EnquiryFactory.create_batch(23, branch=branch, stage="contacted")
    client.force_login(manager_of(branch))

    page = client.get(BOARD)
    lane = lanes(page)["contacted"]

    assert (lane["number"], len(lane["enquiries"]), lane["more"]) == (23, 20, 3)
    assert "/enquiries/?stage=contacted&amp;whose=all" in page.content.decode()
