"""The stand-in against Twilio's own client: what the client cannot tell apart, the software cannot either."""

import subprocess
import sys
import time

import pytest
import requests
from django.core.management import CommandError, call_command
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from messaging.fake_twilio.server import FakeTwilio
from tests.factories import NOW
from tests.messaging.conftest import PHONE
from tests.messaging.fixtures import ACCOUNT_SID, AUTH_TOKEN, SENDER

SERVICE = "MG" + "0" * 32


def client_of(fake, token=AUTH_TOKEN):
    http_client = TwilioHttpClient(timeout=5)
    http_client.session.trust_env = False
    client = Client(ACCOUNT_SID, token, http_client=http_client)
    client.api.base_url = fake.url
    return client


@pytest.fixture
def client(fake_twilio):
    return client_of(fake_twilio)


def send(client, **fields):
    return client.messages.create(**{"to": PHONE, "from_": SENDER, "body": "你好"} | fields)


def test_created_message_can_be_fetched(client):
    created = send(client, status_callback="https://qingxiao.example/hook", validity_period=60)

    fetched = client.messages(created.sid).fetch()

    assert created.status == fetched.status == "queued"
    assert (fetched.to, fetched.from_, fetched.body, fetched.num_segments) == (PHONE, SENDER, "你好", "1")
    assert fetched.date_created == NOW
    assert fetched.date_sent is None
    assert fetched.uri == f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{created.sid}.json"


def test_messaging_service_accepts_and_picks_its_number_later(client, fake_twilio):
    created = send(client, from_=None, messaging_service_sid=SERVICE)
    assert (created.status, created.from_, created.num_segments) == ("accepted", None, "0")

    fake_twilio.deliver()

    fetched = client.messages(created.sid).fetch()
    assert (fetched.status, fetched.from_, fetched.messaging_service_sid) == ("delivered", SENDER, SERVICE)
    assert fetched.date_sent == NOW


def test_list_is_filtered_and_paged(client, fake_twilio):
    for number in range(5):
        send(client, body=str(number))
    send(client, to="+8613900000000")

    assert [message.body for message in client.messages.list(to=PHONE, page_size=2)] == ["4", "3", "2", "1", "0"]
    assert len(client.messages.list(to=PHONE, limit=3)) == 3
    assert client.messages.list(date_sent_after=NOW) == []  # what was not sent yet has no date to filter by
    fake_twilio.deliver()
    assert len(client.messages.list(date_sent_after=NOW)) == 6


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": ""}, 21604),
        ({"body": ""}, 21602),
        ({"from_": None}, 21603),
        ({"to": "13812345678"}, 21211),
        ({"to": "+15005550009"}, 21614),
        ({"from_": "nobody"}, 21212),
        ({"body": "x" * 1601}, 21617),
        ({"status_callback": "nowhere"}, 21609),
    ],
)
def test_wrong_request_is_refused_as_by_twilio(client, fake_twilio, fields, code):
    with pytest.raises(TwilioRestException) as refused:
        send(client, **fields)

    assert (refused.value.status, refused.value.code) == (400, code)
    assert fake_twilio.store.messages() == []


def test_opted_out_number_is_refused(client, fake_twilio):
    fake_twilio.store.opt_out(PHONE)

    with pytest.raises(TwilioRestException) as refused:
        send(client)

    assert refused.value.code == 21610


def test_wrong_token_is_refused(fake_twilio):
    with pytest.raises(TwilioRestException) as refused:
        send(client_of(fake_twilio, token="wrong"))

    assert (refused.value.status, refused.value.code) == (401, 20003)


def test_unknown_message_is_not_found(client):
    with pytest.raises(TwilioRestException) as refused:
        client.messages("SM" + "0" * 32).fetch()

    assert (refused.value.status, refused.value.code) == (404, 20404)


def test_message_can_be_redacted_and_deleted(client):
    created = send(client)

    assert client.messages(created.sid).update(body="").body == ""
    assert client.messages(created.sid).delete()
    assert client.messages.list() == []


def test_each_status_is_reported_signed_but_not_the_first(client, fake_twilio):
    posted = []
    fake_twilio.carrier.post = lambda *report: posted.append(report)
    url = "https://qingxiao.example/hook?a=b"
    created = send(client, status_callback=url)

    fake_twilio.deliver()

    assert [parameters["MessageStatus"] for _url, parameters, _signature in posted] == ["sending", "sent", "delivered"]
    assert {parameters["MessageSid"] for _url, parameters, _signature in posted} == {created.sid}
    validator = RequestValidator(AUTH_TOKEN)
    assert all(validator.validate(url, parameters, signature) for _url, parameters, signature in posted)


def test_delivery_can_fail(client, fake_twilio):
    fake_twilio.store.inject("undelivered", value="30003")
    created = send(client)

    fake_twilio.deliver()

    fetched = client.messages(created.sid).fetch()
    assert (fetched.status, fetched.error_code) == ("undelivered", 30003)


def test_faults_are_ordered_by_request_too(client, fake_twilio):
    fault = {"name": "throttle", "phone": PHONE}
    url = f"{fake_twilio.url}/stand-in/faults"
    assert requests.post(url, data=fault, timeout=5).status_code == 401
    assert requests.post(url, data=fault, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5).status_code == 204

    with pytest.raises(TwilioRestException) as refused:
        send(client)

    assert refused.value.status == 429
    assert send(client).sid


# --- pages -------------------------------------------------------------------------------------------------


def get(fake, path, **options):
    return requests.get(fake.url + path, timeout=5, **options)


def test_phone_shows_its_texts_and_their_status(client, fake_twilio):
    fake_twilio.store.inject("undelivered", value="30003")
    send(client, body="【轻校】<b>你好</b>")
    fake_twilio.deliver()
    send(client, body="第二条")

    page = get(fake_twilio, f"/phones/{PHONE.replace('+', '%2B')}").text

    assert page.index("【轻校】&lt;b&gt;你好&lt;/b&gt;") < page.index("第二条")
    assert 'lang="zh-CN"' in page
    assert "12:00" in page
    assert "30003" in page
    assert get(fake_twilio, f"/phones/{PHONE}").text == page


def test_one_writes_back_on_the_phone(client, fake_twilio):
    send(client)
    posted = []
    fake_twilio.carrier.post = lambda url, parameters, signature: posted.append((url, parameters, signature))
    assert "<form" in get(fake_twilio, f"/phones/{PHONE}?reply=yes").text

    page = requests.post(f"{fake_twilio.url}/phones/{PHONE}", data={"text": "几点下课？"}, timeout=5).text

    assert "几点下课？" in page
    [(url, parameters, signature)] = posted
    assert (parameters["From"], parameters["To"], parameters["Body"]) == (PHONE, SENDER, "几点下课？")
    assert RequestValidator(AUTH_TOKEN).validate(url, parameters, signature)


def test_stop_blocks_the_number_until_start(client, fake_twilio):
    fake_twilio.carrier.inbound_url = ""
    fake_twilio.carrier.reply(PHONE, "stop")
    with pytest.raises(TwilioRestException) as refusal:
        send(client)
    assert refusal.value.code == 21610

    fake_twilio.carrier.reply(PHONE, "START")

    send(client)


def test_first_page_lists_the_phones(client, fake_twilio):
    send(client)
    send(client, to="+8613900000000", body="最近一条")

    page = get(fake_twilio, "/").text

    assert page.index("139 0000 0000") < page.index("138 1234 5678")
    assert "最近一条" in page


def test_pages_load_nothing_from_elsewhere(fake_twilio):
    page = get(fake_twilio, "/").text

    assert "http" not in page.replace("http-equiv", "")
    assert get(fake_twilio, "/phone.css").headers["Content-Type"].startswith("text/css")
    assert get(fake_twilio, "/elsewhere").status_code == 404


def test_other_hosts_name_is_refused(fake_twilio):
    assert get(fake_twilio, "/", headers={"Host": "evil.example"}).status_code == 403


def test_it_listens_on_this_machine_only(fake_twilio):
    assert fake_twilio.url.startswith("http://127.0.0.1:")


# --- running -----------------------------------------------------------------------------------------------


def test_it_remembers_over_a_restart_and_goes_on(tmp_path):
    path, posted = tmp_path / "state.sqlite3", []
    first = FakeTwilio(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, path=path)
    first.start()
    send(client_of(first), status_callback="https://qingxiao.example/hook")
    first.stop()

    second = FakeTwilio(account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, path=path, step_seconds=0.01)
    second.carrier.post = lambda url, parameters, signature: posted.append(parameters["MessageStatus"])
    second.start()
    deadline = time.monotonic() + 10
    while "delivered" not in posted and time.monotonic() < deadline:
        time.sleep(0.01)
    second.stop()

    assert posted == ["sending", "sent", "delivered"]


def test_command_is_refused_without_debug(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="DEBUG"):
        call_command("fake_twilio")


def test_command_says_when_its_port_is_taken(fake_twilio, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    port = int(fake_twilio.url.rpartition(":")[2])

    with pytest.raises(CommandError, match=str(port)):
        call_command("fake_twilio", port=port)


def test_command_starts_and_ends(tmp_path):
    program = [sys.executable, "manage.py", "fake_twilio", "--port=0"]
    environment = {"VAR_DIR": str(tmp_path), "DEBUG": "1", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t"}
    with subprocess.Popen(
        program, env={**environment, "TWILIO_FROM": "+1"}, stdout=subprocess.PIPE, text=True
    ) as process:
        url = process.stdout.readline().split()[-1]
        assert requests.get(url, timeout=5).status_code == 200

        process.terminate()

        assert process.wait(10) == 0
