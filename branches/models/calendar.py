"""The days on which a branch, or the schools near it, do not follow the week."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models.places import Branch
from branches.querysets import BranchScopedQuerySet, CalendarDayQuerySet


class Weekday(models.IntegerChoices):
    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class CalendarDay(models.Model):
    """A day on which a branch does not follow its weekly timetable.

    What somebody wrote (`own`) stands before the public holidays, which are filled in and brought up to date
    (services.fill_public_holidays). `is_provisional`: the government has not published that year yet.
    """

    class Kind(models.TextChoices):
        CLOSED = "closed", pgettext_lazy("calendar day", "Closed")
        OPEN = "open", pgettext_lazy("calendar day", "Open on a public holiday")
        RUNS_WEEKDAY = "runs_weekday", pgettext_lazy("calendar day", "Another weekday's timetable")

    class Source(models.TextChoices):
        OWN = "own", pgettext_lazy("calendar day", "Our own")
        PUBLIC = "public", pgettext_lazy("calendar day", "Public holiday")

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="calendar_days", verbose_name=_("branch"))
    day = models.DateField(pgettext_lazy("calendar", "day"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.CLOSED)
    runs_weekday = models.PositiveSmallIntegerField(_("runs the timetable of"), choices=Weekday, null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=100)
    source = models.CharField(_("source"), max_length=10, choices=Source, default=Source.OWN, editable=False)
    is_provisional = models.BooleanField(_("provisional"), default=False, editable=False)

    objects = CalendarDayQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "day"],
                name="calendarday_once",
                violation_error_message=_("This day is in the calendar already."),
            ),
            models.CheckConstraint(
                name="calendarday_weekday_if_it_runs_one",
                condition=Q(kind="runs_weekday", runs_weekday__isnull=False, runs_weekday__lte=6)
                | (~Q(kind="runs_weekday") & Q(runs_weekday__isnull=True)),
                violation_error_message=_("Say which weekday's timetable runs on this day."),
            ),
            models.CheckConstraint(
                name="calendarday_own_is_certain", condition=Q(source="public") | Q(is_provisional=False)
            ),
        ]

    def __str__(self):
        return f"{self.day:%Y-%m-%d} {self.reason}"


class SchoolBreak(models.Model):
    """Holidays of the children's schools near a branch: local, both ends included. Lessons go on unless closed."""

    branch = models.ForeignKey(Branch, models.CASCADE, related_name="school_breaks", verbose_name=_("branch"))
    name = models.CharField(_("name"), max_length=50)
    first_date = models.DateField(_("first day"))
    last_date = models.DateField(_("last day"))

    objects = BranchScopedQuerySet.as_manager()

    class Meta:
        verbose_name = _("school break")
        verbose_name_plural = _("school breaks")
        ordering = ["first_date"]
        constraints = [
            models.CheckConstraint(
                name="schoolbreak_in_order",
                condition=Q(last_date__gte=F("first_date")),
                violation_error_message=_("The last day lies before the first."),
            )
        ]

    def __str__(self):
        return f"{self.name} {self.first_date:%Y-%m-%d}"
