"""When a branch tells families that credits run low, and what each of its reminders spoke of."""

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from enrolments.models import CreditField, Enrolment
from messaging.models import OutboundMessage
from parents.models import Guardian
from renewals.querysets import BulkReminderQuerySet, ReminderLineQuerySet, ReminderPolicyQuerySet


class ReminderPolicy(models.Model):
    """How often a branch tells families. A trigger makes it with the branch (renewals.guards)."""

    branch = models.OneToOneField(
        Branch, models.CASCADE, primary_key=True, related_name="reminder_policy", verbose_name=_("branch")
    )
    most = models.PositiveSmallIntegerField(
        _("reminders at most"),
        default=4,
        validators=[MinValueValidator(1)],
        help_text=_("So many to a guardian about one course, until the family buys again."),
    )
    days_between = models.PositiveSmallIntegerField(
        _("days between two reminders"),
        default=5,
        validators=[MinValueValidator(1)],
        help_text=_("About one course; a step that is reached sooner waits."),
    )
    desk_limit = models.PositiveSmallIntegerField(
        _("reminders in one go without the manager"),
        default=100,
        help_text=_("Up to so many SMS at once the front desk sends by itself; above it the manager does."),
    )
    planned_date = models.DateField(null=True, blank=True, editable=False)  # the local day that was planned last

    objects = ReminderPolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("renewal reminders of a branch")
        verbose_name_plural = _("renewal reminders of the branches")
        ordering = ["branch__name"]
        constraints = [
            models.CheckConstraint(name="reminderpolicy_at_least_one", condition=Q(most__gte=1)),
            models.CheckConstraint(name="reminderpolicy_not_twice_a_day", condition=Q(days_between__gte=1)),
        ]

    def __str__(self):
        return str(self.branch)


class ReminderStep(models.Model):
    """A family is told when so many credits are left, or when they run out or expire within so many days."""

    class Kind(models.TextChoices):
        CREDITS = "credits", _("credits left")
        DAYS = "days", _("days until they run out or expire")

    policy = models.ForeignKey(
        ReminderPolicy, models.CASCADE, related_name="steps", verbose_name=_("renewal reminders of a branch")
    )
    kind = models.CharField(pgettext_lazy("reminder", "counted in"), max_length=10, choices=Kind)
    value = CreditField(pgettext_lazy("reminder", "at"), max_digits=4)

    class Meta:
        verbose_name = _("step of the reminders")
        verbose_name_plural = _("steps of the reminders")
        ordering = ["kind", "-value"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "kind", "value"],
                name="reminderstep_once",
                violation_error_message=_("This step is there already."),
            ),
            models.CheckConstraint(name="reminderstep_value", condition=Q(value__gte=0)),
        ]

    def __str__(self):
        return f"{self.value} {self.get_kind_display()}"

    def clean(self):
        if self.kind == self.Kind.DAYS and self.value is not None and self.value != self.value.to_integral_value():
            raise ValidationError({"value": _("Days are whole numbers.")})


class BulkReminder(models.Model):
    """Somebody reminded many families of a branch at once: how many, at which estimated cost. Never changed."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="bulk_reminders", verbose_name=_("branch"))
    token = models.CharField(_("token"), max_length=64)  # of the form: a double click sends once
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("recorded by"))
    at = models.DateTimeField(_("recorded at"))
    message_count = models.PositiveIntegerField(_("messages"))
    part_count = models.PositiveIntegerField(_("SMS parts"))
    cost_minor = models.PositiveIntegerField(_("estimated cost"))

    objects = BulkReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("bulk reminder")
        verbose_name_plural = _("bulk reminders")
        ordering = ["-at"]
        constraints = [models.UniqueConstraint(fields=["token", "branch"], name="bulkreminder_once")]

    def __str__(self):
        return f"{self.branch} {self.at:%Y-%m-%d}"


class ReminderLine(models.Model):
    """What one reminder says about one enrolment. A message has as many as the guardian has children and courses in it.

    `lot_number` names the low period: the newest lot when it was planned, 0 without one. The steps are the most
    urgent ones that were reached then; with them the less urgent ones are told too.
    """

    message = models.ForeignKey(
        OutboundMessage, models.PROTECT, related_name="reminder_lines", verbose_name=_("message")
    )
    enrolment = models.ForeignKey(Enrolment, models.PROTECT, related_name="reminder_lines", verbose_name=_("enrolment"))
    guardian = models.ForeignKey(Guardian, models.PROTECT, related_name="reminder_lines", verbose_name=_("guardian"))
    lot_number = models.BigIntegerField()
    credits_step = CreditField(null=True, blank=True)
    days_step = CreditField(null=True, blank=True)
    bulk = models.ForeignKey(
        BulkReminder, models.PROTECT, null=True, blank=True, related_name="lines", verbose_name=_("bulk reminder")
    )  # empty: the cadence told it
    was_dropped = models.BooleanField(default=False)  # it was true no more when the words were found

    objects = ReminderLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("line of a reminder")
        verbose_name_plural = _("lines of reminders")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["message", "enrolment"], name="reminderline_once")]

    def __str__(self):
        return f"{self.message} {self.enrolment}"
