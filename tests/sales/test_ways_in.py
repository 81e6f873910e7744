"""Enquiries without the desk: one child is one enquiry, one id counts once, and nothing stands without consent."""

from datetime import timedelta

import pytest

from sales.models import Campaign, ChannelCost, EnquiryForm, EnquirySource, EnquirySubmission, RequestCount, SalesPolicy
from sales.services.costs import set_channel_cost
from sales.services.forms_and_sources import find_source, revoke_source
from sales.services.limits import WINDOW, TooManyError, count_request
from sales.services.ways_in import Consent, SameIdError
from students.models import Enquiry
from students.services import close_as_lost, open_enquiry, set_stage
from tests.factories import (
    NOW,
    ChannelFactory,
    CourseFactory,
    GuardianshipFactory,
    StudentFactory,
    adviser_of,
    manager_of,
)
from tests.sales.ways_in_cases import PHONE, form_of, receive, source_of

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def form(branch):
    return form_of(branch)


@pytest.fixture
def source(branch):
    return source_of(branch)[0]


def history(enquiry):
    return [change.kind for change in enquiry.changes.order_by("pk")]


# --- who asks ------------------------------------------------------------------------------------------------


def test_somebody_new_is_a_new_enquiry_that_waits_for_a_call(branch, form):
    course = CourseFactory()

    submission = receive(form, branch, course=course, guardian_name="李芳", note="周末").submission

    enquiry = Enquiry.objects.get()
    assert (enquiry.branch, enquiry.channel, enquiry.course) == (branch, form.channel, course)
    assert (enquiry.phone, enquiry.guardian_name, enquiry.note) == (PHONE, "李芳", "周末")
    assert (enquiry.next_follow_up_at, enquiry.owner) == (NOW, None)
    assert (submission.enquiry, submission.is_duplicate) == (enquiry, False)
    assert (submission.consent_text, submission.consent_version, submission.consent_at) == (
        form.consent_text,
        form.consent_text.version,
        NOW,
    )


def test_owner_comes_by_the_rule_of_the_branch(branch, form):
    SalesPolicy.objects.filter(branch=branch).update(owner_rule="round_robin")
    adviser = adviser_of(branch)

    assert receive(form, branch).submission.enquiry.owner == adviser


def test_a_child_that_is_known_asks_again(branch, form, source):
    first = receive(form, branch).submission

    again = receive(source, branch, note="想改周日", now=LATER).submission

    assert (Enquiry.objects.get(), again.enquiry, again.is_duplicate) == (first.enquiry, first.enquiry, True)
    enquiry = Enquiry.objects.get()
    assert (enquiry.channel, enquiry.last_channel) == (form.channel, source.channel)
    assert history(enquiry) == ["created", "touch"]


def test_a_family_that_asks_again_is_called_again(branch, form, source):
    Enquiry.objects.filter(pk=receive(form, branch).submission.enquiry_id).update(
        next_follow_up_at=NOW + timedelta(days=30)
    )

    receive(source, branch, now=LATER)

    assert Enquiry.objects.get().next_follow_up_at == LATER


@pytest.mark.parametrize("stage", ["signed", "lost"])
def test_an_enquiry_that_ended_is_touched_too(branch, form, source, stage):
    enquiry = receive(form, branch).submission.enquiry
    if stage == "lost":
        close_as_lost(enquiry=enquiry, lost_reason="price", by=None, now=NOW)
    else:
        set_stage(enquiry=enquiry, stage="signed", by=None, now=NOW)

    receive(source, branch, now=LATER)

    enquiry.refresh_from_db()
    assert (enquiry.stage, "touch" in history(enquiry)) == ("new" if stage == "lost" else "signed", True)
    assert Enquiry.objects.count() == 1


def test_an_open_enquiry_is_found_before_one_that_ended(branch, form, source):
    facts = {"branch": branch, "child_name": "钱 小小", "phone": PHONE, "course": None, "by": None, "now": NOW}
    still_open = open_enquiry(channel=None, **facts)
    close_as_lost(enquiry=open_enquiry(channel=None, **facts), lost_reason="price", by=None, now=NOW)

    assert receive(form, branch).submission.enquiry == still_open


def test_a_brother_is_an_enquiry_of_his_own(branch, form):
    receive(form, branch)

    other = receive(form, branch, external_id="2", child_name="钱大大").submission

    assert (Enquiry.objects.count(), other.is_duplicate) == (2, False)


def test_a_child_of_another_branch_is_marked_and_asks_here_too(branch, other_branch, form):
    receive(source_of(other_branch)[0], other_branch)

    submission = receive(form, branch).submission

    assert (Enquiry.objects.count(), submission.is_duplicate) == (2, True)
    assert submission.enquiry.branch == branch


def test_a_student_who_asks_is_marked(branch, other_branch, form):
    student = StudentFactory(name="钱小小", branches=[other_branch])
    GuardianshipFactory(student=student, guardian__phone=PHONE)

    assert receive(form, branch).submission.is_duplicate


# --- once ------------------------------------------------------------------------------------------------


def test_the_same_id_counts_once(branch, source):
    consent = Consent("2026-1", NOW)
    first = receive(source, branch, consent=consent)

    again = receive(source, branch, consent=consent, now=LATER)

    assert (first.is_new, again.is_new, again.submission) == (True, False, first.submission)
    assert history(Enquiry.objects.get()) == ["created"]


def test_a_form_that_is_sent_twice_counts_once(branch, form):
    assert [receive(form, branch).is_new, receive(form, branch, now=LATER).is_new] == [True, False]


@pytest.mark.parametrize(
    "other", [{"child_name": "钱大大"}, {"note": "改了"}, {"consent": Consent("2026-2", NOW)}], ids=str
)
def test_the_same_id_with_other_content_is_refused(branch, source, other):
    receive(source, branch)

    with pytest.raises(SameIdError):
        receive(source, branch, **other)
    assert EnquirySubmission.objects.count() == 1


def test_ids_of_two_senders_have_nothing_to_do_with_each_other(branch, form, source):
    assert receive(form, branch).is_new
    assert receive(source, branch, child_name="钱大大").is_new


# --- forms, tokens, costs --------------------------------------------------------------------------------


def test_a_form_is_made_once_and_a_wording_kept_once(branch):
    first = form_of(branch)

    assert form_of(branch) == first
    assert form_of(branch, token="second").consent_text == first.consent_text
    assert form_of(branch, token="third", consent="另一种").consent_text != first.consent_text
    assert len(set(EnquiryForm.objects.values_list("code", flat=True))) == 3


def test_a_token_holds_until_it_is_revoked_and_is_kept_by_nobody(branch):
    source, token = source_of(branch)
    assert find_source(token) == source
    assert token not in str(list(EnquirySource.objects.values()))

    revoke_source(source=source, now=NOW)
    revoke_source(source=source, now=LATER)

    assert find_source(token) is None
    assert EnquirySource.objects.get().revoked_at == NOW


@pytest.mark.parametrize("token", ["", "qx_", "\ud800", "\x00", "x" * 10_000])
def test_no_other_token_holds(branch, token):
    source_of(branch)

    assert find_source(token) is None


def test_a_cost_is_noted_in_place_of_the_one_before(branch):
    manager, channel = manager_of(branch), ChannelFactory()
    campaign = Campaign.objects.create(name="开学季", channel=channel, first_date="2026-11-01", last_date="2026-11-30")
    facts = {"branch": branch, "month": NOW.date().replace(day=1), "channel": channel, "by": manager, "now": NOW}

    for amount in [5_00, 7_00]:
        set_channel_cost(amount_minor=amount, **facts)
    set_channel_cost(amount_minor=1_00, campaign=campaign, **facts)

    assert sorted(ChannelCost.objects.values_list("amount_minor", flat=True)) == [1_00, 7_00]
    set_channel_cost(amount_minor=0, **facts)
    assert ChannelCost.objects.get().campaign == campaign


# --- floods ----------------------------------------------------------------------------------------------


def test_what_comes_on_top_is_refused_until_the_window_is_over():
    start = NOW.replace(minute=0)
    for _time in range(2):
        count_request(what="form:1", limit=2, now=start)

    with pytest.raises(TooManyError) as refusal:
        count_request(what="form:1", limit=2, now=start + timedelta(minutes=4))

    assert refusal.value.seconds == 6 * 60 + 1
    count_request(what="form:2", limit=2, now=start)
    count_request(what="form:1", limit=2, now=start + WINDOW)


def test_a_flood_writes_nothing_and_counts_are_forgotten_after_a_day(django_assert_num_queries):
    count_request(what="address:203.0.113.7", limit=1, now=NOW)
    with django_assert_num_queries(1), pytest.raises(TooManyError):
        count_request(what="address:203.0.113.7", limit=1, now=NOW)
    assert "203" not in RequestCount.objects.get().key[:3]

    count_request(what="address:203.0.113.7", limit=1, now=NOW + timedelta(days=2))

    assert RequestCount.objects.count() == 1
