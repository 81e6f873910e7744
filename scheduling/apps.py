from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SchedulingConfig(AppConfig):
    name = "scheduling"
    verbose_name = _("Timetable")

    def ready(self):
        from core.triggers import keep

        # They register their messages' texts.
        from scheduling import (  # noqa: F401
            examples,
            notice_words,
            notifications,
            place_words,
            reminder_words,
            wordings,
        )
        from scheduling.bookings import TRIGGERS

        keep(TRIGGERS, self)
