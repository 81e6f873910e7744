"""What a family gets for bringing another one."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import User
from enrolments.models import CreditField, CreditLot
from sales.querysets import ReferralRewardQuerySet
from students.models import Enquiry


class ReferralReward(models.Model):
    """老带新奖励: what was decided about one enquiry that a family brought. What is due has no row yet: it is counted.

    So nothing has to be told when money comes in, goes back, or a policy changes.
    """

    class State(models.TextChoices):
        GIVEN = "given", pgettext_lazy("reward", "Given")
        DECLINED = "declined", pgettext_lazy("reward", "Declined")
        TAKEN_BACK = "taken_back", pgettext_lazy("reward", "Taken back")

    enquiry = models.OneToOneField(Enquiry, models.PROTECT, related_name="referral_reward", verbose_name=_("enquiry"))
    state = models.CharField(_("state"), max_length=10, choices=State)
    credits = CreditField(_("credits"), default=0)
    lot = models.OneToOneField(
        CreditLot, models.PROTECT, null=True, blank=True, related_name="referral_reward", verbose_name=_("credit lot")
    )
    at = models.DateTimeField(pgettext_lazy("reward", "at"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("reward", "by"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    taken_back_at = models.DateTimeField(_("taken back at"), null=True, blank=True)
    taken_back_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("taken back by")
    )

    objects = ReferralRewardQuerySet.as_manager()

    class Meta:
        verbose_name = _("reward for a referral")
        verbose_name_plural = _("rewards for referrals")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="referralreward_given_in_credits",
                condition=Q(state="declined", lot__isnull=True, credits=0)
                | Q(state__in=["given", "taken_back"], lot__isnull=False, credits__gt=0),
            ),
            models.CheckConstraint(
                name="referralreward_taken_back_by",
                condition=Q(state="taken_back", taken_back_at__isnull=False, taken_back_by__isnull=False)
                | (~Q(state="taken_back") & Q(taken_back_at__isnull=True, taken_back_by__isnull=True)),
            ),
        ]

    def __str__(self):
        return f"{self.enquiry} {self.get_state_display()}"
