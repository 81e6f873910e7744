from datetime import timedelta

import pytest
from django.urls import reverse

from messaging.models import OutboundMessage, Status
from messaging.services import drain_outbox
from messaging.words import name_kind
from tests.factories import NOW, manager_of
from tests.messaging.conftest import PHONE

pytestmark = pytest.mark.django_db
LIST = reverse("admin:messaging_outboundmessage_changelist")


@pytest.mark.parametrize("message_count", [1, 3])
def test_list_query_count(client, branch, queue, fake_twilio, django_assert_num_queries, message_count):
    messages = [queue(occurrence=str(number)) for number in range(message_count)]
    drain_outbox(now=NOW)
    client.force_login(manager_of(branch))
    client.get(LIST, secure=True)

    with django_assert_num_queries(7):
        response = client.get(LIST, secure=True)

    assert set(response.context["cl"].queryset) == set(messages)


def test_phone_is_masked(client, branch, queue, fake_twilio):
    message = queue()
    drain_outbox(now=NOW)
    client.force_login(manager_of(branch))

    pages = [
        client.get(url, secure=True).content.decode()
        for url in (LIST, reverse("admin:messaging_outboundmessage_change", args=[message.pk]))
    ]

    assert all("138****5678" in page for page in pages)
    assert not any(PHONE.removeprefix("+86") in page for page in pages)


def test_other_branchs_messages_do_not_exist(client, branch, other_branch, queue):
    message = queue()
    client.force_login(manager_of(other_branch))

    page = client.get(reverse("admin:messaging_outboundmessage_change", args=[message.pk]), secure=True)

    assert page.status_code == 404
    assert not client.get(LIST, secure=True).context["cl"].queryset


def test_nobody_adds_changes_or_deletes(client, branch, queue):
    message = queue()
    client.force_login(manager_of(branch))
    change = reverse("admin:messaging_outboundmessage_change", args=[message.pk])

    assert client.get(reverse("admin:messaging_outboundmessage_add"), secure=True).status_code == 403
    assert client.post(change, {"body": "x"}, secure=True).status_code == 403
    delete = reverse("admin:messaging_outboundmessage_delete", args=[message.pk])
    assert client.post(delete, {"post": "yes"}, secure=True).status_code == 403
    assert OutboundMessage.objects.get().body == ""


def test_list_is_filtered(client, branch, queue):
    name_kind("note", "便条")
    waiting = queue()
    cancelled = queue(occurrence="2h")
    cancelled.move_to(Status.CANCELLED, now=NOW)
    client.force_login(manager_of(branch))

    def found(**query):
        return list(client.get(LIST, query, secure=True).context["cl"].queryset)

    assert found(status__exact="queued") == [waiting]
    assert found(kind="note") == [cancelled, waiting]
    assert found(branch__id__exact=branch.pk) == [cancelled, waiting]
    assert found(due_at__gte=str(NOW + timedelta(days=1))) == []
