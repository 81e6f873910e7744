"""Pages on which two enquiries become one: found, compared, merged, parted."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from sales.models import EnquiryMerge
from students.models import Enquiry
from students.services import set_next_follow_up
from tests.factories import NOW, BranchFactory, ChannelFactory, EnquiryFactory, desk_of, teacher_of

PHONE = "+8613812345678"


@pytest.fixture
def desk(branch, client, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    person = desk_of(branch)
    client.force_login(person)
    return person


def asked(branch, days_ago, **facts):
    day = NOW - timedelta(days=days_ago)
    facts = {"child_name": "钱小小", "phone": PHONE} | facts
    return EnquiryFactory(branch=branch, created_at=day, registered_date=day.date(), **facts)


@pytest.fixture
def first(branch, desk):
    return asked(branch, 9, grade="一年级", channel=ChannelFactory(), note="妈妈接送")


@pytest.fixture
def second(branch, desk):
    return asked(branch, 1, grade="二年级", channel=ChannelFactory())


def merge_url(enquiry, other=None):
    return reverse("enquiry_merge", args=[enquiry.pk], query={"with": other.pk} if other else None)


def test_the_page_of_an_enquiry_shows_who_has_its_phone_and_leads_to_the_comparison(client, first, second):
    page = client.get(reverse("enquiry", args=[first.pk])).content.decode()

    assert merge_url(first, second) in page


@pytest.mark.parametrize("from_the_later_one", [False, True])
def test_the_earlier_one_is_kept_from_whichever_side_one_comes(client, first, second, from_the_later_one):
    here, there = (second, first) if from_the_later_one else (first, second)
    page = client.get(merge_url(here, there))
    assert (page.context["kept"], page.context["merged"]) == (first, second)

    answer = client.post(merge_url(here), {"other": there.pk, "grade": "merged"})

    assert answer["Location"] == reverse("enquiry", args=[first.pk])
    first.refresh_from_db()
    assert (first.grade, first.note) == ("二年级", "妈妈接送")
    assert client.get(reverse("enquiry", args=[second.pk])).status_code == 404


def test_the_button_on_the_page_parts_them_again(client, first, second):
    client.post(merge_url(first), {"other": second.pk})
    undo = reverse("enquiry_unmerge", args=[EnquiryMerge.objects.get().pk])
    assert undo in client.get(reverse("enquiry", args=[first.pk])).content.decode()

    client.post(undo)

    assert client.get(reverse("enquiry", args=[second.pk])).status_code == 200


def test_what_was_changed_since_is_said_and_the_rest_is_one_more_click(client, first, second):
    Enquiry.objects.filter(pk=second.pk).update(next_follow_up_at=NOW)
    client.post(merge_url(first), {"other": second.pk})
    set_next_follow_up(enquiry=first, at=NOW + timedelta(days=1))
    undo = reverse("enquiry_unmerge", args=[EnquiryMerge.objects.get().pk])

    said = client.post(undo)
    assert said.context["error"].what == ["下次跟进"]
    client.post(undo, {"leaves_changed": "1"})

    assert Enquiry.objects.live().count() == 2


def test_another_one_is_found_by_a_search_whose_words_are_not_in_the_address(client, first, branch):
    other = asked(branch, 2, child_name="孙多多", phone="+8613899998888")

    found = client.post(merge_url(first), {"q": "孙多"}).context["found"]

    assert list(found) == [other]


def test_what_one_does_not_see_is_not_merged_with(client, first, branch):
    hidden = asked(BranchFactory(), 2)

    assert list(client.get(merge_url(first)).context["twins"]) == []
    assert client.get(merge_url(first, hidden)).status_code == 404
    assert client.post(merge_url(first), {"other": hidden.pk}).status_code == 404
    assert client.post(merge_url(first), {"q": "钱小小"}).context["found"].count() == 0


def test_a_merge_of_another_branch_is_not_undone(client, first, second):
    client.post(merge_url(first), {"other": second.pk})
    url = reverse("enquiry_unmerge", args=[EnquiryMerge.objects.get().pk])

    client.force_login(desk_of(BranchFactory()))
    assert client.post(url).status_code == 404
    client.force_login(teacher_of(first.branch))
    assert client.post(url).status_code == 403


# --- the list ---------------------------------------------------------------------------------------------


def pairs(client, **query):
    page = client.get(reverse("enquiry_duplicates", query=query))
    return [(enquiry.pk, enquiry.earlier.pk) for enquiry in page.context["pairs"]]


def test_open_enquiries_of_a_child_that_asked_before_are_listed(client, first, second, branch):
    sister = asked(branch, 0, child_name="钱大大")
    asked(branch, 0, stage="signed", signed_at=NOW)
    asked(branch, 0, phone="")
    asked(BranchFactory(), 5)

    assert pairs(client) == [(second.pk, first.pk)]
    assert pairs(client, name="any") == [(sister.pk, first.pk), (second.pk, first.pk)]


@pytest.mark.parametrize("url_of", [lambda first: reverse("enquiry_duplicates"), merge_url])
def test_a_list_costs_the_same_for_one_row_and_for_three(client, first, second, branch, url_of):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url_of(first)).status_code == 200
        return len(captured)

    queries()
    of_one = queries()
    for _number in range(2):
        asked(branch, 0, owner=desk_of(branch), channel=ChannelFactory(), child_name=first.child_name)

    assert queries() == of_one
