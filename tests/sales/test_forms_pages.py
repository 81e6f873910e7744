"""The pages of the ways in: forms and posters, tokens, costs; each for its own branch."""

from datetime import date

import pytest
from django.utils import timezone
from reportlab.graphics.barcode.qr import QrCodeWidget

from sales.models import Campaign, ChannelCost, EnquiryForm, EnquirySource
from sales.poster import poster_pdf
from sales.services.forms_and_sources import find_source
from tests.factories import NOW, ChannelFactory, desk_of, manager_of, owner_of_school
from tests.papers import text_of
from tests.sales.ways_in_cases import form_of, receive, source_of

pytestmark = pytest.mark.django_db
FORMS, SOURCES = "/ways-in/forms/", "/ways-in/systems/"
MONTH = date(2026, 11, 1)


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch, settings):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    settings.PUBLIC_BASE_URL = "https://school.example"


@pytest.fixture
def manager(branch):
    return manager_of(branch)


@pytest.fixture
def as_(client):
    def as_(person):
        client.force_login(person)
        return client

    return as_


@pytest.fixture
def costs(branch):
    return f"/ways-in/costs/{branch.pk}/2026-11/"


# --- forms -----------------------------------------------------------------------------------------------


def test_a_form_is_made_from_what_the_page_offers(as_, branch, manager):
    channel = ChannelFactory(name="海报")
    form = as_(manager).get(FORMS).context["form"]
    assert branch.name in form["consent"].value()
    filled = {name: form[name].value() for name in ["token", "headline", "consent"]} | {"channel": channel.pk}

    for _click in range(2):
        as_(manager).post(FORMS, filled)

    made = EnquiryForm.objects.get()
    assert (made.branch, made.channel, made.made_by, made.is_active) == (branch, channel, manager, True)
    page = as_(manager).get(FORMS).content.decode()
    assert f"https://school.example/f/{made.code}/" in page
    assert f'href="/ways-in/forms/{made.pk}/poster.pdf"' in page


def test_a_campaign_is_offered_while_it_runs_and_only_on_its_channel(as_, branch, other_branch, manager):
    channel, other = ChannelFactory(), ChannelFactory()
    days = {"first_date": "2026-11-01", "last_date": "2026-11-30"}
    running = Campaign.objects.create(name="开学季", channel=channel, **days)
    Campaign.objects.create(name="河西", branch=other_branch, channel=channel, **days)
    Campaign.objects.create(name="国庆", channel=channel, first_date="2026-10-01", last_date="2026-10-07")
    form = as_(manager).get(FORMS).context["form"]
    assert list(form.fields["campaign"].queryset) == [running]
    filled = {name: form[name].value() for name in ["token", "headline", "consent"]} | {"campaign": running.pk}

    refused = as_(manager).post(FORMS, filled | {"channel": other.pk})
    as_(manager).post(FORMS, filled | {"channel": channel.pk})

    assert list(refused.context["form"].errors) == ["campaign"]
    assert EnquiryForm.objects.get().campaign == running


def test_the_list_counts_what_came_in(as_, branch, manager):
    form = form_of(branch)
    for number in range(2):
        receive(form, branch, external_id=str(number))

    row = as_(manager).get(FORMS).context["page_obj"].object_list[0]

    assert (row.submission_count, row.last_at) == (2, NOW)


def test_desk_prints_posters_and_makes_no_forms(as_, branch):
    form, client = form_of(branch), as_(desk_of(branch))

    assert 'data-test="new-form"' not in client.get(FORMS).content.decode()
    assert client.get(f"/ways-in/forms/{form.pk}/poster.pdf")["Content-Type"] == "application/pdf"
    assert client.post(FORMS, {}).status_code == 403
    assert client.post(f"/ways-in/forms/{form.pk}/switch/").status_code == 403


def test_forms_of_other_branches_do_not_exist(as_, branch, other_branch, manager):
    form = form_of(other_branch)
    client = as_(manager)

    assert form.code not in client.get(FORMS, {"branch": other_branch.pk}).content.decode()
    assert client.get(f"/ways-in/forms/{form.pk}/poster.pdf").status_code == 404
    assert client.post(f"/ways-in/forms/{form.pk}/switch/").status_code == 404


def test_a_form_is_switched_off_and_on(as_, branch, manager):
    form = form_of(branch)

    for is_active in [False, True]:
        as_(manager).post(f"/ways-in/forms/{form.pk}/switch/")
        form.refresh_from_db()
        assert form.is_active is is_active


@pytest.mark.parametrize("path", [FORMS, SOURCES])
def test_lists_cost_the_same_for_one_row_and_for_three(as_, branch, manager, path, django_assert_max_num_queries):
    client = as_(manager)
    form_of(branch)
    source_of(branch)
    client.get(path)
    with django_assert_max_num_queries(30) as of_one:
        client.get(path)
    for number in range(2):
        receive(form_of(branch, token=str(number)), branch, external_id=str(number))
        source_of(branch)

    with django_assert_max_num_queries(len(of_one)):
        client.get(path)


# --- the poster ------------------------------------------------------------------------------------------


def test_poster_carries_what_a_family_needs(branch):
    branch.address, branch.phone = "奥体路1号", "024-12345678"
    form = form_of(branch)

    pdf = poster_pdf(form, "https://school.example/f/abc/")

    text = text_of(pdf)
    assert all(words in text for words in [branch.name, form.headline, "school.example/f/abc", "奥体路1号"])
    assert pdf == poster_pdf(form, "https://school.example/f/abc/")


def test_code_of_the_poster_leads_to_the_form(branch, monkeypatch):
    drawn = []
    monkeypatch.setattr("sales.poster.QrCodeWidget", lambda link, **k: drawn.append(link) or QrCodeWidget(link, **k))

    poster_pdf(form_of(branch), "https://school.example/f/abc/")

    assert drawn == ["https://school.example/f/abc/"]


def test_a_long_headline_and_a_long_name_stay_on_one_page(branch):
    branch.name, branch.address, branch.phone = "校" * 50, "址" * 200, "024-12345678"

    pdf = poster_pdf(form_of(branch, headline="字" * 40), "https://school.example/f/abcdefgh/")

    assert pdf.count(b"/Type /Page\n") == 1


# --- systems that post -----------------------------------------------------------------------------------


def test_a_token_is_shown_once(as_, branch, manager):
    channel = ChannelFactory()

    made = as_(manager).post(SOURCES, {"name": "公众号", "channel": channel.pk})

    source = EnquirySource.objects.get()
    token = made.context["token"]
    assert (find_source(token), source.branch, source.made_by) == (source, branch, manager)
    assert token in made.content.decode()
    assert token not in as_(manager).get(SOURCES).content.decode()


def test_only_the_owner_lets_a_system_post_for_all_branches(as_, branch, manager):
    facts = {"name": "总部", "channel": ChannelFactory().pk, "is_for_school": "on"}
    as_(manager).post(SOURCES, facts)
    assert EnquirySource.objects.get().branch == branch

    as_(owner_of_school()).post(SOURCES, facts)

    of_school = EnquirySource.objects.get(branch=None)
    assert as_(manager).post(f"/ways-in/systems/{of_school.pk}/revoke/").status_code == 404


def test_a_token_is_revoked_by_its_branch(as_, branch, other_branch, manager):
    source, token = source_of(branch)
    revoke = f"/ways-in/systems/{source.pk}/revoke/"
    assert as_(manager_of(other_branch)).post(revoke).status_code == 404
    assert find_source(token)

    as_(manager).post(revoke)

    assert find_source(token) is None


# --- costs -----------------------------------------------------------------------------------------------


def test_costs_of_a_month_are_noted_at_once(as_, branch, manager, costs):
    paper, web = ChannelFactory(name="传单"), ChannelFactory(name="抖音")
    campaign = Campaign.objects.create(name="开学季", channel=web, first_date="2026-10-20", last_date="2026-11-02")
    filled = {
        f"channel-{paper.pk}": "300",
        f"campaign-{campaign.pk}": "1280.50",
        f"campaign-{campaign.pk}-note": "投放",
    }

    as_(manager).post(costs, filled)

    rows = ChannelCost.objects.order_by("amount_minor").values_list("channel", "campaign", "amount_minor", "note")
    assert list(rows) == [(paper.pk, None, 300_00, ""), (web.pk, campaign.pk, 1280_50, "投放")]
    assert set(ChannelCost.objects.values_list("branch", "month", "noted_by")) == {(branch.pk, MONTH, manager.pk)}
    assert as_(manager).get(costs).context["total_minor"] == 1580_50


def test_a_cost_is_corrected_and_taken_back(as_, manager, costs):
    channel = ChannelFactory()
    field = f"channel-{channel.pk}"
    for typed, kept in [("300", [300_00]), ("300.5", [300_50]), ("", [])]:
        as_(manager).post(costs, {field: typed})
        assert list(ChannelCost.objects.values_list("amount_minor", flat=True)) == kept


@pytest.mark.parametrize("typed", ["-1", "x", "1.234", "9" * 20])
def test_an_amount_that_is_none_is_marked_and_nothing_noted(as_, manager, costs, typed):
    good, bad = ChannelFactory(), ChannelFactory()

    page = as_(manager).post(costs, {f"channel-{good.pk}": "1", f"channel-{bad.pk}": typed})

    assert list(page.context["form"].errors) == [f"channel-{bad.pk}"]
    assert not ChannelCost.objects.exists()


def test_a_channel_no_longer_in_use_stays_while_it_has_a_cost(as_, manager, costs):
    spent, unused = ChannelFactory(), ChannelFactory(is_active=False)
    as_(manager).post(costs, {f"channel-{spent.pk}": "5"})
    spent.is_active = False
    spent.save()

    lines = as_(manager).get(costs).context["form"].lines

    assert [line.channel for line in lines if line.channel in (spent, unused)] == [spent]


def test_months_that_are_none_do_not_exist(as_, branch, manager):
    assert as_(manager).get(f"/ways-in/costs/{branch.pk}/2026-13/").status_code == 404
    assert as_(manager).get("/ways-in/costs/").url.endswith("/2026-11/")


# --- campaigns in the back office ------------------------------------------------------------------------


def test_a_manager_writes_campaigns_of_the_branch_and_sees_those_of_the_school(as_, branch, manager):
    days = {"first_date": "2026-11-01", "last_date": "2026-11-30"}
    channel = ChannelFactory()
    of_school = Campaign.objects.create(name="周年庆", channel=channel, **days)
    client, add = as_(manager), "/admin/sales/campaign/add/"
    assert client.get(f"/admin/sales/campaign/{of_school.pk}/change/").status_code == 200

    refused = client.post(add, {"name": "开学季", "channel": channel.pk, **days})
    client.post(add, {"name": "开学季", "channel": channel.pk, "branch": branch.pk, **days})

    assert "branch" in refused.context["adminform"].form.errors
    assert Campaign.objects.get(name="开学季").branch == branch
    client.post(f"/admin/sales/campaign/{of_school.pk}/change/", {"name": "改", "channel": channel.pk, **days})
    assert Campaign.objects.filter(name="周年庆").exists()
