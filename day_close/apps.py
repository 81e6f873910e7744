from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DayCloseConfig(AppConfig):
    name = "day_close"
    verbose_name = _("Close of the day")
