"""What was said with a family, as lines of a history."""

from django.utils.translation import gettext as _

from core.clock import moment_text
from core.timeline import Event
from messaging.timeline import LENGTH
from students.models import FollowUp

ICONS = {FollowUp.Way.CALL: "call", FollowUp.Way.CHAT: "chat", FollowUp.Way.VISIT: "storefront"}


def follow_up_events(follow_ups):
    """The newest contacts of those the reader may see: how, what came of it, what was said, and the files of it."""
    for row in follow_ups.select_related("by", "branch").prefetch_related("files")[:LENGTH]:
        said = " · ".join(filter(None, [row.text, _next_of(row)]))
        yield Event(
            at=row.at,
            what=f"{row.get_way_display()} · {row.get_outcome_display()}",
            detail=_("%(text)s (%(who)s)") % {"text": said, "who": row.by} if said else str(row.by),
            icon=ICONS.get(row.way, "forum"),
            files=tuple(row.files.all()),
        )


def _next_of(follow_up):
    if not follow_up.next_at:
        return ""
    return _("next: %(when)s") % {"when": moment_text(follow_up.next_at, follow_up.branch.time_zone)}
