"""The figures that experiments judge by: plans of queries beside many old rows, and the fullest second."""

import pytest
from django.utils import timezone

from config.chaos.old_rows import PER_DAY, add_old_rows, plans_of, reads_whole_table
from config.chaos.pace import most_in_a_second
from config.chaos.throughput import jobs_that_read_all
from messaging.claims import claim_due
from messaging.models import MessageAttempt, OutboundMessage, Status


@pytest.mark.django_db
def test_no_job_reads_old_messages(branch):
    add_old_rows(2 * PER_DAY)

    assert OutboundMessage.objects.count() == MessageAttempt.objects.count() == 2 * PER_DAY
    assert set(OutboundMessage.objects.values_list("status", flat=True)) == {Status.DELIVERED, Status.EXPIRED}
    assert jobs_that_read_all() == []
    assert plans_of(lambda: claim_due(now=timezone.now(), limit=1))


@pytest.mark.django_db
def test_a_query_without_an_index_is_found_out(branch):
    add_old_rows(PER_DAY)

    [plan] = plans_of(lambda: list(OutboundMessage.objects.filter(body="x").order_by()))

    assert reads_whole_table(plan)


@pytest.mark.parametrize(
    ("times", "most"), [([0.0, 0.5, 0.999], 3), ([0.0, 1.0, 2.0], 1), ([0.9, 1.0, 1.1, 1.2, 5.0], 4), ([], 0)]
)
def test_the_fullest_second_is_any_second(times, most):
    assert most_in_a_second(times) == most
