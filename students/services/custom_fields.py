"""What the owner does with custom fields, and how values go from an enquiry to its student."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils.translation import gettext as _

from students.models import CustomChoice, CustomField, Enquiry, Student

MOST = 30  # in use at once: a form with more is a form nobody fills in


class CustomFieldError(Exception):
    """The step cannot be taken as asked; carries the sentence the user reads."""


@transaction.atomic
def add_custom_field(*, label, kind, choices=(), **facts):
    """A new field, the last one; `choices` are the answers of one of the kind "choice", in their order."""
    _make_room()
    last = CustomField.objects.aggregate(last=Max("position"))["last"] or 0
    field = CustomField(label=label, kind=kind, position=last + 1, **facts)
    _save(field)
    _add_choices(field, choices)
    return field


@transaction.atomic
def change_custom_field(*, field, choices=(), more_choices=(), **facts):
    """Call it something else, ask for it elsewhere …; the kind stays once there are values.

    `choices` are those that were there, with what they are to be; what rows have of them stays.
    """
    field = _lock(field)
    if facts.get("kind", field.kind) != field.kind and has_values(field):
        raise CustomFieldError(_("The kind stays as it is: there are values of it. Make another field instead."))
    for name, value in facts.items():
        setattr(field, name, value)
    _save(field)
    for choice in choices:
        _save(choice)
    _add_choices(field, more_choices)
    return field


@transaction.atomic
def retire_custom_field(*, field):
    """Hide it everywhere; the values stay. Repeating changes nothing."""
    field = _lock(field)
    field.is_active = False
    field.save(update_fields=["is_active"])
    return field


@transaction.atomic
def restore_custom_field(*, field):
    """Show a field again that was hidden, with the values that were kept. Repeating changes nothing."""
    field = _lock(field)
    if not field.is_active:
        _make_room()
        field.is_active = True
        _save(field)
    return field


@transaction.atomic
def move_custom_field(*, field, is_up):
    """Change places with the neighbour among the fields in use; the first one goes no further up.

    One that was retired meanwhile stays where it is.
    """
    fields = list(CustomField.objects.select_for_update().filter(is_active=True))
    if field not in fields:
        return
    at = fields.index(field)
    other = at - 1 if is_up else at + 1
    if 0 <= other < len(fields):
        fields[at], fields[other] = fields[other], fields[at]
    for position, one in enumerate(fields, start=1):
        one.position = position
    CustomField.objects.bulk_update(fields, ["position"])


def carry_custom_values(*, enquiry, student):
    """At sign-up: fields that both have are filled in of the student, where the student has nothing yet."""
    keys = CustomField.objects.filter(is_for_student=True, is_for_enquiry=True).values_list("key", flat=True)
    carried = {key: enquiry.custom_values[key] for key in keys if key in enquiry.custom_values}
    missing = {key: value for key, value in carried.items() if key not in student.custom_values}
    if missing:
        student.custom_values |= missing
        student.save(update_fields=["custom_values"])


def has_values(field):
    """Also of enquiries that were merged into others: that can be undone."""
    has_value = Q(custom_values__has_key=field.key)
    return Student.objects.filter(has_value).exists() or Enquiry.objects.filter(has_value).exists()


def count_values(field):
    """{"student": children, "enquiry": enquiries} that have a value, whoever may see them."""
    has_value = Q(custom_values__has_key=field.key)
    return {
        "student": Student.objects.filter(has_value).count(),
        "enquiry": Enquiry.objects.live().filter(has_value).count(),
    }


def count_choices(field):
    """{id of a choice: how many children and enquiries have it}"""
    choices = [choice.pk for choice in field.choices.all()]
    has = {f"n{pk}": Count("pk", filter=Q(**{f"custom_values__{field.key}": pk})) for pk in choices}
    rows = [rows.aggregate(**has) for rows in (Student.objects.all(), Enquiry.objects.live())] if has else []
    return {pk: sum(row[f"n{pk}"] for row in rows) for pk in choices}


def _lock(field):
    return CustomField.objects.select_for_update().get(pk=field.pk)


def _make_room():
    """Called before one more comes into use."""
    if CustomField.objects.select_for_update().filter(is_active=True).count() >= MOST:
        raise CustomFieldError(
            _("There are %(number)d custom fields, more than anybody fills in: retire one first.") % {"number": MOST}
        )


def _save(row):
    """The constraints say what is wrong, in their sentences."""
    try:
        row.full_clean()
    except ValidationError as error:
        raise CustomFieldError(" ".join(error.messages)) from error
    row.save()


def _add_choices(field, labels):
    """At the end, in their order; a field of choices has at least one to offer."""
    last = field.choices.aggregate(last=Max("position"))["last"] or 0
    for position, label in enumerate(labels, start=last + 1):
        _save(CustomChoice(field=field, label=label, position=position))
    if field.kind == CustomField.Kind.CHOICE and not field.choices.filter(is_active=True).exists():
        raise CustomFieldError(_("Write at least one choice, each on a line of its own."))
