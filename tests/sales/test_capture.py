"""Taking in who asks: four fields, the owner by rule, and no family twice."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sales.forms.capture import channels_for
from sales.models import SalesPolicy
from students.models import Enquiry
from students.services import close_as_lost, open_enquiry
from tests.factories import (
    NOW,
    TODAY,
    ChannelFactory,
    CourseFactory,
    EnquiryFactory,
    GuardianshipFactory,
    StudentFactory,
    adviser_of,
    at,
    desk_of,
    manager_of,
)

pytestmark = pytest.mark.django_db
NEW = "/enquiries/new/"
PHONE = "+8613812345678"


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr("sales.views.capture.EnquiryNewView.now", NOW)


@pytest.fixture
def desk(branch):
    return desk_of(branch, name="前台小李")


@pytest.fixture
def channel():
    return ChannelFactory(name="地推")


@pytest.fixture
def register(client, branch, channel):
    """register(person, child_name="…"): what the form answers."""

    def register(person, **fields):
        client.force_login(person)
        asked = {"token": "form", "branch": branch.pk, "phone": "138 1234 5678", "child_name": "钱小小"}
        return client.post(NEW, asked | {"channel": channel.pk} | fields)

    return register


def test_four_fields_make_an_enquiry_of_whoever_registers_it(register, desk, branch, channel):
    course = CourseFactory()

    answer = register(desk, course=course.pk)

    enquiry = Enquiry.objects.get()
    assert answer.url == f"/enquiries/{enquiry.pk}/"
    assert (enquiry.phone, enquiry.child_name, enquiry.course) == (PHONE, "钱小小", course)
    assert (enquiry.channel, enquiry.branch, enquiry.owner) == (channel, branch, desk)
    assert enquiry.registered_date == TODAY


def test_rule_of_the_branch_says_whose_it_is(register, desk, branch):
    SalesPolicy.objects.filter(branch=branch).update(owner_rule="nobody")

    register(desk)

    assert Enquiry.objects.get().owner is None


def test_double_click_registers_once_and_leads_to_the_same_page(register, desk):
    answers = [register(desk).url for _ in range(2)]

    assert answers == [f"/enquiries/{Enquiry.objects.get().pk}/"] * 2


@pytest.mark.parametrize(
    ("chosen", "planned"),
    [
        ({}, None),
        ({"next": "today"}, at("2026-11-21 18:00")),
        ({"next": "tomorrow"}, at("2026-11-22 10:00")),
        ({"next": "saturday"}, at("2026-11-28 10:00")),  # today is one: the next
        ({"next": "pick", "next_at": "2026-12-01T09:30"}, at("2026-12-01 09:30")),
    ],
)
def test_next_follow_up_in_a_click(register, desk, chosen, planned):
    register(desk, **chosen)

    assert Enquiry.objects.get().next_follow_up_at == planned


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"phone": "1381234"}, "phone"),
        ({"phone": ""}, "phone"),
        ({"child_name": " "}, "child_name"),
        ({"channel": ""}, "channel"),
        ({"next": "pick"}, "next_at"),
        ({"next": "pick", "next_at": "2026-11-20T09:30"}, "next_at"),
        ({"referrer": "无此人"}, "referred_by"),
    ],
)
def test_form_names_what_is_wrong(register, desk, fields, field):
    page = register(desk, **fields)

    assert list(page.context["form"].errors) == [field]
    assert not Enquiry.objects.exists()


def test_manager_gives_it_to_a_colleague_of_the_branch_and_the_desk_does_not(register, desk, branch, other_branch):
    manager, colleague, stranger = manager_of(branch), adviser_of(branch), adviser_of(other_branch)

    assert list(register(manager, owner=stranger.pk).context["form"].errors) == ["owner"]
    register(manager, owner=colleague.pk)
    register(desk, owner=colleague.pk, token="b", phone="13900000000")

    assert [row.owner for row in Enquiry.objects.order_by("pk")] == [colleague, desk]


def test_other_branches_are_not_to_be_chosen(register, desk, other_branch):
    assert list(register(desk, branch=other_branch.pk).context["form"].errors) == ["branch"]


# --- who brought them ------------------------------------------------------------------------------------


def test_child_that_brought_them_is_found_by_the_family_s_phone(register, desk, branch, other_branch):
    friend = GuardianshipFactory(student=StudentFactory(branches=[branch]), guardian__phone="+8613700001111").student
    GuardianshipFactory(student=StudentFactory(branches=[other_branch]), guardian__phone="+8613900001111")

    register(desk, referrer="1111")

    assert Enquiry.objects.get().referred_by == friend


def test_of_several_children_one_is_chosen(register, desk, branch):
    one, other = (StudentFactory(name="田萍", branches=[branch]) for _ in range(2))

    page = register(desk, referrer="田萍")
    assert {box.data["value"].value for box in page.context["form"]["referred_by"]} == {one.pk, other.pk}
    register(desk, referrer="田萍", referred_by=other.pk)

    assert Enquiry.objects.get().referred_by == other


# --- no family twice -------------------------------------------------------------------------------------


@pytest.fixture
def known(branch, channel, desk):
    facts = {"branch": branch, "phone": PHONE, "course": None, "channel": channel, "by": desk, "owner": desk}
    return open_enquiry(child_name="钱小小", now=NOW - timedelta(days=9), **facts)


def test_same_child_is_refused_with_the_way_on(register, desk, known):
    page = register(desk)

    assert page.context["known"] == [known]
    assert f"/enquiries/{known.pk}/" in page.content.decode()
    assert 'data-test="sibling"' not in page.content.decode()
    assert 'data-test="sibling"' not in register(desk, sibling="yes").content.decode()
    assert Enquiry.objects.count() == 1


def test_asking_again_moves_the_last_channel_once_and_opens_what_was_lost(register, desk, known, channel):
    close_as_lost(enquiry=known, lost_reason="price", by=desk, now=NOW)
    web = ChannelFactory()

    for _ in range(2):
        answer = register(desk, again=known.pk, channel=web.pk)

    known.refresh_from_db()
    assert answer.url == f"/enquiries/{known.pk}/"
    assert (known.stage, known.channel, known.last_channel) == ("new", channel, web)
    assert known.changes.filter(kind="touch").count() == 1


def test_sibling_is_registered_all_the_same(register, desk, known):
    page = register(desk, child_name="钱大大")
    assert 'data-test="sibling"' in page.content.decode()

    register(desk, child_name="钱大大", sibling="yes")

    assert set(Enquiry.objects.values_list("child_name", flat=True)) == {"钱小小", "钱大大"}


def test_enquiry_of_another_branch_is_not_asked_again_from_here(register, desk, other_branch):
    elsewhere = EnquiryFactory(branch=other_branch, phone=PHONE)

    register(desk, again=elsewhere.pk)

    assert elsewhere.changes.count() == 0
    assert Enquiry.objects.filter(branch=desk.memberships.get().branch).count() == 1


def test_family_that_signed_up_asks_for_another_course(register, desk, branch):
    EnquiryFactory(branch=branch, phone=PHONE, child_name="钱小小", stage="signed")

    register(desk)

    assert Enquiry.objects.count() == 2


# --- the page --------------------------------------------------------------------------------------------


def test_home_leads_there_in_one_click(client, desk):
    client.force_login(desk)

    assert f'href="{NEW}"' in client.get("/").content.decode()


def test_most_used_channels_of_the_branch_come_first(branch, other_branch):
    rare, never, old, often = (ChannelFactory() for _ in range(4))
    for channel, days, number in [(rare, 1, 1), (often, 2, 2), (old, 60, 3)]:
        EnquiryFactory.create_batch(
            number, branch=branch, channel=channel, registered_date=TODAY - timedelta(days=days)
        )
    EnquiryFactory.create_batch(3, branch=other_branch, channel=never)
    ChannelFactory(is_active=False)

    assert list(channels_for([branch], TODAY)) == [often, rare, never, old]


def test_page_asks_as_often_for_three_channels_as_for_one(client, desk, branch):
    client.force_login(desk)

    def queries():
        with CaptureQueriesContext(connection) as queries:
            client.get(NEW)
        return len(queries)

    EnquiryFactory(branch=branch, channel=ChannelFactory(), course=CourseFactory())
    with_one = queries()
    for channel in ChannelFactory.create_batch(2):
        EnquiryFactory(branch=branch, channel=channel, course=CourseFactory())

    assert queries() == with_one
