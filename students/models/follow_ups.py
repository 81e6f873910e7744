"""What was said with a family, and what was kept of it."""

from secrets import token_hex

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from students.models.enquiries import Enquiry
from students.models.people import Student
from students.querysets import FollowUpFileQuerySet, FollowUpQuerySet


class FollowUp(models.Model):
    """跟进: one contact that took place, never edited. What is planned stands on the enquiry, not here.

    Of an enquiry, or of a student; at sign-up the enquiry leads to its student, so nothing is copied.
    """

    class Way(models.TextChoices):
        CALL = "call", pgettext_lazy("follow-up", "Phone call")
        CHAT = "chat", pgettext_lazy("follow-up", "WeChat")
        VISIT = "visit", pgettext_lazy("follow-up", "Visit")
        OTHER = "other", pgettext_lazy("follow-up", "Another way")

    class Outcome(models.TextChoices):
        INTERESTED = "interested", pgettext_lazy("follow-up", "Interested")
        THINKING = "thinking", pgettext_lazy("follow-up", "Thinking it over")
        CALL_LATER = "call_later", pgettext_lazy("follow-up", "To be called later")
        NO_ANSWER = "no_answer", pgettext_lazy("follow-up", "Not reached")
        NOT_INTERESTED = "not_interested", pgettext_lazy("follow-up", "Not interested")

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="follow_ups", verbose_name=_("branch"))
    enquiry = models.ForeignKey(
        Enquiry, models.PROTECT, null=True, blank=True, related_name="follow_ups", verbose_name=_("enquiry")
    )
    student = models.ForeignKey(
        Student, models.PROTECT, null=True, blank=True, related_name="follow_ups", verbose_name=_("student")
    )
    way = models.CharField(pgettext_lazy("follow-up", "way"), max_length=10, choices=Way, default=Way.CALL)
    outcome = models.CharField(_("outcome"), max_length=20, choices=Outcome)
    text = models.CharField(_("what was said"), max_length=1000, blank=True)
    at = models.DateTimeField(pgettext_lazy("follow-up", "at"))
    by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=pgettext_lazy("follow-up", "by"))
    next_at = models.DateTimeField(_("next follow-up"), null=True, blank=True)
    token = models.CharField(max_length=64, unique=True, editable=False)  # a double click counts once

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["branch", "at"], name="followup_branch_at")]
        constraints = [
            models.CheckConstraint(
                name="followup_of_one",
                condition=Q(enquiry__isnull=False, student__isnull=True)
                | Q(enquiry__isnull=True, student__isnull=False),
            )
        ]

    def __str__(self):
        return f"{self.enquiry or self.student} {self.get_outcome_display()}"

    @property
    def is_contact(self):
        """Somebody was reached; an attempt alone does not count as talking."""
        return self.outcome != self.Outcome.NO_ANSWER


def _stored_name(_file, _filename):
    """Nothing of the family, nor of the name that the file had, is in the name it is kept under."""
    name = token_hex(16)
    return f"follow_ups/{name[:2]}/{name}"


class FollowUpFile(models.Model):
    """A photo, a paper or a voice note of a contact. Served by a page that asks who may see the enquiry."""

    class Kind(models.TextChoices):
        PHOTO = "photo", pgettext_lazy("follow-up", "Photo")
        PAPER = "paper", pgettext_lazy("follow-up", "File")
        VOICE = "voice", pgettext_lazy("follow-up", "Voice note")

    EXTENSIONS = {
        "image/jpeg": "jpg",
        "application/pdf": "pdf",
        "audio/webm": "webm",
        "audio/ogg": "ogg",
        "audio/mp4": "m4a",
    }

    follow_up = models.ForeignKey(FollowUp, models.PROTECT, related_name="files", verbose_name=_("follow-up"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    content_type = models.CharField(max_length=50)  # as its content shows, not as the sender said
    size = models.PositiveIntegerField(_("size"))  # bytes
    seconds = models.PositiveSmallIntegerField(_("length"), null=True, blank=True)
    file = models.FileField(_("file"), upload_to=_stored_name)

    objects = FollowUpFileQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of a follow-up")
        verbose_name_plural = _("files of follow-ups")
        ordering = ["pk"]

    def __str__(self):
        return self.get_kind_display()

    @property
    def length_text(self):
        """0:07; empty where it is not known."""
        return f"{self.seconds // 60}:{self.seconds % 60:02d}" if self.seconds else ""

    @property
    def name(self):
        """As whoever saves it finds it: "voice-12.webm" says nothing of the family."""
        return f"{self.kind}-{self.pk}.{self.EXTENSIONS[self.content_type]}"
