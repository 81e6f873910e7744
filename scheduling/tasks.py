"""Called every minute (settings.PERIODIC_JOBS)."""

from django.utils import timezone

from scheduling import reminders, services


def plan_class_reminders():
    reminders.plan_class_reminders(now=timezone.now())


def lapse_offers():
    services.lapse_offers(now=timezone.now())
