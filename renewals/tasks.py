"""Called by the queue (settings.PERIODIC_JOBS)."""

from django.utils import timezone

from renewals import notifications, services


def plan_renewal_reminders():
    notifications.plan_renewal_reminders(now=timezone.now())


def open_due_opportunities():
    services.open_due_opportunities(now=timezone.now())
