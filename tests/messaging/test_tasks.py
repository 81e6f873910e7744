"""How many workers send at once."""

import pytest
from django_q.models import OrmQ

from messaging import tasks

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("due", "workers", "helpers"),
    [(0, 4, 0), (2, 4, 0), (3, 4, 1), (30, 4, 2), (30, 2, 0), (30, 1, 0)],
)
def test_more_workers_help_when_much_is_due_and_one_stays_free(
    queue, settings, monkeypatch, due, workers, helpers
):  # fmt: skip
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "workers": workers}
    monkeypatch.setattr(tasks, "FOR_ONE_WORKER", 3)
    drained = []
    monkeypatch.setattr(tasks, "drain_outbox", lambda **arguments: drained.append(arguments))
    for number in range(due):
        queue(occurrence=str(number))

    tasks.drain()

    waiting = [row.task["func"] for row in OrmQ.objects.all()]
    assert waiting == ["messaging.tasks.help_drain"] * helpers
    assert len(drained) == 1
