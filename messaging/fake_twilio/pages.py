"""The phones and the texts on them, for people."""

from datetime import UTC, datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from core.phones import national

_STATUS = {
    "accepted": _("accepted"),
    "queued": _("waiting"),
    "sending": _("being sent"),
    "sent": _("sent"),
    "delivered": _("delivered"),
    "undelivered": _("not delivered"),
    "failed": _("failed"),
    "canceled": _("cancelled"),
}


def phones_page(store):
    """Every number that was written to, the latest first."""
    phones = [{**_shown(latest), "count": latest["count"]} for latest in store.phones()]
    return _render("phones", {"phones": phones})


def phone_page(store, phone):
    """One parent's phone; the oldest text stands on top, as on a phone."""
    texts = [_shown(message) for message in reversed(store.messages(to_phone=phone))]
    return _render("phone", {"phone": _national(phone), "texts": texts})


def _shown(message):
    return {
        **message,
        "at": datetime.fromtimestamp(message["created_at"], UTC),
        "phone": _national(message["to_phone"]),
        "status_name": _STATUS.get(message["status"], message["status"]),
        "has_failed": message["status"] in ("undelivered", "failed"),
    }


def _national(phone):
    return national(phone) if phone.startswith("+") else phone


def _render(name, context):
    with translation.override(settings.LANGUAGE_CODE):
        return render_to_string(f"messaging/fake_twilio/{name}.html", context)
