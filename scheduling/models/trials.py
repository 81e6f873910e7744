"""A trial lesson: a seat for somebody who asked, in a lesson of a class. It never takes credits."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import User
from scheduling.models.lessons import Lesson
from scheduling.querysets import TrialBookingQuerySet
from students.models import Enquiry


class TrialBooking(models.Model):
    class Status(models.TextChoices):
        BOOKED = "booked", pgettext_lazy("trial", "Booked")
        CAME = "came", pgettext_lazy("trial", "Came")
        NO_SHOW = "no_show", pgettext_lazy("trial", "Did not come")
        CANCELLED = "cancelled", pgettext_lazy("trial", "Cancelled")

    lesson = models.ForeignKey(Lesson, models.PROTECT, related_name="trials", verbose_name=_("lesson"))
    enquiry = models.ForeignKey(Enquiry, models.PROTECT, related_name="trials", verbose_name=_("enquiry"))
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.BOOKED)
    note = models.CharField(_("note"), max_length=200, blank=True)
    booked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("booked by"))
    booked_at = models.DateTimeField(_("booked at"))

    objects = TrialBookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("trial")
        verbose_name_plural = _("trials")
        ordering = ["lesson", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["lesson", "enquiry"],
                condition=~Q(status="cancelled"),
                name="trialbooking_once",
                violation_error_message=_("The child has a trial in this lesson already."),
            )
        ]

    def __str__(self):
        return f"{self.enquiry} {self.lesson}"
