from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NoticesConfig(AppConfig):
    name = "notices"
    verbose_name = _("Bulk notices")

    def ready(self):
        from core.triggers import keep
        from notices.guards import TRIGGERS

        keep(TRIGGERS, self)
