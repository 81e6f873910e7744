"""The statement of an account, and what is done from it: transfer, correct, suspend, write off, wallet."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from core.clock import local_date
from dashboard.statement import frozen
from enrolments.models import CreditLot, Enrolment, Suspension, Transfer, WalletEntry, WriteOff
from enrolments.services import request_write_off, settle_credits, wallet_balance
from scheduling.services.suspensions import suspend_enrolment
from tests.factories import (
    NOW,
    SHANGHAI,
    AttendanceFactory,
    EnrolmentFactory,
    GuardianFactory,
    GuardianshipFactory,
    UserFactory,
    desk_of,
    manager_of,
    sell,
)
from tests.papers import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def guardian():
    return GuardianFactory()


@pytest.fixture
def account(branch, guardian):
    enrolment = EnrolmentFactory(branch=branch)
    GuardianshipFactory(student=enrolment.student, guardian=guardian)
    sell(enrolment, 20, gift_credits=2, validity_days=300)
    return enrolment


@pytest.fixture
def sibling(guardian):
    return GuardianshipFactory(guardian=guardian).student


@pytest.fixture
def desk(client, branch):
    user = desk_of(branch)
    client.force_login(user)
    return user


def teach(enrolment, number=1, credits=1):
    """A lesson that was held, with its credits taken."""
    attendance = AttendanceFactory(
        enrolment=enrolment,
        lesson__class_group__branch=enrolment.branch,
        lesson__number=number,
        lesson__starts_at=NOW + timedelta(days=number),
    )
    settle_credits(
        enrolment=enrolment,
        reference=f"attendance:{attendance.pk}",
        target=Decimal(credits),
        occurred_at=attendance.lesson.starts_at,
        by=UserFactory(),
        reason="点名",
    )
    return attendance.lesson


def expired_lot(branch):
    lot = sell(EnrolmentFactory(branch=branch), 10, price_minor=1000_00, validity_days=30)
    yesterday = today() - timedelta(days=1)
    CreditLot.objects.filter(pk=lot.pk).update(start_date=yesterday - timedelta(days=30), expires_date=yesterday)
    lot.refresh_from_db()
    return lot


def today():
    return local_date(timezone.now(), SHANGHAI)


def url(name, row):
    return reverse(name, args=[row.pk])


def page(client, name, row):
    return client.get(url(name, row))


def token_of(response):
    return re.search(r'name="token" value="([^"]+)"', response.content.decode())[1]


# --- the statement -----------------------------------------------------------------------------------------------


def test_the_statement_names_lesson_class_and_teacher(client, account, desk):
    lesson = teach(account, number=3)

    response = page(client, "statement", account)

    newest = response.context["rows"][0]
    assert (newest.lesson, newest.day, newest.entry.balance_after) == (lesson, lesson.local_date, 21)
    text = response.content.decode()
    assert str(lesson.class_group) in text
    assert str(lesson.teacher) in text


def test_the_parts_add_up_to_the_balance(client, account, desk):
    teach(account, credits=2)

    parts = page(client, "statement", account).context["parts"]

    assert [(part.name, part.credits) for part in parts] == [("bought", 20), ("gift", 2), ("lessons", -2)]
    assert sum(part.credits for part in parts) == Enrolment.objects.get(pk=account.pk).balance


@pytest.mark.parametrize("number", [1, 3])
def test_the_statement_asks_as_much_for_many_entries(client, branch, desk, django_assert_num_queries, number):
    account = EnrolmentFactory(branch=branch)
    for lesson in range(number):
        sell(account)
        teach(account, number=lesson + 1)
    page(client, "statement", account)  # the session and the roles

    with django_assert_num_queries(QUERIES):
        page(client, "statement", account)


QUERIES = 12


def test_the_statement_on_paper_has_every_entry(client, account, desk):
    lesson = teach(account)

    response = page(client, "statement_pdf", account)

    text = text_of(response.content)
    assert response["Content-Type"] == "application/pdf"
    for word in (account.student.name, account.course.name, lesson.class_group.name, lesson.teacher.name, "2,400.00"):
        assert word in text
    assert len(frozen(account, today=today())["rows"]) == account.credit_entries.count() == 3


# --- transfer and correction -------------------------------------------------------------------------------------


def test_two_clicks_give_the_lessons_to_the_sibling_and_two_take_them_back(client, account, sibling, desk):
    form = page(client, "transfer", account)
    assert "¥2,400.00" in form.content.decode()

    data = {"lots": [account.lots.get().pk], "to": f"child:{sibling.pk}", "reason": "给弟弟", "token": token_of(form)}
    answer = client.post(url("transfer", account), data)

    transfer = Transfer.objects.get()
    assert answer["Location"] == url("statement", transfer.target)
    assert Enrolment.objects.get(pk=transfer.target_id).balance == 22

    client.post(url("transfer_undo", transfer), {"reason": "家长改主意"})

    assert Enrolment.objects.get(pk=account.pk).balance == 22


def test_the_value_goes_to_the_wallet(client, account, guardian, desk):
    form = page(client, "transfer", account)
    data = {"lots": [account.lots.get().pk], "to": "wallet", "reason": "转课", "token": token_of(form)}

    answer = client.post(url("transfer", account), data)

    assert answer["Location"] == url("wallet", guardian)
    assert wallet_balance(guardian) == 2400_00


def test_a_transfer_without_family_or_credits_says_what_to_do(client, branch, desk):
    empty, lonely = EnrolmentFactory(branch=branch), sell(EnrolmentFactory(branch=branch)).enrolment

    for account in (empty, lonely):
        response = page(client, "transfer", account)
        assert 'data-test="do-transfer"' not in response.content.decode()


def test_undoing_needs_a_reason(client, account, guardian, desk):
    form = page(client, "transfer", account)
    data = {"lots": [account.lots.get().pk], "to": "wallet", "reason": "转课", "token": token_of(form)}
    client.post(url("transfer", account), data)

    client.post(url("transfer_undo", Transfer.objects.get()), {"reason": ""})

    assert wallet_balance(guardian) == 2400_00


def test_the_manager_corrects_with_a_reason(client, account, branch):
    client.force_login(manager_of(branch))
    form = page(client, "correct", account)
    data = {"lot": account.lots.get().pk, "difference": "-1.5", "reason": "点错名", "token": token_of(form)}

    client.post(url("correct", account), data)

    last = account.credit_entries.order_by("sequence").last()
    assert (last.kind, last.credits, last.reason) == ("adjustment", Decimal("-1.5"), "点错名")


def test_a_correction_beyond_what_is_left_is_told_on_the_form(client, account, branch):
    client.force_login(manager_of(branch))
    data = {"lot": account.lots.get().pk, "difference": "-99", "reason": "点错名", "token": "form-1"}

    response = client.post(url("correct", account), data)

    assert response.status_code == 200
    assert response.context["form"].errors["difference"]


# --- suspension --------------------------------------------------------------------------------------------------


def test_a_child_is_suspended_and_comes_back(client, account, desk):
    before = account.lots.get().expires_date
    days = {"from_date": today(), "expected_date": today() + timedelta(days=30)}

    client.post(url("suspend", account), days | {"reason": "养病"})

    student = page(client, "student", account.student)
    assert 'data-test="away"' in student.content.decode()
    suspension = Suspension.objects.get()
    client.post(url("resume", suspension), {"day": today() + timedelta(days=10)})
    assert (account.lots.get().expires_date - before).days == 10
    assert 'data-test="away"' not in page(client, "student", account.student).content.decode()


def test_the_home_page_asks_for_a_child_whose_day_of_return_has_come(client, account, desk):
    facts = {"from_date": today(), "reason": "养病", "by": desk, "now": timezone.now()}
    suspend_enrolment(enrolment=account, expected_date=today() + timedelta(days=3), **facts)
    assert "back" not in cards(client)

    Suspension.objects.update(from_date=today() - timedelta(days=9), expected_date=today())

    assert cards(client)["back"].number == 1


def cards(client):
    return {card.name: card for card in client.get(reverse("home")).context["cards"]}


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_those_away_asks_as_much_for_many(client, branch, desk, django_assert_num_queries, number):
    for _child in range(number):
        facts = {"from_date": today(), "expected_date": today() + timedelta(days=3), "reason": "养病"}
        suspend_enrolment(enrolment=EnrolmentFactory(branch=branch), by=desk, now=timezone.now(), **facts)
    client.get(reverse("suspension_list"))

    with django_assert_num_queries(AWAY_QUERIES):
        response = client.get(reverse("suspension_list"))

    assert len(response.context["page_obj"].object_list) == number


AWAY_QUERIES = 5


# --- what expires ------------------------------------------------------------------------------------------------


def test_what_expires_soon_is_listed_with_its_value(client, branch, desk, other_branch):
    lot = expired_lot(branch)
    soon = sell(EnrolmentFactory(branch=branch), 10, price_minor=500_00, validity_days=3000)
    CreditLot.objects.filter(pk=soon.pk).update(start_date=today(), expires_date=today() + timedelta(days=30))
    sell(EnrolmentFactory(branch=branch), validity_days=3000)
    expired_lot(other_branch)

    response = client.get(reverse("expiring"))

    assert list(response.context["page_obj"].object_list) == [lot, soon]
    assert response.context["sums"] == {"value": 1500_00, "credits": 20}


def test_two_people_write_off_and_one_puts_back(client, branch, desk):
    lot = expired_lot(branch)
    client.post(url("write_off_new", lot), {"reason": "失联一年"})
    write_off = WriteOff.objects.get()
    own_try = client.post(url("write_off_step", write_off), {"action": "approve"})
    assert own_try.status_code == 403

    client.force_login(manager_of(branch))
    assert cards(client)["write_offs"].number == 1
    client.post(url("write_off_step", write_off), {"action": "approve"})
    lot.refresh_from_db()
    assert (lot.credits_left, lot.released_minor) == (0, 1000_00)

    client.post(url("write_off_step", write_off), {"action": "reverse", "reason": "家长回来"})
    lot.refresh_from_db()
    assert (lot.credits_left, lot.released_minor) == (10, 0)


def test_a_write_off_is_withdrawn_with_a_reason(client, branch, desk):
    client.post(url("write_off_new", expired_lot(branch)), {"reason": "失联一年"})
    write_off = WriteOff.objects.get()

    client.post(url("write_off_step", write_off), {"action": "withdraw", "reason": ""})
    write_off.refresh_from_db()
    assert write_off.status == "requested"

    client.post(url("write_off_step", write_off), {"action": "withdraw", "reason": "再联系"})
    write_off.refresh_from_db()
    assert write_off.status == "withdrawn"


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_of_what_expires_asks_as_much_for_many(client, branch, desk, django_assert_num_queries, number):
    for _lot in range(number):
        expired_lot(branch)
        request_write_off(lot=expired_lot(branch), reason="失联", by=desk, now=timezone.now())
    client.get(reverse("expiring"))

    with django_assert_num_queries(EXPIRING_QUERIES):
        client.get(reverse("expiring"))


EXPIRING_QUERIES = 9


# --- the wallet --------------------------------------------------------------------------------------------------


def wallet_data(branch, action, amount="500", number=1):
    facts = {"branch": branch.pk, "amount": amount, "method": "cash", "reason": "预存", "token": f"form-{number}"}
    return facts | {"action": action}


def test_the_desk_pays_in_and_the_manager_pays_out(client, account, guardian, branch, desk):
    for _click in range(2):
        client.post(url("wallet", guardian), wallet_data(branch, "top_up"))
    refused = client.post(url("wallet", guardian), wallet_data(branch, "pay_out", number=2))
    assert refused.status_code == 403

    client.force_login(manager_of(branch))
    client.post(url("wallet", guardian), wallet_data(branch, "pay_out", "200.50", number=2))

    assert wallet_balance(guardian) == 299_50
    assert "¥299.50" in page(client, "wallet", guardian).content.decode()
    assert WalletEntry.objects.count() == 2


def test_more_than_the_wallet_holds_is_told_on_the_form(client, account, guardian, branch):
    client.force_login(manager_of(branch))

    response = client.post(url("wallet", guardian), wallet_data(branch, "pay_out"))

    assert response.context["form"].errors["amount"]


@pytest.mark.parametrize("number", [1, 3])
def test_the_wallet_asks_as_much_for_many_entries(
    client, account, guardian, branch, desk, django_assert_num_queries, number
):
    for step in range(number):
        client.post(url("wallet", guardian), wallet_data(branch, "top_up", number=step))
    page(client, "wallet", guardian)

    with django_assert_num_queries(WALLET_QUERIES):
        page(client, "wallet", guardian)


WALLET_QUERIES = 11
