"""What of the sales side is told to the group of a branch's staff."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from messaging.digest import staff_digest
from messaging.registry import Cancelled
from tests.factories import EnquiryFactory, at, desk_of

pytestmark = pytest.mark.django_db
MORNING = at("2026-11-21 08:30")


def told(branch):
    return staff_digest(SimpleNamespace(branch=branch, branch_id=branch.pk), MORNING).text


def test_the_group_reads_how_many_wait_and_no_names(branch, other_branch):
    desk = desk_of(branch, name="王前台")
    facts = {"branch": branch, "owner": desk, "owned_at": MORNING, "child_name": "田萍"}
    EnquiryFactory.create_batch(3, next_follow_up_at=MORNING - timedelta(hours=1), **facts)
    EnquiryFactory.create_batch(2, branch=branch, child_name="田萍")
    EnquiryFactory.create_batch(7, branch=other_branch)

    text = told(branch)

    assert branch.name in text
    assert [line[:2] for line in text.splitlines()[1:]] == ["3 ", "2 "]
    assert "田萍" not in text
    assert "王前台" not in text


def test_nothing_is_told_when_nothing_waits(branch):
    EnquiryFactory(branch=branch, pooled_at=MORNING)

    with pytest.raises(Cancelled):
        told(branch)
