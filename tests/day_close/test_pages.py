"""The pages of a closed day: what the desk sees and signs, what a manager takes back, what the month shows."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from branches.roles import Role
from day_close.models import DayClose
from enrolments.services import take_back_payment
from tests.day_close.cases import paid, signed
from tests.factories import (
    NOW,
    EnquiryFactory,
    LessonFactory,
    MembershipFactory,
    UserFactory,
    at,
    desk_of,
    manager_of,
    owner_of_school,
)
from tests.papers import squeezed, text_of

pytestmark = pytest.mark.django_db
DAY = "2026-11-21"


@pytest.fixture
def desk(client, branch, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    person = desk_of(branch, name="王芳")
    client.force_login(person)
    return person


@pytest.fixture
def url(branch):
    return reverse("day_close", args=[branch.pk, DAY])


def form_of(client, url, **typed):
    seen = client.get(url).context["form"].initial["seen"]
    return {"seen": seen, "opening_cash": "0", "counted_cash": "0", "note": ""} | typed


def test_today_is_one_click_away(client, branch, desk, url):
    assert client.get(reverse("day_close_today")).url == url
    chosen = client.get(reverse("day_close_today"), {"branch": branch.pk, "day": "2026-11-20"})
    assert chosen.url == reverse("day_close", args=[branch.pk, "2026-11-20"])


def test_each_line_leads_to_the_list_of_the_branch(client, branch, desk, url):
    EnquiryFactory(branch=branch)
    lesson = LessonFactory(class_group__branch=branch, branch=branch)

    response = client.get(url)

    lines = {item["line"].name: item for item in response.context["lines"]}
    assert [name for name, item in lines.items() if item["line"].number] == ["to_call", "nobodys"]
    assert lesson in client.get(lines["to_call"]["url"]).context["object_list"]
    assert lines["nobodys"]["url"] == f"{reverse('enquiry_list')}?whose=nobodys&branch={branch.pk}"
    assert client.get(lines["nobodys"]["url"]).status_code == 200
    assert f'href="{lines["to_call"]["url"]}"' in response.content.decode()


def test_a_day_with_nothing_open_says_so(client, desk, url):
    assert 'data-test="nothing-open"' in client.get(url).content.decode()


def test_the_desk_counts_and_signs(client, branch, desk, url):
    paid(branch, 300_00)

    answer = client.post(url, form_of(client, url, opening_cash="200", counted_cash="500.00"), follow=True)

    close = DayClose.objects.get()
    assert (close.signed_by, close.expected_cash_minor, close.difference_minor) == (desk, 500_00, 0)
    assert answer.context["close"] == close
    assert client.get(reverse("home")).status_code == 200


def test_a_difference_asks_for_a_note_and_keeps_what_was_typed(client, branch, desk, url):
    paid(branch, 300_00)

    form = client.post(url, form_of(client, url, counted_cash="299.50")).context["form"]

    assert "-¥0.50" in str(form.errors["note"])
    assert form["counted_cash"].value() == "299.50"
    assert not DayClose.objects.exists()


def test_whoever_comes_second_reads_who_signed(client, branch, desk, url):
    typed = form_of(client, url)
    signed(branch, counted=0, by=UserFactory(name="李强"))

    answer = client.post(url, typed, follow=True)

    assert any("李强" in str(sentence) for sentence in answer.context["messages"])
    assert DayClose.objects.get().signed_by.name == "李强"


def test_the_change_in_the_drawer_is_that_of_the_last_day(client, branch, desk, url):
    signed(branch, counted=200_00, opening=200_00, day=at("2026-11-20 12:00").date())

    assert client.get(url).context["form"].initial["opening_cash"] == 200_00


def test_what_changed_afterwards_is_named(client, branch, desk, url):
    payment = paid(branch, 300_00, method="wechat")
    signed(branch, counted=0)
    take_back_payment(payment=payment, reason="收错", by=desk, now=NOW + timedelta(days=1))

    page = client.get(url).content.decode()

    assert 'data-test="changes"' in page
    assert reverse("order", args=[payment.order_id]) in page
    assert "-¥300.00" in page


@pytest.mark.parametrize("day", ["2026-11-22", "2026-13-01", "today"])
def test_a_day_to_come_and_a_day_that_is_none_are_not_found(client, branch, desk, day):
    assert client.get(reverse("day_close", args=[branch.pk, day])).status_code == 404


def test_only_a_manager_of_the_branch_takes_it_back(client, branch, other_branch, desk, url):
    close = signed(branch, counted=0, by=desk)
    take_back = reverse("day_close_take_back", args=[close.pk])

    assert client.post(take_back, {"reason": "数错了"}).status_code == 403
    client.force_login(manager_of(other_branch))
    assert client.post(take_back, {"reason": "数错了"}).status_code == 404
    client.force_login(manager_of(branch))
    client.post(take_back, {"reason": ""})
    close.refresh_from_db()
    assert close.withdrawn_at is None

    answer = client.post(take_back, {"reason": "数错了"}, follow=True)

    assert answer.context["close"] is None
    assert answer.context["taken_back"] == [close]


def test_who_leads_another_branch_does_not_take_back_here(client, branch, other_branch, desk):
    close = signed(branch, counted=0, by=desk)
    MembershipFactory(user=desk, branch=other_branch, role=Role.MANAGER)

    assert client.post(reverse("day_close_take_back", args=[close.pk]), {"reason": "数错了"}).status_code == 403


def test_who_signs_here_may_not_sign_at_another_branch(client, branch, other_branch, desk):
    elsewhere = reverse("day_close", args=[other_branch.pk, DAY])

    assert client.post(elsewhere, {}).status_code == 404


def test_the_paper_has_the_frozen_figures(client, branch, desk, url):
    paid(branch, 300_00)
    EnquiryFactory(branch=branch)
    close = signed(branch, counted=299_50, note="找零少了五角", by=desk)
    paid(branch, 77_00)

    response = client.get(reverse("day_close_pdf", args=[close.pk]))

    text = squeezed(text_of(response.content))
    assert response["Content-Type"] == "application/pdf"
    for part in ("奥体校区", "2026-11-21", "¥300.00", "¥299.50", "-¥0.50", "找零少了五角", "王芳"):
        assert part in text
    assert "¥77.00" not in text


def test_the_month_lists_signed_and_missing_days(client, branch, desk):
    for day in ("2026-11-18", "2026-11-19", "2026-11-21"):
        paid(branch, 10_00, now=at(f"{day} 10:00"))
    signed(branch, counted=11_00, note="多一元", day=at("2026-11-18 12:00").date())
    query = {"branch": branch.pk, "month": "2026-11"}

    context = client.get(reverse("day_close_list"), query).context
    sheet = load_workbook(BytesIO(client.get(reverse("day_close_xlsx"), query).content)).active

    assert [(row["day"].day, row["close"] is not None) for row in context["rows"]] == [
        (21, False),
        (19, False),
        (18, True),
    ]
    assert context["missing"] == 1  # today may still be signed
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert cells[0][1:6] == [10, 10, 11, 1, 0]
    assert cells[1][1:6] == [None] * 5


def test_a_month_that_is_none_is_this_one(client, branch, desk):
    context = client.get(reverse("day_close_list"), {"month": "2026-99"}).context

    assert f"{context['month']:%Y-%m}" == "2026-11"


@pytest.mark.parametrize("day_count", [1, 3])
def test_the_list_costs_the_same_for_one_day_and_for_three(client, branch, desk, day_count, django_assert_num_queries):
    for number in range(day_count):
        now = NOW - timedelta(days=number)
        paid(branch, 10_00, now=now)
        signed(branch, counted=10_00, day=now.date())

    with django_assert_num_queries(8):
        response = client.get(reverse("day_close_list"))

    assert len(response.context["rows"]) == day_count


def test_the_page_costs_the_same_for_one_payment_and_for_three(client, branch, desk, url, django_assert_num_queries):
    paid(branch, 10_00)
    with django_assert_num_queries(23):
        client.get(url)

    paid(branch, 10_00)
    paid(branch, 10_00, method="wechat")

    with django_assert_num_queries(23):
        client.get(url)


def card(client):
    return {card.name: card for card in client.get(reverse("home")).context["cards"]}.get("days_to_close")


def test_the_home_page_reminds_in_the_evening(client, branch, desk, url, monkeypatch):
    LessonFactory(class_group__branch=branch, branch=branch, starts_at=at("2026-11-21 18:00"))
    assert card(client) is None

    monkeypatch.setattr(timezone, "now", lambda: at("2026-11-21 20:00"))

    assert (card(client).number, card(client).url) == (1, url)
    client.post(url, form_of(client, url, note="老师明天点名"))
    assert card(client) is None


def test_the_owner_chooses_among_the_branches(client, branch, other_branch, desk):
    client.force_login(owner_of_school())

    response = client.get(reverse("day_close_today"), {"branch": other_branch.pk}, follow=True)

    assert response.context["branch"] == other_branch
    assert set(response.context["branches"]) == {branch, other_branch}
