"""What channels cost."""

from django.db import transaction

from sales.models import ChannelCost


@transaction.atomic
def set_channel_cost(*, branch, month, channel, amount_minor, by, now, campaign=None, note=""):
    """What was spent in a month (its first day), in fen: in place of what was noted before. 0: nothing was."""
    place = {"branch": branch, "month": month, "channel": channel, "campaign": campaign}
    if not amount_minor:
        ChannelCost.objects.filter(**place).delete()
        return
    facts = {"amount_minor": amount_minor, "note": note, "noted_by": by, "noted_at": now}
    ChannelCost.objects.update_or_create(**place, defaults=facts)
