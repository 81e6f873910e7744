"""Called once a day (settings.PERIODIC_JOBS)."""

from django.utils import timezone

from branches.services import refresh_public_holidays as refresh


def refresh_public_holidays():
    """A new release of the calendar's data makes provisional days final; what it hits is on the calendar's page."""
    refresh(today=timezone.localdate())
