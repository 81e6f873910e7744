"""What a branch may have spent in a month, line by line: its channels, and the campaigns on them."""

from dataclasses import dataclass

from core.clock import last_day_of
from sales.models import Campaign, ChannelCost
from students.models import Channel


@dataclass(frozen=True)
class CostLine:
    channel: Channel
    campaign: Campaign | None = None
    amount_minor: int = 0
    note: str = ""

    def __str__(self):
        return f"{self.channel} · {self.campaign}" if self.campaign else str(self.channel)

    @property
    def key(self):
        return f"campaign-{self.campaign.pk}" if self.campaign else f"channel-{self.channel.pk}"


def cost_lines(branch, month):
    """The channels in use, those with a cost, and the campaigns that ran in the month (its first day)."""
    costs = ChannelCost.objects.filter(branch=branch, month=month)
    known = {(cost.channel_id, cost.campaign_id): (cost.amount_minor, cost.note) for cost in costs}
    campaigns = Campaign.objects.at(branch).select_related("channel").order_by("name")
    campaigns = campaigns.running_in(month, last_day_of(month)) | campaigns.filter(costs__in=costs)
    lines = []
    for channel in Channel.objects.order_by("position", "name"):
        if channel.is_active or any(key[0] == channel.pk for key in known):
            lines.append(CostLine(channel, None, *known.get((channel.pk, None), ())))
        lines += [
            CostLine(channel, campaign, *known.get((channel.pk, campaign.pk), ()))
            for campaign in campaigns.distinct()
            if campaign.channel_id == channel.pk
        ]
    return lines
