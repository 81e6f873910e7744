"""Two enquiries that turned out to be one, and how it was before."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import User
from sales.querysets import EnquiryMergeQuerySet
from students.models import Enquiry


class EnquiryMerge(models.Model):
    """合并: `merged` became part of `kept`. Its rows of history stay with it; what `kept` had stands here.

    `before` and `after` hold the fields of `kept` that changed, as text that JSON knows. `trials` holds the trials
    that went over, {id: status}, and `given_back` those of a lesson in which both had a seat.
    """

    kept = models.ForeignKey(Enquiry, models.PROTECT, related_name="merges", verbose_name=_("kept"))
    merged = models.ForeignKey(
        Enquiry, models.PROTECT, related_name="own_merges", verbose_name=pgettext_lazy("enquiry", "merged")
    )
    at = models.DateTimeField(pgettext_lazy("enquiry", "at"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("enquiry", "by"))
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    trials = models.JSONField(default=dict)
    given_back = models.JSONField(default=list)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("undone by")
    )

    objects = EnquiryMergeQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge of enquiries")
        verbose_name_plural = _("merges of enquiries")
        ordering = ["-at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["merged"], condition=Q(undone_at__isnull=True), name="enquirymerge_once"),
            models.CheckConstraint(name="enquirymerge_of_two", condition=~Q(kept=F("merged"))),
            models.CheckConstraint(
                name="enquirymerge_undone_by",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.merged} → {self.kept}"
