"""The list of enquiries: what it shows, to whom, in which order, and what is done with the ticked ones."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from branches.models import Membership
from students.models import Enquiry
from tests.factories import (
    NOW,
    ChannelFactory,
    CourseFactory,
    EnquiryFactory,
    adviser_of,
    desk_of,
    manager_of,
    owner_of_school,
    teacher_of,
)

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LIST, GIVE = "/enquiries/", "/enquiries/give/"


@pytest.fixture(autouse=True)
def _saturday_noon(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(branch):
    return desk_of(branch, name="王前台")


@pytest.fixture
def as_(client):
    def sign_in(user):
        client.force_login(user)
        return client

    return sign_in


def shown(response):
    return [enquiry.child_name for enquiry in response.context["enquiries"]]


def numbers(response):
    return {tab["name"]: tab["number"] for tab in response.context["tabs"]}


def some(branch, *names, **fields):
    facts = {"branch": branch, "owned_at": NOW} | fields
    return [EnquiryFactory(child_name=name, **facts) for name in names]


def test_the_desk_begins_with_its_own_those_overdue_first(as_, branch, desk):
    some(branch, "无日期", owner=desk)
    some(branch, "明天", owner=desk, next_follow_up_at=NOW + DAY)
    some(branch, "昨天", owner=desk, next_follow_up_at=NOW - DAY)
    some(branch, "别人的", owner=adviser_of(branch))
    some(branch, "已报名", owner=desk, stage="signed")

    page = as_(desk).get(LIST)

    assert shown(page) == ["昨天", "明天", "无日期"]
    assert [enquiry.is_late for enquiry in page.context["enquiries"]] == [True, False, False]
    assert numbers(page) == {"mine": 3, "nobodys": 0, "pool": 0, "all": 4}


def test_a_manager_begins_with_all_and_sees_no_other_branch(as_, branch, other_branch, desk):
    some(branch, "有人跟", owner=desk)
    some(branch, "没人跟")
    some(branch, "公海里", pooled_at=NOW)
    some(other_branch, "河西的")

    page = as_(manager_of(branch)).get(LIST)

    assert sorted(shown(page)) == sorted(["有人跟", "没人跟", "公海里"])
    assert numbers(page) == {"mine": 0, "nobodys": 1, "pool": 1, "all": 3}
    assert shown(as_(manager_of(branch)).get(LIST, {"whose": "nobodys"})) == ["没人跟"]
    assert "河西的" not in page.content.decode()


@pytest.mark.parametrize(
    ("due", "names"),
    [
        ("now", ["昨天", "今晚"]),
        ("overdue", ["昨天"]),
        ("today", ["今晚"]),
        ("none", ["没跟进", "快收回"]),
        ("idle", ["没跟进"]),
        ("pool", ["快收回"]),
    ],
)
def test_each_filter_of_the_date(as_, branch, desk, due, names):
    some(branch, "昨天", owner=desk, next_follow_up_at=NOW - DAY)
    some(branch, "今晚", owner=desk, next_follow_up_at=NOW + 6 * HOUR)
    some(branch, "后天", owner=desk, next_follow_up_at=NOW + 2 * DAY)
    some(branch, "快收回", owner=desk, owned_at=NOW - 6 * DAY, created_at=NOW - 6 * DAY)
    some(branch, "没跟进", owner=desk, owned_at=NOW - 3 * DAY, created_at=NOW - 6 * DAY)
    some(branch, "没人跟", created_at=NOW - 6 * DAY)

    assert shown(as_(desk).get(LIST, {"due": due})) == names


def test_stage_channel_course_and_owner_narrow_it_down(as_, branch, desk):
    channel, course = ChannelFactory(), CourseFactory()
    some(branch, "这个", owner=desk, channel=channel, course=course, stage="came")
    some(branch, "那个", owner=desk)
    some(branch, "丢了", owner=desk, stage="lost")
    client = as_(manager_of(branch))

    for asked in [{"stage": "came"}, {"channel": channel.pk}, {"course": course.pk}]:
        assert shown(client.get(LIST, asked)) == ["这个"]
    assert shown(client.get(LIST, {"stage": "lost"})) == ["丢了"]
    assert len(shown(client.get(LIST, {"stage": "any", "owner": desk.pk}))) == 3


@pytest.mark.parametrize("text", ["5678", "138 1234 5678", "田", "tp", "田妈"])
def test_who_searches_finds_colleagues_and_closed_ones_too(as_, branch, other_branch, desk, text):
    facts = {"phone": "+8613812345678", "guardian_name": "田妈妈"}
    some(branch, "田萍", owner=adviser_of(branch), stage="lost", **facts)
    some(branch, "王强", owner=desk)
    some(other_branch, "田萍", **facts)

    page = as_(desk).get(LIST, {"q": text})

    assert shown(page) == ["田萍"]
    assert page.context["enquiries"][0].branch == branch


def test_the_number_is_masked_and_its_owner_and_who_leads_may_have_it_shown(as_, branch, desk):
    [enquiry] = some(branch, "田萍", owner=desk, phone="+8613812345678")
    show = reverse("reveal_phone", args=["enquiry", enquiry.pk])

    def said(user):
        text = as_(user).get(LIST, {"whose": "all"}).content.decode()
        assert "138****5678" in text
        assert "5678" not in text.replace("138****5678", "")
        return show in text

    assert said(desk)
    assert said(manager_of(branch))
    assert not said(desk_of(branch))


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("child", ["a", "b", "c"]),
        ("-child", ["c", "b", "a"]),
        ("stage", ["b", "c", "a"]),
        ("contact", ["c", "a", "b"]),
        ("nonsense", ["b", "c", "a"]),
        ("-nonsense", ["b", "c", "a"]),
    ],
)
def test_every_column_orders(as_, branch, desk, sort, names):
    some(branch, "a", owner=desk, stage="came", last_contact_at=NOW)
    some(branch, "b", owner=desk, stage="new", next_follow_up_at=NOW)
    some(branch, "c", owner=desk, stage="contacted", last_contact_at=NOW - DAY, next_follow_up_at=NOW + DAY)

    assert shown(as_(desk).get(LIST, {"sort": sort})) == names


def test_a_warning_stands_on_what_goes_back_to_the_pool(as_, branch, desk):
    some(branch, "明天收回", owner=desk, owned_at=NOW - 6 * DAY, created_at=NOW - 6 * DAY)
    some(branch, "还早", owner=desk)

    page = as_(desk).get(LIST)

    assert {one.child_name: one.pool_at for one in page.context["enquiries"]} == {"明天收回": NOW + DAY, "还早": None}
    assert page.content.decode().count('data-test="pool-warning"') == 1


@pytest.mark.parametrize("url", [LIST, "/enquiries/board/", "/enquiries/pool/"])
def test_the_pages_cost_the_same_for_one_and_for_three(as_, branch, url, django_assert_max_num_queries):
    client = as_(manager_of(branch))
    counts = []
    for number in (1, 2):
        for _number in range(number):
            some(branch, "有人跟", owner=desk_of(branch), channel=ChannelFactory(), course=CourseFactory())
            some(branch, "公海里", pooled_at=NOW, channel=ChannelFactory())
        with django_assert_max_num_queries(20) as captured:
            client.get(url)
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_what_does_not_fit_on_one_page_is_on_the_next(as_, branch, desk):
    some(branch, *[f"孩子{number}" for number in range(51)], owner=desk)

    page = as_(desk).get(LIST, {"page": 2})

    assert (len(shown(page)), page.context["paginator"].count) == (1, 51)


# --- giving them away ------------------------------------------------------------------------------------


def give(client, enquiries, to, **fields):
    return client.post(GIVE, {"pick": [enquiry.pk for enquiry in enquiries], "to": to, **fields})


def test_the_ticked_ones_go_to_a_colleague_after_a_look_at_the_numbers(as_, branch, desk):
    colleague, ticked = adviser_of(branch), some(branch, "一", "二", owner=desk)
    left, client = some(branch, "三", owner=desk), as_(manager_of(branch))

    asked = give(client, ticked, colleague.pk)
    assert (len(asked.context["picked"]), asked.context["owners"]) == (2, [("王前台", 2)])
    assert not Enquiry.objects.filter(owner=colleague).exists()

    answer = give(client, ticked, colleague.pk, confirmed="on", reason="分工")
    assert answer.url.startswith(LIST)
    assert set(Enquiry.objects.filter(owner=colleague)) == set(ticked)
    assert Enquiry.objects.get(owner=desk) == left[0]
    assert ticked[0].changes.get().reason == "分工"


def test_the_ticked_ones_go_to_the_pool_with_a_reason(as_, branch, desk):
    ticked, client = some(branch, "一", owner=desk), as_(manager_of(branch))

    assert "reason" in give(client, ticked, "pool", confirmed="on").context["form"].errors
    assert not Enquiry.objects.pooled().exists()
    give(client, ticked, "pool", confirmed="on", reason="换人试试")

    assert list(Enquiry.objects.pooled()) == ticked


def test_nobody_gets_what_is_in_a_branch_where_he_does_not_work(as_, branch, other_branch, desk):
    here, there = some(branch, "一", owner=desk)[0], some(other_branch, "二")[0]

    give(as_(owner_of_school()), [here, there], desk_of(other_branch).pk, confirmed="on")

    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.owner, there.owner) == (desk, None)  # all of them, or none


def test_only_who_gives_out_gives_and_only_in_the_own_branch(as_, branch, other_branch, desk):
    foreign, here = some(other_branch, "一")[0], manager_of(branch)
    Membership.objects.create(user=here, branch=other_branch, role="front_desk")  # sees them, and gives none out

    assert give(as_(desk), some(branch, "二"), desk.pk, confirmed="on").status_code == 403
    give(as_(here), [foreign], desk.pk, confirmed="on")

    foreign.refresh_from_db()
    assert foreign.owner is None


def test_a_teacher_has_no_list_and_the_desk_no_boxes(as_, branch, desk):
    some(branch, "一", owner=desk)

    assert as_(teacher_of(branch)).get(LIST).status_code == 403
    assert 'name="pick"' not in as_(desk).get(LIST).content.decode()
    assert 'name="pick"' in as_(manager_of(branch)).get(LIST).content.decode()


# --- the workbook ----------------------------------------------------------------------------------------


def rows_of(response):
    return list(load_workbook(BytesIO(response.content)).active.iter_rows(min_row=2, values_only=True))


def test_the_workbook_has_what_the_list_shows(as_, branch, other_branch, desk):
    some(branch, "=1+1", owner=desk, phone="+8613812345678", next_follow_up_at=NOW)
    some(branch, "来过", stage="came")
    some(other_branch, "河西的")
    client = as_(manager_of(branch))

    answer = client.get("/enquiries/export/", {"stage": "new"})

    assert answer["Content-Disposition"] == 'attachment; filename="enquiries.xlsx"'
    (row,) = rows_of(answer)
    assert row[:4] == ("=1+1", None, "138 1234 5678", "奥体校区")
    assert row[10].isoformat() == "2026-11-21T12:00:00"  # the branch's wall clock
    assert len(rows_of(client.get("/enquiries/export/"))) == 2


def test_a_workbook_that_is_too_long_is_refused_with_a_way_on(as_, branch, monkeypatch):
    monkeypatch.setattr("sales.views.overview.MOST_ROWS", 1)
    some(branch, "一", "二")

    assert as_(manager_of(branch)).get("/enquiries/export/", {"stage": "new"}).url == f"{LIST}?stage=new"


def test_who_may_not_take_them_out_has_no_workbook(as_, branch, other_branch, desk):
    assert as_(desk).get("/enquiries/export/").status_code == 403
    some(other_branch, "河西的")
    manager = manager_of(branch)
    Membership.objects.create(user=manager, branch=other_branch, role="front_desk")

    assert rows_of(as_(manager).get("/enquiries/export/", {"whose": "all"})) == []
