"""The pages of refunds: one screen to ask for one, the list, the page of one with its steps, the paper."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from enrolments.models import Enrolment, Refund
from enrolments.services import approve_refund
from scheduling.models import Attendance, ClassMember
from scheduling.services import place_student, plan_lessons
from tests.enrolments.refund_cases import account, ask, order_44, sell_44, take
from tests.factories import (
    NOW,
    TODAY,
    ClassGroupFactory,
    EnrolmentFactory,
    ScheduleRuleFactory,
    desk_of,
    manager_of,
    owner_of_school,
    sell,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(branch):
    return desk_of(branch, name="前台小李")


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="马校长")


@pytest.fixture
def enrolment(branch):
    """44 lessons bought, ten taken."""
    enrolment = account(branch)
    sell_44(enrolment)
    take(enrolment, 10)
    return enrolment


@pytest.fixture
def group(enrolment, manager):
    """The child's class, on Saturdays, with room for one."""
    group = ClassGroupFactory(
        branch=enrolment.branch,
        course=enrolment.course,
        name="围棋甲班",
        lessons_total=6,
        capacity=1,
        is_capacity_hard=True,
    )
    ScheduleRuleFactory(class_group=group)
    plan_lessons(class_group=group, by=manager, now=NOW)
    place_student(class_group=group, enrolment=enrolment, joined_date=TODAY, by=manager, now=NOW)
    return group


def fields(enrolment, **changes):
    """What the form sends for all lots, the family's own cause."""
    rows = {"materials-TOTAL_FORMS": "2", "materials-INITIAL_FORMS": "0"}
    lots = list(enrolment.lots.values_list("pk", flat=True))
    given = {"cause": "parent", "reason": "搬家", "lots": lots, "method": "cash", "token": "t", "seen": "360000"}
    return rows | given | changes


def send(client, person, enrolment, **changes):
    client.force_login(person)
    return client.post(reverse("refund_new", args=[enrolment.pk]), fields(enrolment, **changes))


def step(client, person, refund, action, **data):
    client.force_login(person)
    return client.post(reverse("refund", args=[refund.pk]), {"action": action, **data})


def lessons_to_come(enrolment):
    return Attendance.objects.filter(enrolment=enrolment, lesson__local_date__gt=TODAY).count()


# --- asking ------------------------------------------------------------------------------------------------


def test_asking_leads_to_the_refund_that_waits_for_approval(client, desk, enrolment):
    response = send(client, desk, enrolment)

    refund = Refund.objects.get()
    assert response["Location"] == reverse("refund", args=[refund.pk])
    assert (refund.status, refund.amount_minor, refund.method) == ("requested", 3600_00, "cash")


def test_a_double_click_asks_once(client, desk, enrolment):
    send(client, desk, enrolment)

    response = send(client, desk, enrolment)

    assert response.status_code == 302
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("seen", ["", "370000"])
def test_nobody_asks_for_an_amount_that_was_not_shown(client, desk, enrolment, seen):
    response = send(client, desk, enrolment, seen=seen)

    assert response.status_code == 200
    assert response.context["sheet"]["amount"] == 3600_00
    assert not Refund.objects.exists()


@pytest.mark.parametrize("missing", ["cause", "reason", "lots", "method"])
def test_what_is_missing_is_asked_for(client, desk, enrolment, missing):
    response = send(client, desk, enrolment, **{missing: []})

    assert missing in response.context["form"].errors
    assert not Refund.objects.exists()


def test_a_fragment_answers_with_the_sheet_alone(client, desk, enrolment):
    client.force_login(desk)
    data = fields(enrolment, cause="school", reason="")

    response = client.post(reverse("refund_new", args=[enrolment.pk]), data, headers={"X-Fragment": "sheet"})

    assert response.context["sheet"]["amount"] == 3709_09
    assert b"<html" not in response.content
    assert not Refund.objects.exists()


def test_lots_of_another_child_are_refused(client, desk, branch, enrolment):
    other = sell_44(account(branch, name="罗琴", course="国画"))

    response = send(client, desk, enrolment, lots=[other.pk])

    assert "lots" in response.context["form"].errors


def test_materials_need_a_price_and_a_document(client, desk, enrolment):
    row = {"materials-0-name": "教材", "materials-0-amount": "80"}

    assert send(client, desk, enrolment, **row).context["materials"].total_error_count() == 1
    send(client, desk, enrolment, seen="352000", **row, **{"materials-0-document": "领用单 7"})

    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.deductions.get().document) == (3520_00, "领用单 7")


def test_fees_are_refused_with_a_sentence(client, desk, enrolment):
    row = {"materials-0-name": "手续费", "materials-0-amount": "80", "materials-0-document": "合同"}

    response = send(client, desk, enrolment, seen="352000", **row)

    assert "手续费" in response.context["error"]


@pytest.mark.parametrize(("days", "causes"), [(1, ["school", "parent", "seven_days"]), (11, ["school", "parent"])])
def test_seven_days_are_offered_while_they_last(client, desk, branch, days, causes):
    enrolment = account(branch)
    sell(enrolment, now=NOW - timedelta(days=days))
    client.force_login(desk)

    response = client.get(reverse("refund_new", args=[enrolment.pk]))

    assert [value for value, _label in response.context["form"].fields["cause"].choices] == causes
    assert bool(response.context["withdraw_until"]) == (len(causes) == 3)


def test_money_goes_back_the_way_it_came(client, desk, branch):
    enrolment = account(branch)
    order_44(enrolment, paid_minor=4800_00)
    client.force_login(desk)

    assert client.get(reverse("refund_new", args=[enrolment.pk])).context["form"]["method"].value() == "cash"


def test_one_that_is_under_way_is_shown_instead(client, desk, enrolment):
    refund = ask(enrolment, desk)
    client.force_login(desk)

    response = client.get(reverse("refund_new", args=[enrolment.pk]))

    assert response["Location"] == reverse("refund", args=[refund.pk])


# --- the classes that the child leaves -----------------------------------------------------------------------


def test_who_leaves_is_taken_out_of_the_lessons_to_come(client, desk, enrolment, group):
    assert lessons_to_come(enrolment) == 5

    send(client, desk, enrolment)

    assert lessons_to_come(enrolment) == 0
    member = ClassMember.objects.get(enrolment=enrolment)
    assert member.left_date == TODAY + timedelta(days=1)
    assert Refund.objects.get().classes_left == [group.pk]


def test_who_keeps_other_lots_stays(client, desk, enrolment, group):
    later = sell(enrolment, 20, price_minor=2400_00)

    send(client, desk, enrolment, lots=[later.pk], seen="240000")

    assert Refund.objects.get().classes_left == []
    assert lessons_to_come(enrolment) == 5


@pytest.mark.parametrize("action", ["withdraw", "reject"])
def test_calling_it_off_brings_the_child_back(client, desk, manager, enrolment, group, action):
    send(client, desk, enrolment)

    step(client, manager, Refund.objects.get(), action, ended_reason="家长继续学")

    assert lessons_to_come(enrolment) == 5
    assert Refund.objects.get().ended_reason == "家长继续学"


def test_a_seat_that_was_taken_meanwhile_is_said(client, desk, manager, enrolment, group):
    send(client, desk, enrolment)
    other = EnrolmentFactory(branch=enrolment.branch, course=enrolment.course)
    day = TODAY + timedelta(days=2)
    place_student(class_group=group, enrolment=other, joined_date=day, by=manager, now=NOW)

    response = step(client, desk, Refund.objects.get(), "withdraw", ended_reason="家长继续学")

    assert Refund.objects.get().status == "withdrawn"
    assert any("围棋甲班" in str(message) for message in get_messages(response.wsgi_request))
    assert lessons_to_come(enrolment) == 0


# --- the page of one ------------------------------------------------------------------------------------------


def test_approving_and_paying(client, desk, manager, enrolment):
    refund = ask(enrolment, desk)

    step(client, manager, refund, "approve")
    step(client, desk, refund, "pay", method="wechat", reference="4200001")

    refund.refresh_from_db()
    payout = refund.payouts.get()
    assert (refund.status, payout.amount_minor, payout.reference) == ("paid", 3600_00, "4200001")
    assert Enrolment.objects.get(pk=enrolment.pk).balance == 0


def test_paying_in_two_ways(client, desk, manager, enrolment):
    refund = approve_refund(refund=ask(enrolment, desk), by=manager, now=NOW)

    step(client, desk, refund, "pay", method="cash", second_method="wallet", second_amount="3000")

    assert [(one.method, one.amount_minor) for one in refund.payouts.all()] == [("cash", 600_00), ("wallet", 3000_00)]


def test_a_part_larger_than_the_whole_is_refused(client, desk, manager, enrolment):
    refund = approve_refund(refund=ask(enrolment, desk), by=manager, now=NOW)

    response = step(client, desk, refund, "pay", method="cash", second_method="card", second_amount="3600.01")

    assert "second_amount" in response.context["pay_form"].errors
    assert not refund.payouts.exists()


def test_interest_goes_with_it_where_it_is_ticked(client, desk, manager, enrolment, monkeypatch):
    refund = approve_refund(refund=ask(enrolment, desk), by=manager, now=NOW)
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(days=10))
    client.force_login(desk)
    assert client.get(reverse("refund", args=[refund.pk])).context["interest_minor"] == 1_48

    step(client, desk, refund, "pay", method="cash", with_interest="on")

    refund.refresh_from_db()
    assert (refund.interest_minor, refund.payouts.get().amount_minor) == (1_48, 3601_48)


def test_the_desk_does_not_approve(client, desk, branch, enrolment):
    refund = ask(enrolment, desk)

    for action in ("approve", "reject"):
        assert step(client, desk_of(branch), refund, action, ended_reason="x").status_code == 403


def test_nobody_approves_the_own_request(client, manager, enrolment):
    refund = ask(enrolment, manager)
    response = step(client, manager, refund, "approve")

    assert [message.level_tag for message in get_messages(response.wsgi_request)] == ["error"]
    page = client.get(reverse("refund", args=[refund.pk]))
    assert (page.context["may"]["approve"], bool(page.context["refusal"])) == (False, True)


def test_above_the_limit_the_owner_approves(client, desk, manager, enrolment):
    branch = enrolment.branch
    branch.refund_manager_limit_minor = 3599_99
    branch.save()
    refund = ask(enrolment, desk)

    step(client, manager, refund, "approve")
    assert Refund.objects.get().status == "requested"
    step(client, owner_of_school(), refund, "approve")

    assert Refund.objects.get().status == "approved"


def test_a_stale_sheet_offers_to_calculate_anew(client, desk, manager, enrolment):
    refund = ask(enrolment, desk)
    take(enrolment, 11)
    client.force_login(manager)
    assert client.get(reverse("refund", args=[refund.pk])).context["is_stale"]

    step(client, manager, refund, "recalculate")

    assert Refund.objects.get().amount_minor == 3480_00
    assert not client.get(reverse("refund", args=[refund.pk])).context["is_stale"]


def test_calling_off_needs_a_reason(client, desk, enrolment):
    refund = ask(enrolment, desk)

    response = step(client, desk, refund, "withdraw", ended_reason="")

    assert "ended_reason" in response.context["end_form"].errors
    assert Refund.objects.get().status == "requested"


def test_the_best_formula_is_marked_once(client, desk, enrolment):
    sell(enrolment, 20, price_minor=2400_00)  # nothing of it taken: every formula gives all of it
    refund = ask(enrolment, desk, cause="school")
    client.force_login(desk)

    columns = client.get(reverse("refund", args=[refund.pk])).context["columns"]

    assert [column.formula for column in columns if column.is_chosen] == ["school"]
    assert {column.formula for column in columns} == {"contract", "school", "parent", "seven_days"}


def test_the_paper_names_the_child_and_every_figure(client, desk, enrolment):
    refund = ask(enrolment, desk)
    client.force_login(desk)

    response = client.get(reverse("refund_pdf", args=[refund.pk]))

    text = "".join(page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)
    for part in ("田萍", "围棋", "¥3,600.00", "¥3,709.09", "¥3,300.00", "¥4,800.00 − ¥4,800.00 × 10 ÷ 40"):
        assert part in text


# --- lists and cards ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_asks_as_much_for_many_as_for_one(client, desk, branch, number, django_assert_num_queries):
    refunds = [ask(_bought(branch, n), desk) for n in range(number)]
    client.force_login(desk)

    with django_assert_num_queries(7):
        response = client.get(reverse("refund_list"))

    assert list(response.context["object_list"]) == refunds


@pytest.mark.parametrize("number", [1, 3])
def test_the_form_asks_as_much_for_many_lots_as_for_one(client, desk, branch, number, django_assert_num_queries):
    enrolment = account(branch)
    for _number in range(number):
        order_44(enrolment, paid_minor=3000_00)
    client.force_login(desk)

    with django_assert_num_queries(15):
        client.post(reverse("refund_new", args=[enrolment.pk]), fields(enrolment), headers={"X-Fragment": "sheet"})


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("", ["requested", "approved"]),
        ("requested", ["requested"]),
        ("approved", ["approved"]),
        ("paid", []),
        ("ended", ["withdrawn"]),
        ("nonsense", ["requested", "approved"]),
    ],
)
def test_the_list_by_state(client, desk, manager, branch, state, shown):
    ask(_bought(branch, 1), desk)
    approve_refund(refund=ask(_bought(branch, 2), desk), by=manager, now=NOW)
    step(client, desk, ask(_bought(branch, 3), desk), "withdraw", ended_reason="家长继续学")

    response = client.get(reverse("refund_list"), {"state": state})

    assert sorted(refund.status for refund in response.context["object_list"]) == sorted(shown)
    assert [chip["number"] for chip in response.context["chips"]] == [2, 1, 1, 0, 1]


@pytest.mark.parametrize(
    ("day", "state"),
    [(0, "info"), (3, "info"), (4, "warn"), (5, "warn"), (6, "bad"), (7, "bad")],
)
def test_the_clock_runs_out(client, desk, enrolment, monkeypatch, day, state):
    """Asked for on Saturday the 21st: an answer is due on Friday the 27th."""
    refund = ask(enrolment, desk)
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(days=day))
    client.force_login(desk)

    assert client.get(reverse("refund", args=[refund.pk])).context["clock"].state == state


def test_home_says_what_waits_for_whom(client, desk, manager, branch, enrolment):
    refund = ask(enrolment, desk)
    assert _cards(client, desk) == {}
    assert _cards(client, manager) == {"refunds_to_approve": reverse("refund", args=[refund.pk])}
    ask(_bought(branch, 2), desk)
    assert _cards(client, manager) == {"refunds_to_approve": reverse("refund_list") + "?state=requested"}

    approve_refund(refund=refund, by=manager, now=NOW)

    assert _cards(client, desk) == {"refunds_to_pay": reverse("refund", args=[refund.pk])}


def test_no_card_for_the_own_request_nor_above_the_limit(client, manager, enrolment):
    ask(enrolment, manager)
    assert _cards(client, manager) == {}

    enrolment.branch.refund_manager_limit_minor = 1
    enrolment.branch.save()

    assert _cards(client, manager_of(enrolment.branch)) == {}
    assert list(_cards(client, owner_of_school())) == ["refunds_to_approve"]


def _bought(branch, number):
    enrolment = account(branch, name=f"学员{number}", course=f"课程{number}")
    sell_44(enrolment)
    return enrolment


def _cards(client, person):
    client.force_login(person)
    cards = client.get(reverse("home")).context["cards"]
    return {card.name: card.url for card in cards if card.name.startswith("refund")}
