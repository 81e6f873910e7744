from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StudentsConfig(AppConfig):
    name = "students"
    verbose_name = _("Students and enquiries")

    def ready(self):
        from core.triggers import keep
        from students.guards import TRIGGERS

        keep(TRIGGERS, self)
