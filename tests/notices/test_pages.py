"""The pages: writing a notice, seeing what it comes to, sending it, and the second person."""

import pytest

from messaging.models import OutboundMessage
from notices.models import Notice, NoticePolicy
from notices.services import ask_for_release
from tests.factories import NOW, desk_of, manager_of, owner_of_school, teacher_of
from tests.notices.conftest import TEXT, step

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pages_now")]
NEW = "/notices/new/"


def written(group, **fields):
    return {"token": "form", "text": TEXT, "with_names": "on", "purpose": "service", "who": "learners"} | {
        "class_groups": [group.pk], **fields
    }  # fmt: skip


# --- writing ---------------------------------------------------------------------------------------------


def test_class_page_leads_to_a_notice_with_its_families_counted(as_, manager, group, family):
    client = as_(manager)
    assert f'href="{NEW}?class={group.pk}"' in client.get(f"/classes/{group.pk}/").content.decode()

    page = client.get(NEW, {"class": group.pk})

    assert (page.context["plan"].message_count, page.context["plan"].family_count) == (2, 2)
    assert page.context["form"]["class_groups"].value() == [group.pk]


def test_from_the_form_to_the_outbox(as_, manager, group, family):
    client = as_(manager)

    kept = client.post(f"{NEW}?class={group.pk}", written(group))
    notice = Notice.objects.get()
    assert kept.url == f"/notices/{notice.pk}/"
    seen = client.get(kept.url)
    step(client, notice, "send", number=seen.context["plan"].message_count)
    step(client, notice, "send", number=2)

    assert OutboundMessage.objects.count() == 2
    assert Notice.objects.get().state == "sending"


def test_double_click_on_the_form_keeps_one_draft(as_, manager, group, family):
    for _ in range(2):
        as_(manager).post(NEW, written(group))

    assert Notice.objects.count() == 1


def test_preview_while_writing_keeps_nothing(as_, manager, group, family):
    page = as_(manager).post(NEW, written(group), headers={"X-Fragment": "preview"})

    assert "notices/fragment.html" in [template.name for template in page.templates]
    assert "田萍" in page.content.decode()
    assert TEXT in page.content.decode()
    assert not Notice.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": "字" * 501}, "text"),
        ({"text": "寒假班【八折】"}, "text"),
        ({"text": "学费￥800★"}, "text"),
        ({"text": "寒假班限时优惠"}, "text"),  # an offer, and called a notice
        ({"last_date": "2026-11-20"}, "last_date"),
        ({"class_groups": [], "branches": []}, "branches"),
    ],
)
def test_form_names_what_is_wrong(as_, group, other_branch, fields, field):
    page = as_(owner_of_school()).post(NEW, written(group, **fields))

    assert field in page.context["form"].errors
    assert not Notice.objects.exists()


def test_draft_is_changed_by_whoever_changes_it(as_, draft, branch, group, family):
    notice, desk = draft(), desk_of(branch)

    as_(desk).post(f"/notices/{notice.pk}/edit/", written(group, text="改过了"))

    notice.refresh_from_db()
    assert (notice.text, notice.written_by, Notice.objects.count()) == ("改过了", desk, 1)


def test_released_notice_is_not_changed(as_, manager, released):
    assert as_(manager).get(f"/notices/{released.pk}/edit/").status_code == 404


def test_other_branches_are_not_to_be_chosen(as_, manager, group, other_branch, family):
    foreign = manager_of(other_branch)
    client = as_(foreign)

    assert client.get(NEW, {"class": group.pk}).status_code == 404
    page = client.post(NEW, written(group))
    assert "class_groups" in page.context["form"].errors
    assert "围棋一班" not in client.get(NEW).content.decode()


def test_teacher_may_not(as_, branch):
    assert as_(teacher_of(branch)).get(NEW).status_code == 403


# --- the second person -----------------------------------------------------------------------------------


def test_manager_approves_what_the_desk_wrote(as_, branch, manager, draft, family):
    desk = desk_of(branch)
    notice = draft(by=desk)
    step(as_(desk), notice, "send", number=2)
    assert step(as_(desk), notice, "approve", number=2).status_code == 403
    assert as_(desk).get(f"/notices/{notice.pk}/").context["may_approve"] is False

    step(as_(manager), notice, "approve", number=2)

    assert Notice.objects.get().approved_by == manager


def test_writer_is_refused_with_a_sentence(as_, manager, draft, family):
    NoticePolicy.objects.update(alone_up_to=1)
    notice = draft()
    step(as_(manager), notice, "send", number=2)

    answer = step(as_(manager), notice, "approve", number=2)

    assert answer.status_code == 302
    assert Notice.objects.get().state == "waiting"


def test_sent_back_and_taken_back(as_, branch, manager, draft, family):
    desk = desk_of(branch)
    notice = draft(by=desk)
    step(as_(desk), notice, "send", number=2)
    step(as_(manager), notice, "send_back", reason="日期不对")
    assert "日期不对" in as_(desk).get(f"/notices/{notice.pk}/").content.decode()

    step(as_(desk), notice, "send", number=2)
    step(as_(desk), notice, "take_back")

    assert Notice.objects.get().state == "draft"


def test_desk_does_not_pause_and_nobody_takes_a_step_that_is_not_named(as_, branch, released, manager):
    assert step(as_(desk_of(branch)), released, "pause").status_code == 403
    assert step(as_(manager), released, "explode").status_code == 403


def test_manager_of_one_branch_sees_a_notice_to_two_and_stops_nothing(as_, branch, other_branch, draft, family):
    owner = owner_of_school()
    notice = draft(by=owner, branches=[branch, other_branch], class_groups=[], who="all")
    client = as_(manager_of(other_branch))
    assert client.get(f"/notices/{notice.pk}/edit/").status_code == 404
    assert client.get(f"/notices/{notice.pk}/").context["plan"].message_count == 0
    ask_for_release(notice=notice, message_count=2, by=owner, now=NOW)

    page = client.get(f"/notices/{notice.pk}/")

    assert (page.context["total"], "田萍" in page.content.decode()) == (0, False)
    assert step(client, notice, "stop").status_code == 403


def test_home_page_says_what_waits_for_this_person(as_, branch, other_branch, manager, draft, family):
    notice = draft(by=desk_of(branch))
    ask_for_release(notice=notice, message_count=2, by=notice.written_by, now=NOW)

    def card(person):
        return f'href="/notices/{notice.pk}/"' in as_(person).get("/").content.decode()

    assert card(manager)
    assert not card(notice.written_by)
    assert not card(manager_of(other_branch))
    Notice.objects.update(asked_by=manager)
    assert not card(manager)


def test_class_that_is_over_stays_chosen_in_its_draft(as_, manager, group, draft, family):
    notice = draft()
    group.lessons.all().delete()

    page = as_(manager).get(f"/notices/{notice.pk}/edit/")

    assert [box.data["label"] for box in page.context["form"]["class_groups"] if box.data["selected"]] == ["围棋一班"]
    assert "围棋一班" not in as_(manager).get(NEW).content.decode()
