"""Numbers are masked; whoever has one shown is written down, and who leads sees who looks at many."""

import logging
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from students.models import PhoneReveal
from students.services import PhoneRevealError, phones, reveal_phone
from tests.factories import (
    NOW,
    AttendanceFactory,
    ChannelFactory,
    EnquiryFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    adviser_of,
    at,
    desk_of,
    manager_of,
    owner_of_school,
    teacher_of,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db
PHONE = "+8613812345678"
WRITTEN = ("13812345678", "138 1234 5678")
FRAGMENT = {"X-Fragment": "yes"}


@pytest.fixture
def guardian(branch):
    return GuardianshipFactory(student=EnrolmentFactory(branch=branch).student, guardian__phone=PHONE).guardian


@pytest.fixture
def enquiry(branch):
    return EnquiryFactory(branch=branch, phone=PHONE, guardian_name="田妈", channel=ChannelFactory())


def address(of):
    return reverse("reveal_phone", args=[of._meta.model_name, of.pk])


def shows_number(response):
    return any(text in response.content.decode() for text in WRITTEN)


@pytest.mark.parametrize("person_of", [desk_of, adviser_of, manager_of])
@pytest.mark.parametrize("of", ["guardian", "enquiry"])
def test_who_works_with_families_has_a_number_shown_and_is_written_down(client, branch, request, person_of, of, caplog):
    family, person = request.getfixturevalue(of), person_of(branch)
    client.force_login(person)

    with caplog.at_level(logging.INFO, logger="access"):
        response = client.post(address(family), {"place": "student"}, headers=FRAGMENT)

    reveal = PhoneReveal.objects.get()
    assert f'href="tel:{PHONE}"' in response.content.decode()
    assert "<html" not in response.content.decode()
    assert (reveal.by, getattr(reveal, of), reveal.branch, reveal.place) == (person, family, branch, "student")
    assert f"phone of {of} {family.pk} shown to staff {person.pk}" in caplog.text
    assert not any(text in caplog.text for text in WRITTEN)


def test_without_our_script_the_answer_is_a_page(client, branch, guardian):
    client.force_login(desk_of(branch))

    response = client.post(address(guardian))

    assert f'href="tel:{PHONE}"' in response.content.decode()
    assert "<html" in response.content.decode()


def test_a_teacher_has_no_number_shown(client, branch, guardian, enquiry):
    client.force_login(teacher_of(branch))

    assert [client.post(address(family)).status_code for family in (guardian, enquiry)] == [403, 403]
    assert not PhoneReveal.objects.exists()


def test_another_branch_does_not_learn_that_there_is_one(client, other_branch, guardian, enquiry):
    client.force_login(desk_of(other_branch))

    assert [client.post(address(family)).status_code for family in (guardian, enquiry)] == [404, 404]
    assert not PhoneReveal.objects.exists()


def test_a_kind_that_is_none_is_not_found(client, branch):
    client.force_login(desk_of(branch))

    assert client.post(reverse("reveal_phone", args=["user", 1])).status_code == 404


def test_the_number_is_not_asked_for_by_address_alone(client, branch, guardian):
    client.force_login(desk_of(branch))

    assert client.get(address(guardian)).status_code == 405


def test_a_family_of_two_branches_is_noted_where_the_colleague_works(client, branch, other_branch, guardian):
    student = guardian.students.get()
    student.branches.add(other_branch)
    client.force_login(desk_of(other_branch))

    client.post(address(guardian))

    assert PhoneReveal.objects.get().branch == other_branch


def test_pages_show_masked_numbers(client, branch, guardian, enquiry):
    client.force_login(desk_of(branch))
    pages = [
        reverse("search"),
        f"{reverse('search')}?q=5678",
        reverse("student", args=[guardian.students.get().pk]),
        reverse("consent", args=[guardian.pk]),
        reverse("enquiry", args=[enquiry.pk]),
        reverse("enquiry_trial", args=[enquiry.pk]),
        reverse("enquiry_follow_up", args=[enquiry.pk]),
        reverse("enquiry_sign_up", args=[enquiry.pk]),
        f"{reverse('enquiry_list')}?whose=all",
    ]

    for page in pages:
        response = client.get(page)
        assert response.status_code == 200, page
        assert "138****5678" in response.content.decode(), page
        assert not shows_number(response), page
    assert not PhoneReveal.objects.exists()


def test_those_who_come_to_try_are_masked_in_the_lesson(client, branch, enquiry):
    lesson = AttendanceFactory(
        enrolment__branch=branch,
        lesson__class_group__branch=branch,
        lesson__class_group__capacity=9,
        lesson__starts_at=at("2030-01-05 10:00"),
    ).lesson
    client.force_login(desk_of(branch))

    found = client.get(reverse("lesson_trials", args=[lesson.pk]), {"q": "5678"})

    assert enquiry.child_name in found.content.decode()
    assert not shows_number(found)


def test_pages_of_a_teacher_show_no_number_at_all(client, branch, guardian):
    teacher = teacher_of(branch)
    enrolment = guardian.students.get().enrolments.get()
    lesson = AttendanceFactory(
        enrolment=enrolment, lesson__class_group__branch=branch, lesson__class_group__teacher=teacher
    ).lesson
    client.force_login(teacher)

    for name in ("lesson", "roll_call"):
        page = client.get(reverse(name, args=[lesson.pk])).content.decode()
        assert enrolment.student.name in page
        assert "5678" not in page


def test_within_an_hour_there_is_a_limit(client, branch, guardian, monkeypatch):
    monkeypatch.setattr(phones, "MOST_AN_HOUR", 2)
    person = desk_of(branch)
    facts = {"branch": branch, "place": "list", "by": person}
    for number in range(2):
        reveal_phone(enquiry=EnquiryFactory(branch=branch, phone=f"+861381234567{number}"), now=NOW, **facts)
    third = EnquiryFactory(branch=branch, phone=PHONE)

    with pytest.raises(PhoneRevealError):
        reveal_phone(enquiry=third, now=NOW + timedelta(minutes=59), **facts)
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(minutes=1))
    client.force_login(person)
    refused = client.post(address(third), headers=FRAGMENT)

    assert refused.status_code == 429
    assert 'data-test="refused"' in refused.content.decode()
    assert not shows_number(refused)
    assert reveal_phone(enquiry=third, now=NOW + timedelta(minutes=61), **facts) == PHONE


def test_the_same_family_again_does_not_count_towards_the_limit(branch, guardian, monkeypatch):
    monkeypatch.setattr(phones, "MOST_AN_HOUR", 1)
    facts = {"guardian": guardian, "branch": branch, "place": "list", "by": desk_of(branch), "now": NOW}

    assert [reveal_phone(**facts) for _click in range(3)] == [PHONE] * 3
    assert PhoneReveal.objects.count() == 3


def test_who_looks_at_many_stands_at_the_top(client, branch, other_branch, guardian, enquiry, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    many, few = desk_of(branch, name="王芳"), desk_of(branch, name="李强")
    at_branch = {"branch": branch, "place": "list"}
    reveal_phone(guardian=guardian, by=few, now=NOW, **at_branch)
    reveal_phone(guardian=guardian, by=few, now=NOW, **at_branch)
    reveal_phone(guardian=guardian, by=many, now=NOW, **at_branch)
    reveal_phone(enquiry=enquiry, by=many, now=NOW, **at_branch)
    reveal_phone(guardian=guardian, by=many, now=NOW - timedelta(days=31), **at_branch)
    reveal_phone(enquiry=EnquiryFactory(branch=other_branch), by=many, branch=other_branch, place="list", now=NOW)
    client.force_login(manager_of(branch))

    page = client.get(reverse("phone_reveals"))
    rows = [(row["name"], row["families"], row["times"]) for row in page.context["object_list"]]
    day = client.get(reverse("phone_reveal_day", args=[many.pk, "2026-11-21"]))

    assert rows == [("王芳", 2, 2), ("李强", 1, 2)]
    assert [row.guardian or row.enquiry for row in day.context["object_list"]] == [guardian, enquiry]
    assert not shows_number(day)
    client.force_login(owner_of_school())
    assert client.get(reverse("phone_reveals")).context["object_list"][0]["families"] == 3


def test_a_day_that_is_none_is_not_found(client, branch):
    client.force_login(manager_of(branch))

    assert client.get(reverse("phone_reveal_day", args=[desk_of(branch).pk, "someday"])).status_code == 404


@pytest.mark.parametrize("row_count", [1, 3])
def test_the_lists_cost_the_same_for_one_and_for_three(client, branch, row_count, django_assert_num_queries):
    person = desk_of(branch)
    for _row in range(row_count):
        reveal_phone(enquiry=EnquiryFactory(branch=branch), branch=branch, place="list", by=person, now=timezone.now())
        reveal_phone(
            guardian=GuardianshipFactory().guardian, branch=branch, place="list", by=desk_of(branch), now=timezone.now()
        )
    client.force_login(manager_of(branch))

    with django_assert_num_queries(5):
        page = client.get(reverse("phone_reveals"))
    row = next(row for row in page.context["object_list"] if row["by"] == person.pk)
    with django_assert_num_queries(6):
        day = client.get(reverse("phone_reveal_day", args=[person.pk, f"{row['day']:%Y-%m-%d}"]))

    assert len(day.context["object_list"]) == row_count


def test_the_database_keeps_who_looked(branch, guardian, enquiry):
    facts = {"branch": branch, "place": "list", "by": desk_of(branch), "at": NOW}
    with refused_by("phonereveal_of_one"):
        PhoneReveal.objects.create(**facts)
    with refused_by("phonereveal_of_one"):
        PhoneReveal.objects.create(guardian=guardian, enquiry=enquiry, **facts)
    reveal = PhoneReveal.objects.create(guardian=guardian, **facts)

    with refused_by("who looked at a number stays written down"):
        PhoneReveal.objects.filter(pk=reveal.pk).update(place="student")
    with refused_by("who looked at a number stays written down"):
        PhoneReveal.objects.filter(pk=reveal.pk).delete()
