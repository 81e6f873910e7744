"""Those who asked: where they stand, whose they are, and how they came to stand there."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Right
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from core.names import initials
from courses.models import Course
from courses.querysets import SchoolWideQuerySet
from students.models.people import Student
from students.querysets import EnquiryChangeQuerySet, EnquiryQuerySet


class Channel(models.Model):
    """渠道: the way on which families come to ask."""

    name = models.CharField(pgettext_lazy("thing", "name"), max_length=30, unique=True)
    is_referral = models.BooleanField(
        _("by a family of the school"), default=False, help_text=_("The form then asks which child brought them.")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=100)

    objects = SchoolWideQuerySet.as_manager()

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        ordering = ["position", "name"]

    def __str__(self):
        return self.name


class Enquiry(models.Model):
    """线索: somebody asked; the sales side follows it up until the child is signed up or lost.

    Nobody's (`owner` is empty) is either new and to be given to somebody, or in the pool (`pooled_at`), where
    colleagues of the branch claim it. What was merged into another one keeps its row and is shown nowhere.
    """

    class Stage(models.TextChoices):
        NEW = "new", pgettext_lazy("enquiry", "New")
        CONTACTED = "contacted", _("Contacted")
        TRIAL_BOOKED = "trial_booked", _("Trial booked")
        CAME = "came", pgettext_lazy("enquiry", "Came")
        SIGNED = "signed", pgettext_lazy("enquiry", "Signed up")
        LOST = "lost", pgettext_lazy("enquiry", "Lost")

    class LostReason(models.TextChoices):
        PRICE = "price", pgettext_lazy("lost", "Price")
        TIME = "time", pgettext_lazy("lost", "Times do not fit")
        DISTANCE = "distance", pgettext_lazy("lost", "Too far")
        COMPETITOR = "competitor", pgettext_lazy("lost", "Went elsewhere")
        NO_INTEREST = "no_interest", pgettext_lazy("lost", "No interest")
        UNREACHABLE = "unreachable", pgettext_lazy("lost", "Cannot be reached")
        INVALID = "invalid", pgettext_lazy("lost", "Not a real enquiry")
        OTHER = "other", pgettext_lazy("lost", "Something else")

    ENDED = [Stage.SIGNED, Stage.LOST]
    STAMPS = {  # when a stage was reached for the first time
        Stage.CONTACTED: "contacted_at",
        Stage.TRIAL_BOOKED: "booked_at",
        Stage.CAME: "came_at",
        Stage.SIGNED: "signed_at",
        Stage.LOST: "lost_at",
    }

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="enquiries", verbose_name=_("branch"))
    child_name = models.CharField(_("child"), max_length=50)
    name_initials = models.CharField(_("pinyin initials"), max_length=20, editable=False)
    grade = models.CharField(_("grade"), max_length=20, blank=True)
    guardian_name = models.CharField(_("guardian"), max_length=50, blank=True)
    phone = models.CharField(_("phone"), max_length=16, blank=True, db_index=True)
    phone_tail = models.GeneratedField(
        expression=Right("phone", 4), output_field=models.CharField(max_length=4), db_persist=True
    )
    course = models.ForeignKey(
        Course, models.SET_NULL, null=True, blank=True, related_name="enquiries", verbose_name=_("course")
    )
    channel = models.ForeignKey(
        Channel,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="enquiries",
        verbose_name=_("channel"),
        help_text=_("The first one; it stays."),
    )
    last_channel = models.ForeignKey(
        Channel,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="last_touched_enquiries",
        verbose_name=_("last channel"),
    )
    referred_by = models.ForeignKey(
        Student, models.SET_NULL, null=True, blank=True, related_name="referrals", verbose_name=_("brought by")
    )
    note = models.CharField(_("note"), max_length=500, blank=True)
    custom_values = models.JSONField(_("custom fields"), default=dict, editable=False)  # {key: value}

    owner = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="enquiries",
        verbose_name=_("followed up by"),
    )
    owned_at = models.DateTimeField(_("theirs since"), null=True, blank=True, editable=False)
    pooled_at = models.DateTimeField(_("in the pool since"), null=True, blank=True, editable=False)

    stage = models.CharField(_("stage"), max_length=20, choices=Stage, default=Stage.NEW)
    registered_date = models.DateField(_("registered"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    contacted_at = models.DateTimeField(_("first contact"), null=True, blank=True, editable=False)
    booked_at = models.DateTimeField(_("first trial booked"), null=True, blank=True, editable=False)
    came_at = models.DateTimeField(_("first visit"), null=True, blank=True, editable=False)
    signed_at = models.DateTimeField(_("signed up at"), null=True, blank=True, editable=False)
    lost_at = models.DateTimeField(_("lost at"), null=True, blank=True, editable=False)
    lost_reason = models.CharField(_("why it was lost"), max_length=20, choices=LostReason, blank=True)
    last_contact_at = models.DateTimeField(_("last contact"), null=True, blank=True, editable=False)
    next_follow_up_at = models.DateTimeField(_("next follow-up"), null=True, blank=True)

    student = models.ForeignKey(
        Student,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="enquiries",
        verbose_name=_("student"),
    )
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged",
        verbose_name=_("merged into"),
    )
    token = models.CharField(max_length=64, unique=True, null=True, blank=True, editable=False)  # a double click

    objects = EnquiryQuerySet.as_manager()

    class Meta:
        verbose_name = _("enquiry")
        verbose_name_plural = _("enquiries")
        ordering = ["-registered_date", "-pk"]
        indexes = [
            models.Index(fields=["phone_tail"], name="enquiry_phone_tail"),
            models.Index(fields=["child_name"], name="enquiry_child_name"),
            models.Index(fields=["name_initials"], name="enquiry_initials"),
            models.Index(fields=["branch", "registered_date"], name="enquiry_cohort"),
            models.Index(
                fields=["branch", "next_follow_up_at"],
                name="enquiry_due",
                condition=~Q(stage__in=["signed", "lost"]) & Q(merged_into__isnull=True),
            ),
            models.Index(
                fields=["owner", "next_follow_up_at"],
                name="enquiry_due_of_owner",
                condition=~Q(stage__in=["signed", "lost"]) & Q(merged_into__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="enquiry_phone_e164",
                condition=Q(phone="") | Q(phone__startswith="+"),
                violation_error_message=_("Write the number with its country code: +86…"),
            ),
            models.CheckConstraint(
                name="enquiry_pool_is_nobodys", condition=Q(pooled_at__isnull=True) | Q(owner__isnull=True)
            ),
            models.CheckConstraint(
                name="enquiry_lost_when",
                condition=(Q(stage="lost") & Q(lost_at__isnull=False) & ~Q(lost_reason=""))
                | (~Q(stage="lost") & Q(lost_reason="")),
                violation_error_message=_("Say why the enquiry was lost."),
            ),
            models.CheckConstraint(
                name="enquiry_signed_when", condition=~Q(stage="signed") | Q(signed_at__isnull=False)
            ),
            models.CheckConstraint(name="enquiry_not_into_itself", condition=~Q(merged_into=models.F("pk"))),
        ]

    def __str__(self):
        return self.child_name

    def save(self, **kwargs):
        self.name_initials = initials(self.child_name)
        super().save(**kwargs)

    @property
    def is_open(self):
        return self.stage not in self.ENDED

    def stand_at(self, stage, at):
        """Stand at a stage; the moment of the first time stays. The caller saves `stage_fields`."""
        self.stage = stage
        stamp = self.STAMPS.get(stage)
        if stamp and (getattr(self, stamp) is None or stage == self.Stage.LOST):
            setattr(self, stamp, at)
        if stage != self.Stage.LOST:
            self.lost_reason = ""

    @property
    def stage_fields(self):
        return ["stage", "lost_reason", *self.STAMPS.values()]


class EnquiryChange(models.Model):
    """What became of an enquiry, step by step; never edited. Without `by` the software did it, by a rule."""

    class Kind(models.TextChoices):
        CREATED = "created", pgettext_lazy("enquiry", "Registered")
        STAGE = "stage", pgettext_lazy("enquiry", "Stage")
        OWNER = "owner", pgettext_lazy("enquiry", "Given to")
        POOL = "pool", pgettext_lazy("enquiry", "To the pool")
        TOUCH = "touch", pgettext_lazy("enquiry", "Asked again")
        MERGE = "merge", pgettext_lazy("enquiry", "Merged")
        UNMERGE = "unmerge", pgettext_lazy("enquiry", "Merge undone")
        ASKED_FOR = "asked_for", pgettext_lazy("enquiry", "Asked for")
        KEPT = "kept", pgettext_lazy("enquiry", "Not handed over")

    enquiry = models.ForeignKey(Enquiry, models.PROTECT, related_name="changes", verbose_name=_("enquiry"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    at = models.DateTimeField(pgettext_lazy("enquiry", "at"))
    by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=pgettext_lazy("enquiry", "by")
    )
    from_stage = models.CharField(max_length=20, choices=Enquiry.Stage, blank=True)
    to_stage = models.CharField(max_length=20, choices=Enquiry.Stage, blank=True)
    from_owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    to_owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    channel = models.ForeignKey(Channel, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    objects = EnquiryChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of an enquiry")
        verbose_name_plural = _("changes of enquiries")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["enquiry", "-at"], name="enquirychange_of"),
            models.Index(fields=["at"], name="enquirychange_asked_for", condition=Q(kind="asked_for")),
        ]

    def __str__(self):
        return f"{self.enquiry} {self.get_kind_display()}"
