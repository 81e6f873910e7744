"""The owner's pages of the custom fields, and where staff meet the fields: forms, pages, lists, the workbook."""

from io import BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from students.custom_fields import name_of
from students.models import CustomField, Enquiry, Student
from students.services import add_custom_field, retire_custom_field
from tests.factories import ChannelFactory, EnquiryFactory, GuardianshipFactory, StudentFactory, desk_of, manager_of

NEW = {"label": "英语基础", "kind": "choice", "more_choices": "零基础\n\n学过半年\n零基础\n", "target": "enquiry"}


@pytest.fixture
def owners(client, owner):
    client.force_login(owner)
    return client


@pytest.fixture
def level(db):
    return add_custom_field(
        label="英语基础",
        kind="choice",
        choices=["零基础", "学过半年"],
        is_for_student=True,
        is_for_enquiry=True,
        in_list=True,
        is_filter=True,
    )


def as_shown(client, field):
    """What the page of a field would send back unchanged."""
    form = client.get(reverse("custom_field", args=[field.pk])).context["form"]
    data = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in data.items() if value not in (None, False)}


def test_the_owner_adds_a_field_with_its_choices(owners):
    response = owners.post(reverse("custom_field_new"), NEW | {"is_filter": "on"})

    field = CustomField.objects.get()
    assert response.url == reverse("custom_fields")
    assert (field.label, field.kind, field.is_for_enquiry, field.is_for_student) == ("英语基础", "choice", True, False)
    assert (field.is_filter, field.in_list, field.is_required) == (True, False, False)
    assert [choice.label for choice in field.choices.all()] == ["零基础", "学过半年"]


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({"label": " "}, "label"),
        ({"more_choices": ""}, None),
        ({"more_choices": "长" * 51}, "more_choices"),
        ({"more_choices": "\n".join(map(str, range(51)))}, "more_choices"),
    ],
)
def test_what_cannot_be_a_field_is_said_beside_its_input(owners, changed, about):
    response = owners.post(reverse("custom_field_new"), NEW | changed)

    assert len(response.context["form"].errors[about or "__all__"]) == 1
    assert not CustomField.objects.exists()


def test_a_name_that_is_taken_is_refused(owners, level):
    response = owners.post(reverse("custom_field_new"), NEW | {"target": "both"})

    assert response.context["form"].non_field_errors()


def test_the_owner_renames_a_choice_adds_one_and_offers_another_no_more(owners, level):
    first, second = level.choices.all()
    EnquiryFactory(custom_values={level.key: second.pk})
    StudentFactory(custom_values={level.key: first.pk})
    data = as_shown(owners, level)
    del data[f"choice_{second.pk}_offered"]

    response = owners.get(reverse("custom_field", args=[level.pk]))
    owners.post(
        reverse("custom_field", args=[level.pk]), data | {f"choice_{first.pk}": "没学过", "more_choices": "学过一年"}
    )

    assert response.context["choice_counts"] == {first.pk: 1, second.pk: 1}
    assert list(level.choices.values_list("label", "is_active")) == [
        ("没学过", True),
        ("学过半年", False),
        ("学过一年", True),
    ]


def test_the_kind_is_locked_once_there_are_values(owners, level):
    StudentFactory(custom_values={level.key: level.choices.first().pk})

    owners.post(reverse("custom_field", args=[level.pk]), as_shown(owners, level) | {"kind": "text", "label": "基础"})

    level.refresh_from_db()
    assert (level.kind, level.label) == ("choice", "基础")


def test_buttons_move_hide_and_bring_back(owners, level):
    other = add_custom_field(label="过敏", kind="text", is_for_student=True)

    def step(field, name):
        owners.post(reverse("custom_field_step", args=[field.pk]), {"step": name})
        context = owners.get(reverse("custom_fields")).context
        return context["custom_fields"], context["retired"]

    assert step(other, "up") == ([other, level], [])
    assert step(other, "down") == ([level, other], [])
    assert step(level, "retire") == ([other], [level])
    assert step(level, "up") == ([other], [level])  # the page of a colleague may be old
    assert step(level, "restore") == ([level, other], [])


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_fields_costs_the_same_for_one_and_for_three(owners, django_assert_max_num_queries, count):
    for number in range(count):
        add_custom_field(label=f"字段{number}", kind="choice", choices=["甲"], is_for_enquiry=True)

    with django_assert_max_num_queries(7):
        owners.get(reverse("custom_fields"))


# --- where staff meet them -------------------------------------------------------------------------------------


@pytest.fixture
def desk(client, branch):
    client.force_login(desk_of(branch))
    return client


def queries_of(client, url):
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    return len(queries)


def new_enquiry(client, **more):
    channel = ChannelFactory()
    form = client.get(reverse("enquiry_new")).context["form"]
    facts = {"phone": "13812345678", "child_name": "田萍", "channel": channel.pk, "branch": form["branch"].value()}
    if not isinstance(facts["branch"], int):
        facts["branch"] = form["branch"].value().pk
    return client.post(reverse("enquiry_new"), facts | {"token": form["token"].value()} | more)


def test_the_desk_fills_it_in_with_a_new_enquiry_and_puts_it_right(desk, level):
    first, second = level.choices.all()

    new_enquiry(desk, **{name_of(level): first.pk})

    enquiry = Enquiry.objects.get()
    assert enquiry.custom_values == {level.key: first.pk}
    assert desk.get(reverse("enquiry", args=[enquiry.pk])).context["custom_facts"] == [(level, "零基础")]

    form = desk.get(reverse("enquiry_edit", args=[enquiry.pk])).context["form"]
    facts = {name: form[name].value() or "" for name in form.fields}
    desk.post(reverse("enquiry_edit", args=[enquiry.pk]), facts | {name_of(level): second.pk})

    enquiry.refresh_from_db()
    assert enquiry.custom_values == {level.key: second.pk}


def test_what_must_be_filled_in_stands_with_the_four_fields(desk, level):
    CustomField.objects.update(is_required=True)

    response = new_enquiry(desk)

    assert not Enquiry.objects.exists()
    form = response.context["form"]
    assert [field.name for field in form.custom_required] == [name_of(level)]
    assert form.custom_optional == []
    assert not form.has_more


def test_the_list_of_enquiries_shows_filters_and_exports_it(client, branch, level):
    client.force_login(manager_of(branch))
    beginner = level.choices.first()
    height = add_custom_field(label="身高", kind="number", is_for_enquiry=True, is_filter=True)
    asked = EnquiryFactory(branch=branch, custom_values={level.key: beginner.pk, height.key: "1.2"})
    EnquiryFactory(branch=branch, custom_values={level.key: beginner.pk, height.key: "0.9"})
    EnquiryFactory(branch=branch)
    chosen = {"whose": "all", name_of(level): beginner.pk, f"{name_of(height)}_from": "1"}

    context = client.get(reverse("enquiry_list"), chosen).context
    book = client.get(reverse("enquiry_export"), chosen)

    assert context["enquiries"] == [asked]
    assert context["custom_columns"] == [level]
    assert context["enquiries"][0].custom_cells == [(level, "零基础")]
    rows = list(load_workbook(BytesIO(book.content)).active.values)
    assert [row[-2:] for row in rows] == [("英语基础", "身高"), ("零基础", 1.2)]


def test_a_new_child_its_page_and_its_facts_in_the_back_office(desk, branch, level):
    first, second = level.choices.all()
    token = desk.get(reverse("student_new")).context["form"]["token"].value()
    facts = {"phone": "13812345678", "guardian_name": "李芳", "relation": "妈妈", "name": "田萍"}

    response = desk.post(
        reverse("student_new"), facts | {"branch": branch.pk, "token": token, name_of(level): first.pk}
    )

    assert response.status_code == 302
    student = Student.objects.get()
    assert student.custom_values == {level.key: first.pk}
    assert desk.get(reverse("student", args=[student.pk])).context["custom_facts"] == [(level, "零基础")]

    url = reverse("admin:students_student_change", args=[student.pk])
    form = desk.get(url).context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields}
    inline = {"guardianships-TOTAL_FORMS": 0, "guardianships-INITIAL_FORMS": 0}
    answer = desk.post(url, data | inline | {name_of(level): second.pk})

    assert answer.status_code == 302
    student.refresh_from_db()
    assert student.custom_values == {level.key: second.pk}


def test_the_list_of_students_shows_and_filters_it(desk, branch, level):
    beginner = level.choices.first()
    child = StudentFactory(branches=[branch], custom_values={level.key: beginner.pk})
    StudentFactory(branches=[branch])

    context = desk.get(reverse("search"), {name_of(level): beginner.pk}).context

    assert list(context["object_list"]) == [child]
    assert context["object_list"][0].custom_cells == [(level, "零基础")]


@pytest.mark.parametrize("page", ["search", "enquiry_list"])
def test_the_lists_cost_the_same_for_one_row_and_for_three(client, branch, level, page):
    client.force_login(manager_of(branch))
    values = {level.key: level.choices.first().pk}
    counts = []
    for more in (1, 2):
        for _number in range(more):
            EnquiryFactory(branch=branch, custom_values=values)
            GuardianshipFactory(student=StudentFactory(branches=[branch], custom_values=values))
        counts.append(queries_of(client, reverse(page)))

    assert counts[0] == counts[1]


def test_a_retired_field_is_on_no_page(client, branch, level):
    client.force_login(manager_of(branch))
    values = {level.key: level.choices.first().pk}
    enquiry = EnquiryFactory(branch=branch, custom_values=values)
    student = StudentFactory(branches=[branch], custom_values=values)
    retire_custom_field(field=level)

    pages = [
        reverse("enquiry", args=[enquiry.pk]),
        reverse("enquiry_edit", args=[enquiry.pk]),
        reverse("enquiry_new"),
        reverse("enquiry_list"),
        reverse("student", args=[student.pk]),
        reverse("student_new"),
        reverse("search"),
        reverse("admin:students_student_change", args=[student.pk]),
    ]

    for page in pages:
        assert "英语基础" not in client.get(page).content.decode(), page
