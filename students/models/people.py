"""Children and their guardians."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from core.names import initials
from parents.models import Guardian
from students.querysets import GuardianshipQuerySet, StudentQuerySet


class Student(models.Model):
    class Gender(models.TextChoices):
        BOY = "boy", _("Boy")
        GIRL = "girl", _("Girl")

    branches = models.ManyToManyField(Branch, related_name="students", verbose_name=_("branches"))
    guardians = models.ManyToManyField(
        Guardian, through="Guardianship", related_name="students", verbose_name=_("guardians")
    )
    name = models.CharField(pgettext_lazy("person", "name"), max_length=50)
    name_initials = models.CharField(_("pinyin initials"), max_length=20, editable=False, db_index=True)
    gender = models.CharField(_("gender"), max_length=5, choices=Gender, blank=True)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    school = models.CharField(_("school"), max_length=100, blank=True)
    grade = models.CharField(_("grade"), max_length=20, blank=True)
    adviser = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="advised_students",
        verbose_name=_("adviser"),
    )
    channel = models.CharField(_("channel"), max_length=30, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    custom_values = models.JSONField(_("custom fields"), default=dict, editable=False)  # {key: value}
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    objects = StudentQuerySet.as_manager()

    class Meta:
        verbose_name = _("student")
        verbose_name_plural = _("students")
        ordering = ["name", "pk"]
        indexes = [models.Index(fields=["name"], name="student_name")]

    def __str__(self):
        return self.name

    def save(self, **kwargs):
        self.name_initials = initials(self.name)
        super().save(**kwargs)

    @property
    def main_guardian(self):
        """Whom the school turns to first; None in books that name nobody."""
        guardianships = self.guardianships.select_related("guardian").order_by("-is_main", "pk")
        return next((one.guardian for one in guardianships), None)


class Guardianship(models.Model):
    """Who is whose guardian, and who is to be told."""

    student = models.ForeignKey(Student, models.CASCADE, related_name="guardianships", verbose_name=_("student"))
    guardian = models.ForeignKey(Guardian, models.PROTECT, related_name="guardianships", verbose_name=_("guardian"))
    relation = models.CharField(_("relation"), max_length=20, blank=True)
    is_main = models.BooleanField(_("main contact"), default=True)
    is_told = models.BooleanField(_("is told"), default=True, help_text=_("Gets the reminders by SMS."))

    objects = GuardianshipQuerySet.as_manager()

    class Meta:
        verbose_name = _("guardianship")
        verbose_name_plural = _("guardianships")
        constraints = [
            models.UniqueConstraint(
                fields=["student", "guardian"],
                name="guardianship_once",
                violation_error_message=_("This person is a guardian of the child already."),
            ),
            models.UniqueConstraint(
                fields=["student"],
                condition=Q(is_main=True),
                name="guardianship_one_main",
                violation_error_message=_("A child has one main contact."),
            ),
        ]

    def __str__(self):
        return f"{self.guardian} {self.relation}".strip()
