"""The list of renewals and the page of messages, as the front desk uses them."""

import re

import pytest
from playwright.sync_api import expect

from messaging.models import OutboundMessage, Status
from renewals.notifications import plan_renewal_reminders
from renewals.services import open_due_opportunities
from tests.browser.checks import assert_fits_the_width
from tests.factories import NOW, EnrolmentFactory, GuardianshipFactory, desk_of, sell
from tests.renewals.conftest import put_in_class, use

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(branch, monkeypatch):
    monkeypatch.setattr("renewals.views.RenewalListView.now", NOW)
    monkeypatch.setattr("renewals.views.ContactView.now", NOW)
    return desk_of(branch)


@pytest.fixture
def children(branch):
    """One child owes a lesson, one has enough for this week, one for two."""
    for name, left in [("田萍", -1), ("王芳", 1), ("李强", 2)]:
        enrolment = EnrolmentFactory(branch=branch, student__name=name)
        GuardianshipFactory(student=enrolment.student)
        sell(enrolment, 20)
        use(enrolment, 20 - left)
        put_in_class(enrolment)
    plan_renewal_reminders(now=NOW)
    open_due_opportunities(now=NOW)


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_desk_finds_the_urgent_one_and_renews(page_as, desk, children, size, scheme):
    page = page_as(desk, size=size, color_scheme=scheme)
    page.goto("/renewals/")
    rows = page.locator(".qx-renewals tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("田萍")
    assert_fits_the_width(page)

    page.locator(".qx-stat").first.click()

    expect(rows).to_have_count(1)
    expect(page).to_have_url(re.compile("urgency=used_up"))
    expect(rows.locator("[data-test=reveal]")).to_be_visible()
    rows.locator("a[href*='/enrol/?course=']").click()
    expect(page).to_have_url(re.compile(r"/students/\d+/enrol/\?course=\d+"))


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contact_is_noted_in_two_clicks(page_as, desk, children, size, scheme):
    page = page_as(desk, size=size, color_scheme=scheme)
    page.goto("/renewals/")
    rows = page.locator(".qx-renewals tbody tr")

    rows.first.locator("[data-test=note]").click()
    assert_fits_the_width(page)
    rows.first.locator("button[value='promised:week']").click()

    expect(page.locator("[data-test=stage-promised] b")).to_have_text("1")
    expect(rows.last).to_contain_text("田萍")  # asked again in a week


def test_a_choice_shows_at_once(page_as, desk, children):
    page = page_as(desk)
    page.goto("/renewals/?urgency=later")

    page.locator("select[name=sort]").select_option("name")

    expect(page).to_have_url(re.compile("sort=name"))
    expect(page).to_have_url(re.compile("urgency=later"))
    expect(page.locator(".qx-renewals tbody tr")).to_have_count(1)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_fingers_find_what_they_tap(page_as, desk, children, size):
    page = page_as(desk, size=size)
    page.goto("/renewals/")
    smallest = 44 if size == "phone" else 0

    for target in page.locator(".qx-renewals a, .qx-filters select, .qx-stat").all():
        assert not target.is_visible() or target.bounding_box()["height"] >= smallest


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_failed_message_is_dealt_with(page_as, desk, children, size):
    OutboundMessage.objects.update(
        status=Status.REJECTED, error_code="21211", to_phone="+8613812345678", body="【轻校】…", attempt_count=1
    )
    page = page_as(desk, size=size)
    page.goto("/messages/?state=todo")
    rows = page.locator(".qx-messages tbody tr")
    expect(rows).to_have_count(3)
    assert_fits_the_width(page)

    rows.first.locator("button[formaction*='/handled/']").click()

    expect(rows).to_have_count(2)
    expect(page).to_have_url(re.compile("state=todo"))


@pytest.fixture
def learners(branch):
    """Three children whom nobody has told anything yet; two of one mother."""
    enrolments = [EnrolmentFactory(branch=branch, student__name=name) for name in ("田萍", "王芳", "李强")]
    mother = GuardianshipFactory(student=enrolments[0].student).guardian
    GuardianshipFactory(student=enrolments[1].student, guardian=mother)
    GuardianshipFactory(student=enrolments[2].student)
    for enrolment in enrolments:
        sell(enrolment, 20)
        use(enrolment, 18)
        put_in_class(enrolment)
    open_due_opportunities(now=NOW)


@pytest.mark.parametrize(("size", "scheme"), [("desktop", "dark"), ("phone", "light")])
def test_families_are_reminded_when_count_and_cost_were_seen(page_as, desk, learners, monkeypatch, size, scheme):
    monkeypatch.setattr("renewals.views.RenewalChoiceMixin.now", NOW)
    page = page_as(desk, size=size, color_scheme=scheme)
    page.goto("/renewals/")

    page.locator("[data-test=remind]").click()

    expect(page.locator("[data-test=families]")).to_have_text("2")
    expect(page.locator("[data-test=messages]")).to_have_text("2")
    expect(page.locator("[data-test=cost]")).to_contain_text("¥0.")
    expect(page.locator("[data-test=sample]")).to_contain_text("田萍")
    expect(page.locator("[data-test=sample]")).to_contain_text("王芳")
    expect(page.locator("[data-test=send]")).to_contain_text("2")
    assert_fits_the_width(page)

    page.locator("[data-test=send]").click()

    expect(page).to_have_url(re.compile(r"/renewals/\?"))
    expect(page.locator(".qx-renewals tbody tr").filter(has_text="田萍")).to_be_visible()
    assert OutboundMessage.objects.filter(status=Status.QUEUED).count() == 2


def test_picked_children_are_reminded(page_as, desk, learners, monkeypatch):
    monkeypatch.setattr("renewals.views.RenewalChoiceMixin.now", NOW)
    page = page_as(desk)
    page.goto("/renewals/")

    page.locator(".qx-renewals tbody tr").filter(has_text="李强").locator("[name=pick]").check()
    expect(page.locator("[data-number]")).to_have_text("1")
    page.locator("[data-test=remind]").click()

    expect(page.locator("[data-test=messages]")).to_have_text("1")
    expect(page.locator("[data-test=told]")).to_contain_text("李强")
