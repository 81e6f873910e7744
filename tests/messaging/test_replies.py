"""What families write back: whose it is, what it asks for, who sees it, and what is answered."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from twilio.request_validator import RequestValidator

from messaging.consent import opt_out
from messaging.inbound import AnswerError, answer, receive
from messaging.models import Answer, ConsentEntry, InboundMessage, OutboundMessage, Purpose, Status, Suppression
from messaging.registry import Rendered, renders
from messaging.rules import meaning_of
from messaging.services import drain_outbox
from tests.factories import NOW, BranchFactory, GuardianshipFactory, desk_of, teacher_of
from tests.messaging.conftest import PHONE
from tests.messaging.fixtures import AUTH_TOKEN, PUBLIC_BASE_URL
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db
URL = "/messages/replies/"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def desk(client, branch):
    person = desk_of(branch)
    client.force_login(person)
    return person


@pytest.fixture
def said(queue, branch):
    """A note that went out to the number; arguments are the fields of the message."""

    def said(**fields):
        message = queue(**fields)
        facts = {"status": Status.DELIVERED, "status_at": NOW, "attempt_count": 1, "channel": "sms", "to_phone": PHONE}
        OutboundMessage.objects.filter(pk=message.pk).update(**facts, body="【轻校】明天上课", provider_sid="SM0")
        return message

    return said


def write(body, *, sid="SM9", phone=PHONE, now=NOW, **fields):
    return receive(provider_sid=sid, from_phone=phone, body=body, now=now, **fields)


def stopped(branch=None, phone=PHONE):
    rows = Suppression.objects.filter(phone=phone)
    return sorted(rows.filter(branch=branch).values_list("purpose", flat=True))


# --- what a text means -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body", ["T", "td", " 退订 ", "退订。", "ＳＴＯＰ", "Stop!", "R", "n", "TD退订", "unsubscribe"]
)
def test_a_stop_word_alone_asks_for_no_more(body):
    assert meaning_of(body) == "stop"


@pytest.mark.parametrize("body", ["今天不来了，退订晚饭", "T恤带了吗", "Not today", "好的", "", "TT", "请停止", "yes"])
def test_a_text_that_only_holds_such_a_word_is_a_text(body):
    assert meaning_of(body) == "text"


@pytest.mark.parametrize("body", ["START", "恢复", "unstop"])
def test_a_start_word_asks_for_messages_again(body):
    assert meaning_of(body) == "start"


# --- whose it is -----------------------------------------------------------------------------------------


def test_a_reply_belongs_to_whom_we_last_wrote_to(said, branch):
    said()

    reply = write("好的")

    assert (reply.branch, reply.author, reply.about) == (branch, "guardian:93", "student:17")
    assert (reply.meaning, reply.handled_at) == ("text", None)


def test_the_latest_message_counts(said, branch, other_branch):
    said(subject="lesson:1", branch=other_branch)
    later = said(subject="lesson:2", about="student:18")
    OutboundMessage.objects.filter(pk=later.pk).update(status_at=NOW + MINUTE)

    assert write("好的", now=NOW + 2 * MINUTE).about == "student:18"


def test_a_message_that_still_waits_was_not_said(queue):
    queue()

    assert write("好的").branch is None


def test_a_guardian_whom_nobody_wrote_to_is_known_by_the_number(branch):
    tie = GuardianshipFactory(student__branches=[branch], guardian__phone=PHONE)

    reply = write("孩子今天请假")

    assert (reply.branch, reply.author, reply.about) == (
        branch,
        f"guardian:{tie.guardian_id}",
        f"student:{tie.student_id}",
    )


def test_a_stranger_belongs_to_no_branch():
    assert write("你好").branch is None


def test_the_provider_may_tell_twice():
    write("好的")
    write("好的")

    assert InboundMessage.objects.count() == 1


# --- no more, and again ----------------------------------------------------------------------------------


def test_stop_ends_what_the_last_message_was_for_at_its_branch(said, branch):
    said()

    reply = write("退订")

    assert (stopped(branch), stopped()) == (["service"], [])
    assert reply.handled_at == NOW


def test_stop_after_an_offer_leaves_the_reminders(said, branch):
    @renders("offer", purpose=Purpose.MARKETING)
    def offer(message, now):
        return Rendered(PHONE, "x")

    said(kind="offer")
    write("T")

    assert stopped(branch) == ["marketing"]


def test_the_providers_own_word_ends_everything_since_it_blocks_the_number(said, branch):
    said()
    write("STOP")

    assert stopped() == ["code", "marketing", "service"]


def test_the_provider_says_what_it_made_of_a_text(said):
    said()

    assert write("别再发了", opt_out_type="STOP").meaning == "stop"
    assert stopped() == ["code", "marketing", "service"]


def test_start_lifts_every_block_of_the_number(said, branch):
    said()
    write("退订", sid="SM1")
    write("STOP", sid="SM2")
    opt_out(phone="+8613900000000", purposes=[Purpose.SERVICE], how="reply", now=NOW)

    write("START", sid="SM3")

    assert (stopped(), stopped(branch), stopped(phone="+8613900000000")) == ([], [], ["service"])
    assert not ConsentEntry.objects.is_agreed(phone=PHONE, branch=branch)


def test_a_stop_told_twice_does_not_undo_the_start_between(said):
    said()
    write("STOP", sid="SM1")
    write("START", sid="SM2")
    write("STOP", sid="SM1")

    assert stopped() == []


def test_after_stop_nothing_is_sent(fake_twilio, said, queue):
    said()
    write("退订")
    later = queue(occurrence="2h")

    drain_outbox(now=NOW + MINUTE)

    later.refresh_from_db()
    assert (later.status, fake_twilio.store.messages()) == (Status.SUPPRESSED, [])


# --- the provider's call ---------------------------------------------------------------------------------


@pytest.fixture
def post(settings):
    settings.PUBLIC_BASE_URL, settings.TWILIO_AUTH_TOKEN = PUBLIC_BASE_URL, AUTH_TOKEN
    path = reverse("twilio_inbound")

    def post(*, token=AUTH_TOKEN, extra=None, **fields):
        parameters = {"MessageSid": "SM9", "From": PHONE, "To": "+15005550006", "Body": "好的", **fields}
        signature = RequestValidator(token).compute_signature(PUBLIC_BASE_URL + path, parameters)
        client = Client(enforce_csrf_checks=True, headers={"X-Twilio-Signature": signature})
        return client.post(path, {**parameters, **(extra or {})}, secure=True)

    return post


def test_a_signed_text_is_taken_and_answered_by_nothing(post):
    response = post()

    assert (response.status_code, response.content) == (200, b"<Response/>")
    assert InboundMessage.objects.get().body == "好的"


@pytest.mark.parametrize(
    "forgery", [{"token": "guessed"}, {"extra": {"Body": "STOP"}}, {"extra": {"OptOutType": "STOP"}}]
)
def test_a_forged_text_changes_nothing(post, forgery):
    assert post(**forgery).status_code == 403
    assert not InboundMessage.objects.exists()
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("fields", [{"MessageSid": ""}, {"From": ""}, {"From": "whatsapp:+86138"}])
def test_a_text_without_id_or_number_is_refused(post, fields):
    assert post(**fields).status_code == 400


def test_a_text_of_any_signs_and_length_is_kept(post):
    post(Body="孩子\x00😀" + "长" * 3000)

    body = InboundMessage.objects.get().body
    assert (body[:3], len(body)) == ("孩子😀", 1600)


def test_what_people_write_on_the_stand_ins_phones_arrives(fake_twilio, said):
    said()

    for text in ("几点下课？", "stop"):
        fake_twilio.carrier.reply(PHONE, text)

    assert list(InboundMessage.objects.order_by("pk").values_list("body", "meaning")) == [
        ("几点下课？", "text"),
        ("stop", "stop"),
    ]
    fake_twilio.carrier.reply(PHONE, "START")
    assert stopped() == []


# --- answering -------------------------------------------------------------------------------------------


def test_an_answer_goes_out_through_the_outbox(fake_twilio, said, desk):
    said()
    reply = write("几点下课？")

    answer(inbound=reply, text="十点半", by=desk, now=NOW, token="1")
    drain_outbox(now=NOW)

    assert [(message["to_phone"], message["body"]) for message in fake_twilio.store.messages()] == [
        (PHONE, "【轻校】十点半")
    ]
    reply.refresh_from_db()
    assert (reply.handled_at, reply.handled_by) == (NOW, desk)


def test_a_double_click_answers_once(said, desk):
    said()
    reply = write("几点下课？")

    for _click in range(2):
        answer(inbound=reply, text="十点半", by=desk, now=NOW, token="1")

    assert (Answer.objects.count(), OutboundMessage.objects.filter(kind="answer").count()) == (1, 1)


def test_who_wants_no_messages_gets_no_answer(said, desk, branch):
    said()
    reply = write("几点下课？")
    opt_out(phone=PHONE, purposes=[Purpose.SERVICE], how="reply", now=NOW, branch=branch)

    with pytest.raises(AnswerError):
        answer(inbound=reply, text="十点半", by=desk, now=NOW, token="1")
    assert not Answer.objects.exists()


def test_a_stranger_gets_no_answer(desk):
    with pytest.raises(AnswerError):
        answer(inbound=write("你好"), text="您好", by=desk, now=NOW, token="1")


# --- the page --------------------------------------------------------------------------------------------


def test_the_desk_answers_on_the_page(client, desk, said):
    tie = GuardianshipFactory(guardian__name="田妈妈", student__name="田萍")
    said(recipient=f"guardian:{tie.guardian_id}", about=f"student:{tie.student_id}")
    reply = write("几点下课？")
    content = client.get(URL).content.decode()
    assert all(text in content for text in ("田妈妈", "田萍", "几点下课？", "明天上课"))

    response = client.post(f"{URL}{reply.pk}/answer/?state=", {"text": "十点半", "token": "1"}, follow=True)

    assert list(response.context["replies"]) == []
    assert "十点半" in client.get(URL + "?state=all").content.decode()


@pytest.mark.parametrize("data", [{}, {"text": " ", "token": "1"}, {"text": "长" * 301, "token": "1"}])
def test_an_empty_or_endless_answer_is_refused_with_a_sentence(client, desk, said, data):
    said()
    reply = write("几点下课？")

    response = client.post(f"{URL}{reply.pk}/answer/", data, follow=True)

    assert [notice.level_tag for notice in response.context["messages"]] == ["error"]
    assert not Answer.objects.exists()


def test_a_reply_that_was_dealt_with_by_a_call_leaves_the_list(client, desk, said):
    said()
    reply = write("给我打电话")

    client.post(f"{URL}{reply.pk}/handled/")

    reply.refresh_from_db()
    assert reply.handled_by == desk
    assert list(client.get(URL).context["replies"]) == []


def test_no_field_where_no_text_may_go(client, desk, said, branch):
    said()
    write("几点下课？")
    opt_out(phone=PHONE, purposes=[Purpose.SERVICE], how="reply", now=NOW, branch=branch)

    assert 'name="text"' not in client.get(URL).content.decode()


def test_replies_of_another_branch_are_not_there(client, branch, said):
    said()
    reply = write("几点下课？")
    client.force_login(desk_of(BranchFactory()))

    assert list(client.get(URL).context["replies"]) == []
    assert client.post(f"{URL}{reply.pk}/answer/", {"text": "x", "token": "1"}).status_code == 404
    assert client.post(f"{URL}{reply.pk}/handled/").status_code == 404


def test_what_another_branch_told_the_family_is_not_shown(client, desk, said, other_branch):
    said()
    other = said(subject="lesson:2", branch=other_branch)
    OutboundMessage.objects.filter(pk=other.pk).update(body="别的校区的话", status_at=NOW - MINUTE)
    write("好的")

    assert "别的校区的话" not in client.get(URL).content.decode()


def test_teachers_do_not_read_replies(client, branch):
    client.force_login(teacher_of(branch))

    assert client.get(URL).status_code == 403


def test_the_list_costs_the_same_for_one_and_for_three(client, desk, said, django_assert_max_num_queries):
    said()
    counts = []
    for number in (1, 2, 3):
        reply = write("好的", sid=f"SM{number}")
        answer(inbound=reply, text="好", by=desk, now=NOW, token=str(number))
        with django_assert_max_num_queries(30) as queries:
            client.get(URL + "?state=all")
        counts.append(len(queries))

    assert counts[0] == counts[2]


def test_home_counts_what_waits_and_the_child_shows_it(client, desk, said, branch):
    tie = GuardianshipFactory(student__branches=[branch])
    said(about=f"student:{tie.student_id}")
    write("孩子今天不舒服")

    assert {card.name: card.number for card in client.get("/").context["cards"]}["replies"] == 1
    assert "孩子今天不舒服" in client.get(reverse("student", args=[tie.student_id])).content.decode()


# --- what the database refuses ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("inbound_meaning", {"meaning": "rude"}),
        ("inbound_handled_when", {"handled_at": None}),
    ],
)
def test_the_database_refuses(constraint, fields, desk):
    reply = write("STOP")
    InboundMessage.objects.filter(pk=reply.pk).update(handled_by=desk)

    with refused_by(constraint):
        InboundMessage.objects.filter(pk=reply.pk).update(**fields)
