"""SMS by Twilio: a number or a Messaging Service, for the school or for each branch."""

from functools import cached_property

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from messaging.account import is_configured
from messaging.channels.base import Channel


class TwilioSms(Channel):
    code = "sms"
    label = _("SMS")
    can_list = True
    settings_needed = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM")
    sender_pattern = r"\+[1-9]\d{6,14}|MG[0-9a-fA-F]{32}"

    @property
    def parts_per_second(self):
        return settings.TWILIO_PARTS_PER_SECOND

    @property
    def default_sender(self):
        return settings.TWILIO_FROM

    def is_configured(self):
        return is_configured()

    @cached_property
    def gateway(self):
        from messaging.gateways import TwilioGateway  # here: it takes most of a second to load

        return TwilioGateway()

    def make_ready(self):
        return self.gateway

    def send(self, attempt, *, valid_for, deadline):
        return self.gateway.send(attempt, valid_for=valid_for, deadline=deadline)

    def listed(self, attempt):
        return self.gateway.listed(attempt.to_phone)
