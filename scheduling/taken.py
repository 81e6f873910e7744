"""When teachers, rooms and children are taken over a span of time: read once, asked often."""

from bisect import bisect_left
from collections import defaultdict

from scheduling.models import Booking


class Taken:
    """The bookings in [starts_at, ends_at) of `resources` {kind: ids}, without those of `lessons`. One query."""

    def __init__(self, resources, *, starts_at, ends_at, lessons=()):
        self._spans = defaultdict(list)
        ids = {pk for ids in resources.values() for pk in ids}
        bookings = Booking.objects.overlapping(starts_at=starts_at, ends_at=ends_at)
        rows = bookings.filter(kind__in=resources, resource_id__in=ids).exclude(lesson__in=lessons)
        for kind, resource_id, start, end in rows.values_list("kind", "resource_id", "starts_at", "ends_at"):
            self._spans[kind, resource_id].append((start, end))
        for spans in self._spans.values():
            spans.sort()

    def is_free(self, kind, resource_id, starts_at, ends_at):
        """Whether the resource has nothing in [starts_at, ends_at). Its spans overlap only where a clash was kept."""
        spans = self._spans.get((kind, resource_id), [])
        before_end = bisect_left(spans, (ends_at,))
        return all(end <= starts_at for _start, end in spans[:before_end])
