"""The endpoint: what it takes, what it refuses and in which words, and that nothing sent to it makes it fall over."""

import json
import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from sales.models import Campaign, EnquirySource, EnquirySubmission
from sales.services.forms_and_sources import revoke_source
from students.models import Enquiry
from tests.factories import NOW, CourseFactory
from tests.sales.ways_in_cases import PHONE, source_of

pytestmark = pytest.mark.django_db
URL = "/api/v1/enquiries"
BODY = {
    "id": "wx-1",
    "child_name": "钱小小",
    "phone": "138 1234 5678",
    "consent": {"version": "2026-1", "at": "2026-11-21T11:59:00+08:00"},
}
CONSENT = BODY["consent"]


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def token(branch):
    return source_of(branch)[1]


@pytest.fixture
def post(client, token):
    def post(body=BODY, content_type="application/json", bearer=token, **more):
        content = body if isinstance(body, (str, bytes)) else json.dumps(body)
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return client.post(URL, content, content_type=content_type, headers=headers, **more)

    return post


def fields(answer):
    return {problem["field"]: problem["message"] for problem in answer.json()["errors"]}


# --- taken in ------------------------------------------------------------------------------------------------


def test_an_enquiry_is_taken_in(branch, post):
    course = CourseFactory(name="少儿围棋")

    answer = post(BODY | {"course": "少儿围棋", "note": "周末", "guardian_name": "李芳"})

    assert (answer.status_code, answer.json()["id"], answer.json()["not_matched"]) == (201, "wx-1", [])
    enquiry = Enquiry.objects.get()
    assert (enquiry.branch, enquiry.child_name, enquiry.phone) == (branch, "钱小小", PHONE)
    assert (enquiry.course, enquiry.note, enquiry.guardian_name) == (course, "周末", "李芳")
    submission = EnquirySubmission.objects.get()
    assert (submission.consent_version, submission.consent_at) == ("2026-1", NOW - timedelta(minutes=1))
    assert EnquirySource.objects.get().last_used_at == NOW


def test_the_same_id_is_answered_the_same(post):
    first, again = post(), post()

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert Enquiry.objects.count() == 1


def test_the_same_id_with_other_content_is_a_conflict(post):
    post()

    answer = post(BODY | {"child_name": "钱大大"})

    assert (answer.status_code, list(fields(answer))) == (409, ["id"])
    assert Enquiry.objects.count() == 1


def test_a_child_that_is_known_is_answered_like_a_new_one(post):
    first, again = post(), post(BODY | {"id": "wx-2"})

    assert again.status_code == 201
    assert {**again.json(), "id": ""} == {**first.json(), "id": ""}
    assert (Enquiry.objects.count(), EnquirySubmission.objects.filter(is_duplicate=True).count()) == (1, 1)


def test_a_course_and_a_campaign_by_number_and_name(branch, post):
    course, channel = CourseFactory(), EnquirySource.objects.get().channel
    Campaign.objects.create(name="开学季", channel=channel, first_date="2026-11-01", last_date="2026-11-30")
    campaign = Campaign.objects.create(
        name="开学季", branch=branch, channel=channel, first_date="2026-11-01", last_date="2026-11-30"
    )

    assert post(BODY | {"course": course.pk, "campaign": "开学季"}).json()["not_matched"] == []

    assert (Enquiry.objects.get().course, EnquirySubmission.objects.get().campaign) == (course, campaign)


@pytest.mark.parametrize("course", ["编程", 2**63 - 1])
def test_what_the_school_does_not_know_loses_no_enquiry(post, course):
    answer = post(BODY | {"course": course, "campaign": "开学季", "note": "周末"})

    assert (answer.status_code, answer.json()["not_matched"]) == (201, ["course", "campaign"])
    assert Enquiry.objects.get().note == f"{course} · 周末"


def test_a_token_of_the_whole_school_names_the_branch(branch, other_branch, post):
    _source, token = source_of(None, name="总部")
    school = {"bearer": token}

    assert list(fields(post(**school))) == ["branch"]
    assert list(fields(post(BODY | {"branch": "nowhere"}, **school))) == ["branch"]
    assert post(BODY | {"branch": other_branch.code}, **school).status_code == 201
    assert Enquiry.objects.get().branch == other_branch


def test_a_token_of_a_branch_is_for_no_other(branch, other_branch, post):
    assert list(fields(post(BODY | {"branch": other_branch.code}))) == ["branch"]
    assert post(BODY | {"branch": branch.code}).status_code == 201


# --- refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bearer", [None, "", "qx_wrong", "\xff", "x" * 5000])
def test_without_a_token_that_holds_nothing_is_taken_in(post, bearer):
    answer = post(bearer=bearer)

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert not Enquiry.objects.exists()


def test_a_revoked_token_holds_no_more(post):
    revoke_source(source=EnquirySource.objects.get(), now=NOW)

    assert post().status_code == 401


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"consent": None}, "consent"),
        ({"consent": CONSENT | {"version": " "}}, "consent.version"),
        ({"consent": CONSENT | {"at": "2026-11-21T12:11:00+08:00"}}, "consent.at"),  # not given yet
        ({"consent": CONSENT | {"at": "2026-11-21T11:00:00"}}, "consent.at"),  # where?
        ({"consent": CONSENT | {"at": 1_795_000_000}}, "consent.at"),
        ({"consent": CONSENT | {"at": "0001-01-01T00:00:00+14:00"}}, "consent.at"),
        ({"consent": CONSENT | {"at": "9999-12-31T23:59:59-14:00"}}, "consent.at"),
        ({"phone": "12345"}, "phone"),
        ({"phone": 13812345678}, "phone"),
        ({"child_name": "\u200b"}, "child_name"),
        ({"child_name": "钱" * 51}, "child_name"),
        ({"child_name": "ﷺ" * 50}, "child_name"),  # longer when it is spelt out
        ({"child_name": "钱\x00小"}, "child_name"),
        ({"child_name": "\ud800"}, "child_name"),
        ({"note": "字" * 141}, "note"),
        ({"note": "\x07"}, "note"),
        ({"course": 2**63}, "course"),
        ({"course": 0}, "course"),
        ({"course": True}, "course"),
        ({"course": 1e400}, "course"),
        ({"id": ""}, "id"),
        ({"id": {"$ne": 1}}, "id"),
        ({"wechat": "li"}, "enquiry"),
    ],
)  # fmt: skip
def test_each_field_is_refused_with_a_sentence(post, change, field):
    answer = post(BODY | change)

    assert (answer.status_code, list(fields(answer))) == (422, [field])
    assert all(fields(answer).values())
    assert not Enquiry.objects.exists()


def test_without_consent_nothing_is_taken_in(post):
    answer = post({key: value for key, value in BODY.items() if key != "consent"})

    assert (answer.status_code, list(fields(answer))) == (422, ["consent"])
    assert not EnquirySubmission.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "[" * 100_000,
        "1" * 10_000,
        b"\xff\xfe",
        b"\x00",
        '{"id": NaN}',
        "--x\r\nContent-Disposition: form-data",
    ],
    ids=lambda body: str(body)[:10],
)
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_what_is_no_json_is_refused(post, body, content_type):
    assert post(body, content_type=content_type).status_code in {413, 422}


@pytest.mark.parametrize("size", [64 * 1024, 3 * 1024 * 1024])
def test_giant_bodies_are_refused(post, size):
    assert post(json.dumps(BODY | {"note": "x" * size})).status_code == 413


@pytest.mark.parametrize("length", ["", "abc", "-1", "٣"])
def test_a_length_that_is_none_harms_nobody(post, length):
    assert post(CONTENT_LENGTH=length).status_code < 500


# --- floods ----------------------------------------------------------------------------------------------


def test_a_flood_is_answered_429(post, settings):
    settings.API_REQUESTS_PER_SOURCE = 2
    answers = [post(BODY | {"id": f"wx-{number}"}) for number in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 429, 429]
    assert 0 < int(answers[3]["Retry-After"]) <= 601
    assert answers[3].json()["detail"]


def test_whoever_tries_tokens_is_not_listened_to(post, settings):
    settings.API_REFUSALS_PER_ADDRESS = 2

    assert [post(bearer="qx_wrong").status_code for _time in range(3)] == [401, 401, 429]
    assert post().status_code == 429
    assert post(REMOTE_ADDR="203.0.113.8").status_code == 201


def test_an_address_that_a_visitor_claims_counts_only_behind_a_proxy(post, settings):
    settings.API_REFUSALS_PER_ADDRESS = 1

    def tries():
        return [post(bearer="qx_wrong", HTTP_X_FORWARDED_FOR=f"203.0.113.{number}").status_code for number in range(2)]

    assert tries() == [401, 429]
    settings.BEHIND_PROXY = True
    assert tries() == [401, 401]
    assert post(bearer="qx_wrong", HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.1").status_code == 429


# --- around it -------------------------------------------------------------------------------------------


def test_logs_name_nobody(post, caplog):
    caplog.set_level(logging.DEBUG)
    for body in [BODY, BODY | {"phone": "138000"}, BODY | {"child_name": "钱大大"}]:
        post(body)

    assert "422" in caplog.text or "Unprocessable" in caplog.text
    assert not any(word in caplog.text for word in ["钱", "1381234", "138000", "qx_"])


def test_the_description_is_public_and_there_is_no_page_that_loads_scripts_from_elsewhere(client):
    described = client.get("/api/v1/openapi.json").json()

    assert "consent" in described["components"]["schemas"]["EnquiryIn"]["required"]
    assert set(described["paths"][URL]["post"]["responses"]) == {"200", "201", "401", "409", "413", "422", "429"}
    assert client.get("/api/v1/docs").status_code == 404


def test_only_post(client):
    assert [getattr(client, method)(URL).status_code for method in ["get", "put", "patch", "delete"]] == [405] * 4
