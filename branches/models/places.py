"""The school's places, and what each of them has decided for itself."""

import datetime
from decimal import Decimal
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.querysets import BranchQuerySet, BranchScopedQuerySet


def validate_time_zone(name):
    if name not in available_timezones():
        raise ValidationError(_("“%(name)s” is no time zone; write it like Asia/Shanghai."), params={"name": name})


def times_of(text):
    """The times of day of a text like "08:30, 16:00"; raises ValueError."""
    return sorted(
        {datetime.time.fromisoformat(part.strip()) for part in text.replace("，", ",").split(",")} if text else []
    )


def validate_times(text):
    try:
        times_of(text)
    except ValueError as error:
        raise ValidationError(_("Write the times like 08:30, 16:00.")) from error


class Branch(models.Model):
    """校区. Its policies are data: every branch may have its own."""

    class ConsumptionOrder(models.TextChoices):
        PAID_FIRST = "paid_first", _("Earliest expiry, then paid before gift, then oldest")
        GIFT_FIRST = "gift_first", _("Earliest expiry, then gift before paid, then oldest")

    class RevenueMethod(models.TextChoices):
        """How the price of a package is spread over its lessons (DOMAIN 2.1, rule 8)."""

        BLENDED = "blended", _("Over paid and gift lessons")
        PAID_ONLY = "paid_only", _("Over paid lessons only")

    class RulePack(models.TextChoices):
        """Which rules lessons and charges are checked against: scheduling/rule_packs and enrolments/rule_packs."""

        GENERAL = "general", _("The school's own rules only")
        NATIONAL = "national", _("China")
        LIAONING = "liaoning", _("China, Liaoning")

    name = models.CharField(_("name"), max_length=50, unique=True)
    code = models.SlugField(_("code"), max_length=20, unique=True)
    color = models.CharField(
        _("colour"),
        max_length=7,
        default="#2563eb",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}$", _("A colour is written like #2563eb."))],
    )
    time_zone = models.CharField(
        _("time zone"), max_length=50, default="Asia/Shanghai", validators=[validate_time_zone]
    )
    phone = models.CharField(pgettext_lazy("branch", "phone"), max_length=20, blank=True)
    address = models.CharField(_("address"), max_length=200, blank=True)

    sms_signature = models.CharField(
        _("SMS signature"),
        max_length=12,
        default="轻校",
        validators=[RegexValidator(r"^[^【】]+$", _("Write the signature without 【】."))],
        help_text=_("Without 【】; it stands before every message."),
    )
    quiet_from = models.TimeField(_("quiet from"), default=datetime.time(21))
    quiet_until = models.TimeField(_("quiet until"), default=datetime.time(8))
    sms_part_price_fen = models.DecimalField(
        _("price of an SMS part, in fen"),
        max_digits=6,
        decimal_places=2,
        default=Decimal(6),
        validators=[MinValueValidator(Decimal(0))],
        help_text=_("What the provider charges for 67 Chinese characters, to show the cost beforehand. 5.5 is ¥0.055."),
    )
    most_service_a_day = models.PositiveSmallIntegerField(
        _("service messages a day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("At most so many to one number; what comes on top waits for the next day. Empty: no limit."),
    )
    most_offers_a_week = models.PositiveSmallIntegerField(
        _("offers a week"),
        null=True,
        blank=True,
        default=1,
        help_text=_("At most so many to one number in seven days; what comes on top is not sent. Empty: no limit."),
    )
    digest_times = models.CharField(
        _("to-do numbers for the staff at"),
        max_length=60,
        default="08:30",
        blank=True,
        validators=[validate_times],
        help_text=_("Sent to the group of the staff, if it has a robot: 08:30, 16:00. Empty: never."),
    )
    class_reminder_on = models.BooleanField(_("class reminders"), default=True)
    class_reminder_at = models.TimeField(
        _("class reminder at"), default=datetime.time(18), help_text=_("On the day before the class.")
    )
    renewal_reminder_on = models.BooleanField(_("renewal reminders"), default=True)
    renewal_threshold = models.DecimalField(
        _("renewal threshold"),
        max_digits=5,
        decimal_places=1,
        default=Decimal(3),
        help_text=_("A renewal is due when so many credits are left, or fewer."),
    )
    renewal_days = models.PositiveSmallIntegerField(
        _("renewal days"), default=14, help_text=_("A renewal is due when the credits run out within so many days.")
    )
    renewal_reminder_at = models.TimeField(_("renewal reminder at"), default=datetime.time(10))

    consumption_order = models.CharField(
        _("order of consumption"),
        max_length=20,
        choices=ConsumptionOrder,
        default=ConsumptionOrder.PAID_FIRST,
    )
    revenue_method = models.CharField(
        _("recognised revenue"), max_length=20, choices=RevenueMethod, default=RevenueMethod.BLENDED
    )
    may_owe = models.BooleanField(
        _("teach past zero"),
        default=True,
        help_text=_("A child without credits may attend; the credits are owed until the next purchase."),
    )
    absent_takes_credit = models.BooleanField(_("absence takes a credit"), default=True)
    leave_takes_credit = models.BooleanField(_("leave takes a credit"), default=False)

    rule_pack = models.CharField(
        _("rules for lessons and charges"), max_length=20, choices=RulePack, default=RulePack.LIAONING
    )
    school_from = models.TimeField(
        _("school begins"),
        null=True,
        blank=True,
        help_text=_("When the children's schools teach. A lesson in these hours on a school day shows a warning."),
    )
    school_until = models.TimeField(_("school ends"), null=True, blank=True)

    discount_limit_percent = models.PositiveSmallIntegerField(
        _("discounts without the manager"),
        default=10,
        validators=[MaxValueValidator(100)],
        help_text=_("Up to so many per cent of the price the desk decides; above it the manager does."),
    )
    refund_limit_minor = models.PositiveIntegerField(
        _("refunds without a second person"),
        default=0,
        help_text=_("Up to this amount nobody else has to approve. 0: somebody else always does."),
    )
    refund_manager_limit_minor = models.PositiveIntegerField(
        _("refunds approved by the manager"),
        default=10_000_00,
        help_text=_("Up to this amount the manager approves, above it the owner."),
    )
    refund_full_days = models.PositiveSmallIntegerField(
        _("days for a full refund"),
        null=True,
        blank=True,
        help_text=_("As the contract says: until so many days after the first lesson day everything is paid back."),
    )

    objects = BranchQuerySet.as_manager()

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="branch_renewal_threshold_not_negative", condition=Q(renewal_threshold__gte=0)),
            models.CheckConstraint(name="branch_sms_price", condition=Q(sms_part_price_fen__gte=0)),
            models.CheckConstraint(
                name="branch_school_hours",
                condition=Q(school_from__isnull=True, school_until__isnull=True)
                | Q(school_from__isnull=False, school_until__isnull=False, school_until__gt=F("school_from")),
                violation_error_message=_("Write when school begins and when it ends, or neither."),
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def branch_id(self):
        """A branch belongs to itself, for permissions."""
        return self.pk


class Room(models.Model):
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="rooms", verbose_name=_("branch"))
    name = models.CharField(_("name"), max_length=50)
    capacity = models.PositiveSmallIntegerField(_("capacity"), default=15)
    area_m2 = models.DecimalField(
        _("area in m²"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Every child needs 3 m² by law. Empty: not checked."),
    )

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        ordering = ["branch", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "name"],
                name="room_name_in_branch",
                violation_error_message=_("This branch has a room of this name already."),
            ),
            models.CheckConstraint(name="room_has_seats", condition=Q(capacity__gt=0)),
            models.CheckConstraint(name="room_has_area", condition=Q(area_m2__isnull=True) | Q(area_m2__gt=0)),
        ]

    def __str__(self):
        return self.name
