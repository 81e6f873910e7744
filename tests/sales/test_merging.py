"""Two enquiries of one child: what comes of them, and that undoing leaves no trace but the history."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from factory import SelfAttribute
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sales.models import EnquiryMerge
from sales.services.merging import MergeError, in_order, merge_enquiries
from sales.services.unmerging import ChangedSinceError, unmerge_enquiries
from scheduling.models import TrialBooking
from scheduling.services import call_roll
from students.models import Enquiry, EnquiryChange, FollowUp
from students.services import close_as_lost, record_follow_up, set_next_follow_up
from tests.factories import (
    NOW,
    ChannelFactory,
    ClassGroupFactory,
    CourseFactory,
    EnquiryFactory,
    LessonFactory,
    StudentFactory,
    at,
    desk_of,
    teacher_of,
)
from tests.races import at_once, check_refusals
from tests.refusals import refused_by

PHONE = "+8613812345678"
EARLIER, LATER = NOW - timedelta(days=9), NOW + timedelta(hours=2)
Stage, Status = Enquiry.Stage, TrialBooking.Status


@pytest.fixture
def desk(branch):
    return desk_of(branch)


@pytest.fixture
def first(branch, desk):
    return EnquiryFactory(
        branch=branch,
        child_name="钱小小",
        phone=PHONE,
        registered_date=EARLIER.date(),
        created_at=EARLIER,
        channel=ChannelFactory(name="地推"),
        last_channel=SelfAttribute("channel"),
        owner=desk,
        owned_at=EARLIER,
        note="妈妈接送",
    )


@pytest.fixture
def second(branch):
    return EnquiryFactory(
        branch=branch,
        child_name="钱小晓",
        grade="一年级",
        phone=PHONE,
        channel=ChannelFactory(name="抖音"),
        last_channel=SelfAttribute("channel"),
        note="喜欢下棋",
        course=CourseFactory(),
        pooled_at=NOW,
    )


@pytest.fixture
def merge(first, second, desk):
    def do(choices=(), now=NOW, **others):
        facts = {"kept": first, "merged": second} | others
        return merge_enquiries(**facts, choices=dict(choices), by=desk, now=now)

    return do


@pytest.fixture
def undo(desk):
    return lambda merge, now=LATER, **more: unmerge_enquiries(merge=merge, by=desk, now=now, **more)


def rows(*enquiries):
    """All that the table says of them."""
    return list(Enquiry.objects.filter(pk__in=[one.pk for one in enquiries]).order_by("pk").values())


def test_the_kept_one_is_completed_and_the_other_one_is_shown_nowhere(merge, first, second, desk):
    merge()

    first.refresh_from_db()
    assert (first.child_name, first.grade, first.course) == ("钱小小", "一年级", second.course)
    assert (first.note, first.owner, first.pooled_at) == ("妈妈接送 / 喜欢下棋", desk, None)
    assert (first.channel.name, first.last_channel.name) == ("地推", "抖音")
    assert list(Enquiry.objects.visible_to(desk)) == [first]
    assert [change.kind for change in EnquiryChange.objects.order_by("enquiry")] == ["merge", "merge"]


def test_what_was_chosen_is_taken(merge, first, second):
    merge({"child_name": "merged", "note": "merged"})

    first.refresh_from_db()
    assert (first.child_name, first.name_initials, first.note) == ("钱小晓", "qxx", "喜欢下棋")


@pytest.mark.parametrize(
    ("ours", "theirs", "stage", "reason"),
    [
        ({"stage": "contacted", "contacted_at": NOW}, {"stage": "came", "came_at": NOW}, "came", ""),
        ({"stage": "came", "came_at": NOW}, {}, "came", ""),
        ({"stage": "signed", "signed_at": NOW}, {"stage": "came", "came_at": NOW}, "signed", ""),
        ({"stage": "lost", "lost_at": NOW, "lost_reason": "price", "came_at": EARLIER}, {}, "came", ""),
        ({"stage": "lost", "lost_at": NOW, "lost_reason": "price"}, {"stage": "contacted"}, "contacted", ""),
        (
            {"stage": "lost", "lost_at": EARLIER, "lost_reason": "price"},
            {"stage": "lost", "lost_at": NOW, "lost_reason": "time"},
            "lost",
            "time",
        ),
    ],
)
def test_as_far_as_either_came(merge, first, second, ours, theirs, stage, reason):
    Enquiry.objects.filter(pk=first.pk).update(**ours)
    Enquiry.objects.filter(pk=second.pk).update(**theirs)

    merge()

    first.refresh_from_db()
    assert (first.stage, first.lost_reason) == (stage, reason)


def test_the_earliest_times_stand_and_the_nearer_date_is_kept(merge, first, second):
    Enquiry.objects.filter(pk=first.pk).update(contacted_at=NOW, last_contact_at=NOW, next_follow_up_at=LATER)
    Enquiry.objects.filter(pk=second.pk).update(
        contacted_at=EARLIER, last_contact_at=EARLIER, next_follow_up_at=NOW, created_at=EARLIER - timedelta(days=1)
    )

    merge()

    first.refresh_from_db()
    assert (first.contacted_at, first.last_contact_at, first.next_follow_up_at) == (EARLIER, NOW, NOW)
    assert first.created_at == EARLIER - timedelta(days=1)


def test_history_stays_where_it_is(merge, undo, first, second, desk):
    for number, enquiry in enumerate([first, second, second]):
        record_follow_up(enquiry=enquiry, outcome="thinking", by=desk, now=NOW, token=str(number))

    undo(merge())

    assert [enquiry.follow_ups.count() for enquiry in (first, second)] == [1, 2]
    assert FollowUp.objects.count() == 3


# --- what is refused --------------------------------------------------------------------------------------


def test_the_later_one_is_not_kept_for_its_channel_is_not_the_first(merge, first, second):
    with pytest.raises(MergeError):
        merge(kept=second, merged=first)
    assert in_order(second, first) == (first, second)


def test_two_children_of_the_school_stay_two(merge, first, second):
    for enquiry in (first, second):
        Enquiry.objects.filter(pk=enquiry.pk).update(student=StudentFactory())

    with pytest.raises(MergeError):
        merge()


def test_a_double_click_merges_and_undoes_once(merge, undo):
    assert merge() == merge()
    assert undo(EnquiryMerge.objects.get()) == undo(EnquiryMerge.objects.get())
    assert EnquiryChange.objects.count() == 4


def test_three_hang_on_one_and_are_parted_in_turn(merge, undo, first, second, branch):
    earliest = EnquiryFactory(branch=branch, created_at=EARLIER, registered_date=EARLIER.date() - timedelta(days=1))
    before = rows(first, second, earliest)
    one, two = merge(), merge(kept=earliest, merged=first)

    second.refresh_from_db()
    assert second.merged_into == earliest
    with pytest.raises(MergeError):
        undo(one)
    undo(two)
    second.refresh_from_db()
    assert second.merged_into == first
    undo(one)
    assert rows(first, second, earliest) == before


def test_undone_for_thirty_days(merge, undo):
    done = merge()

    with pytest.raises(MergeError):
        undo(done, now=NOW + timedelta(days=30, seconds=1))
    undo(done, now=NOW + timedelta(days=30))


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("enquirymerge_once", {}),
        ("enquirymerge_of_two", {"kept": "merged"}),
        ("enquirymerge_undone_by", {"undone_at": NOW}),
    ],
)
def test_the_database_refuses(merge, first, second, desk, name, facts):
    done = merge()
    facts = {"kept": first, "merged": second, "at": NOW, "by": desk} | facts
    if facts["kept"] == "merged":
        facts["kept"] = second

    with refused_by(name):
        EnquiryMerge.objects.create(**facts)
    assert EnquiryMerge.objects.get() == done


def test_the_database_keeps_merges_to_one_step(merge, first, second, branch):
    merge()
    third = EnquiryFactory(branch=branch)

    for enquiry, into in [(third, second), (first, third)]:
        with pytest.raises(IntegrityError), transaction.atomic():
            Enquiry.objects.filter(pk=enquiry.pk).update(merged_into=into)


# --- undoing ----------------------------------------------------------------------------------------------

MOMENTS = st.sampled_from([None, EARLIER, NOW, LATER, NOW + timedelta(microseconds=1)])
CHOICE = st.sampled_from(["kept", "merged", "both"])
FACTS = st.fixed_dictionaries(
    {
        "grade": st.sampled_from(["", "一年级", "二年级"]),
        "guardian_name": st.sampled_from(["", "李芳"]),
        "note": st.text(st.characters(min_codepoint=32, max_codepoint=0x9FFF, exclude_categories=["Cs"]), max_size=500),
        "last_contact_at": MOMENTS,
        "next_follow_up_at": MOMENTS,
        "contacted_at": MOMENTS,
        "booked_at": MOMENTS,
        "came_at": MOMENTS,
        "custom_values": st.dictionaries(st.sampled_from(["f1", "f2"]), st.integers() | st.text("ab")),
        "is_owned": st.booleans(),
        "has_course": st.booleans(),
        "stage": st.sampled_from(Stage.values),
    }
)


@given(ours=FACTS, theirs=FACTS, choices=st.dictionaries(st.sampled_from(["grade", "note", "owner", "phone"]), CHOICE))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_undoing_restores_everything(db, ours, theirs, choices):
    with transaction.atomic():
        branch = ClassGroupFactory().branch
        desk, course = desk_of(branch), CourseFactory()
        one, other = (_with(branch, desk, course, facts) for facts in (ours, theirs))
        before = rows(one, other)

        done = merge_enquiries(kept=one, merged=other, choices=choices, by=desk, now=NOW)
        one.refresh_from_db()
        assert (one.contacted_at is None) == (ours["contacted_at"] is theirs["contacted_at"] is None)
        unmerge_enquiries(merge=done, by=desk, now=LATER)

        assert rows(one, other) == before
        transaction.set_rollback(True)


def _with(branch, desk, course, facts):
    facts = dict(facts)
    is_owned, has_course = facts.pop("is_owned"), facts.pop("has_course")
    return EnquiryFactory(
        branch=branch,
        **facts,
        owner=desk if is_owned else None,
        owned_at=EARLIER if is_owned else None,
        pooled_at=None if is_owned else NOW,
        course=course if has_course else None,
    )


def test_what_changed_since_is_named_and_the_rest_can_be_undone(merge, undo, first, second, desk):
    Enquiry.objects.filter(pk=second.pk).update(next_follow_up_at=LATER)
    done = merge()
    set_next_follow_up(enquiry=first, at=NOW + timedelta(days=3))

    with pytest.raises(ChangedSinceError) as refusal:
        undo(done)
    assert refusal.value.what == [str(Enquiry._meta.get_field("next_follow_up_at").verbose_name)]
    undo(done, leaves_changed=True)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.grade, first.note, second.merged_into) == ("", "妈妈接送", None)
    assert first.next_follow_up_at == NOW + timedelta(days=3)


def test_a_stage_that_moved_since_stays_with_all_that_belongs_to_it(merge, undo, first, second, desk):
    Enquiry.objects.filter(pk=first.pk).update(stage="lost", lost_at=EARLIER, lost_reason="price")
    done = merge()
    close_as_lost(enquiry=first, lost_reason="time", by=desk, now=LATER)

    undo(done, leaves_changed=True)

    first.refresh_from_db()
    assert (first.stage, first.lost_reason, first.lost_at) == (Stage.LOST, "time", LATER)


# --- trials -----------------------------------------------------------------------------------------------


@pytest.fixture
def lesson(branch):
    teacher = teacher_of(branch)
    group = ClassGroupFactory(branch=branch, teacher=teacher, capacity=2, is_capacity_hard=True)
    return LessonFactory(class_group=group, branch=branch, starts_at=at("2026-11-22 09:00"))


@pytest.fixture
def book(desk):
    return lambda enquiry, lesson: TrialBooking.objects.create(
        enquiry=enquiry, lesson=lesson, booked_by=desk, booked_at=NOW
    )


def test_a_trial_to_come_moves_the_kept_one_at_its_roll_call(merge, undo, book, first, second, lesson):
    trial = book(second, lesson)
    done = merge()

    after = lesson.ends_at + timedelta(hours=1)
    call_roll(lesson=lesson, exceptions={}, by=lesson.teacher, now=after)

    first.refresh_from_db()
    assert first.stage == Stage.CAME
    undo(done, now=after, leaves_changed=True)
    trial.refresh_from_db()
    second.refresh_from_db()
    assert (trial.enquiry, second.stage) == (second, Stage.CAME)


def test_a_seat_that_both_had_is_free_again_until_the_merge_is_undone(merge, undo, book, first, second, lesson):
    kept, twice = book(first, lesson), book(second, lesson)

    done = merge()
    twice.refresh_from_db()
    assert (twice.status, twice.enquiry, done.given_back) == (Status.CANCELLED, second, [twice.pk])

    undo(done)
    twice.refresh_from_db()
    kept.refresh_from_db()
    assert (twice.status, kept.status, kept.enquiry) == (Status.BOOKED, Status.BOOKED, first)


def test_a_seat_that_is_taken_meanwhile_is_named(merge, undo, book, first, second, lesson, branch):
    book(first, lesson)
    twice, done = book(second, lesson), merge()
    book(EnquiryFactory(branch=branch), lesson)

    with pytest.raises(ChangedSinceError):
        undo(done)
    undo(done, leaves_changed=True)

    twice.refresh_from_db()
    assert twice.status == Status.CANCELLED


# --- two at once ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_people_merge_at_once(branch):
    desk = desk_of(branch)
    one, two, three = (EnquiryFactory(branch=branch, phone=PHONE) for _number in range(3))
    facts = {"choices": {}, "by": desk, "now": NOW}

    results = at_once(
        [
            lambda: merge_enquiries(kept=one, merged=two, **facts),
            lambda: merge_enquiries(kept=two, merged=three, **facts),
            lambda: merge_enquiries(kept=one, merged=two, **facts),
        ]
    )

    check_refusals(results, MergeError)
    live = {row.pk for row in Enquiry.objects.live()}
    assert (one.pk in live, two.pk in live) == (True, False)
    assert not Enquiry.objects.filter(merged_into__merged_into__isnull=False).exists()
    assert EnquiryMerge.objects.filter(merged=two).count() == 1
