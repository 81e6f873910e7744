from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PayrollConfig(AppConfig):
    name = "payroll"
    verbose_name = _("Teacher pay")

    def ready(self):
        from core.triggers import keep
        from payroll.guards import TRIGGERS

        keep(TRIGGERS, self)
