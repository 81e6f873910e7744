"""Drafts: kept as they are written, taken from an old notice, thrown away."""

from django.db import transaction
from django.utils.translation import gettext as _

from notices.audience import MANY, SINGLE, audience_of
from notices.models import Notice
from notices.services.errors import NoticeError

WORDS = ["text", "purpose", "with_names", "last_date"]


@transaction.atomic
def save_draft(*, notice, words, audience, by, now):
    """Keep what was written; returns the row. A new `notice` is kept once per token. Raises NoticeError.

    Whoever changes the words has written them: somebody else approves.
    """
    if notice.pk is None:
        notice, is_new = Notice.objects.get_or_create(token=notice.token, defaults=_facts(words, audience, by, now))
        if not is_new:
            return notice
    else:
        notice = lock_draft(notice)
        for name, value in _facts(words, audience, by, now).items():
            setattr(notice, name, value)
        notice.save()
    for name in MANY:
        getattr(notice, name).set(getattr(audience, name))
    return notice


def _facts(words, audience, by, now):
    single = {name: getattr(audience, name) for name in SINGLE}
    state = {"state_at": now, "state_by": by, "written_at": now, "written_by": by, "sent_back_reason": ""}
    return {name: words[name] for name in WORDS} | single | state


@transaction.atomic
def copy_notice(*, notice, token, by, now):
    """A new draft with the words and the choice of an old notice, once per token. Its last day is for the writer."""
    words = {name: getattr(notice, name) for name in WORDS} | {"last_date": None}
    draft = save_draft(notice=Notice(token=token), words=words, audience=audience_of(notice), by=by, now=now)
    Notice.objects.filter(pk=draft.pk, state=Notice.State.DRAFT).update(copied_from=notice)
    return draft


@transaction.atomic
def drop_draft(*, notice):
    """Throw a draft away. Raises NoticeError."""
    lock_draft(notice).delete()


def lock_draft(notice):
    locked = Notice.objects.select_for_update(of=["self"]).filter(pk=notice.pk).first()
    if locked is None or locked.state != Notice.State.DRAFT:
        raise NoticeError(_("This notice is no draft any more: look where it has got to, or copy it to write another."))
    return locked
