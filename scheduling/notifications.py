"""Who is told about a lesson, and the names that go with it. The texts: reminder_words, notice_words, place_words."""

from django.utils.translation import gettext_lazy as _

from messaging.people import finds_names, finds_phones
from messaging.registry import Cancelled
from parents.models import Guardian
from students.models import Guardianship, Student


def place_text(lesson):
    if lesson.room is None:
        return lesson.branch.name
    return _("%(branch)s, room %(room)s") % {"branch": lesson.branch.name, "room": lesson.room.name}


def told_guardian(message):
    """The guardian a message is for, if it is still to be told about the child; perhaps one without a phone."""
    guardianship = (
        Guardianship.objects.filter(
            student=message.about.partition(":")[2], guardian=message.recipient.partition(":")[2], is_told=True
        )
        .select_related("guardian")
        .first()
    )
    if guardianship is None:
        raise Cancelled(_("This guardian is not told about the child any more."))
    return guardianship.guardian


# --- people ----------------------------------------------------------------------------------------------


@finds_names("student")
def student_names(ids):
    return dict(Student.objects.filter(pk__in=ids).values_list("pk", "name"))


@finds_names("guardian")
def guardian_names(ids):
    return dict(Guardian.objects.filter(pk__in=ids).values_list("pk", "name"))


@finds_phones
def guardian_with(phone):
    """The guardian, the child they are told about first, and its branch."""
    mine = Guardianship.objects.filter(guardian__phone=phone, student__branches__isnull=False)
    found = mine.order_by("-is_told", "pk").values_list("guardian", "student", "student__branches").first()
    return found and (f"guardian:{found[0]}", f"student:{found[1]}", found[2])
