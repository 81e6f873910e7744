"""The enquiry's page: what stands on it, for whom, and what can be done there."""

import logging
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.money import yuan
from sales.services.hand_over_requests import ask_for_hand_over
from sales.timeline import history_of
from students.models import Enquiry
from students.services import assign_enquiry, open_enquiry, record_follow_up
from tests.factories import (
    NOW,
    ChannelFactory,
    CourseFactory,
    EnquiryFactory,
    EnrolmentFactory,
    LessonFactory,
    StudentFactory,
    adviser_of,
    desk_of,
    manager_of,
    sell,
    teacher_of,
)

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def desk(branch):
    return desk_of(branch, name="前台小李")


@pytest.fixture
def register(branch, desk):
    facts = {
        "branch": branch,
        "child_name": "钱小小",
        "phone": "+8613812345678",
        "course": None,
        "by": desk,
        "now": NOW,
    }
    return lambda **more: open_enquiry(
        **(facts | {"channel": ChannelFactory(), "owner": desk, "by": desk, "now": NOW} | more)
    )


@pytest.fixture
def as_(client):
    def as_(person):
        client.force_login(person)
        return client

    return as_


def address(enquiry, name="enquiry"):
    return reverse(name, args=[enquiry.pk])


def test_page_says_who_where_it_stands_whose_it_is_and_what_is_next(as_, desk, register):
    enquiry = register(
        channel=ChannelFactory(name="地推"),
        next_follow_up_at=NOW - timedelta(days=400),
        guardian_name="钱妈妈",
        note="周末有空",
    )

    page = as_(desk).get(address(enquiry))

    text = page.content.decode()
    for said in [
        "钱小小",
        "钱妈妈",
        "138****5678",
        reverse("reveal_phone", args=["enquiry", enquiry.pk]),
        "地推",
        "前台小李",
        "周末有空",
        "2025-10-17",
    ]:
        assert said in text, said
    assert reverse("enquiry_trial", args=[enquiry.pk]) in text


def test_timeline_has_every_kind_of_event_the_newest_first(branch, desk, register, owner):
    enquiry = register()
    record_follow_up(enquiry=enquiry, outcome="interested", by=desk, now=LATER, token="a", text="想试听")
    lesson = LessonFactory(class_group__branch=branch)
    enquiry.trials.create(lesson=lesson, booked_by=desk, booked_at=NOW + timedelta(hours=2))
    assign_enquiry(enquiry=enquiry, owner=adviser_of(branch, name="顾问小王"), by=None, now=NOW + timedelta(hours=4))

    events = history_of(enquiry, owner)

    assert [event.at for event in events] == sorted((event.at for event in events), reverse=True)
    assert [event.icon for event in events] == ["person", "event_seat", "flag", "call", "contact_phone"]
    assert "前台小李 → 顾问小王" in events[0].what
    assert "想试听" in events[3].detail


def test_what_was_merged_into_it_stands_in_its_timeline(register, owner):
    kept, merged = register(), register(child_name="早先")
    Enquiry.objects.filter(pk=merged.pk).update(merged_into=kept)

    assert len(history_of(kept, owner)) == 2


def test_what_was_bought_stands_there_once_the_child_is_a_student(branch, register, owner):
    student = StudentFactory(branches=[branch])
    enquiry = register(student=student)
    sell(EnrolmentFactory(student=student, branch=branch))

    events = history_of(enquiry, owner)

    assert [yuan(2400_00) in event.what for event in events if event.icon == "shopping_cart"] == [True]


def test_a_view_is_logged_by_ids_alone(as_, desk, register, caplog):
    enquiry = register()

    with caplog.at_level(logging.INFO, logger="access"):
        as_(desk).get(address(enquiry))

    assert f"enquiry page {enquiry.pk} seen by staff {desk.pk}" in caplog.text
    assert "钱小小" not in caplog.text


def test_only_its_branch_sees_it_and_no_teacher(as_, branch, other_branch, register):
    enquiry = register()

    assert as_(manager_of(other_branch)).get(address(enquiry)).status_code == 404
    assert as_(teacher_of(branch)).get(address(enquiry)).status_code == 403


def test_page_takes_as_many_queries_for_three_events_of_each_kind_as_for_one(as_, branch, desk, register):
    enquiry, client = register(), as_(desk)

    def add(number):
        for count in range(number):
            record_follow_up(
                enquiry=enquiry, outcome="no_answer", by=desk_of(branch), now=NOW, token=f"{number}{count}"
            )
            enquiry.trials.create(
                lesson=LessonFactory(class_group__branch=branch), booked_by=desk_of(branch), booked_at=NOW
            )
            assign_enquiry(enquiry=enquiry, owner=desk_of(branch), by=desk, now=NOW)
            ask_for_hand_over(enquiry=enquiry, by=desk_of(branch), reason="", now=NOW)

    def queries():
        with CaptureQueriesContext(connection) as queries:
            client.get(address(enquiry))
        return len(queries)

    add(1)
    with_one = queries()
    add(2)

    assert queries() == with_one


# --- what can be done there ------------------------------------------------------------------------------


def test_facts_are_put_right(as_, desk, register, branch):
    enquiry, course = register(), CourseFactory()

    answer = as_(desk).post(
        address(enquiry, "enquiry_edit"),
        {
            "phone": "13900001111",
            "child_name": "钱大",
            "course": course.pk,
            "grade": "三年级",
            "guardian_name": "钱妈",
            "note": "x",
        },
    )

    enquiry.refresh_from_db()
    assert answer.url == address(enquiry)
    assert (enquiry.phone, enquiry.child_name, enquiry.course) == ("+8613900001111", "钱大", course)
    assert (enquiry.grade, enquiry.guardian_name, enquiry.note) == ("三年级", "钱妈", "x")


def test_form_begins_with_what_is_known_and_changes_nothing_by_itself(as_, desk, register, branch):
    friend = StudentFactory(name="田萍", branches=[branch])
    enquiry = register(course=CourseFactory(is_active=False), referred_by=friend, grade="二年级")
    before = Enquiry.objects.filter(pk=enquiry.pk).values().get()
    form = as_(desk).get(address(enquiry, "enquiry_edit")).context["form"]

    as_(desk).post(address(enquiry, "enquiry_edit"), {field.name: field.value() or "" for field in form})

    assert Enquiry.objects.filter(pk=enquiry.pk).values().get() == before


def test_first_channel_is_set_once(as_, desk, register):
    enquiry, channel, other = register(channel=None), ChannelFactory(), ChannelFactory()
    facts = {"phone": "13800001111", "child_name": "钱小小"}

    as_(desk).post(address(enquiry, "enquiry_edit"), facts | {"channel": channel.pk})
    as_(desk).post(address(enquiry, "enquiry_edit"), facts | {"channel": other.pk})

    enquiry.refresh_from_db()
    assert (enquiry.channel, enquiry.last_channel) == (channel, channel)


def test_closed_as_lost_with_its_reason_and_opened_again(as_, desk, register):
    enquiry = register(next_follow_up_at=LATER)

    as_(desk).post(address(enquiry, "enquiry_lost"), {"lost_reason": "price", "reason": "太贵"})
    enquiry.refresh_from_db()
    assert (enquiry.stage, enquiry.lost_reason, enquiry.next_follow_up_at) == ("lost", "price", None)
    page = as_(desk).get(address(enquiry)).content.decode()
    assert "太贵" in page
    assert 'data-test="reopen"' in page

    as_(desk).post(address(enquiry, "enquiry_reopen"))

    enquiry.refresh_from_db()
    assert enquiry.stage == "new"


@pytest.mark.parametrize(
    ("stage", "data"), [("new", {}), ("new", {"lost_reason": "x"}), ("signed", {"lost_reason": "price"})]
)
def test_refusal_is_said_on_the_page(as_, branch, desk, stage, data):
    enquiry = EnquiryFactory(branch=branch, stage=stage)

    answer = as_(desk).post(address(enquiry, "enquiry_lost"), data, follow=True)

    assert len(answer.context["messages"]) == 1
    enquiry.refresh_from_db()
    assert enquiry.stage == stage


def test_search_leads_to_the_page_and_to_the_next_step(as_, desk, register):
    enquiry = register()

    found = as_(desk).get("/search/", {"q": "5678"}).content.decode()

    assert f'href="{address(enquiry)}"' in found
    assert f'href="{address(enquiry, "enquiry_trial")}"' in found


def test_history_goes_on_the_student_s_page(as_, branch, desk, register):
    student = StudentFactory(branches=[branch])
    enquiry = register(student=student)
    record_follow_up(enquiry=enquiry, outcome="interested", by=desk, now=LATER, token="a", text="周末有空")
    early = register(child_name="早先")
    Enquiry.objects.filter(pk=early.pk).update(merged_into=enquiry)

    events = as_(desk).get(reverse("student", args=[student.pk])).context["timeline"]

    assert [event.icon for event in events].count("contact_phone") == 2
    assert any("周末有空" in event.detail for event in events)


def test_student_s_page_of_a_branch_shows_nothing_of_another_branch_s_enquiry(as_, branch, other_branch, register):
    student = StudentFactory(branches=[branch, other_branch])
    register(student=student)

    events = as_(desk_of(other_branch)).get(reverse("student", args=[student.pk])).context["timeline"]

    assert events == []
