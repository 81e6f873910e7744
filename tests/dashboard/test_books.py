"""The books: the months of each branch, one month's figures, closing it, and the workbook."""

from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from enrolments.models import Books, CreditLot, MonthClose
from tests.enrolments.test_month_close import IN_DECEMBER, OCTOBER, close, teach
from tests.factories import BranchFactory, EnrolmentFactory, at, manager_of, owner_of_school, sell

pytestmark = pytest.mark.django_db
IN_OCTOBER = at("2026-10-10 10:00")


@pytest.fixture(autouse=True)
def _december(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: IN_DECEMBER)


@pytest.fixture
def enrolment(branch):
    enrolment = EnrolmentFactory(branch=branch)
    sell(enrolment, 20, price_minor=2400_00, now=IN_OCTOBER)
    teach(enrolment, 1, now=IN_OCTOBER)
    return enrolment


def month_of(branch):
    return reverse("month", args=[branch.pk, 2026, 10])


def test_the_owner_closes_a_month_in_two_clicks(client, branch, enrolment):
    client.force_login(owner_of_school())

    assert month_of(branch) in client.get(reverse("books")).content.decode()
    assert "¥2,280.00" in client.get(month_of(branch)).content.decode()
    response = client.post(month_of(branch), follow=True)

    assert 'data-test="closed"' in response.content.decode()
    assert str(Books.objects.get(branch=branch).closed_until) == "2026-10-31"


def test_a_manager_sees_the_month_and_does_not_close_it(client, branch, enrolment):
    client.force_login(manager_of(branch))

    assert 'data-test="close"' not in client.get(month_of(branch)).content.decode()
    assert client.post(month_of(branch)).status_code == 403
    assert not MonthClose.objects.exists()


def test_one_click_closes_a_month_at_all_branches_but_where_it_does_not_agree(client):
    branches = [BranchFactory() for _ in range(4)]
    lots = [sell(EnrolmentFactory(branch=branch), now=IN_OCTOBER) for branch in branches]
    close(branches[3], OCTOBER)
    CreditLot.objects.filter(pk=lots[0].pk).update(recognised_minor=1)  # behind the ledger's back
    client.force_login(owner_of_school())

    page = client.get(reverse("books"))
    response = client.post(reverse("books"), {"month": page.context["to_close"][0]}, follow=True)

    assert page.context["to_close"] == (OCTOBER, 3)
    assert [message.level_tag for message in response.context["messages"]] == ["success", "error"]
    closed = Books.objects.filter(branch__in=branches, closed_until__isnull=False).values_list("branch", flat=True)
    assert set(closed) == {branch.pk for branch in branches[1:]}
    assert response.context["to_close"] is None  # one is left, and has its own page


def test_who_may_not_close_cannot_close_all(client, branch, enrolment):
    client.force_login(manager_of(branch))

    assert client.post(reverse("books"), {"month": str(OCTOBER)}).status_code == 403
    assert not MonthClose.objects.exists()


def test_why_a_month_cannot_be_closed_is_said(client, branch, enrolment, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: IN_OCTOBER)
    client.force_login(owner_of_school())

    response = client.post(month_of(branch), follow=True)

    assert response.context["messages"]
    assert not MonthClose.objects.exists()


def test_only_the_next_month_and_the_closed_ones_are_there(client, branch, enrolment):
    client.force_login(owner_of_school())

    assert client.get(reverse("month", args=[branch.pk, 2026, 11])).status_code == 404
    assert client.get(reverse("month", args=[branch.pk, 2026, 13])).status_code == 404
    close(branch, OCTOBER)
    assert client.get(reverse("month", args=[branch.pk, 2026, 11])).status_code == 200
    assert client.get(month_of(branch)).status_code == 200


def test_the_workbook_has_the_same_figures(client, branch, enrolment):
    client.force_login(owner_of_school())

    response = client.get(reverse("month_xlsx", args=[branch.pk, 2026, 10]))

    prepaid, receipts = load_workbook(BytesIO(response.content)).worksheets
    total = [cell.value for cell in prepaid[prepaid.max_row]]
    assert (total[3], total[5], total[-1]) == (2400, 120, 2280)
    assert receipts["B2"].value == 2400


@pytest.mark.parametrize("number", [1, 3])
def test_the_pages_cost_the_same_for_one_and_for_three_packages(client, branch, number, django_assert_num_queries):
    for _ in range(number):
        sell(EnrolmentFactory(branch=branch), 20, price_minor=2400_00, now=IN_OCTOBER)
    client.force_login(manager_of(branch))

    with django_assert_num_queries(15):
        client.get(month_of(branch))
    close(branch, OCTOBER)
    with django_assert_num_queries(8):
        client.get(month_of(branch))


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three_branches(client, number, django_assert_num_queries):
    for _ in range(number):
        branch = BranchFactory()
        sell(EnrolmentFactory(branch=branch), now=IN_OCTOBER)
        close(branch, OCTOBER)
    client.force_login(owner_of_school())

    with django_assert_num_queries(8):
        client.get(reverse("books"))
