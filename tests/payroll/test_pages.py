"""The pages of pay: the month of a branch, its approval, one slip, a teacher's own, the workbook, the back office."""

import datetime
from io import BytesIO

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from openpyxl import load_workbook

from payroll.models import PayRate, PayScheme, PaySlip, PayTier
from tests.factories import LessonFactory, at, manager_of, owner_of_school, teacher_of
from tests.payroll.conftest import (
    IN_NOVEMBER,
    NOVEMBER,
    OCTOBER,
    approve,
    give_rate,
    hold,
    pay,
    prepare,
    share_scheme,
    undo,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.now", lambda: IN_NOVEMBER)


@pytest.fixture
def manager(branch):
    return manager_of(branch)


@pytest.fixture
def as_manager(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def as_owner(client, owner):
    client.force_login(owner)
    return client


def chosen(branch, month="2026-10"):
    return {"branch": branch.pk, "month": month}


def sentences(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


# --- the month -------------------------------------------------------------------------------------------


def test_the_month_that_is_over_is_shown_first(as_manager, branch, teacher, rated):
    hold(teacher, branch)
    hold(teacher, branch, "2026-11-03", children=2)

    response = as_manager.get(reverse("payroll"))

    assert (response.context["branch"], response.context["month"]) == (branch, OCTOBER)
    assert [sheet.total_minor for sheet in response.context["sheets"]] == [100_00]
    assert response.context["totals"] == {"teachers": 1, "lessons": 1, "hours": "1.5", "minor": 100_00}
    assert "¥100.00" in response.content.decode()


def test_another_month_can_be_chosen(as_manager, branch, teacher, rated):
    hold(teacher, branch, "2026-11-03")

    response = as_manager.get(reverse("payroll"), chosen(branch, "2026-11"))

    assert [sheet.teacher for sheet in response.context["sheets"]] == [teacher]


@pytest.mark.parametrize("month", ["2026-12", "2026-13", "2019-01", "x"])
def test_a_month_that_is_no_choice_is_not_there(as_manager, branch, month):
    assert as_manager.get(reverse("payroll"), chosen(branch, month)).status_code == 404


@pytest.mark.parametrize("name", ["payroll", "payroll_export"])
def test_another_branch_is_not_there(as_manager, other_branch, name):
    assert as_manager.get(reverse(name), chosen(other_branch)).status_code == 404


def test_an_empty_month_leads_to_this_one(as_manager, branch):
    html = as_manager.get(reverse("payroll")).content.decode()

    assert f"?branch={branch.pk}&amp;month=2026-11" in html


def test_the_page_tells_what_is_not_settled(as_manager, branch, teacher, rated):
    hold(teacher, branch)
    pay(branch)
    hold(teacher_of(branch), branch)
    hold(teacher, branch, "2026-11-03")
    LessonFactory(class_group__branch=branch, starts_at=at("2026-11-10 09:00"))

    response = as_manager.get(reverse("payroll"), chosen(branch, "2026-11"))

    assert response.context["not_called"] == 1
    assert response.context["on_no_slip"] == [(OCTOBER, 1)]
    assert f"?branch={branch.pk}&amp;month=2026-10" in response.content.decode()


@pytest.mark.parametrize("is_paid", [False, True])
@pytest.mark.parametrize("teachers", [1, 3])
def test_query_count(as_manager, branch, scheme, teachers, is_paid, django_assert_num_queries):
    for _number in range(teachers):
        teacher = teacher_of(branch)
        give_rate(teacher, branch, scheme)
        hold(teacher, branch)
    if is_paid:
        pay(branch)

    with django_assert_num_queries(QUERIES[is_paid]):
        response = as_manager.get(reverse("payroll"))

    assert len(response.context["sheets"]) == teachers


QUERIES = {False: 18, True: 16}


# --- preparing and approving -----------------------------------------------------------------------------


def test_a_manager_prepares_and_the_owner_approves(client, branch, teacher, manager, owner, rated):
    hold(teacher, branch)
    client.force_login(manager)
    client.post(reverse("payroll_prepare"), chosen(branch))
    assert PaySlip.objects.get().prepared_by == manager

    client.force_login(owner)
    confirm = client.get(reverse("payroll_approve"), chosen(branch))
    seen = confirm.context["totals"]["minor"]
    response = client.post(reverse("payroll_approve"), chosen(branch) | {"seen_minor": seen})

    assert response["Location"] == f"{reverse('payroll')}?branch={branch.pk}&month=2026-10"
    assert PaySlip.objects.get().approved_by == owner


def test_a_manager_has_no_button_to_approve(as_manager, branch, teacher, rated):
    hold(teacher, branch)
    prepare(branch)

    assert reverse("payroll_approve") not in as_manager.get(reverse("payroll")).content.decode()


def test_what_stands_against_a_slip_is_told_and_the_others_are_approved(as_owner, branch, teacher, rated):
    hold(teacher, branch)
    hold(teacher_of(branch, name="没有标准"), branch)
    prepare(branch)

    confirm = as_owner.get(reverse("payroll_approve"), chosen(branch))
    as_owner.post(reverse("payroll_approve"), chosen(branch) | {"seen_minor": 100_00})

    assert [sheet.teacher for sheet in confirm.context["ready"]] == [teacher]
    assert "没有标准" in confirm.context["objections"][0]
    assert list(PaySlip.objects.approved().values_list("teacher", flat=True)) == [teacher.pk]


@pytest.mark.parametrize("data", [{}, {"seen_minor": "x"}, {"seen_minor": 1}])
def test_a_sum_that_was_not_seen_is_not_approved(as_owner, branch, teacher, rated, data):
    hold(teacher, branch)
    prepare(branch)

    response = as_owner.post(reverse("payroll_approve"), chosen(branch) | data)

    assert not PaySlip.objects.approved().exists()
    assert len(sentences(response)) == 1


def test_a_running_month_is_not_approved(as_owner, branch, teacher, rated):
    hold(teacher, branch, "2026-11-03")
    prepare(branch, NOVEMBER)

    response = as_owner.get(reverse("payroll_approve"), chosen(branch, "2026-11"))

    assert (response.context["ready"], response.context["objections"]) == ([], [])


@pytest.mark.parametrize("teachers", [1, 3])
def test_query_count_of_the_confirmation(as_owner, branch, scheme, teachers, django_assert_num_queries):
    for _number in range(teachers):
        teacher = teacher_of(branch)
        give_rate(teacher, branch, scheme)
        hold(teacher, branch)
    prepare(branch)

    with django_assert_num_queries(16):
        response = as_owner.get(reverse("payroll_approve"), chosen(branch))

    assert len(response.context["ready"]) == teachers


def test_the_owner_s_home_leads_to_the_oldest_month_to_be_approved(as_owner, branch, teacher, rated):
    def card():
        cards = as_owner.get(reverse("home")).context["cards"]
        return next((card for card in cards if card.name == "pay_to_approve"), None)

    hold(teacher, branch)
    hold(teacher, branch, "2026-11-03")
    prepare(branch, NOVEMBER)
    assert card() is None

    slips = prepare(branch)
    shown = card()

    assert (shown.number, shown.url) == (1, f"{reverse('payroll')}?branch={branch.pk}&month=2026-10")
    approve(slips)
    assert card() is None


# --- one slip --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_paid", [False, True])
def test_a_slip_shows_its_working(as_manager, branch, teacher, is_paid):
    give_rate(teacher, branch, share_scheme())
    lesson = hold(teacher, branch)
    [slip] = prepare(branch)
    if is_paid:
        approve([slip])

    response = as_manager.get(reverse("payslip", args=[slip.pk]))

    [(line, when, _working)] = response.context["lines"]
    assert line.lesson.class_name == lesson.class_group.name
    assert when in response.content.decode()
    assert reverse("lesson", args=[lesson.pk]) in response.content.decode()
    assert response.context["sheet"].is_approved is is_paid


def test_a_lesson_that_is_gone_is_no_link(as_manager, branch, teacher, rated):
    lesson = hold(teacher, branch)
    pay(branch)
    undo(lesson)
    lesson.attendances.all().delete()
    lesson.delete()

    html = as_manager.get(reverse("payslip", args=[PaySlip.objects.get().pk])).content.decode()

    assert "¥100.00" in html
    assert reverse("lesson", args=[lesson.pk or 1]) not in html


def test_a_slip_is_approved_on_its_page(as_owner, branch, teacher, rated):
    hold(teacher, branch)
    [slip] = prepare(branch)
    assert as_owner.get(reverse("payslip", args=[slip.pk])).context["objection"] == ""

    as_owner.post(reverse("payslip_approve", args=[slip.pk]), {"seen_minor": 100_00})

    assert PaySlip.objects.approved().count() == 1


def test_who_prepared_a_slip_is_told_why_there_is_no_button(client, branch, teacher, owner, rated):
    owner_of_school()
    hold(teacher, branch)
    [slip] = prepare(branch, by=owner)
    client.force_login(owner)

    response = client.get(reverse("payslip", args=[slip.pk]))

    assert response.context["objection"]
    assert reverse("payslip_approve", args=[slip.pk]) not in response.content.decode()


@pytest.mark.parametrize("lessons", [1, 3])
@pytest.mark.parametrize("is_paid", [False, True])
def test_query_count_of_a_slip(as_manager, branch, teacher, rated, lessons, is_paid, django_assert_num_queries):
    for number in range(lessons):
        hold(teacher, branch, hour=9 + 2 * number)
    [slip] = prepare(branch)
    if is_paid:
        approve([slip])

    with django_assert_num_queries(6 if is_paid else 12):
        response = as_manager.get(reverse("payslip", args=[slip.pk]))

    assert len(response.context["lines"]) == lessons


# --- a teacher's own -------------------------------------------------------------------------------------


def test_a_teacher_sees_own_slips_once_they_are_approved(client, branch, teacher, rated, scheme):
    other = teacher_of(branch)
    give_rate(other, branch, scheme)
    hold(teacher, branch)
    hold(other, branch)
    slips = prepare(branch)
    mine = next(slip for slip in slips if slip.teacher == teacher)
    theirs = next(slip for slip in slips if slip.teacher == other)
    client.force_login(teacher)
    assert client.get(reverse("payslip", args=[mine.pk])).status_code == 404

    approve(slips)

    assert list(client.get(reverse("own_payslips")).context["slips"]) == [mine]
    assert client.get(reverse("payslip", args=[mine.pk])).status_code == 200
    assert client.get(reverse("payslip", args=[theirs.pk])).status_code == 404
    assert client.get(reverse("payroll")).status_code == 403


@pytest.mark.parametrize("months", [1, 3])
def test_query_count_of_own_slips(client, branch, teacher, rated, months, django_assert_num_queries):
    for month in (8, 9, 10)[:months]:
        hold(teacher, branch, f"2026-{month:02d}-10")
        pay(branch, datetime.date(2026, month, 1))
    client.force_login(teacher)

    with django_assert_num_queries(5):
        response = client.get(reverse("own_payslips"))

    assert len(response.context["slips"]) == months


# --- the workbook ----------------------------------------------------------------------------------------


def test_the_workbook_has_teachers_and_working(as_manager, branch, teacher, rated):
    hold(teacher, branch, children=2)
    late = hold(teacher, branch, "2026-10-11")
    pay(branch)
    undo(late)
    hold(teacher, branch, "2026-11-03")
    group = teacher_of(branch, name="=1+1")
    hold(group, branch, "2026-11-04")

    response = as_manager.get(reverse("payroll_export"), chosen(branch, "2026-11"))

    assert response["Content-Disposition"] == f'attachment; filename="pay-{branch.code}-2026-11.xlsx"'
    teachers, lines = load_workbook(BytesIO(response.content)).worksheets
    rows = {row[0]: row[1:5] for row in teachers.iter_rows(min_row=2, values_only=True)}
    assert rows == {"马老师": (1, 1.5, 0, -100), "=1+1": (1, 1.5, 0, 0)}
    assert teachers["A2"].data_type == "s"
    assert [row[2] for row in lines.iter_rows(min_row=2, values_only=True) if row[0] == "马老师"] == [
        "2026-11-03 09:00–10:30",
        "2026-10",
    ]


def test_an_approved_month_is_exported_as_it_was_frozen(as_manager, branch, teacher, rated):
    lesson = hold(teacher, branch)
    pay(branch)
    undo(lesson)

    _teachers, lines = load_workbook(
        BytesIO(as_manager.get(reverse("payroll_export"), chosen(branch)).content)
    ).worksheets

    assert [row[-1] for row in lines.iter_rows(min_row=2, values_only=True)] == [100]


# --- schemes and rates in the back office ----------------------------------------------------------------


def scheme_data(**fields):
    amounts = ["amount_minor", "extra_minor", "base_minor", "guaranteed_minor", "full_class_minor"]
    figures = dict.fromkeys(amounts, "0")
    numbers = {"children_included": 0, "minimum_lessons": 0, "full_class_children": 0}
    bands = {"tiers-TOTAL_FORMS": 0, "tiers-INITIAL_FORMS": 0}
    return figures | numbers | bands | {"name": "新方案", "basis": "lesson"} | fields


def band(number, **fields):
    return {f"tiers-{number}-{name}": value for name, value in fields.items()}


def test_a_scheme_with_bands_is_entered_in_yuan(as_owner):
    data = scheme_data(basis="revenue") | {"tiers-TOTAL_FORMS": 2}
    data |= band(0, from_minor="100", percent="20") | band(1, from_minor="500.00", percent="25")

    as_owner.post(reverse("admin:payroll_payscheme_add"), data)

    assert list(PayTier.objects.values_list("from_minor", "percent")) == [(100_00, 20), (500_00, 25)]


@pytest.mark.parametrize(
    ("basis", "bands"),
    [
        ("revenue", {}),
        ("tiers", {"from_minor": "100", "percent": "20"}),
        ("lesson", {"from_lessons": "1", "rate_minor": "100"}),
        ("revenue", {"from_minor": "100"}),
    ],
)
def test_bands_that_do_not_fit_are_refused(as_owner, basis, bands):
    data = scheme_data(basis=basis) | {"tiers-TOTAL_FORMS": len(bands) and 1} | band(0, **bands)

    response = as_owner.post(reverse("admin:payroll_payscheme_add"), data)

    assert response.status_code == 200
    assert not PayScheme.objects.exists()


def change(client, scheme, **fields):
    data = scheme_data(**{"name": scheme.name, "amount_minor": "100"} | fields)
    return client.post(reverse("admin:payroll_payscheme_change", args=[scheme.pk]), data)


SWITCHES = {"counts_trials": "on", "counts_make_ups": "on", "pays_substitutes": "on"}


def test_a_scheme_that_paid_somebody_keeps_its_figures(as_owner, branch, teacher, scheme, rated):
    assert change(as_owner, scheme, **SWITCHES | {"counts_absent": "on"}).status_code == 302
    change(as_owner, scheme, **SWITCHES)
    hold(teacher, branch)
    pay(branch)

    refused = change(as_owner, scheme, **SWITCHES | {"counts_absent": "on"})

    assert refused.status_code == 200
    assert change(as_owner, scheme, **SWITCHES | {"name": "改名"}).status_code == 302
    scheme.refresh_from_db()
    copied = change(as_owner, scheme, **SWITCHES | {"name": "涨价", "amount_minor": "120", "_saveasnew": "1"})
    assert copied.status_code == 302
    assert PayScheme.objects.get(name="涨价").amount_minor == 120_00


def rate_data(branch, teacher, scheme, **fields):
    ids = {"branch": branch.pk, "teacher": teacher.pk, "scheme": scheme.pk}
    return ids | {"valid_from": "2026-11-01"} | fields


def test_a_rate_that_overlaps_is_refused_with_the_one_that_stands(as_owner, branch, teacher, scheme, rated):
    url = reverse("admin:payroll_payrate_add")

    response = as_owner.post(url, rate_data(branch, teacher, scheme))

    assert "2026-01-01" in str(response.context["adminform"].form.errors["valid_from"])
    PayRate.objects.update(valid_until="2026-10-31")
    assert as_owner.post(url, rate_data(branch, teacher, scheme)).status_code == 302


def test_pay_by_the_month_is_not_of_one_course(as_owner, branch, teacher):
    lesson = LessonFactory(class_group__branch=branch)
    monthly = PayScheme.objects.create(name="底薪", base_minor=3000_00)
    data = rate_data(branch, teacher, monthly, course=lesson.class_group.course_id)

    response = as_owner.post(reverse("admin:payroll_payrate_add"), data)

    assert response.context["adminform"].form.errors["course"]


def test_a_band_that_paid_somebody_stays(as_owner, branch, teacher):
    scheme = share_scheme()
    give_rate(teacher, branch, scheme)
    hold(teacher, branch)
    pay(branch)
    tiers = list(scheme.tiers.all())
    forms = {"tiers-TOTAL_FORMS": 3, "tiers-INITIAL_FORMS": 3}
    for number, tier in enumerate(tiers):
        forms |= band(number, id=tier.pk, scheme=scheme.pk, from_minor=tier.from_minor // 100, percent=tier.percent)
    forms |= SWITCHES | {"basis": "revenue", "amount_minor": "0"}

    renamed = change(as_owner, scheme, **forms | {"name": "改名"})
    refused = change(as_owner, scheme, **forms | {"tiers-0-percent": "21"})
    removed = change(as_owner, scheme, **forms | {"tiers-0-DELETE": "on"})

    assert (renamed.status_code, refused.status_code, removed.status_code) == (302, 200, 200)
    assert list(scheme.tiers.all()) == tiers
