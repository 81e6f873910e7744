"""Writing down what was said, with its next date; and its files, for whoever may see them."""

import io
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from students.models import Enquiry, FollowUp, FollowUpFile
from students.services import record_follow_up, record_student_follow_up
from students.services.files import CheckedFile
from tests.factories import (
    NOW,
    BranchFactory,
    EnquiryFactory,
    StudentFactory,
    adviser_of,
    at,
    desk_of,
    manager_of,
    teacher_of,
)
from tests.students.test_files import PDF, WEBM

pytestmark = pytest.mark.django_db
TODAY, TOMORROW = at("2026-11-21 18:00"), at("2026-11-22 10:00")  # NOW is Saturday noon
SATURDAY = at("2026-11-28 10:00")
VOICE = CheckedFile("voice", "audio/webm", WEBM, 7)


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr("sales.views.enquiry.EnquiryMixin.now", NOW)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def enquiry(branch):
    return EnquiryFactory(branch=branch, child_name="钱小小", phone="+8613812345678")


@pytest.fixture
def desk(branch, client):
    desk = desk_of(branch)
    client.force_login(desk)
    return desk


@pytest.fixture
def post(client, desk, enquiry):
    """post(outcome="thinking", next=…): the form as the browser sends it."""
    url = reverse("enquiry_follow_up", args=[enquiry.pk])
    facts = {"token": "t", "outcome": "thinking", "way": "call", "text": "周六有空", "next": TOMORROW.isoformat()}
    return lambda **more: client.post(url, facts | more)


def upload(content, name="x.bin"):
    return SimpleUploadedFile(name, content, "application/octet-stream")


def photo():
    content = io.BytesIO()
    Image.new("RGB", (40, 20)).save(content, "JPEG")
    return content.getvalue()


# --- outcome and date ------------------------------------------------------------------------------------


def test_the_dates_are_buttons_in_the_clock_of_the_branch(client, desk, enquiry):
    page = client.get(reverse("enquiry_follow_up", args=[enquiry.pk]))

    assert [value for value, _word in page.context["form"].dates] == [
        moment.isoformat() for moment in (TODAY, TOMORROW, SATURDAY)
    ]


def test_at_another_branch_it_is_another_hour(client):
    abroad = BranchFactory(name="伦敦校区", time_zone="Europe/London")
    client.force_login(desk_of(abroad))

    page = client.get(reverse("enquiry_follow_up", args=[EnquiryFactory(branch=abroad).pk]))

    assert page.context["form"].dates[0][0] == datetime(2026, 11, 21, 18, tzinfo=UTC).isoformat()


def test_a_friday_evening_offers_its_tomorrow_once_and_no_today(client, desk, enquiry, monkeypatch):
    monkeypatch.setattr("sales.views.enquiry.EnquiryMixin.now", at("2026-11-20 19:00"))

    page = client.get(reverse("enquiry_follow_up", args=[enquiry.pk]))

    assert [value for value, _word in page.context["form"].dates] == [at("2026-11-21 10:00").isoformat()]


def test_an_outcome_and_a_date_are_written_down(post, enquiry, desk):
    answer = post()

    row = FollowUp.objects.get()
    assert (row.outcome, row.way, row.text, row.next_at, row.by) == ("thinking", "call", "周六有空", TOMORROW, desk)
    enquiry.refresh_from_db()
    assert (enquiry.next_follow_up_at, enquiry.stage) == (TOMORROW, "contacted")
    assert answer.url == reverse("enquiry", args=[enquiry.pk])


def test_a_double_click_writes_once(post):
    post()
    post()

    assert FollowUp.objects.count() == 1


@pytest.mark.parametrize("pressed", ["pick", ""])
def test_a_picked_moment_is_the_branchs_wall_time(post, pressed):
    post(next=pressed, picked_at="2026-12-01T19:30")

    assert FollowUp.objects.get().next_at == at("2026-12-01 19:30")


def test_without_a_date_it_says_that_nobody_will_be_reminded(post, enquiry, client):
    post(next="none")

    page = client.get(reverse("enquiry", args=[enquiry.pk]))
    assert [message.level_tag for message in page.context["messages"]] == ["warning"]
    assert FollowUp.objects.get().next_at is None


def test_whoever_is_not_interested_is_closed_in_the_same_step(post, enquiry):
    post(outcome="not_interested", next="close", lost_reason="distance")

    enquiry.refresh_from_db()
    assert (enquiry.stage, enquiry.lost_reason, enquiry.next_follow_up_at) == ("lost", "distance", None)
    assert FollowUp.objects.get().outcome == "not_interested"


def test_a_reason_that_was_chosen_and_not_pressed_closes_nothing(post, enquiry):
    post(outcome="not_interested", lost_reason="distance")

    enquiry.refresh_from_db()
    assert enquiry.stage == "contacted"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"outcome": ""}, "outcome"),
        ({"next": "pick"}, "picked_at"),
        ({"next": "pick", "picked_at": "2026-11-21T11:59"}, "picked_at"),
        ({"next": "pick", "picked_at": "0001-01-01T00:00"}, "picked_at"),
        ({"next": "tomorrow"}, "picked_at"),
        ({"next": "2026-11-22T10:00:00"}, "picked_at"),  # of no time zone
        ({"next": "close"}, "lost_reason"),
        ({"text": "字" * 1001}, "text"),
    ],
)
def test_the_form_names_what_is_missing_and_keeps_what_was_typed(post, fields, field):
    page = post(**fields)

    assert list(page.context["form"].errors) == [field]
    assert "周六有空" in page.content.decode() or field == "text"
    assert not FollowUp.objects.exists()


def test_a_signed_one_is_not_closed_and_says_so(post, enquiry):
    Enquiry.objects.filter(pk=enquiry.pk).update(stage="signed", signed_at=NOW)

    page = post(next="close", lost_reason="price")

    assert page.context["form"].non_field_errors()
    assert not FollowUp.objects.exists()


# --- files -----------------------------------------------------------------------------------------------


def test_files_are_kept_with_it_whatever_field_they_came_in(post):
    post(photos=[upload(photo()), upload(PDF)], papers=[upload(photo())], voice=upload(WEBM), seconds="7")

    kept = FollowUpFile.objects.values_list("kind", "content_type", "seconds")
    assert list(kept) == [
        ("photo", "image/jpeg", None),
        ("paper", "application/pdf", None),
        ("photo", "image/jpeg", None),
        ("voice", "audio/webm", 7),
    ]


@pytest.mark.parametrize(
    "files",
    [
        {"photos": [upload(b"<html>", "家长.jpg")]},
        {"papers": [upload(PDF)] * 6},
        {"voice": upload(b"")},
        {"voice": upload(WEBM), "seconds": "301"},
    ],
    ids=["html", "six", "empty", "long"],
)
def test_a_refused_file_loses_nothing_of_what_was_typed(post, files):
    for uploads in files.values():
        for one in uploads if isinstance(uploads, list) else []:
            one.seek(0)

    page = post(**files)

    form = page.context["form"]
    assert form.errors
    assert (form["text"].value(), form["outcome"].value()) == ("周六有空", "thinking")
    assert not FollowUp.objects.exists()


@pytest.fixture
def kept(enquiry):
    """kept(file): a file that was kept with the enquiry."""

    def keep(file=VOICE):
        facts = {"enquiry": enquiry, "outcome": "thinking", "by": desk_of(enquiry.branch), "now": NOW}
        return record_follow_up(**facts, token=f"k{FollowUp.objects.count()}", files=[file]).files.get()

    return keep


def url_of(file):
    return reverse("follow_up_file", args=[file.pk])


@pytest.mark.parametrize(
    ("file", "disposition", "name"),
    [
        (VOICE, "inline", "voice-{}.webm"),
        (CheckedFile("photo", "image/jpeg", photo()), "inline", "photo-{}.jpg"),
        (CheckedFile("paper", "application/pdf", PDF), "attachment", "paper-{}.pdf"),
    ],
    ids=["voice", "photo", "paper"],
)
def test_a_file_is_served_as_what_it_is_and_can_do_nothing(client, desk, kept, caplog, file, disposition, name):
    row = kept(file)

    with caplog.at_level("INFO", "access"):
        response = client.get(url_of(row))

    assert (response.content, response["Content-Type"]) == (file.content, file.content_type)
    assert response["Content-Disposition"] == f'{disposition}; filename="{name.format(row.pk)}"'
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].endswith("sandbox")
    assert "no-store" in response["Cache-Control"]
    assert f"file {row.pk} of a follow-up opened by staff {desk.pk}" in caplog.text


@pytest.mark.parametrize(
    ("asked", "status", "part", "says"),
    [
        ("bytes=0-3", 206, WEBM[:4], "bytes 0-3/{}"),
        ("bytes=4-", 206, WEBM[4:], "bytes 4-{last}/{}"),
        ("bytes=-5", 206, WEBM[-5:], "bytes {tail}-{last}/{}"),
        ("bytes=0-999999", 206, WEBM, "bytes 0-{last}/{}"),
        ("bytes=999999-", 416, b"", "bytes */{}"),
        ("bytes=0-1,3-4", 200, WEBM, None),
        ("lines=1-2", 200, WEBM, None),
    ],
)
def test_a_player_gets_the_part_it_asks_for(client, desk, kept, asked, status, part, says):
    response = client.get(url_of(kept()), headers={"Range": asked})

    size = len(WEBM)
    assert (response.status_code, response.content, response["Accept-Ranges"]) == (status, part, "bytes")
    assert response.get("Content-Range") == (says and says.format(size, last=size - 1, tail=size - 5))


def test_a_file_that_was_not_restored_is_not_found(client, desk, kept, caplog):
    row = kept()
    row.file.storage.delete(row.file.name)

    assert client.get(url_of(row)).status_code == 404
    assert f"file {row.pk} of a follow-up is not on the disk" in caplog.text


@pytest.mark.parametrize(
    ("role", "here", "status"),
    [
        (manager_of, True, 200),
        (adviser_of, True, 200),
        (teacher_of, True, 403),
        (manager_of, False, 404),
        (desk_of, False, 404),
    ],
)
def test_files_are_for_the_branch(client, branch, other_branch, kept, role, here, status):
    client.force_login(role(branch if here else other_branch))

    response = client.get(url_of(kept()))

    assert response.status_code == status


def test_the_page_asks_as_often_for_three_as_for_one(client, desk, enquiry, kept):
    url, numbers = reverse("enquiry", args=[enquiry.pk]), {}
    for count in (1, 2, 3):
        kept()
        with CaptureQueriesContext(connection) as queries:
            page = client.get(url)
        assert page.content.decode().count('data-test="kept-voice"') == count
        numbers[count] = len(queries)

    assert numbers[1] == numbers[3]


# --- students --------------------------------------------------------------------------------------------


def test_what_was_said_stands_on_the_childs_page_with_its_files(client, desk, branch):
    student = StudentFactory(branches=[branch])
    facts = {"token": "s", "outcome": "interested", "way": "chat", "text": "想加一门课", "branch": branch.pk}

    answer = client.post(
        reverse("student_follow_up", args=[student.pk]), facts | {"voice": upload(WEBM), "seconds": "65"}
    )

    row = FollowUp.objects.get()
    assert (row.student, row.branch, row.by, row.text) == (student, branch, desk, "想加一门课")
    page = client.get(answer.url).content.decode()
    assert "想加一门课" in page
    assert url_of(row.files.get()) in page
    assert "1:05" in page


def test_another_branch_of_the_child_sees_its_own(client, branch, other_branch):
    student = StudentFactory(branches=[branch, other_branch])
    facts = {"student": student, "outcome": "thinking", "by": desk_of(branch), "now": NOW}
    record_student_follow_up(**facts, branch=branch, token="a", text="在奥体说的")
    record_student_follow_up(**facts, branch=other_branch, token="b", text="在河西说的")
    client.force_login(desk_of(other_branch))

    page = client.get(reverse("student", args=[student.pk])).content.decode()

    assert ("在奥体说的" in page, "在河西说的" in page) == (False, True)


def test_nobody_writes_for_a_branch_that_is_not_theirs(client, desk, branch, other_branch):
    student = StudentFactory(branches=[branch, other_branch])
    url = reverse("student_follow_up", args=[student.pk])

    page = client.post(url, {"token": "s", "outcome": "interested", "way": "call", "branch": other_branch.pk})

    assert list(page.context["form"].errors) == ["branch"]


def test_what_was_said_before_the_sign_up_stands_there_too(client, desk, branch, enquiry):
    record_follow_up(enquiry=enquiry, outcome="thinking", by=desk, now=NOW, token="e", text="先看看", files=[VOICE])
    student = StudentFactory(branches=[branch])
    Enquiry.objects.filter(pk=enquiry.pk).update(student=student)

    page = client.get(reverse("student", args=[student.pk])).content.decode()

    assert "先看看" in page
    assert url_of(FollowUpFile.objects.get()) in page
