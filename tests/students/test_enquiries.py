"""Enquiries step by step: what moves them, what they remember, and what the database refuses."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from enrolments.services import enrol_student
from students.models import Enquiry, EnquiryChange, FollowUp
from students.services import (
    EnquiryError,
    ask_again,
    assign_enquiry,
    close_as_lost,
    open_enquiry,
    record_follow_up,
    reopen_enquiry,
    set_stage,
    sign_up,
    to_pool,
)
from tests.factories import NOW, ChannelFactory, CoursePackageFactory, StudentFactory, desk_of
from tests.refusals import refused_by

PHONE = "+8613812345678"
LATER = NOW + timedelta(hours=2)
Stage = Enquiry.Stage


@pytest.fixture
def desk(branch):
    return desk_of(branch)


@pytest.fixture
def register(branch, desk):
    facts = {"branch": branch, "child_name": "钱小小", "phone": PHONE, "course": None, "by": desk, "now": NOW}
    return lambda **more: open_enquiry(**(facts | {"channel": ChannelFactory(), "owner": desk} | more))


def history(enquiry):
    return [change.kind for change in enquiry.changes.order_by("pk")]


def test_an_enquiry_begins_with_its_day_its_channel_and_its_owner(register, desk):
    enquiry = register()

    assert (enquiry.registered_date, enquiry.owner, enquiry.owned_at) == (NOW.date(), desk, NOW)
    assert enquiry.last_channel == enquiry.channel
    assert enquiry.name_initials == "qxx"
    assert history(enquiry) == ["created"]


def test_a_double_click_registers_once(register):
    assert register(token="a") == register(token="a", child_name="另一个")
    assert Enquiry.objects.count() == 1


def test_a_family_that_asks_again_keeps_its_first_channel(register, desk):
    enquiry, other = register(), ChannelFactory()

    ask_again(enquiry=enquiry, channel=other, by=desk, now=LATER)

    enquiry.refresh_from_db()
    assert (enquiry.channel == other, enquiry.last_channel) == (False, other)


def test_a_lost_family_that_asks_again_is_followed_up_from_where_it_stood(register, desk):
    enquiry = register()
    set_stage(enquiry=enquiry, stage=Stage.CAME, by=desk, now=NOW)
    close_as_lost(enquiry=enquiry, lost_reason="price", by=desk, now=NOW)

    ask_again(enquiry=enquiry, channel=None, by=None, now=LATER)

    enquiry.refresh_from_db()
    assert (enquiry.stage, enquiry.lost_reason, enquiry.came_at) == (Stage.CAME, "", NOW)
    assert history(enquiry) == ["created", "stage", "stage", "touch", "stage"]


def test_the_first_time_of_a_stage_stays(register, desk):
    enquiry = register()
    for stage, at in [(Stage.TRIAL_BOOKED, NOW), (Stage.CAME, NOW), (Stage.TRIAL_BOOKED, LATER)]:
        set_stage(enquiry=enquiry, stage=stage, by=desk, now=at)

    enquiry.refresh_from_db()
    assert (enquiry.stage, enquiry.booked_at) == (Stage.TRIAL_BOOKED, NOW)


def test_closing_needs_a_reason_and_ends_the_reminders(register, desk):
    enquiry = register(next_follow_up_at=LATER)

    close_as_lost(enquiry=enquiry, lost_reason="distance", by=desk, now=LATER, reason="搬家了")

    enquiry.refresh_from_db()
    assert (enquiry.stage, enquiry.lost_at, enquiry.next_follow_up_at) == (Stage.LOST, LATER, None)
    assert enquiry.changes.first().reason == "搬家了"


def test_only_a_lost_one_is_opened_again(register, desk):
    with pytest.raises(EnquiryError):
        reopen_enquiry(enquiry=register(), by=desk, now=NOW)


def test_the_pool_takes_owner_and_date_and_a_claim_gives_an_owner_again(register, desk, branch):
    enquiry, colleague = register(next_follow_up_at=LATER), desk_of(branch)

    to_pool(enquiry=enquiry, by=desk, now=NOW, reason="没空")
    pooled = Enquiry.objects.pooled().get()
    assign_enquiry(enquiry=pooled, owner=colleague, by=colleague, now=LATER)

    enquiry.refresh_from_db()
    assert (enquiry.owner, enquiry.owned_at, enquiry.pooled_at, enquiry.next_follow_up_at) == (
        colleague,
        LATER,
        None,
        None,
    )
    assert history(enquiry) == ["created", "pool", "owner"]


@pytest.mark.parametrize(
    ("outcome", "way", "stage"),
    [
        ("interested", "call", Stage.CONTACTED),
        ("no_answer", "call", Stage.NEW),
        ("thinking", "visit", Stage.CAME),
    ],
)
def test_a_follow_up_moves_the_enquiry_and_plans_the_next_one(register, desk, outcome, way, stage):
    enquiry = register()

    for _click in range(2):
        record_follow_up(
            enquiry=enquiry, outcome=outcome, way=way, by=desk, now=NOW, token="t", text="周六有空", next_at=LATER
        )

    enquiry.refresh_from_db()
    assert (enquiry.stage, enquiry.next_follow_up_at, enquiry.last_contact_at) == (stage, LATER, NOW)
    assert FollowUp.objects.count() == 1


def test_a_sign_up_takes_over_what_was_said_and_an_order_signs_it(register, desk, branch):
    enquiry = register(guardian_name="钱妈妈", grade="一年级", note="喜欢下棋", next_follow_up_at=LATER)

    student = sign_up(enquiry=enquiry, by=desk, now=NOW)
    assert sign_up(enquiry=enquiry, by=desk, now=NOW) == student
    enquiry.refresh_from_db()
    assert enquiry.stage == Stage.NEW

    enrol_student(
        student=student, branch=branch, package=CoursePackageFactory(), method="cash", sold_by=desk,
        start_date=NOW.date(), now=LATER, token="t",
    )  # fmt: skip
    enquiry.refresh_from_db()
    assert (enquiry.stage, enquiry.signed_at, enquiry.next_follow_up_at) == (Stage.SIGNED, LATER, None)
    assert (student.name, student.grade, student.note, student.adviser) == ("钱小小", "一年级", "喜欢下棋", desk)
    assert (student.main_guardian.name, student.main_guardian.phone) == ("钱妈妈", PHONE)


def test_a_sign_up_without_a_phone_says_what_to_write(register, desk):
    with pytest.raises(EnquiryError):
        sign_up(enquiry=register(phone=""), by=desk, now=NOW)


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"phone": "13812345678"}, "enquiry_phone_e164"),
        ({"stage": "lost"}, "enquiry_lost_when"),
        ({"lost_reason": "price"}, "enquiry_lost_when"),
        ({"stage": "signed"}, "enquiry_signed_when"),
        ({"pooled_at": NOW}, "enquiry_pool_is_nobodys"),
    ],
)
def test_the_database_refuses(register, facts, constraint):
    enquiry = register()

    with refused_by(constraint):
        Enquiry.objects.filter(pk=enquiry.pk).update(**facts)


def test_an_enquiry_is_not_merged_into_itself(register):
    enquiry = register()

    with refused_by("enquiry_not_into_itself"):
        Enquiry.objects.filter(pk=enquiry.pk).update(merged_into=enquiry)


def test_a_follow_up_is_of_an_enquiry_or_of_a_student(register, desk, branch):
    facts = {"branch": branch, "outcome": "thinking", "at": NOW, "by": desk}

    for number, whose in enumerate([{}, {"enquiry": register(), "student": StudentFactory()}]):
        with refused_by("followup_of_one"):
            FollowUp.objects.create(**facts, **whose, token=str(number))


def test_history_follow_ups_and_the_first_channel_stay(register, desk):
    enquiry = register()
    record_follow_up(enquiry=enquiry, outcome="thinking", by=desk, now=NOW, token="t")

    for change in [
        lambda: EnquiryChange.objects.update(reason="x"),
        lambda: EnquiryChange.objects.all()._raw_delete("default"),
        lambda: FollowUp.objects.update(text="x"),
        lambda: FollowUp.objects.all()._raw_delete("default"),
        lambda: Enquiry.objects.update(channel=ChannelFactory()),
    ]:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
