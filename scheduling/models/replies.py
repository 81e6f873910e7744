"""What families say of the lessons that were taken."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import User
from scheduling.confirmation import Answer
from scheduling.models.lessons import Attendance
from scheduling.querysets import LessonReplyQuerySet


class LessonReply(models.Model):
    """课时确认: what a family answered for a lesson that took credits. The last one stands; none is changed.

    No reply by the deadline confirms as well, and leaves no row (scheduling.confirmation).
    """

    attendance = models.ForeignKey(Attendance, models.CASCADE, related_name="replies", verbose_name=_("attendance"))
    answer = models.CharField(_("answer"), max_length=10, choices=Answer)
    reason = models.CharField(pgettext_lazy("lesson", "what the family says"), max_length=200, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("recorded by"))

    objects = LessonReplyQuerySet.as_manager()

    class Meta:
        verbose_name = _("reply to a lesson")
        verbose_name_plural = _("replies to lessons")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                name="lessonreply_dispute_with_reason",
                condition=~Q(answer="disputed") | ~Q(reason=""),
                violation_error_message=_("Write what the family says of this lesson."),
            )
        ]

    def __str__(self):
        return f"{self.attendance} {self.get_answer_display()}"
