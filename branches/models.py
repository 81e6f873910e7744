"""The school's places and the people who work there."""

import datetime
from decimal import Decimal
from functools import cached_property
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractUser, UserManager
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.querysets import BranchQuerySet, BranchScopedQuerySet, MembershipQuerySet, UserQuerySet
from branches.roles import PERMISSIONS, Role


def validate_time_zone(name):
    if name not in available_timezones():
        raise ValidationError(_("“%(name)s” is no time zone; write it like Asia/Shanghai."), params={"name": name})


class Branch(models.Model):
    """校区. Its policies are data: every branch may have its own."""

    class ConsumptionOrder(models.TextChoices):
        PAID_FIRST = "paid_first", _("Earliest expiry, then paid before gift, then oldest")
        GIFT_FIRST = "gift_first", _("Earliest expiry, then gift before paid, then oldest")

    class RevenueMethod(models.TextChoices):
        """How the price of a package is spread over its lessons (DOMAIN 2.1, rule 8)."""

        BLENDED = "blended", _("Over paid and gift lessons")
        PAID_ONLY = "paid_only", _("Over paid lessons only")

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
        help_text=_("Remind when so many credits are left, or fewer."),
    )
    renewal_days = models.PositiveSmallIntegerField(
        _("renewal days"), default=14, help_text=_("Remind when the credits run out within so many days.")
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

    objects = BranchQuerySet.as_manager()

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(name="branch_renewal_threshold_not_negative", condition=Q(renewal_threshold__gte=0)),
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
        ]

    def __str__(self):
        return self.name


class ClosedDay(models.Model):
    """A day without lessons at a branch: a public holiday, a school break."""

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="closed_days", verbose_name=_("branch"))
    day = models.DateField(pgettext_lazy("calendar", "day"))
    reason = models.CharField(_("reason"), max_length=100)

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "day"],
                name="closedday_once",
                violation_error_message=_("This day is closed already."),
            )
        ]

    def __str__(self):
        return f"{self.day:%Y-%m-%d} {self.reason}"


class StaffManager(UserManager.from_queryset(UserQuerySet)):
    """Keeps create_user and adds the reading vocabulary of UserQuerySet."""


class User(AbstractUser):
    """A staff account. Signs in with the mobile number (`username`); what it may do is in its memberships."""

    first_name = None
    last_name = None
    name = models.CharField(pgettext_lazy("person", "name"), max_length=50)
    phone = models.CharField(_("phone"), max_length=20, blank=True, help_text=_("With country code: +86…"))
    is_staff = models.BooleanField(_("may sign in to the staff pages"), default=True)

    REQUIRED_FIELDS = ["name"]
    objects = StaffManager()

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")
        ordering = ["name"]

    def __str__(self):
        return self.name or self.username

    def get_full_name(self):
        return str(self)

    get_short_name = get_full_name

    @cached_property
    def roles(self):
        """(branch id, role) pairs; the owner's branch id is None. One query per request."""
        return frozenset(self.memberships.values_list("branch_id", "role"))

    @property
    def is_owner(self):
        return self.is_superuser or (None, Role.OWNER) in self.roles

    def branch_ids_with(self, permission):
        """The ids of the branches where a role grants `permission`; None means all of them."""
        if not self.is_active:
            return set()
        if self.is_superuser:
            return None
        granting = {branch for branch, role in self.roles if permission in PERMISSIONS[role]}
        return None if None in granting else granting

    def branches_with(self, permission):
        """The branches where a role grants `permission`."""
        branch_ids = self.branch_ids_with(permission)
        return Branch.objects.all() if branch_ids is None else Branch.objects.filter(pk__in=branch_ids)


class Membership(models.Model):
    """A role at a branch. A person may have several; the owner's role is for the whole school."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("staff member"))
    branch = models.ForeignKey(
        Branch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="memberships",
        verbose_name=_("branch"),
        help_text=_("Empty for the owner only."),
    )
    role = models.CharField(_("role"), max_length=20, choices=Role)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ["branch", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "branch", "role"],
                name="membership_once",
                violation_error_message=_("This person has this role at this branch already."),
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(branch__isnull=True),
                name="membership_owner_once",
                violation_error_message=_("This person is an owner already."),
            ),
            models.CheckConstraint(
                name="membership_branch_unless_owner",
                condition=Q(role=Role.OWNER, branch__isnull=True) | (~Q(role=Role.OWNER) & Q(branch__isnull=False)),
                violation_error_message=_("The owner has no branch; every other role needs one."),
            ),
        ]

    def __str__(self):
        return f"{self.branch or ''} {self.get_role_display()}".strip()
