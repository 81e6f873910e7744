"""So many requests in a window of time, and not more: counted in the database, so that all processes agree."""

from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from sales.models import RequestCount

WINDOW = timedelta(minutes=10)
KEPT = timedelta(days=1)


class TooManyError(Exception):
    """Come back in so many seconds."""

    def __init__(self, seconds):
        super().__init__(seconds)
        self.seconds = seconds


def count_request(*, what, limit, now):
    """Count one more of `what` ("form:17", "address:…"); above `limit` in a window it raises TooManyError."""
    check_limit(what=what, limit=limit, now=now)  # a flood reads, and does not write
    if _one_more(_hidden(what), _window_of(now)) > limit:
        raise _too_many(now)


def check_limit(*, what, limit, now):
    """Raise TooManyError when `limit` of `what` are reached; counts nothing."""
    counts = RequestCount.objects.filter(key=_hidden(what), window_starts_at=_window_of(now))
    if counts.filter(number__gte=limit).exists():
        raise _too_many(now)


@transaction.atomic
def _one_more(key, window_starts_at):
    row = RequestCount.objects.filter(key=key, window_starts_at=window_starts_at)
    if not row.update(number=F("number") + 1):
        RequestCount.objects.filter(window_starts_at__lt=window_starts_at - KEPT).delete()
        counted = RequestCount(key=key, window_starts_at=window_starts_at)
        RequestCount.objects.bulk_create([counted], ignore_conflicts=True)
        row.update(number=F("number") + 1)
    return row.values_list("number", flat=True).get()


def _window_of(now):
    """Windows begin every ten minutes by the clock, the same for everybody."""
    return datetime.fromtimestamp(now.timestamp() // WINDOW.total_seconds() * WINDOW.total_seconds(), UTC)


def _too_many(now):
    return TooManyError(int((_window_of(now) + WINDOW - now).total_seconds()) + 1)


def _hidden(what):
    """An address is personal data: only its keyed hash is kept, for a day."""
    return salted_hmac("sales.limits", what, algorithm="sha256").hexdigest()
