"""A message about several children is listed on the page of each, and named with all of them."""

import pytest

from messaging.models import AlsoAbout, OutboundMessage
from tests.factories import StudentFactory, desk_of
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(queue):
    """About two brothers."""
    message = queue(about=f"student:{StudentFactory(name='王强').pk}")
    AlsoAbout.objects.create(message=message, about=f"student:{StudentFactory(name='王伟').pk}")
    return message


def test_each_child_has_it_on_its_page_once(message, queue):
    queue(subject="lesson:1", about="student:0")  # somebody else's

    for about in (message.about, message.also_about.get().about):
        assert list(OutboundMessage.objects.all().about(about)) == [message]


def test_page_of_messages_names_them_all(client, branch, message):
    client.force_login(desk_of(branch))

    page = client.get("/messages/").content.decode()

    assert "王强" in page
    assert "王伟" in page


def test_a_child_is_in_a_message_once(message):
    with refused_by("alsoabout_once"):
        AlsoAbout.objects.create(message=message, about=message.also_about.get().about)
