"""The SMS account, as the settings say. Nothing here loads Twilio's client, which takes most of a second."""

import ipaddress
from contextlib import suppress
from urllib.parse import urlsplit

from django.conf import settings

TWILIO_API = "https://api.twilio.com"


def is_configured():
    """Whether there is an account to send with. A laptop without one queues, and sends nothing."""
    return bool(settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN and settings.TWILIO_FROM)


def is_allowed_base_url(url):
    """Twilio itself; while developing also a stand-in, which can only be on this machine."""
    return url == TWILIO_API or (settings.DEBUG and is_loopback(url))


def is_loopback(url):
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
