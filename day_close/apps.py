from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DayCloseConfig(AppConfig):
    name = "day_close"
    verbose_name = _("Close of the day")

    def ready(self):
        from core.triggers import keep
        from day_close.guards import TRIGGERS

        keep(TRIGGERS, self)
