from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class MessagingConfig(AppConfig):
    name = "messaging"
    verbose_name = _("Messages")

    def ready(self):
        from core.triggers import keep
        from messaging import checks, health  # noqa: F401  (they register themselves)
        from messaging.guards import TRIGGERS

        keep(TRIGGERS, self)

        # Every app says in its notifications.py what its messages read like; messaging knows none of them.
        autodiscover_modules("notifications")
