"""Custom fields: what is taken, kept, shown and found, for each kind; what the owner may do; what is refused."""

from datetime import date
from decimal import Decimal

import pytest
from django import forms
from django.utils.translation import pgettext_lazy

from students.custom_fields import filter_by_custom, name_of, put_cells, sheet_cells, shown_values, stored, text_of
from students.forms import CustomFieldsMixin, CustomFilterForm, form_field, form_fields_for
from students.models import CustomChoice, CustomField, Enquiry, Student
from students.services import (
    CustomFieldError,
    add_custom_field,
    change_custom_field,
    count_choices,
    count_values,
    move_custom_field,
    restore_custom_field,
    retire_custom_field,
    sign_up,
)
from tests.factories import NOW, EnquiryFactory, StudentFactory, desk_of
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db
YES, NO = pgettext_lazy("custom field", "Yes"), pgettext_lazy("custom field", "No")
LEVELS = ["零基础", "学过半年", "学过一年"]


def a_field(kind="text", label="兴趣爱好", **facts):
    choices = LEVELS if kind == "choice" else []
    return add_custom_field(label=label, kind=kind, **({"choices": choices, "is_for_enquiry": True} | facts))


def asking(field, value):
    """An enquiry with this value of a form."""
    return EnquiryFactory(custom_values={field.key: stored(field, value)})


def found(field, value):
    return list(filter_by_custom(Enquiry.objects.order_by("pk"), field, value))


class EnquiryForm(CustomFieldsMixin, forms.Form):
    custom_target = "enquiry"
    child_name = forms.CharField()


def filled_in(field, text, *, kept=None):
    return EnquiryForm({"child_name": "田萍", name_of(field): text}, custom_values=kept or {})


# --- each kind: taken, kept, shown, given back -------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "typed", "kept", "shown"),
    [
        ("text", " 画画 ", "画画", "画画"),
        ("number", "1.50", "1.5", "1.5"),
        ("number", "100", "100", "100"),
        ("number", "-0.0", "0", "0"),
        ("number", "12345678901.2345", "12345678901.2345", "12345678901.2345"),
        ("date", "2026-08-03", "2026-08-03", "2026-08-03"),
        ("yes_no", "yes", True, YES),
        ("yes_no", "no", False, NO),
    ],
)
def test_a_value_is_kept_shown_and_offered_again(kind, typed, kept, shown):
    field = a_field(kind)
    form = filled_in(field, typed)

    assert form.is_valid()
    enquiry = EnquiryFactory(custom_values=form.cleaned_data["custom_values"])
    enquiry.refresh_from_db()

    assert enquiry.custom_values == {field.key: kept}
    assert shown_values(enquiry, [field]) == [(field, shown)]
    again = EnquiryForm(custom_values=enquiry.custom_values)
    assert filled_in(field, again[name_of(field)].value()).is_valid()


def test_a_choice_is_kept_by_its_id_so_that_it_can_be_called_something_else():
    field = a_field("choice")
    chosen = field.choices.get(label="学过半年")
    form = filled_in(field, str(chosen.pk))

    assert form.is_valid()
    assert form.cleaned_data["custom_values"] == {field.key: chosen.pk}
    chosen.label = "半年"
    change_custom_field(field=field, choices=[chosen])
    assert text_of(CustomField.objects.get(), {field.key: chosen.pk}) == "半年"


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("text", "长" * 201),
        ("number", "很多"),
        ("number", "1.23456"),
        ("number", "NaN"),
        ("date", "2026-02-30"),
        ("choice", "9999"),
        ("yes_no", "maybe"),
    ],
)
def test_what_is_no_value_is_refused_with_one_sentence(kind, typed):
    field = a_field(kind)
    form = filled_in(field, typed)

    assert not form.is_valid()
    assert list(form.errors) == [name_of(field)]
    assert len(form.errors[name_of(field)]) == 1


def test_an_emptied_input_leaves_nothing_behind():
    field = a_field("yes_no")
    form = filled_in(field, "", kept={field.key: False})

    assert form.is_valid()
    assert form.cleaned_data == {"child_name": "田萍", "custom_values": {}}


def test_a_field_that_must_be_filled_in_holds_the_form_up():
    field = a_field(is_required=True)

    assert list(filled_in(field, " ").errors) == [name_of(field)]


def test_a_workbook_gets_numbers_and_days_to_count_with():
    number, day = a_field("number", "身高"), a_field("date", "约访日")
    choice, both = a_field("choice", "基础"), a_field("yes_no", "接送")
    level = choice.choices.first()
    enquiry = EnquiryFactory(
        custom_values={number.key: "1.5", day.key: "2026-08-03", choice.key: level.pk, both.key: False}
    )

    cells = sheet_cells(enquiry, [number, day, choice, both])

    assert cells == [Decimal("1.5"), date(2026, 8, 3), "零基础", NO]


# --- found, on both databases --------------------------------------------------------------------------------


def test_texts_are_found_by_a_part():
    field = a_field()
    piano, _chess = asking(field, "钢琴 Piano"), asking(field, "围棋")
    EnquiryFactory()

    assert found(field, "钢琴") == [piano]
    assert found(field, "piano") == [piano]


def test_numbers_are_found_by_their_size_and_not_by_their_digits():
    field = a_field("number")
    nine, ten, tenth = (asking(field, Decimal(text)) for text in ("9", "10", "10.1"))
    EnquiryFactory()

    assert found(field, (Decimal("9.5"), None)) == [ten, tenth]
    assert found(field, (None, Decimal(10))) == [nine, ten]
    assert found(field, (Decimal("10.1"), Decimal("10.1"))) == [tenth]
    assert found(field, (Decimal("10.1001"), None)) == []


def test_days_are_found_by_both_ends_of_a_span():
    field = a_field("date")
    first, last = asking(field, date(2026, 8, 3)), asking(field, date(2026, 12, 31))
    EnquiryFactory()

    assert found(field, (date(2026, 8, 3), date(2026, 8, 3))) == [first]
    assert found(field, (date(2026, 8, 4), None)) == [last]
    assert found(field, (None, date(2027, 1, 1))) == [first, last]


def test_no_is_something_else_than_not_asked():
    field = a_field("yes_no")
    yes, no, _unasked = asking(field, True), asking(field, False), EnquiryFactory()

    assert found(field, True) == [yes]
    assert found(field, False) == [no]


def test_choices_are_found_by_their_id():
    field = a_field("choice")
    beginner, advanced = field.choices.first(), field.choices.last()
    asked = asking(field, beginner.pk)
    asking(field, advanced.pk)

    assert found(field, beginner.pk) == [asked]


def test_a_list_is_narrowed_by_what_stands_in_the_address():
    number, level = a_field("number", "身高", is_filter=True), a_field("choice", "基础", is_filter=True)
    hidden = a_field("text", "爱好")
    beginner = level.choices.first()
    tall = EnquiryFactory(custom_values={number.key: "1.5", level.key: beginner.pk})
    EnquiryFactory(custom_values={number.key: "1.5"})
    EnquiryFactory(custom_values={number.key: "1.2", level.key: beginner.pk})

    form = CustomFilterForm(
        {f"{name_of(number)}_from": "1.4", name_of(level): beginner.pk}, target="enquiry", form_id="list"
    )

    assert list(form.narrow(Enquiry.objects.all())) == [tall]
    assert form.is_used
    assert name_of(hidden) not in form.fields


def test_nonsense_in_the_address_narrows_nothing():
    number = a_field("number", is_filter=True)
    asking(number, Decimal(1))

    form = CustomFilterForm({f"{name_of(number)}_from": "x"}, target="enquiry", form_id="list")

    assert form.narrow(Enquiry.objects.all()).count() == 1
    assert not CustomFilterForm({}, target="enquiry", form_id="list").is_used


@pytest.mark.parametrize("rows", [1, 3])
def test_columns_cost_the_same_for_one_row_and_for_three(rows, django_assert_num_queries):
    level = a_field("choice", in_list=True)
    for _number in range(rows):
        asking(level, level.choices.first().pk)

    with django_assert_num_queries(3):  # the fields, their choices, the rows
        enquiries = list(Enquiry.objects.all())
        assert put_cells(enquiries, list(CustomField.objects.of("enquiry"))) == [level]

    assert {enquiry.custom_cells[0] for enquiry in enquiries} == {(level, "零基础")}


# --- one for children, one for enquiries, and what sign-up carries over ----------------------------------------


def test_a_form_asks_for_the_fields_of_its_own():
    of_child = a_field("text", "过敏", is_for_student=True, is_for_enquiry=False)
    of_both = a_field("text", "学校班级", is_for_student=True)

    assert list(form_fields_for("student")) == [name_of(of_child), name_of(of_both)]
    assert list(form_fields_for("enquiry")) == [name_of(of_both)]


def test_sign_up_takes_over_what_children_have_too_and_overwrites_nothing(branch):
    of_both = a_field("text", "学校班级", is_for_student=True)
    again = a_field("text", "接送人", is_for_student=True)
    alone = a_field("text", "试听意愿")
    values = {of_both.key: "三（2）班", again.key: "妈妈", alone.key: "强"}
    enquiry = EnquiryFactory(branch=branch, phone="+8613812345678", custom_values=values)
    student = StudentFactory(custom_values={again.key: "爷爷"})

    sign_up(enquiry=enquiry, by=desk_of(branch), now=NOW, student=student)

    assert Student.objects.get().custom_values == {of_both.key: "三（2）班", again.key: "爷爷"}


# --- what the owner does ---------------------------------------------------------------------------------------


def test_a_retired_field_is_hidden_everywhere_and_its_values_come_back_with_it():
    field = a_field("text", is_filter=True, in_list=True)
    enquiry = asking(field, "围棋")

    retire_custom_field(field=field)
    retire_custom_field(field=field)

    assert form_fields_for("enquiry") == {}
    form = EnquiryForm({"child_name": "田萍"}, custom_values=enquiry.custom_values)
    assert form.is_valid()
    assert form.cleaned_data["custom_values"] == enquiry.custom_values
    restore_custom_field(field=field)
    assert shown_values(enquiry, CustomField.objects.of("enquiry")) == [(field, "围棋")]


def test_a_choice_that_is_not_offered_any_more_stays_with_those_who_have_it():
    field = a_field("choice")
    old = field.choices.first()
    enquiry = asking(field, old.pk)
    old.is_active = False

    change_custom_field(field=field, choices=[old], more_choices=["学过两年"])

    field = CustomField.objects.get()
    assert text_of(field, enquiry.custom_values) == "零基础"
    assert not filled_in(field, str(old.pk)).is_valid()
    assert filled_in(field, str(old.pk), kept=enquiry.custom_values).is_valid()
    assert [label for _value, label in form_field(field).choices] == ["—", "学过半年", "学过一年", "学过两年"]


def test_the_kind_stays_once_there_are_values():
    field = a_field()
    change_custom_field(field=field, kind="number")
    EnquiryFactory(custom_values={field.key: "1.5"}, merged_into=EnquiryFactory())  # which can be undone

    with pytest.raises(CustomFieldError):
        change_custom_field(field=field, kind="date")

    assert CustomField.objects.get().kind == "number"


def test_a_choice_without_choices_is_refused():
    with pytest.raises(CustomFieldError):
        add_custom_field(label="基础", kind="choice", is_for_enquiry=True)

    assert not CustomField.objects.exists()


def test_fields_move_one_place_at_a_time():
    first, second, third = (a_field(label=label) for label in "甲乙丙")
    retire_custom_field(field=second)

    move_custom_field(field=third, is_up=True)
    move_custom_field(field=third, is_up=True)

    assert list(CustomField.objects.of("enquiry")) == [third, first]


def test_there_are_at_most_thirty():
    fields = [a_field(label=f"字段{number}") for number in range(30)]

    with pytest.raises(CustomFieldError, match="30"):
        a_field(label="再一个")

    retire_custom_field(field=fields[0])
    a_field(label="再一个")
    with pytest.raises(CustomFieldError, match="30"):
        restore_custom_field(field=fields[0])


def test_values_and_choices_are_counted():
    field = a_field("choice", is_for_student=True)
    first, last = field.choices.first(), field.choices.last()
    asking(field, first.pk)
    StudentFactory(custom_values={field.key: first.pk})
    kept = asking(field, last.pk)
    EnquiryFactory(custom_values={field.key: first.pk}, merged_into=kept)  # counts as part of the other one

    assert count_values(field) == {"student": 1, "enquiry": 2}
    assert count_choices(field) == {first.pk: 2, last.pk: 1, field.choices.all()[1].pk: 0}


# --- what the database refuses ---------------------------------------------------------------------------------


def test_children_have_no_two_fields_of_one_name():
    a_field(is_for_student=True, is_for_enquiry=False)

    with pytest.raises(CustomFieldError):
        a_field(is_for_student=True)
    with refused_by("customfield_label_of_students"):
        CustomField.objects.create(label="兴趣爱好", kind="text", is_for_student=True)
    a_field()  # enquiries have none of this name


def test_enquiries_have_no_two_fields_of_one_name():
    field = a_field()

    with refused_by("customfield_label_of_enquiries"):
        CustomField.objects.create(label="兴趣爱好", kind="number", is_for_enquiry=True, is_for_student=True)
    retire_custom_field(field=field)
    a_field()
    with pytest.raises(CustomFieldError):
        restore_custom_field(field=field)


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("customfield_of_something", {"is_for_enquiry": False}),
        ("customfield_has_label", {"label": ""}),
        ("customfield_known_kind", {"kind": "colour"}),
    ],
)
def test_the_database_refuses_a_field_that_is_none(rule, facts):
    with refused_by(rule):
        CustomField.objects.create(**({"label": "爱好", "kind": "text", "is_for_enquiry": True} | facts))


def test_a_field_has_every_choice_once_and_none_without_a_name():
    field = a_field("choice")

    with refused_by("customchoice_label_once"):
        CustomChoice.objects.create(field=field, label="零基础")
    with refused_by("customchoice_has_label"):
        CustomChoice.objects.create(field=field, label="")
    with pytest.raises(CustomFieldError):
        change_custom_field(field=field, more_choices=["零基础"])


def test_the_key_stays():
    field = a_field()

    with refused_by("the key of a custom field stays"):
        CustomField.objects.filter(pk=field.pk).update(key="other")
