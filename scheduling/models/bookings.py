"""Who and what is taken when, and the clashes that somebody kept."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from branches.models import User
from scheduling.models.lessons import Lesson
from scheduling.querysets import BookingQuerySet, KeptClashQuerySet


class Booking(models.Model):
    """A teacher, room or child taken from `starts_at` until `ends_at`. Written by triggers alone (bookings.py)."""

    class Kind(models.TextChoices):
        TEACHER = "teacher", _("teacher")
        ROOM = "room", _("room")
        STUDENT = "student", _("student")

    kind = models.CharField(max_length=10, choices=Kind)
    resource_id = models.BigIntegerField()
    lesson = models.ForeignKey(
        Lesson, models.CASCADE, db_index=False, related_name="bookings"
    )  # booking_once_a_lesson begins with it
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    clash_group = models.BigIntegerField()

    objects = BookingQuerySet.as_manager()

    class Meta:
        verbose_name = _("booking")
        verbose_name_plural = _("bookings")
        indexes = [models.Index(fields=["kind", "resource_id", "starts_at"], name="booking_resource_starts")]
        constraints = [models.UniqueConstraint(fields=["lesson", "kind", "resource_id"], name="booking_once_a_lesson")]

    def __str__(self):
        return f"{self.get_kind_display()} {self.resource_id}"


class KeptClash(models.Model):
    """A clash that somebody knowingly kept, with the reason; shown until one of the lessons moves."""

    kind = models.CharField(_("kind"), max_length=10, choices=Booking.Kind)
    resource_id = models.BigIntegerField()
    lesson = models.ForeignKey(Lesson, models.CASCADE, related_name="kept_clashes", verbose_name=_("lesson"))
    other = models.ForeignKey(
        Lesson, models.CASCADE, related_name="kept_clashes_of_others", verbose_name=_("clashes with")
    )
    clash_group = models.BigIntegerField(editable=False)
    reason = models.CharField(_("reason"), max_length=200)
    kept_by = models.ForeignKey(User, models.PROTECT, related_name="kept_clashes", verbose_name=_("kept by"))
    kept_at = models.DateTimeField(_("kept at"))

    objects = KeptClashQuerySet.as_manager()

    class Meta:
        verbose_name = _("kept clash")
        verbose_name_plural = _("kept clashes")
        constraints = [
            models.UniqueConstraint(fields=["kind", "resource_id", "lesson", "other"], name="keptclash_once"),
            models.CheckConstraint(name="keptclash_has_reason", condition=~Q(reason="")),
        ]
        indexes = [models.Index(fields=["kind", "resource_id"], name="keptclash_resource")]

    def __str__(self):
        return f"{self.lesson} / {self.other}"

    @staticmethod
    def bookings():
        return Booking.objects.all()
