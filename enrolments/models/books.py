"""Until when a branch's books are closed."""

import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from branches.models import Branch
from core.clock import local_date


class Books(models.Model):
    """The books of a branch: a trigger opens them with it (enrolments.guards)."""

    branch = models.OneToOneField(
        Branch, models.CASCADE, primary_key=True, related_name="books", verbose_name=_("branch")
    )
    closed_until = models.DateField(_("closed until"), null=True, blank=True)

    class Meta:
        verbose_name = _("books")
        verbose_name_plural = _("books")

    def __str__(self):
        return str(self.branch)

    def booked_on(self, at):
        """`booked_date` of a moment: its day is the branch's."""
        return self.booked_date(local_date(at, self.branch.time_zone))

    def booked_date(self, day):
        """The day on which the books count what happens on a local day: itself, or the first that is still open."""
        if self.closed_until is None or day > self.closed_until:
            return day
        return self.closed_until + datetime.timedelta(days=1)
