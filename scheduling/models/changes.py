"""What was changed on the timetable, by whom and why; the ground for notices and for undoing."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from scheduling.models.lessons import Lesson
from scheduling.querysets import TimetableChangeQuerySet


class TimetableChange(models.Model):
    """One thing that a person did to one or many lessons. `undoes` is the change that it takes back."""

    class Kind(models.TextChoices):
        MOVE = "move", _("Lesson moved")
        SERIES = "series", _("Weekly times changed")
        SUBSTITUTE = "substitute", _("Substitute")
        CANCEL = "cancel", _("Lesson cancelled")
        CANCEL_DAY = "cancel_day", _("Day cancelled")
        CALENDAR = "calendar", _("Calendar changed")
        UNDO = "undo", pgettext_lazy("timetable", "Undone")

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="timetable_changes", verbose_name=_("branch"))
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    by = models.ForeignKey(User, models.PROTECT, related_name="timetable_changes", verbose_name=_("changed by"))
    at = models.DateTimeField(_("changed at"))
    undoes = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="undone_by", verbose_name=_("takes back")
    )
    effects = models.JSONField(default=dict, blank=True, editable=False)  # what came with it: services.effects

    objects = TimetableChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change of the timetable")
        verbose_name_plural = _("changes of the timetable")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="timetablechange_undo_of_something",
                condition=Q(kind="undo", undoes__isnull=False) | ~Q(kind="undo"),
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d}"


class LessonChange(models.Model):
    """How a lesson stood before and after (services.changes.facts_of). `before` is empty for a new lesson."""

    change = models.ForeignKey(TimetableChange, models.CASCADE, related_name="lessons", verbose_name=_("change"))
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="changes", verbose_name=_("lesson"))
    before = models.JSONField(_("before"), default=dict, blank=True)
    after = models.JSONField(_("after"), default=dict)
    version = models.PositiveIntegerField(_("version"))  # of the lesson after the change

    class Meta:
        verbose_name = _("change of a lesson")
        verbose_name_plural = _("changes of a lesson")
        constraints = [models.UniqueConstraint(fields=["change", "lesson"], name="lessonchange_once")]

    def __str__(self):
        return f"{self.lesson} {self.version}"


class RuleOverride(models.Model):
    """Somebody let a lesson stand against a rule of law or trade (rule_packs/), with the reason."""

    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="overrides", verbose_name=_("lesson"))
    rule = models.CharField(_("rule"), max_length=40)
    text = models.CharField(_("what it said"), max_length=300)
    reason = models.CharField(_("reason"), max_length=200)
    by = models.ForeignKey(User, models.PROTECT, related_name="rule_overrides", verbose_name=_("allowed by"))
    at = models.DateTimeField(_("allowed at"))

    class Meta:
        verbose_name = _("override of a rule")
        verbose_name_plural = _("overrides of rules")
        constraints = [models.CheckConstraint(name="ruleoverride_has_reason", condition=~Q(reason=""))]

    def __str__(self):
        return f"{self.rule} {self.lesson}"
