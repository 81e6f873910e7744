"""How a branch works its enquiries."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch
from enrolments.models import CreditField
from sales.querysets import SalesPolicyQuerySet


class SalesPolicy(models.Model):
    """Whose a new enquiry is, and what happens to one that nobody works. A trigger makes it with the branch.

    Days are full days since the enquiry was last worked: a contact, or its being given to somebody.
    """

    class OwnerRule(models.TextChoices):
        CREATOR = "creator", _("Whoever registers it")
        ROUND_ROBIN = "round_robin", _("Advisers in turn")
        NOBODY = "nobody", _("Nobody: a manager gives it out")

    branch = models.OneToOneField(
        Branch, models.CASCADE, primary_key=True, related_name="sales_policy", verbose_name=_("branch")
    )
    owner_rule = models.CharField(
        _("whose a new enquiry is"), max_length=20, choices=OwnerRule, default=OwnerRule.CREATOR
    )
    remind_owner_days = models.PositiveSmallIntegerField(
        _("remind the owner after days"), default=3, validators=[MinValueValidator(1)]
    )
    remind_manager_days = models.PositiveSmallIntegerField(
        _("tell the manager too after days"), default=5, validators=[MinValueValidator(1)]
    )
    pool_days = models.PositiveSmallIntegerField(
        _("back to the pool after days"),
        null=True,
        blank=True,
        default=7,
        validators=[MinValueValidator(1)],
        help_text=_("Empty: enquiries stay with their owner."),
    )
    pool_warning_days = models.PositiveSmallIntegerField(
        _("warn before that, days"), default=1, help_text=_("The owner sees it on the home page so many days before.")
    )
    counts_from = models.DateTimeField(
        _("days count from"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("No day before this moment counts: whoever is bound by new rules has the full time."),
    )
    claims_a_day = models.PositiveSmallIntegerField(
        _("claims a day"),
        null=True,
        blank=True,
        default=5,
        help_text=_("One person may claim so many. Empty: no limit."),
    )
    cool_down_days = models.PositiveSmallIntegerField(_("days before a former owner may claim again"), default=7)
    referral_credits = CreditField(
        pgettext_lazy("reward", "gift credits for a referral"),
        default=0,
        help_text=_("What the family that brought a child gets once that child has paid. 0: nothing."),
    )

    objects = SalesPolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("rules for enquiries")
        verbose_name_plural = _("rules for enquiries")
        ordering = ["branch__name"]
        constraints = [
            models.CheckConstraint(
                name="salespolicy_days_in_order",
                condition=Q(remind_manager_days__gte=F("remind_owner_days"))
                & (Q(pool_days__isnull=True) | Q(pool_days__gte=F("remind_manager_days"))),
                violation_error_message=_("First the owner is reminded, then the manager, then it goes to the pool."),
            )
        ]

    def __str__(self):
        return str(self.branch)
