"""Whatever is sent to the endpoint and to the public form: no 5xx, no row without consent, no child twice, no flood.

schemathesis draws requests from the endpoint's own description and from one of the form, right ones and wrong ones,
and sends them to the WSGI application (10,000 with PROOF=1). Between them come families of a small town, with few
names, numbers and ids, so that much comes twice; what is to be answered them is worked out here a second time.
"""

from collections import Counter

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.db.models import Q
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sales.models import EnquirySubmission
from students.models import Enquiry
from tests.sales.ways_in_cases import form_of, source_of
from tests.sizes import WAYS_IN_REQUESTS

pytestmark = pytest.mark.django_db
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
CHILDREN, PHONES = ["钱小小", "钱大大", "孙雨", "Li Lei"], ["13812345678", "13912345678", "13712345678"]
TAKEN_IN = {200, 201, 302}
FLOOD = WAYS_IN_REQUESTS // 10

bodies = st.fixed_dictionaries(
    {
        "id": st.sampled_from([f"wx-{number}" for number in range(60)]),
        "child_name": st.sampled_from(CHILDREN),
        "phone": st.sampled_from(PHONES),
        "consent": st.fixed_dictionaries(
            {"version": st.sampled_from(["1", "2"]), "at": st.just("2026-01-01T10:00:00+08:00")}
        ),
    },
    optional={"note": st.sampled_from(["", "周末"]), "guardian_name": st.just("李芳")},
)
sheets = st.fixed_dictionaries(
    {"token": st.sampled_from("abc"), "child_name": st.sampled_from(CHILDREN), "phone": st.sampled_from(PHONES)},
    optional={"consent": st.just("on"), "guardian_name": st.just("李芳"), "course": st.just("")},
)


@pytest.fixture(autouse=True)
def _in_the_transaction_of_the_test():
    """A request ends its connection; this one is the test's."""
    signals = [request_started, request_finished]
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


def drawing(number):
    return settings(
        max_examples=number, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None
    )


def requests_to(operation):
    return st.sampled_from(list(GenerationMode)).flatmap(lambda mode: operation.as_strategy(generation_mode=mode))


def send(case, cookies=None, **headers):
    response = case.call(headers=headers, cookies=cookies)
    case.validate_response(response, checks=CHECKS)
    return response.status_code


def no_row_without_consent():
    without = Q(consent_at=None) | Q(consent_version="") | Q(form__isnull=False, consent_text=None)
    return (
        not EnquirySubmission.objects.filter(without).exists() and not Enquiry.objects.filter(submissions=None).exists()
    )


# --- the endpoint ----------------------------------------------------------------------------------------


@pytest.fixture
def endpoint(settings):
    settings.API_REQUESTS_PER_SOURCE = settings.API_REFUSALS_PER_ADDRESS = 10 * WAYS_IN_REQUESTS
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())["/api/v1/enquiries"]["POST"]


@pytest.fixture
def bearer(branch):
    return {"Authorization": f"Bearer {source_of(branch)[1]}"}


def test_endpoint_answers_whatever_comes(endpoint, bearer):
    answers, expected = Counter(), {}

    @drawing(WAYS_IN_REQUESTS // 2)
    @given(asked=requests_to(endpoint) | bodies)
    def ask(asked):
        if not isinstance(asked, dict):
            answers[send(asked, **bearer)] += 1
            return
        status = send(endpoint.Case(body=asked, media_type="application/json"), **bearer)
        answers[status] += 1
        assert status == _expected(asked, expected)

    ask()

    print(dict(answers))  # noqa: T201 (with -s: the figures of the proof)
    known = {(body["child_name"], body["phone"]) for body in expected.values()}
    assert set(answers) >= {200, 201, 409, 422}
    assert Enquiry.objects.filter(child_name__in=CHILDREN, phone__in=[f"+86{one}" for one in PHONES]).count() == len(
        known
    )
    assert no_row_without_consent()


def _expected(body, before):
    """201 the first time, 200 when the same comes again, 409 when something else comes with the id."""
    content = {"note": "", "guardian_name": ""} | body
    if body["id"] not in before:
        before[body["id"]] = content
        return 201
    return 200 if before[body["id"]] == content else 409


def test_without_a_token_that_holds_the_endpoint_takes_in_nothing(endpoint, branch):
    @drawing(WAYS_IN_REQUESTS // 20)
    @given(case=requests_to(endpoint), token=st.text(st.characters(codec="ascii", categories=["L", "N"])))
    def ask(case, token):
        assert send(case, Authorization=f"Bearer {token}") == 401

    ask()

    assert not EnquirySubmission.objects.exists()


def test_a_flood_at_the_endpoint_is_answered_429(endpoint, bearer, settings):
    settings.API_REQUESTS_PER_SOURCE = FLOOD // 2
    answers = Counter()

    @drawing(FLOOD)
    @given(body=bodies)
    def ask(body):
        answers[send(endpoint.Case(body=body, media_type="application/json"), **bearer)] += 1

    ask()

    print(dict(answers))  # noqa: T201
    assert answers[429] >= FLOOD // 2 - 1


# --- the form --------------------------------------------------------------------------------------------

FIELDS = {
    "csrfmiddlewaretoken": {"type": "string"},
    "token": {"type": "string", "maxLength": 64},
    "child_name": {"type": "string", "minLength": 1, "maxLength": 50},
    "phone": {"type": "string", "minLength": 5, "maxLength": 30},
    "course": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    "guardian_name": {"type": "string", "maxLength": 50},
    "consent": {"enum": ["on"]},
    "website": {"type": "string"},
}
PAGE = {"content": {"text/html": {"schema": {}}}, "description": "a page"}


def description(path):
    """Of the form as a browser sees it."""
    sheet = {"type": "object", "properties": FIELDS, "required": ["token", "child_name", "phone", "consent"]}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": sheet}}, "required": True}
    answers = {"200": PAGE, "403": PAGE, "429": PAGE, "302": {"description": "thanks"}}
    post = {"requestBody": body, "responses": answers}
    return {"openapi": "3.1.0", "info": {"title": "form", "version": "1"}, "paths": {path: {"post": post}}}


@pytest.fixture
def form(branch, settings):
    settings.FORM_SENDS_PER_ADDRESS = settings.FORM_SENDS_PER_FORM = 10 * WAYS_IN_REQUESTS
    return form_of(branch)


@pytest.fixture
def sheet(form):
    schema = schemathesis.openapi.from_dict(description(f"/f/{form.code}/"))
    schema.app = get_wsgi_application()
    return schema[f"/f/{form.code}/"]["POST"]


@pytest.fixture
def fill(sheet):
    """Send a case, or what a family filled in, with the cookie and the hidden field that keep other pages out."""
    secret = "x" * 32

    def fill(asked):
        is_family = isinstance(asked, dict)
        case = sheet.Case(body=asked, media_type="application/x-www-form-urlencoded") if is_family else asked
        if isinstance(case.body, dict):
            case.body = case.body | {"csrfmiddlewaretoken": secret}
        return send(case, cookies={"csrftoken": secret})

    return fill


def test_form_answers_whatever_comes(sheet, fill):
    answers, agreed = Counter(), set()

    @drawing(WAYS_IN_REQUESTS // 3)
    @given(asked=requests_to(sheet) | sheets)
    def ask(asked):
        status = fill(asked)
        answers[status] += 1
        if isinstance(asked, dict):
            assert status == (302 if "consent" in asked else 200)
            agreed.update({(asked["child_name"], asked["phone"])} if "consent" in asked else ())

    ask()

    print(dict(answers))  # noqa: T201
    assert set(answers) >= {200, 302}
    assert Enquiry.objects.filter(child_name__in=CHILDREN, phone__in=[f"+86{one}" for one in PHONES]).count() == len(
        agreed
    )
    assert no_row_without_consent()


def test_a_flood_at_the_form_is_answered_429(fill, settings):
    settings.FORM_SENDS_PER_ADDRESS = FLOOD // 2
    answers = Counter()

    @drawing(FLOOD)
    @given(filled=sheets)
    def ask(filled):
        answers[fill(filled)] += 1

    ask()

    print(dict(answers))  # noqa: T201
    assert answers[429] >= FLOOD // 2 - 1
