import pytest
from django.urls import reverse

from tests.factories import ClassGroupFactory, EnrolmentFactory, GuardianshipFactory, desk_of, sell


def child(branch, name, phone="+8613812345678", **fields):
    enrolment = EnrolmentFactory(branch=branch, student__name=name)
    GuardianshipFactory(student=enrolment.student, guardian__phone=phone, **fields)
    sell(enrolment, 11)
    return enrolment.student


def found(client, text):
    return list(client.get(reverse("search"), {"q": text}).context["object_list"])


@pytest.mark.parametrize("text", ["5678", "13812345678", "138 1234 5678", "田萍", "萍", "tp", "家长"])
def test_a_child_is_found_by_phone_name_initials_or_guardian(client, branch, text):
    student = child(branch, "田萍", guardian__name="家长甲")
    child(branch, "罗琴", phone="+8613900001111", guardian__name="罗芳")
    client.force_login(desk_of(branch))

    assert found(client, text) == [student]


def test_the_row_answers_how_many_lessons_are_left(client, branch):
    child(branch, "田萍")
    client.force_login(desk_of(branch))

    response = client.get(reverse("search"), {"q": "5678"})

    assert "还剩 11 课时" in response.content.decode()


def test_a_child_of_another_branch_is_not_found(client, branch, other_branch):
    child(other_branch, "田萍")
    client.force_login(desk_of(branch))

    assert found(client, "5678") == []


def test_a_child_of_two_branches_is_found_once(client, branch, other_branch, owner):
    student = child(branch, "田萍")
    student.branches.add(other_branch)
    client.force_login(owner)

    assert found(client, "田萍") == [student]


def test_a_search_without_a_hit_says_what_to_do(client, branch):
    client.force_login(desk_of(branch))

    response = client.get(reverse("search"), {"q": "没有这个人"})

    assert "后四位" in response.content.decode()


def test_classes_are_found_too(client, branch):
    group = ClassGroupFactory(branch=branch, name="围棋银44班")
    client.force_login(desk_of(branch))

    response = client.get(reverse("search"), {"q": "围棋"})

    assert list(response.context["class_groups"]) == [group]


@pytest.mark.parametrize("child_count", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three(client, branch, child_count, django_assert_num_queries):
    for number in range(child_count):
        child(branch, f"田萍{number}", phone=f"+861381234{number}678")
    client.force_login(desk_of(branch))

    with django_assert_num_queries(10):
        client.get(reverse("search"), {"q": "田萍"})
