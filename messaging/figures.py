"""The messages of a day in numbers."""

from collections import Counter

from django.db.models import Count

from messaging.models import OutboundMessage
from messaging.states import state_of


def counts_by_state(messages):
    """{key of the state: number}, of a queryset: one query."""
    counts = Counter()
    for row in messages.order_by().values("status", "channel").annotate(number=Count("pk")):
        number = row.pop("number")
        counts[state_of(OutboundMessage(**row)).key] += number
    return counts
