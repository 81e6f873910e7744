"""What the database refuses of the ways in: whatever comes without consent, above all."""

import pytest
from django.db import IntegrityError, transaction

from sales.models import Campaign, ChannelCost, ConsentText, EnquirySubmission, RequestCount
from tests.factories import NOW, ChannelFactory, UserFactory
from tests.refusals import refused_by
from tests.sales.ways_in_cases import CONSENT, form_of, receive, source_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def form(branch):
    return form_of(branch)


@pytest.fixture
def source(branch):
    return source_of(branch)[0]


@pytest.mark.parametrize(
    "gap", [{"consent_at": None}, {"consent_version": ""}, {"consent_text": None}], ids=lambda gap: next(iter(gap))
)
def test_no_row_without_consent(branch, form, gap):
    facts = EnquirySubmission.objects.filter(pk=receive(form, branch).submission.pk).values().get()
    del facts["id"], facts["consent_text_id"]
    text = {} if "consent_text" in gap else {"consent_text": form.consent_text}

    with refused_by("enquirysubmission_has_consent"):
        EnquirySubmission.objects.create(**facts | {"external_id": "2"} | text | gap)


def test_a_submission_comes_one_way(branch, form, source):
    facts = EnquirySubmission.objects.filter(pk=receive(form, branch).submission.pk).values().get()
    del facts["id"]

    with refused_by("enquirysubmission_one_way_in"):
        EnquirySubmission.objects.create(**facts | {"source_id": source.pk, "external_id": "2"})
    with refused_by("enquirysubmission_one_way_in"):
        EnquirySubmission.objects.create(**facts | {"form_id": None})
    with refused_by("enquirysubmission_once_by_form"):
        EnquirySubmission.objects.create(**facts)
    with refused_by("enquirysubmission_once_by_source"):
        for _time in range(2):
            EnquirySubmission.objects.create(**facts | {"form_id": None, "source_id": source.pk})


def test_what_came_in_is_a_record(branch, form):
    receive(form, branch)

    with pytest.raises(IntegrityError), transaction.atomic():
        EnquirySubmission.objects.update(consent_version="v0")


@pytest.mark.parametrize("write", [lambda rows: rows.update(text="更好听"), lambda rows: rows.all().delete()])
def test_a_wording_that_was_agreed_to_stays(write):
    ConsentText.objects.create(text=CONSENT, text_hash="a", made_at=NOW)

    with pytest.raises(IntegrityError), transaction.atomic():
        write(ConsentText.objects)


def test_campaigns_and_costs_that_cannot_be(branch):
    channel, user = ChannelFactory(), UserFactory()
    campaign = {"name": "开学季", "channel": channel, "first_date": "2026-11-01", "last_date": "2026-11-30"}
    Campaign.objects.create(**campaign)
    Campaign.objects.create(branch=branch, **campaign)
    cost = {"branch": branch, "channel": channel, "month": "2026-11-01", "amount_minor": 1}
    cost |= {"noted_by": user, "noted_at": NOW}
    ChannelCost.objects.create(**cost)
    of_campaign = cost | {"campaign": Campaign.objects.get(branch=None)}
    ChannelCost.objects.create(**of_campaign)

    with refused_by("campaign_days_in_order"):
        Campaign.objects.create(**campaign | {"name": "另一个", "last_date": "2026-10-31"})
    with refused_by("campaign_name_in_branch"):
        Campaign.objects.create(branch=branch, **campaign)
    with refused_by("campaign_name_in_school"):
        Campaign.objects.create(**campaign)
    with refused_by("channelcost_positive"):
        ChannelCost.objects.create(**cost | {"month": "2026-12-01", "amount_minor": 0})
    with refused_by("channelcost_first_of_month"):
        ChannelCost.objects.create(**cost | {"month": "2026-12-02"})
    with refused_by("channelcost_once_a_month"):
        ChannelCost.objects.create(**cost)
    with refused_by("channelcost_of_campaign_once_a_month"):
        ChannelCost.objects.create(**of_campaign)
    with refused_by("requestcount_once_a_window"):
        for _time in range(2):
            RequestCount.objects.create(key="a", window_starts_at=NOW)
