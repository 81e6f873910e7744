"""Custom fields in forms: what people fill in, and by what they filter lists."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from students.custom_fields import DECIMALS, DIGITS, LONGEST_TEXT, filter_by_custom, merged, name_of, value_of
from students.models import CustomField

Kind = CustomField.Kind
NOTHING = "—"
WORDS = {True: "yes", False: "no"}
YES_OR_NO = [("yes", pgettext_lazy("custom field", "Yes")), ("no", pgettext_lazy("custom field", "No"))]


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **options):
        super().__init__(format="%Y-%m-%d", **options)


def _text(field, options):
    return forms.CharField(max_length=LONGEST_TEXT, **options)


def _number(field, options):
    return forms.DecimalField(max_digits=DIGITS, decimal_places=DECIMALS, **options)


def _date(field, options):
    return forms.DateField(**({"widget": DayInput} | options))


def _choice(field, options):
    offered = [(choice.pk, choice.label) for choice in field.choices.all() if choice.is_active]
    return forms.TypedChoiceField(choices=[("", NOTHING), *offered], coerce=int, empty_value=None, **options)


def _yes_no(field, options):
    return forms.TypedChoiceField(
        choices=[("", NOTHING), *YES_OR_NO], coerce=lambda word: word == "yes", empty_value=None, **options
    )


INPUTS = {Kind.TEXT: _text, Kind.NUMBER: _number, Kind.DATE: _date, Kind.CHOICE: _choice, Kind.YES_NO: _yes_no}


def form_field(field, **options):
    """The input of a custom field; its name and help are the school's words."""
    said = {"label": field.label, "help_text": field.help_text, "required": field.is_required}
    return INPUTS[field.kind](field, said | options)


def form_fields_for(target):
    """{name: input} of "student" or "enquiry"."""
    return {name_of(field): form_field(field) for field in CustomField.objects.of(target)}


class CustomFieldsMixin:
    """Before a Form or a ModelForm: the custom fields of `custom_target` come last, and are checked with it.

    `cleaned_data["custom_values"]` is what the row then has; a ModelForm writes it to its instance. Without one,
    `custom_values` is what the row has before.
    """

    custom_target = ""
    custom_widgets = {}  # {kind: widget}

    def __init__(self, *args, custom_values=None, **kwargs):
        super().__init__(*args, **kwargs)
        instance = getattr(self, "instance", None)
        self.custom_kept = dict(instance.custom_values if instance else custom_values or {})
        self.custom_fields = list(CustomField.objects.of(self.custom_target))
        for field in self.custom_fields:
            self._add_custom(field)

    def _add_custom(self, field):
        widget = self.custom_widgets.get(field.kind)
        added = form_field(field, **({"widget": widget} if widget else {}))
        value = value_of(field, self.custom_kept)
        if field.kind == Kind.CHOICE:
            added.choices += [
                (choice.pk, choice.label)
                for choice in field.choices.all()
                if choice.pk == value and not choice.is_active
            ]
        self.initial[name_of(field)] = WORDS.get(value) if field.kind == Kind.YES_NO else value
        self.fields[name_of(field)] = added

    @property
    def custom_required(self):
        """For a page that folds away what may stay empty."""
        return [self[name_of(field)] for field in self.custom_fields if field.is_required]

    @property
    def custom_optional(self):
        return [self[name_of(field)] for field in self.custom_fields if not field.is_required]

    def clean(self):
        data = super().clean()
        data = self.cleaned_data if data is None else data
        given = {field.key: data.pop(name_of(field), None) for field in self.custom_fields}
        data["custom_values"] = merged(self.custom_kept, self.custom_fields, given)
        if hasattr(self, "instance"):
            self.instance.custom_values = data["custom_values"]
        return data


class CustomFilterForm(forms.Form):
    """By which custom fields of "student" or "enquiry" a list is narrowed; `shown` are all of them, for its columns.

    Its inputs belong to the list's own form, which stands elsewhere on the page as `form_id`.
    """

    def __init__(self, data, *, target, form_id):
        super().__init__(data)
        self.form_id = form_id
        self.shown = list(CustomField.objects.of(target))
        self.asked = [field for field in self.shown if field.is_filter]
        for field in self.asked:
            self.fields |= _filter_inputs(field)
        for added in self.fields.values():
            added.widget.attrs["form"] = form_id

    def narrow(self, rows):
        """Without what was not understood: it stands beside its input."""
        self.is_valid()
        for field in self.asked:
            value = self._value(field)
            if value not in (None, "", (None, None)):
                rows = filter_by_custom(rows, field, value)
        return rows

    def _value(self, field):
        if field.kind in SPANS:
            return tuple(self.cleaned_data.get(name) for name in _ends(field))
        return self.cleaned_data.get(name_of(field))

    @property
    def is_used(self):
        """Whether anything is narrowed: the filter is then shown open."""
        return self.is_bound and any(self.data.get(name) for name in self.fields)


SPANS = {Kind.NUMBER, Kind.DATE}


def _ends(field):
    return [f"{name_of(field)}_from", f"{name_of(field)}_to"]


def _filter_inputs(field):
    """{name: input}; of a choice also what is no longer offered, for rows have it."""
    options = {"required": False, "help_text": ""}
    if field.kind in SPANS:
        labels = [_("%(field)s, from"), _("%(field)s, to")]
        return {
            name: form_field(field, label=label % {"field": field.label}, **options)
            for name, label in zip(_ends(field), labels, strict=True)
        }
    added = form_field(field, **options)
    if field.kind == Kind.CHOICE:
        added.choices = [("", NOTHING), *((choice.pk, choice.label) for choice in field.choices.all())]
    return {name_of(field): added}
