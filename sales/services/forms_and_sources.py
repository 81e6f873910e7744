"""Setting up the ways in: public forms, and systems that may post."""

from hashlib import sha256
from secrets import choice, token_urlsafe

from django.db import transaction

from sales.models import ConsentText, EnquiryForm, EnquirySource

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no two of them look alike on a poster
CODE_LENGTH = 8
TOKEN_PREFIX = "qx_"  # noqa: S105 (tells people what the thing is)


@transaction.atomic
def make_form(*, branch, channel, headline, consent, by, now, token, campaign=None):
    """A public form with a short link of its own; with the same `token` it is made once. `consent` is the text."""
    known = EnquiryForm.objects.filter(token=token).first()
    if known:
        return known
    return EnquiryForm.objects.create(
        branch=branch,
        channel=channel,
        campaign=campaign,
        headline=headline,
        consent_text=_consent_text(consent, by, now),
        code="".join(choice(LETTERS) for _sign in range(CODE_LENGTH)),
        made_by=by,
        made_at=now,
        token=token,
    )


def switch_form(*, form, is_active):
    """Off: whoever opens the link is told so. On again: the same link holds."""
    EnquiryForm.objects.filter(pk=form.pk).update(is_active=is_active)


def make_source(*, name, channel, branch, by, now):
    """(source, token): the token is known to nobody afterwards. Without `branch`, each enquiry names its own."""
    token = TOKEN_PREFIX + token_urlsafe(32)
    source = EnquirySource.objects.create(
        name=name, channel=channel, branch=branch, token_hash=_hash(token), made_by=by, made_at=now
    )
    return source, token


def revoke_source(*, source, now):
    """Its token holds no more; repeating changes nothing."""
    EnquirySource.objects.filter(pk=source.pk, revoked_at__isnull=True).update(revoked_at=now)


def find_source(token):
    """Whose token this is, or None. Looked up by its hash, so that timing tells nothing of the token."""
    sources = EnquirySource.objects.filter(revoked_at__isnull=True).select_related("channel", "branch")
    return sources.filter(token_hash=_hash(token)).first()


def note_use(*, source, now):
    """When it was last used, so that a manager sees which tokens are still needed."""
    EnquirySource.objects.filter(pk=source.pk).update(last_used_at=now)


def _hash(token):
    return sha256(token.encode(errors="replace")).hexdigest()


def _consent_text(text, by, now):
    """Each wording is kept once, whatever the number of forms that show it."""
    wording, _made = ConsentText.objects.get_or_create(
        text_hash=ConsentText.hash_of(text), defaults={"text": text, "made_by": by, "made_at": now}
    )
    return wording
