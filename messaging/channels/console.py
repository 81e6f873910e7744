"""Messages in the log, for whoever develops: only with DEBUG on, for they carry names and numbers."""

import sys

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from messaging.channels.base import Answer, Channel
from messaging.models import MessageAttempt


class Console(Channel):
    code = "console"
    label = _("Console (development)")
    needs_phone = False
    settings_needed = ("DEBUG",)

    def is_configured(self):
        return settings.DEBUG

    def send(self, attempt, *, valid_for, deadline):
        sys.stdout.write(f"{attempt.to_phone or '-'}: {attempt.body}\n")
        return Answer(MessageAttempt.Outcome.ACCEPTED, f"console-{attempt.pk}", "delivered")
