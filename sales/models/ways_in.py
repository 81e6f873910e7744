"""The ways in which enquiries come without the desk, and what came in by them."""

from hashlib import sha256

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from sales.models.campaigns import Campaign
from sales.ways_in_sets import EnquiryFormQuerySet, EnquirySourceQuerySet, EnquirySubmissionQuerySet
from students.models import Channel, Enquiry


class ConsentText(models.Model):
    """What a family reads before it agrees (PIPL 17, 30, 31). Never edited: another wording is another version."""

    text = models.CharField(pgettext_lazy("enquiry form", "consent"), max_length=1000)
    text_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("written by"))
    made_at = models.DateTimeField(_("written at"))

    class Meta:
        verbose_name = _("text of consent")
        verbose_name_plural = _("texts of consent")
        ordering = ["-pk"]

    def __str__(self):
        return self.version

    @property
    def version(self):
        return f"v{self.pk}"

    @staticmethod
    def hash_of(text):
        return sha256(text.encode()).hexdigest()


class EnquiryForm(models.Model):
    """A public form of a branch, behind a short link; the channel is that of the poster on which the link stands."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="enquiry_forms", verbose_name=_("branch"))
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="enquiry_forms", verbose_name=_("channel"))
    campaign = models.ForeignKey(
        Campaign,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="enquiry_forms",
        verbose_name=pgettext_lazy("sales", "campaign"),
    )
    code = models.SlugField(_("code"), max_length=16, unique=True, editable=False)
    headline = models.CharField(pgettext_lazy("enquiry form", "headline"), max_length=40)
    consent_text = models.ForeignKey(
        ConsentText, models.PROTECT, related_name="forms", verbose_name=_("text of consent")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made at"))
    token = models.CharField(max_length=64, unique=True, editable=False)  # a double click

    objects = EnquiryFormQuerySet.as_manager()

    class Meta:
        verbose_name = _("enquiry form")
        verbose_name_plural = _("enquiry forms")
        ordering = ["-is_active", "-made_at", "-pk"]

    def __str__(self):
        return self.headline


class EnquirySource(models.Model):
    """An outside system that may post enquiries. Of its token only the hash is kept."""

    name = models.CharField(pgettext_lazy("thing", "name"), max_length=50)
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="enquiry_sources", verbose_name=_("channel"))
    branch = models.ForeignKey(
        Branch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="enquiry_sources",
        verbose_name=_("branch"),
        help_text=_("Empty: of the whole school; each enquiry then names its branch."),
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("made by"))
    made_at = models.DateTimeField(_("made at"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects = EnquirySourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("source of enquiries")
        verbose_name_plural = _("sources of enquiries")
        ordering = ["-made_at", "-pk"]

    def __str__(self):
        return self.name


class EnquirySubmission(models.Model):
    """What came in by a form or from another system, with the consent given there. Never edited: it is the proof.

    Who agreed is the guardian with the enquiry's phone; how, is the form or the system; when, `consent_at`.
    """

    form = models.ForeignKey(EnquiryForm, models.PROTECT, null=True, related_name="submissions")
    source = models.ForeignKey(EnquirySource, models.PROTECT, null=True, related_name="submissions")
    external_id = models.CharField(max_length=64)  # the sender's own, or the form's hidden token
    content_hash = models.CharField(max_length=64)  # of what was sent: the same id again must say the same
    received_at = models.DateTimeField(pgettext_lazy("enquiry", "received at"))
    consent_version = models.CharField(max_length=50)
    consent_at = models.DateTimeField(null=True)
    consent_text = models.ForeignKey(ConsentText, models.PROTECT, null=True, related_name="submissions")
    campaign = models.ForeignKey(Campaign, models.PROTECT, null=True, related_name="submissions")
    enquiry = models.ForeignKey(Enquiry, models.PROTECT, related_name="submissions")
    is_duplicate = models.BooleanField(pgettext_lazy("enquiry", "known already"), default=False)

    objects = EnquirySubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("enquiry that came in")
        verbose_name_plural = _("enquiries that came in")
        ordering = ["-received_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="enquirysubmission_one_way_in",
                condition=Q(form__isnull=False, source__isnull=True) | Q(form__isnull=True, source__isnull=False),
            ),
            models.CheckConstraint(
                name="enquirysubmission_has_consent",
                condition=Q(consent_at__isnull=False)
                & ~Q(consent_version="")
                & (Q(form__isnull=True) | Q(consent_text__isnull=False)),
            ),
            models.UniqueConstraint(fields=["source", "external_id"], name="enquirysubmission_once_by_source"),
            models.UniqueConstraint(fields=["form", "external_id"], name="enquirysubmission_once_by_form"),
        ]

    def __str__(self):
        return f"{self.form or self.source} {self.received_at:%Y-%m-%d %H:%M}"


class RequestCount(models.Model):
    """How many requests came in a window of time: by address, form or source. `key` is a hash, no address.

    In the database, so that all processes and hosts count together.
    """

    key = models.CharField(max_length=64)
    window_starts_at = models.DateTimeField(db_index=True)
    number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("count of requests")
        verbose_name_plural = _("counts of requests")
        constraints = [
            models.UniqueConstraint(fields=["key", "window_starts_at"], name="requestcount_once_a_window"),
        ]

    def __str__(self):
        return f"{self.key[:8]} {self.number}"
