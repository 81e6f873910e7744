"""What the school does to be asked, and what it pays for that."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from sales.ways_in_sets import CampaignQuerySet, ChannelCostQuerySet
from students.models import Channel


class Campaign(models.Model):
    """招生活动: an action on a channel for some days, of one branch or of the whole school."""

    name = models.CharField(pgettext_lazy("thing", "name"), max_length=50)
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="campaigns", verbose_name=_("channel"))
    branch = models.ForeignKey(
        Branch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="campaigns",
        verbose_name=_("branch"),
        help_text=_("Empty: of the whole school."),
    )
    first_date = models.DateField(pgettext_lazy("sales", "first day"))
    last_date = models.DateField(pgettext_lazy("sales", "last day"))

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("sales", "campaign")
        verbose_name_plural = pgettext_lazy("sales", "campaigns")
        ordering = ["-first_date", "name"]
        constraints = [
            models.CheckConstraint(
                name="campaign_days_in_order",
                condition=Q(last_date__gte=F("first_date")),
                violation_error_message=_("The last day lies before the first."),
            ),
            models.UniqueConstraint(
                fields=["branch", "name"],
                name="campaign_name_in_branch",
                violation_error_message=_("This branch has a campaign of this name already."),
            ),
            models.UniqueConstraint(
                fields=["name"],
                condition=Q(branch__isnull=True),
                name="campaign_name_in_school",
                violation_error_message=_("The school has a campaign of this name already."),
            ),
        ]

    def __str__(self):
        return self.name


class ChannelCost(models.Model):
    """What a branch spent on a channel in a month, in fen: for a campaign, or besides all campaigns (empty)."""

    channel = models.ForeignKey(Channel, models.PROTECT, related_name="costs", verbose_name=_("channel"))
    campaign = models.ForeignKey(
        Campaign,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="costs",
        verbose_name=pgettext_lazy("sales", "campaign"),
    )
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="channel_costs", verbose_name=_("branch"))
    month = models.DateField(_("month"), help_text=_("Its first day."))
    amount_minor = models.PositiveBigIntegerField(_("amount"))
    note = models.CharField(_("note"), max_length=100, blank=True)
    noted_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("noted by"))
    noted_at = models.DateTimeField(_("noted at"))

    objects = ChannelCostQuerySet.as_manager()

    class Meta:
        verbose_name = _("cost of a channel")
        verbose_name_plural = _("costs of channels")
        ordering = ["-month", "channel__position"]
        constraints = [
            models.CheckConstraint(name="channelcost_positive", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(name="channelcost_first_of_month", condition=Q(month__day=1)),
            models.UniqueConstraint(
                fields=["branch", "channel", "month"],
                condition=Q(campaign__isnull=True),
                name="channelcost_once_a_month",
            ),
            models.UniqueConstraint(
                fields=["branch", "channel", "campaign", "month"], name="channelcost_of_campaign_once_a_month"
            ),
        ]

    def __str__(self):
        return f"{self.branch} {self.campaign or self.channel} {self.month:%Y-%m}"
