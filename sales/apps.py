from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SalesConfig(AppConfig):
    name = "sales"
    verbose_name = _("Enquiries")

    def ready(self):
        from core.triggers import keep
        from sales.guards import TRIGGERS

        keep(TRIGGERS, self)
        from sales import digest  # noqa: F401  (registers its lines)
