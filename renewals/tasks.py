"""Called every minute (settings.PERIODIC_JOBS)."""

from django.utils import timezone

from renewals import notifications


def plan_renewal_reminders():
    notifications.plan_renewal_reminders(now=timezone.now())
