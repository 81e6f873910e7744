"""The people who work at the school, and in which roles."""

from functools import cached_property

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models.places import Branch
from branches.querysets import MembershipQuerySet, UserQuerySet
from branches.roles import PERMISSIONS, Role
from core.clock import local_date


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
        """(branch id, role) pairs that hold today; the owner's branch id is None. One query per request."""
        return frozenset(
            (membership.branch_id, membership.role)
            for membership in self.memberships.select_related("branch")
            if membership.holds_at(timezone.now())
        )

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
    """A role at a branch, from a day until a day (both included; empty: without an end).

    A person may have several; the owner's role is for the whole school.
    """

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
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

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
            models.CheckConstraint(
                name="membership_days_in_order",
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
                violation_error_message=_("The last day lies before the first."),
            ),
        ]

    def __str__(self):
        return f"{self.branch or ''} {self.get_role_display()}".strip()

    def holds_at(self, now):
        """Days are those of the branch's wall clock; the owner's are those of the school."""
        time_zone = self.branch.time_zone if self.branch else timezone.get_default_timezone_name()
        return self.holds_on(local_date(now, time_zone))

    def holds_on(self, day):
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )
