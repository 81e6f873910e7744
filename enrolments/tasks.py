"""Called every hour (settings.PERIODIC_JOBS): branches have their midnight at different times."""

from django.utils import timezone

from enrolments import services


def lapse_orders():
    services.lapse_all_orders(now=timezone.now())
