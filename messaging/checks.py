"""What must be right about the SMS account before anything starts."""

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.utils.translation import gettext_lazy as _

from messaging.account import PROVIDERS, goes_to_its_provider, is_configured


@register
def check_base_url(app_configs, **kwargs):
    """Credentials and children's names go there: only to the provider, or to a stand-in on a developer's machine."""
    return [
        Error(
            _("%(setting)s points neither to the provider nor, with DEBUG on, to this machine.") % {"setting": setting},
            hint=_("Leave it out, or set it to %(url)s.") % {"url": url},
            id="messaging.E001",
        )
        for setting, url in PROVIDERS.items()
        if not goes_to_its_provider(setting)
    ]


@register
def check_account(app_configs, **kwargs):
    account = [settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_FROM]
    if all(account) or not any(account):
        return []
    return [
        Error(
            _("The SMS account is set up by half: no message can be sent."),
            hint=_("Set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM, or none of them."),
            id="messaging.E002",
        )
    ]


@register(Tags.security, deploy=True)
def check_callback_address(app_configs, **kwargs):
    if not is_configured() or settings.PUBLIC_BASE_URL.startswith("https://"):
        return []
    return [
        Warning(
            _("PUBLIC_BASE_URL is no https address: delivery reports would not come in, or come in the clear."),
            hint=_("Set PUBLIC_BASE_URL to the address under which the internet reaches this site."),
            id="messaging.W001",
        )
    ]
