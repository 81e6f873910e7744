"""The accounts with providers, as the settings say. Nothing here loads Twilio's client: it takes most of a second."""

import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit

from django.conf import settings

TWILIO_API = "https://api.twilio.com"
# Where credentials and children's names may go: setting → the provider's own address.
PROVIDERS = {
    "TWILIO_API_BASE_URL": TWILIO_API,
    "ALIYUN_SMS_BASE_URL": "https://dysmsapi.aliyuncs.com",
    "WECOM_API_BASE_URL": "https://qyapi.weixin.qq.com",
}


def is_configured():
    """Whether there is an account to send with. A laptop without one queues, and sends nothing."""
    return bool(settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN and settings.TWILIO_FROM)


def is_allowed_base_url(url, provider=TWILIO_API):
    """The provider itself; while developing also a stand-in, which can only be on this machine."""
    return url == provider or (settings.DEBUG and is_loopback(url))


def goes_to_its_provider(setting):
    """Whether the address in this setting is one that may be written to."""
    return is_allowed_base_url(getattr(settings, setting), PROVIDERS[setting])


def is_loopback(url):
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
