from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = _("Timetable")

    def ready(self):
        from core.triggers import keep
        from scheduling import notice_words, notifications, place_words  # noqa: F401  register their messages' texts
        from scheduling.bookings import TRIGGERS

        keep(TRIGGERS, self)
