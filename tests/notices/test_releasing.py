"""Drafts, the second person, and the list of people as it stays."""

import pytest
from django.db.models import F

from messaging.models import ChannelRoute, OutboundMessage
from notices.models import Notice, NoticeLeftOut, NoticePolicy, NoticeRecipient
from notices.services import (
    NoticeError,
    approve_notice,
    ask_for_release,
    copy_notice,
    drop_draft,
    limit_alone,
    send_back,
)
from tests.factories import NOW, BranchFactory, desk_of, manager_of, owner_of_school
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db


def ask(notice, by, number=2, now=NOW):
    return ask_for_release(notice=notice, message_count=number, by=by, now=now)


def approve(notice, by, number=2):
    return approve_notice(notice=notice, message_count=number, by=by, now=NOW)


@pytest.fixture
def above_limit(branch):
    NoticePolicy.objects.update(alone_up_to=1)


@pytest.fixture
def waiting(draft, family, manager, above_limit):
    return ask(draft(), manager)


# --- drafts ----------------------------------------------------------------------------------------------


def test_draft_is_kept_once_and_sends_nothing(draft, family):
    assert draft(token="once") == draft(token="once", text="twice")

    assert Notice.objects.get().state == "draft"
    assert not OutboundMessage.objects.exists()


def test_copy_is_a_new_draft_with_the_same_choice(released, branch, group, now):
    other = manager_of(branch)
    copies = {copy_notice(notice=released, token="copy", by=other, now=now) for _ in range(2)}

    [copy] = copies
    copy.refresh_from_db()
    assert (copy.state, copy.written_by, copy.copied_from) == ("draft", other, released)
    assert (copy.text, [*copy.class_groups.all()], [*copy.branches.all()]) == (released.text, [group], [branch])


def test_only_a_draft_is_thrown_away(released, draft):
    drop_draft(notice=draft())

    with pytest.raises(NoticeError):
        drop_draft(notice=released)
    assert Notice.objects.get() == released


# --- sending ---------------------------------------------------------------------------------------------


def test_release_freezes_people_counts_and_who_was_left_out(draft, family, child, manager, branch):
    child("没电话", is_told=False)

    notice = ask(draft(), manager)

    assert (notice.state, notice.asked_by, notice.approved_by) == ("sending", manager, None)
    assert (notice.message_count, notice.part_count, notice.cost_minor) == (2, 2, 12)
    rows = {row.guardian.name: {student.name for student in row.students.all()} for row in notice.recipients.all()}
    assert rows == {"田萍妈妈": {"田萍", "田芳"}, "王强妈妈": {"王强"}}
    assert [(row.student.name, row.reason) for row in notice.left_out.all()] == [("没电话", "not_told")]
    assert OutboundMessage.objects.filter(kind="bulk_notice").count() == 2
    child("后来的")
    assert notice.recipients.count() == 2


def test_double_click_sends_once(draft, family, manager):
    notice = draft()

    assert ask(notice, manager) == ask(notice, manager)
    assert OutboundMessage.objects.count() == 2


def test_another_number_than_was_seen_is_refused(draft, family, manager):
    with pytest.raises(NoticeError):
        ask(draft(), manager, number=3)
    assert not NoticeRecipient.objects.exists()


def test_notice_to_nobody_is_refused(draft, group, manager):
    with pytest.raises(NoticeError):
        ask(draft(), manager, number=0)


def test_text_that_carriers_refuse_is_not_sent(draft, family, manager):
    with pytest.raises(NoticeError):
        ask(draft(text="寒假班￥800★"), manager)


def test_messages_of_sisters_stand_on_both_pages(released, family):
    for sister in family.sisters:
        assert OutboundMessage.objects.about(f"student:{sister.pk}").count() == 1


# --- the second person -----------------------------------------------------------------------------------


def test_limit_is_that_of_the_strictest_branch_and_of_the_right_everywhere(branch, other_branch, manager):
    NoticePolicy.objects.filter(branch=other_branch).update(alone_up_to=20)

    assert limit_alone(manager, [branch]) == 200
    assert limit_alone(manager, [branch, other_branch]) == 0
    assert limit_alone(owner_of_school(), [branch, other_branch]) == 20
    assert limit_alone(desk_of(branch), [branch]) == 0


def test_above_the_limit_another_manager_approves(waiting, manager, branch):
    assert waiting.state == "waiting"
    assert not NoticeRecipient.objects.exists()
    other = manager_of(branch)

    notice = approve(waiting, other)

    assert (notice.state, notice.approved_by) == ("sending", other)
    assert approve(waiting, other).recipients.count() == 2


def test_writer_and_whoever_asked_do_not_approve(draft, family, branch, manager, above_limit):
    writer = manager_of(branch)
    notice = ask(draft(by=writer), manager)

    for person in (writer, manager):
        with pytest.raises(NoticeError):
            approve(notice, person)
    assert Notice.objects.get().state == "waiting"


def test_desk_writes_and_a_manager_approves_whatever_the_number(draft, family, branch, manager):
    desk = desk_of(branch)
    notice = ask(draft(by=desk), desk)

    assert (notice.state, notice.alone_up_to) == ("waiting", 0)
    with pytest.raises(NoticeError):
        approve(notice, desk_of(branch))
    assert approve(notice, manager).state == "sending"


def test_manager_of_one_of_two_branches_does_not_approve(draft, family, branch, other_branch, above_limit):
    notice = ask(draft(by=owner_of_school(), branches=[branch, other_branch]), owner_of_school())

    with pytest.raises(NoticeError):
        approve(notice, manager_of(branch))


def test_what_was_sent_back_can_be_changed_and_asked_for_again(waiting, manager, branch):
    other = manager_of(branch)

    notice = send_back(notice=waiting, reason="写错日期", by=other, now=NOW)

    assert (notice.state, notice.sent_back_reason, notice.asked_by) == ("draft", "写错日期", None)
    with pytest.raises(NoticeError):
        approve(notice, other)
    assert ask(notice, manager).state == "waiting"


def test_list_that_changed_while_it_waited_is_seen_again(waiting, branch, child):
    child("新来的")

    with pytest.raises(NoticeError):
        approve(waiting, manager_of(branch))
    assert approve(waiting, manager_of(branch), number=3).message_count == 3


# --- what the database refuses ---------------------------------------------------------------------------


def test_database_refuses_a_notice_approved_by_its_writer(waiting, manager, branch):
    rows = Notice.objects.filter(pk=waiting.pk)
    out = {"state": "sending", "released_at": NOW}

    with refused_by("notice_second_person"):
        rows.update(approved_by=F("asked_by"), **out)
    with refused_by("notice_approved_above_limit"):
        rows.update(**out)
    rows.update(asked_by=manager_of(branch))
    with refused_by("notice_second_person"):
        rows.update(approved_by=F("written_by"), **out)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("notice_state_known", {"state": "lost"}),
        ("notice_asked_by_somebody", {"asked_by": None}),
        ("notice_released_when", {"message_count": None}),
    ],
)
def test_database_refuses_senseless_notices(released, constraint, fields):
    with refused_by(constraint):
        Notice.objects.filter(pk=released.pk).update(**fields)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("notice_purpose", {"purpose": "code"}),
        ("notice_has_text", {"text": ""}),
        ("notice_released_when", {"released_at": NOW}),
    ],
)
def test_database_refuses_senseless_drafts(draft, constraint, fields):
    with refused_by(constraint):
        Notice.objects.filter(pk=draft().pk).update(**fields)


def test_database_keeps_the_words_and_the_people(released):
    recipient = released.recipients.first()

    with refused_by("keeps its words"):
        Notice.objects.filter(pk=released.pk).update(text="anders")
    with refused_by("of a notice that was released stay"):
        recipient.delete()
    with refused_by("of a notice that was released stay"):
        NoticeRecipient.objects.filter(pk=recipient.pk).update(guardian=released.recipients.last().guardian)


def test_database_refuses_doubles(released, branch, family):
    recipient = released.recipients.first()
    left_out = {"notice": released, "branch": branch, "student": family.other}
    NoticeLeftOut.objects.create(**left_out, reason="no_phone")

    with refused_by("noticerecipient_once"):
        NoticeRecipient.objects.create(notice=released, branch=branch, guardian=recipient.guardian)
    with refused_by("noticerecipient_turn"):
        NoticeRecipient.objects.filter(pk=recipient.pk).update(turn=0)
    with refused_by("noticeleftout_once"):
        NoticeLeftOut.objects.create(**left_out, reason="opted_out")
    with refused_by("noticeleftout_reason"):
        NoticeLeftOut.objects.update(reason="mood")


def test_every_branch_has_a_limit(db):
    assert BranchFactory().notice_policy.alone_up_to == 200


def test_provider_of_approved_texts_alone_takes_no_notice(draft, family, manager, branch):
    ChannelRoute.objects.create(branch=branch, purpose="service", position=1, channel="sms_aliyun")

    with pytest.raises(NoticeError):
        ask(draft(), manager)
    ChannelRoute.objects.create(branch=branch, purpose="service", position=2, channel="sms")
    assert ask(draft(), manager).state == "sending"
