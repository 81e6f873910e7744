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


def phone_page(store, phone, *, is_replying=False):
    """One parent's phone; the oldest text stands on top. While one types, the page does not load itself anew."""
    texts = [_shown(message) for message in reversed(store.messages(to_phone=phone))]
    texts += [{"body": one["body"], "at": _moment(one["created_at"]), "is_ours": True} for one in store.replies(phone)]
    texts.sort(key=lambda text: text["at"])
    return _render("phone", {"phone": _national(phone), "texts": texts, "is_replying": is_replying})


def _shown(message):
    return {
        **message,
        "at": _moment(message["created_at"]),
        "phone": _national(message["to_phone"]),
        "status_name": _STATUS.get(message["status"], message["status"]),
        "has_failed": message["status"] in ("undelivered", "failed"),
    }


def _moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


def _national(phone):
    return national(phone) if phone.startswith("+") else phone


def _render(name, context):
    with translation.override(settings.LANGUAGE_CODE):
        return render_to_string(f"messaging/fake_twilio/{name}.html", context)
