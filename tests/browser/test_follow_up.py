"""What was said, written down in two clicks; and as a voice note, heard by the manager and by nobody elsewhere."""

import io
import re

import pytest
from django.urls import reverse
from PIL import Image
from playwright.sync_api import expect

from students.models import Enquiry, FollowUp, FollowUpFile
from tests.browser.checks import assert_fits_the_width
from tests.factories import NOW, EnquiryFactory, StudentFactory, at, desk_of, manager_of

pytestmark = pytest.mark.browser
TOMORROW = at("2026-11-22 10:00")  # NOW is Saturday noon
HEARD = "audio => audio.play().then(() => new Promise((heard) => audio.addEventListener('timeupdate', heard)))"


@pytest.fixture
def enquiry(branch, monkeypatch):
    monkeypatch.setattr("sales.views.enquiry.EnquiryMixin.now", NOW)
    return EnquiryFactory(branch=branch, child_name="钱小小", phone="+8613812345678")


@pytest.fixture
def clicks():
    """clicks(locator, …) clicks each, and says how often it did."""

    def click(*locators):
        for locator in locators:
            locator.click()
        return len(locators)

    return click


@pytest.mark.parametrize("name", ["enquiry", "enquiry_follow_up"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_outcome_and_the_next_date_are_two_clicks(page_as, clicks, branch, enquiry, name, size, scheme):
    page = page_as(desk_of(branch), size=size, color_scheme=scheme)
    page.goto(reverse(name, args=[enquiry.pk]))
    assert_fits_the_width(page)
    form = page.locator("[data-test=follow-up]")

    assert clicks(form.locator("[data-test=outcome-thinking]"), form.locator("[data-test=next-date]").nth(1)) == 2

    expect(page).to_have_url(re.compile(rf"/enquiries/{enquiry.pk}/$"))
    row = FollowUp.objects.get()
    assert (row.outcome, row.way, row.next_at) == ("thinking", "call", TOMORROW)
    assert_fits_the_width(page)


def test_a_date_without_an_outcome_asks_for_it_and_a_reason_closes(page_as, branch, enquiry):
    page = page_as(desk_of(branch))
    page.goto(f"/enquiries/{enquiry.pk}/follow-up/")
    form = page.locator("[data-test=follow-up]")
    form.locator("textarea").fill("孩子住太远")

    form.locator("[data-test=next-date]").first.click()  # the browser asks for the outcome
    assert not FollowUp.objects.exists()
    expect(form.locator("[data-test=lost-distance]")).to_be_hidden()
    form.locator("[data-test=outcome-not_interested]").click()
    form.locator("[data-test=lost-distance]").click()
    form.locator("[data-test=write-down-and-close]").click()

    expect(page).to_have_url(re.compile(rf"/enquiries/{enquiry.pk}/$"))
    assert Enquiry.objects.get().lost_reason == "distance"


def test_enter_in_the_date_means_that_date(page_as, branch, enquiry):
    page = page_as(desk_of(branch))
    page.goto(f"/enquiries/{enquiry.pk}/follow-up/")
    page.locator("[data-test=outcome-thinking]").click()

    page.locator("input[name=picked_at]").fill("2026-12-01T19:30")
    page.locator("input[name=picked_at]").press("Enter")

    expect(page).to_have_url(re.compile(rf"/enquiries/{enquiry.pk}/$"))
    assert FollowUp.objects.get().next_at == at("2026-12-01 19:30")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_a_voice_note_is_recorded_heard_by_the_manager_and_refused_elsewhere(
    page_as, branch, other_branch, enquiry, size
):
    page = page_as(desk_of(branch), size=size, permissions=["microphone"])
    page.goto(f"/enquiries/{enquiry.pk}/")
    page.locator("[data-test=record]").click()
    expect(page.locator("[data-test=stop]")).to_contain_text("0:01")
    assert_fits_the_width(page)
    page.locator("[data-test=stop]").click()
    page.locator("[data-test=play]").evaluate(HEARD)  # before it is kept
    assert_fits_the_width(page)
    page.locator("[data-test=outcome-interested]").click()
    page.locator("[data-test=next-date]").first.click()
    expect(page.locator("[data-test=kept-voice]")).to_be_visible()

    manager = page_as(manager_of(branch), size=size)
    manager.goto(f"/enquiries/{enquiry.pk}/")
    voice = manager.locator("[data-test=kept-voice]")
    voice.evaluate(HEARD)
    assert voice.evaluate("audio => [audio.readyState >= 2, audio.currentTime > 0]") == [True, True]
    assert_fits_the_width(manager)
    row = FollowUpFile.objects.get()
    assert (row.kind, row.content_type, row.seconds in (1, 2, 3)) == ("voice", "audio/webm", True)

    stranger = page_as(manager_of(other_branch), size=size)
    assert stranger.context.request.get(f"/follow-ups/files/{row.pk}/").status == 404
    assert stranger.context.request.get(f"/enquiries/{enquiry.pk}/").status == 404


def test_what_is_recorded_while_the_date_is_clicked_goes_along(page_as, branch, enquiry):
    page = page_as(desk_of(branch), permissions=["microphone"])
    page.goto(f"/enquiries/{enquiry.pk}/")
    page.locator("[data-test=outcome-interested]").click()
    page.locator("[data-test=record]").click()
    expect(page.locator("[data-test=stop]")).to_be_visible()

    page.locator("[data-test=next-date]").nth(1).click()

    expect(page.locator("[data-test=kept-voice]")).to_be_visible()
    assert FollowUp.objects.get().next_at == TOMORROW


def test_a_note_is_thrown_away_and_without_a_microphone_a_recording_is_chosen(page_as, branch, enquiry):
    page = page_as(desk_of(branch), permissions=["microphone"])
    page.goto(f"/enquiries/{enquiry.pk}/")
    page.locator("[data-test=record]").click()
    page.locator("[data-test=stop]").click()
    page.locator("[data-test=delete]").click()
    expect(page.locator("[data-test=record]")).to_be_visible()
    assert page.locator("input[name=voice]").evaluate("input => input.files.length") == 0

    page.context.clear_permissions()
    page.locator("[data-test=record]").click()

    expect(page.locator("[data-test=voice-said]")).to_be_visible()
    expect(page.locator("[data-test=voice]")).to_be_visible()


def test_photo_and_paper_stand_in_the_history_of_a_child(page_as, branch):
    student = StudentFactory(branches=[branch])
    photo = io.BytesIO()
    Image.new("RGB", (400, 200), "red").save(photo, "JPEG")
    page = page_as(desk_of(branch), size="phone")
    page.goto(f"/students/{student.pk}/")
    page.locator("[data-test=said] summary").click()
    form = page.locator("[data-test=follow-up]")
    form.locator("[data-test=outcome-interested]").click()
    form.locator("input[name=photos]").set_input_files(
        {"name": "家里.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()}
    )
    form.locator("input[name=papers]").set_input_files(
        {"name": "成绩单.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n%%EOF\n"}
    )
    expect(form.locator("[data-test=names]")).to_contain_text("成绩单.pdf")
    assert_fits_the_width(page)

    form.locator("[data-test=write-down]").click()

    picture = page.locator("[data-test=kept-photo] img")
    picture.scroll_into_view_if_needed()
    expect(page.locator("[data-test=kept-paper]")).to_be_visible()
    page.wait_for_function("image => image.complete && image.naturalWidth === 400", arg=picture.element_handle())
    assert_fits_the_width(page)


def test_what_is_too_large_is_not_sent_in_vain(page_as, branch, enquiry):
    page = page_as(desk_of(branch))
    page.goto(f"/enquiries/{enquiry.pk}/follow-up/")

    page.locator("input[name=papers]").set_input_files(
        {"name": "大.pdf", "mimeType": "application/pdf", "buffer": bytes(10 * 1024 * 1024 + 1)}
    )

    expect(page.locator("[data-test=too-large]")).to_be_visible()
    assert page.locator("input[name=papers]").evaluate("input => input.files.length") == 0
