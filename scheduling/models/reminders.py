"""What the reminders of the day before speak of."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from messaging.models import OutboundMessage
from parents.models import Guardian
from scheduling.models.lessons import Lesson
from students.models import Student


class LessonReminder(models.Model):
    """What one reminder says about one lesson of one child. A message has as many as the guardian has that day.

    A lesson is reminded of once a day that it stands on: one that moves to another day is another occasion.
    """

    message = models.ForeignKey(
        OutboundMessage, models.PROTECT, related_name="lesson_reminders", verbose_name=_("message")
    )
    lesson = models.ForeignKey(
        Lesson, models.SET_NULL, null=True, related_name="reminders", verbose_name=_("lesson")
    )  # empty: it was taken out of the timetable
    student = models.ForeignKey(Student, models.PROTECT, related_name="+", verbose_name=_("student"))
    guardian = models.ForeignKey(Guardian, models.PROTECT, related_name="+", verbose_name=_("guardian"))
    day = models.DateField(pgettext_lazy("calendar", "day"))  # of the lesson, by the branch's clock
    was_dropped = models.BooleanField(default=False)  # it was true no more when the words were found

    class Meta:
        verbose_name = _("lesson in a reminder")
        verbose_name_plural = _("lessons in reminders")
        ordering = ["pk"]
        indexes = [models.Index(fields=["day"], name="lessonreminder_day")]
        constraints = [
            models.UniqueConstraint(fields=["lesson", "student", "guardian", "day"], name="lessonreminder_once")
        ]

    def __str__(self):
        return f"{self.student} {self.day}"
