"""The form behind a poster: a family fills in four fields, learns nothing about anybody, and a robot gets nowhere."""

import logging
import re

import pytest
from django.test import Client
from django.utils import timezone

from sales.models import EnquirySubmission
from sales.services.forms_and_sources import switch_form
from students.models import Enquiry
from tests.factories import NOW, CourseFactory
from tests.sales.ways_in_cases import PHONE, form_of, receive

pytestmark = pytest.mark.django_db
FILLED = {"token": "t", "child_name": "钱小小", "phone": "138 1234 5678", "consent": "on"}


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def form(branch):
    branch.phone = "024-12345678"
    branch.save()
    return form_of(branch)


@pytest.fixture
def url(form):
    return f"/f/{form.code}/"


def sent(client, url, **fields):
    return client.post(url, FILLED | fields)


# --- a family --------------------------------------------------------------------------------------------


def test_family_that_scanned_a_poster_is_thanked_and_stands_in_the_books(client, branch, form, url):
    course = CourseFactory()
    page = client.get(url)
    assert form.consent_text.text in page.content.decode()

    answer = client.post(url, FILLED | {"course": course.pk, "guardian_name": "李芳"}, follow=True)

    assert 'data-test="thanks"' in answer.content.decode()
    enquiry = Enquiry.objects.get()
    assert (enquiry.branch, enquiry.channel, enquiry.course) == (branch, form.channel, course)
    assert (enquiry.child_name, enquiry.phone, enquiry.guardian_name) == ("钱小小", PHONE, "李芳")
    submission = EnquirySubmission.objects.get()
    assert (submission.consent_text, submission.consent_at) == (form.consent_text, NOW)


def test_nobody_learns_whether_a_child_is_known(client, branch, form, url):
    def seen(**fields):
        answer = client.post(url, FILLED | fields, follow=True)
        return answer.redirect_chain, re.sub(r'value="\S+"', "", answer.content.decode())

    receive(form, branch)
    known, new = seen(token="a"), seen(token="b", child_name="孙大大", phone="13900000000")

    assert known == new
    assert Enquiry.objects.count() == 2


def test_double_click_counts_once_and_a_brother_by_the_back_button_counts_too(client, url):
    for name in ["钱小小", "钱小小", "钱大大"]:
        sent(client, url, child_name=name)

    assert Enquiry.objects.count() == 2
    assert EnquirySubmission.objects.count() == 2


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"consent": ""}, "consent"),
        ({"child_name": ""}, "child_name"),
        ({"child_name": "钱\x07"}, "child_name"),
        ({"child_name": "\x00"}, "child_name"),
        ({"child_name": "ﷺ" * 50}, "child_name"),
        ({"phone": "12345"}, "phone"),
        ({"phone": "+" * 30}, "phone"),
        ({"guardian_name": "\x1b"}, "guardian_name"),
        ({"course": "1" * 30}, "course"),
        ({"course": "x"}, "course"),
        ({"token": "x" * 65}, "token"),
    ],
)
def test_each_field_says_what_is_wrong_and_nothing_is_kept(client, url, fields, field):
    page = sent(client, url, **fields)

    assert (page.status_code, list(page.context["form"].errors)) == (200, [field])
    assert not Enquiry.objects.exists()


# --- robots ----------------------------------------------------------------------------------------------


def test_robot_that_fills_what_nobody_sees_is_thanked_and_forgotten(client, url):
    assert sent(client, url, website="https://spam.example").status_code == 302
    assert not Enquiry.objects.exists()


def test_a_form_of_another_page_is_refused(url):
    assert Client(enforce_csrf_checks=True).post(url, FILLED).status_code == 403
    assert not Enquiry.objects.exists()


@pytest.mark.parametrize("limit", ["FORM_SENDS_PER_ADDRESS", "FORM_SENDS_PER_FORM"])
def test_a_flood_is_answered_429(client, url, settings, limit):
    setattr(settings, limit, 2)

    answers = [sent(client, url, child_name=f"钱{number}") for number in range(4)]

    assert [answer.status_code for answer in answers] == [302, 302, 429, 429]
    assert int(answers[3]["Retry-After"]) > 0
    assert Enquiry.objects.count() == 2
    elsewhere = client.post(url, FILLED, REMOTE_ADDR="203.0.113.9").status_code
    assert elsewhere == (302 if limit == "FORM_SENDS_PER_ADDRESS" else 429)


# --- around it -------------------------------------------------------------------------------------------


def test_a_closed_form_says_whom_to_call(client, form, url):
    switch_form(form=form, is_active=False)

    assert [client.get(url).status_code, sent(client, url).status_code] == [410, 410]
    assert "024-12345678" in client.get(url).content.decode()
    assert not Enquiry.objects.exists()
    assert client.get("/f/nowhere/").status_code == 404


def test_in_no_cache_and_no_search_engine(client, url):
    for answer in [client.get(url), client.get(f"{url}thanks/")]:
        assert "no-store" in answer["Cache-Control"]
        assert "noindex" in answer["X-Robots-Tag"]


def test_page_needs_no_script_and_nothing_from_elsewhere(client, url):
    page = client.get(url).content.decode()

    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)


def test_logs_name_nobody(client, url, caplog):
    caplog.set_level(logging.DEBUG)
    for fields in [{}, {"phone": "138000"}, {"child_name": "钱大大"}]:
        sent(client, url, **fields)

    assert not any(word in caplog.text for word in ["钱", "1381234", "138000"])
