from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = _("Timetable")

    def ready(self):
        from core.triggers import keep
        from scheduling import notifications  # noqa: F401  registers the texts of its messages
        from scheduling.bookings import TRIGGERS

        keep(TRIGGERS, self)
