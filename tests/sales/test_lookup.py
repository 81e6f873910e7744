"""A number that is known shows while it is typed; what is not one's own only that it exists, and whom to ask."""

import logging
from datetime import timedelta

import pytest
from django.urls import reverse

from sales.lookup import look_up
from sales.services.hand_over_requests import (
    ask_for_hand_over,
    give_enquiry,
    keep_enquiry,
    open_requests,
    requests_to_answer,
)
from sales.services.limits import WINDOW
from sales.timeline import history_of
from sales.views import lookup
from students.models import Enquiry, EnquiryChange
from students.services import EnquiryError, assign_enquiry, record_follow_up
from tests.factories import (
    NOW,
    EnquiryFactory,
    GuardianshipFactory,
    StudentFactory,
    adviser_of,
    desk_of,
    manager_of,
    teacher_of,
)

pytestmark = pytest.mark.django_db
URL = "/enquiries/look-up/"
TYPED, PHONE = "13812345678", "+8613812345678"


@pytest.fixture
def desk(branch):
    return desk_of(branch, name="前台小李")


@pytest.fixture
def adviser(other_branch):
    return adviser_of(other_branch, name="顾问小王")


@pytest.fixture
def elsewhere(other_branch, adviser):
    """Of the other branch, with everything that must not be told."""
    return EnquiryFactory(
        branch=other_branch, phone=PHONE, child_name="孙秘密", guardian_name="孙妈妈", owner=adviser, note="离异"
    )


@pytest.fixture
def typed(client, desk):
    """typed("1381234"): what stands beneath the number."""

    def typed(phone, child_name="", by=desk):
        client.force_login(by)
        return client.post(URL, {"phone": phone, "child_name": child_name})

    return typed


# --- what is found ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("138123", False),
        ("1381234", True),
        ("138 1234", True),
        (TYPED, True),
        ("+86 138-1234-5678", True),
        ("1381235", False),
        ("3812345678", False),  # from the beginning: else it would find half the town
    ],
)
def test_own_enquiries_from_the_seventh_digit_on(desk, branch, text, is_found):
    enquiry = EnquiryFactory(branch=branch, phone=PHONE)

    assert look_up(desk, now=NOW, typed=text).enquiries == ([enquiry] if is_found else [])


def test_children_are_found_by_their_guardians_number(typed, branch):
    student = GuardianshipFactory(student__branches=[branch], guardian__phone=PHONE).student

    page = typed(TYPED)

    assert [row.pk for row in page.context["found"].students] == [student.pk]
    assert reverse("student", args=[student.pk]) in page.content.decode()
    assert reverse("enrol", args=[student.pk]) in page.content.decode()


def test_same_child_with_the_same_last_digits_is_found_though_another_digit_is_wrong(desk, branch):
    enquiry = EnquiryFactory(branch=branch, phone="+8613812315678", child_name="钱小小")
    EnquiryFactory(branch=branch, phone="+8613812315678", child_name="别人")

    assert look_up(desk, now=NOW, typed=TYPED, child_name="钱 小小").enquiries == [enquiry]


def test_open_ones_come_first_and_merged_ones_not_at_all(desk, branch):
    open_one = EnquiryFactory(branch=branch, phone=PHONE)
    lost = EnquiryFactory(branch=branch, phone=PHONE, stage="lost")
    EnquiryFactory(branch=branch, phone=PHONE, merged_into=lost)

    assert look_up(desk, now=NOW, typed=TYPED).enquiries == [open_one, lost]


# --- what is not one's own -------------------------------------------------------------------------------


def test_of_another_branch_only_that_it_exists_and_whom_to_ask(typed, elsewhere):
    text = typed(TYPED).content.decode()

    assert "河西校区" in text
    assert "顾问小王" in text
    assert 'data-test="ask"' in text
    for secret in ["孙秘密", "孙妈妈", "离异", "138 1234", reverse("enquiry", args=[elsewhere.pk])]:
        assert secret not in text, secret


def test_child_of_another_branch_is_told_without_its_name(typed, other_branch):
    student = StudentFactory(name="孙秘密", branches=[other_branch])
    GuardianshipFactory(student=student, guardian__name="孙妈妈", guardian__phone=PHONE)

    text = typed(TYPED).content.decode()

    assert "河西校区" in text
    assert "孙" not in text
    assert 'data-test="ask"' not in text  # a child that learns there is not handed over


def test_child_of_both_branches_is_one_s_own(desk, branch, other_branch):
    student = StudentFactory(branches=[branch, other_branch])
    GuardianshipFactory(student=student, guardian__phone=PHONE)

    found = look_up(desk, now=NOW, typed=TYPED)

    assert (found.students, found.elsewhere) == ([student], [])


@pytest.mark.parametrize("text", ["1381234", "1381234567"])
def test_part_of_a_number_tells_nothing_of_other_branches(desk, elsewhere, text):
    assert not look_up(desk, now=NOW, typed=text)
    assert look_up(desk, now=NOW, typed=TYPED).elsewhere


def test_owner_of_the_school_sees_all(owner, elsewhere):
    found = look_up(owner, now=NOW, typed=TYPED)

    assert (found.enquiries, found.elsewhere) == ([elsewhere], [])


def test_log_has_ids_alone(typed, elsewhere, caplog):
    with caplog.at_level(logging.INFO, logger="access"):
        typed(TYPED)

    assert f"enquiry {elsewhere.pk} (elsewhere)" in caplog.text
    assert TYPED not in caplog.text


def test_flood_is_answered_429_to_that_person_alone(typed, monkeypatch, other_branch, elsewhere):
    monkeypatch.setattr(lookup, "LOOKUPS", 2)

    answers = [typed(f"1391234567{digit}").status_code for digit in range(3)]
    stopped = typed(TYPED)

    assert answers == [200, 200, 429]
    assert "河西校区" not in stopped.content.decode()
    assert 0 < int(stopped["Retry-After"]) <= WINDOW.total_seconds()
    assert typed(TYPED, by=desk_of(other_branch)).status_code == 200


def test_form_that_is_sent_again_and_again_is_no_way_round_it(client, desk, monkeypatch, elsewhere):
    monkeypatch.setattr(lookup, "LOOKUPS", 1)
    client.force_login(desk)

    answers = [client.post("/enquiries/new/", {"phone": TYPED}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert "河西校区" in answers[0].content.decode()  # without scripts it stands there too
    assert "河西校区" not in answers[1].content.decode()


@pytest.mark.parametrize("number", [1, 3])
def test_look_up_asks_as_often_for_three_families_as_for_one(
    typed, branch, other_branch, number, django_assert_num_queries
):
    for _ in range(number):
        EnquiryFactory(branch=branch, phone=PHONE, owner=desk_of(branch))
        EnquiryFactory(branch=other_branch, phone=PHONE, owner=desk_of(other_branch))
    guardian = GuardianshipFactory(student__branches=[branch], guardian__phone=PHONE).guardian
    for _ in range(number):
        GuardianshipFactory(student__branches=[branch], guardian=guardian)
        GuardianshipFactory(student__branches=[other_branch], guardian=guardian)
    typed("13900000000")  # the first one of a window counts anew

    with django_assert_num_queries(21):
        typed(TYPED)


# --- asking for a hand-over ------------------------------------------------------------------------------


def ask(client, person, enquiry, phone=TYPED, reason="家长来前台"):
    client.force_login(person)
    return client.post("/enquiries/ask/", {"enquiry": enquiry.pk, "phone": phone, "ask_reason": reason})


def test_asked_once_a_day_and_the_owner_and_the_manager_see_it(client, desk, elsewhere, adviser, other_branch):
    for _ in range(2):
        assert ask(client, desk, elsewhere).status_code == 302
    assert look_up(desk, now=NOW, typed=TYPED).elsewhere[0].asked.is_kept is False
    assert look_up(desk_of(desk.memberships.get().branch), now=NOW, typed=TYPED).elsewhere[0].asked is None

    asked = EnquiryChange.objects.get(kind="asked_for")
    assert (asked.by, asked.reason) == (desk, "家长来前台")
    for person in [adviser, manager_of(other_branch)]:
        client.force_login(person)
        assert 'data-test="card-hand_overs"' in client.get("/").content.decode()
        assert list(client.get("/enquiries/asked-for/").context["object_list"]) == [asked]
        assert 'data-test="give"' in client.get(reverse("enquiry", args=[elsewhere.pk])).content.decode()
    for person in [desk, desk_of(other_branch)]:
        client.force_login(person)
        assert list(client.get("/enquiries/asked-for/").context["object_list"]) == []


def test_again_on_another_day(elsewhere, desk):
    facts = {"enquiry": elsewhere, "by": desk, "reason": ""}

    assert ask_for_hand_over(now=NOW, **facts) == ask_for_hand_over(now=NOW + timedelta(hours=11), **facts)
    assert ask_for_hand_over(now=NOW + timedelta(hours=12), **facts).at == NOW + timedelta(hours=12)


def test_numbers_are_not_tried_by_asking_either(client, desk, elsewhere, monkeypatch):
    monkeypatch.setattr(lookup, "LOOKUPS", 1)

    answers = [ask(client, desk, elsewhere, phone=phone).status_code for phone in ["13812345679", TYPED]]

    assert answers == [404, 429]
    assert not EnquiryChange.objects.exists()


@pytest.mark.parametrize("phone", ["", "13812345679", "1381234"])
def test_who_does_not_know_the_number_learns_nothing(client, desk, elsewhere, phone):
    assert ask(client, desk, elsewhere, phone=phone).status_code == 404
    assert not EnquiryChange.objects.exists()


def test_given_to_another_branch_it_moves_there_with_its_history(client, desk, branch, elsewhere, adviser):
    record_follow_up(enquiry=elsewhere, outcome="interested", by=adviser, now=NOW, token="a", text="以前说的")
    asked = ask_for_hand_over(enquiry=elsewhere, by=desk, reason="", now=NOW)
    client.force_login(adviser)

    answer = client.post(reverse("enquiry_answer", args=[elsewhere.pk]), {"request": asked.pk, "answer": "give"})

    elsewhere.refresh_from_db()
    assert (elsewhere.branch, elsewhere.owner) == (branch, desk)
    assert answer.url == "/enquiries/asked-for/"  # it is not theirs to see any more
    assert any("河西校区 → 奥体校区" in event.detail for event in history_of(elsewhere, desk))
    assert any("以前说的" in event.detail for event in history_of(elsewhere, desk))
    client.force_login(desk)
    assert client.get(reverse("enquiry", args=[elsewhere.pk])).status_code == 200


def test_colleague_of_the_branch_gets_it_where_it_is(other_branch, elsewhere, adviser):
    asked = ask_for_hand_over(enquiry=elsewhere, by=desk_of(other_branch), reason="", now=NOW)

    given = give_enquiry(request=asked, by=manager_of(other_branch), now=NOW)

    assert (given.branch, given.owner) == (other_branch, asked.by)


def test_kept_one_is_asked_about_no_more(client, desk, elsewhere, adviser):
    asked = ask_for_hand_over(enquiry=elsewhere, by=desk, reason="", now=NOW)
    client.force_login(adviser)

    client.post(reverse("enquiry_answer", args=[elsewhere.pk]), {"request": asked.pk, "answer": "keep"})

    elsewhere.refresh_from_db()
    assert elsewhere.owner == adviser
    assert look_up(desk, now=NOW, typed=TYPED).elsewhere[0].asked.is_kept
    assert list(requests_to_answer(adviser, NOW)) == []
    assert elsewhere.changes.filter(kind="kept", to_owner=desk).count() == 1


def test_only_its_owner_and_the_manager_answer_and_once(client, other_branch, desk, elsewhere, adviser):
    asked = ask_for_hand_over(enquiry=elsewhere, by=desk, reason="", now=NOW)

    with pytest.raises(EnquiryError):
        give_enquiry(request=asked, by=desk_of(other_branch), now=NOW)
    keep_enquiry(request=asked, by=adviser, now=NOW)
    with pytest.raises(EnquiryError):
        give_enquiry(request=asked, by=adviser, now=NOW)
    assert Enquiry.objects.get().owner == adviser


def test_who_works_nowhere_any_more_gets_nothing(elsewhere, adviser, desk):
    asked = ask_for_hand_over(enquiry=elsewhere, by=desk, reason="", now=NOW)
    desk.memberships.all().delete()

    with pytest.raises(EnquiryError):
        give_enquiry(request=asked, by=adviser, now=NOW)


def test_request_is_over_when_it_is_given_to_anybody_or_old(elsewhere, desk, other_branch):
    ask_for_hand_over(enquiry=elsewhere, by=desk, reason="", now=NOW)
    assert not open_requests(NOW + timedelta(days=31))

    assign_enquiry(enquiry=elsewhere, owner=desk_of(other_branch), by=None, now=NOW)

    assert not open_requests(NOW)
    assert look_up(desk, now=NOW, typed=TYPED).elsewhere[0].asked is None  # and may be asked for again


def test_manager_answers_for_what_is_nobody_s(other_branch, elsewhere, desk):
    Enquiry.objects.update(owner=None)
    asked = ask_for_hand_over(enquiry=elsewhere, by=desk, reason="", now=NOW)

    assert list(requests_to_answer(manager_of(other_branch), NOW)) == [asked]


def test_one_s_own_is_not_asked_for(elsewhere, adviser, client):
    with pytest.raises(EnquiryError):
        ask_for_hand_over(enquiry=elsewhere, by=adviser, reason="", now=NOW)


def test_teacher_looks_up_and_asks_for_nothing(client, branch, elsewhere, typed):
    teacher = teacher_of(branch)

    assert typed(TYPED, by=teacher).status_code == 403
    assert ask(client, teacher, elsewhere).status_code == 403


@pytest.mark.parametrize("number", [1, 3])
def test_list_asks_as_often_for_three_requests_as_for_one(
    client, other_branch, desk, number, django_assert_num_queries
):
    for _ in range(number):
        enquiry = EnquiryFactory(branch=other_branch, owner=desk_of(other_branch), phone=PHONE)
        ask_for_hand_over(enquiry=enquiry, by=desk, reason="", now=NOW)
    client.force_login(manager_of(other_branch))

    with django_assert_num_queries(5):
        client.get("/enquiries/asked-for/")
