from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RenewalsConfig(AppConfig):
    name = "renewals"
    verbose_name = _("Renewals")

    def ready(self):
        from core.triggers import keep
        from renewals.guards import TRIGGERS

        keep(TRIGGERS, self)
