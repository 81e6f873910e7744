"""Another branch's families leave no trace: not in a page, a count, a search, an export, a file name or a log line."""

import io
import re
import zipfile

import pytest
from pypdf import PdfReader

from messaging.models import InboundMessage, OutboundMessage, Status
from students.models import EnquiryChange
from students.services import open_enquiry, record_follow_up
from tests.factories import (
    NOW,
    AttendanceFactory,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    GuardianFactory,
    GuardianshipFactory,
    LessonFactory,
    StudentFactory,
    at,
    desk_of,
    sell,
)
from tests.test_access import ADMIN, PAGES, address, reverse, world  # noqa: F401

PHONE, OTHER_PHONE, ASKED = "+8613700990001", "+8613700990002", "+8613700990003"
CANARIES = ["麒麟", "朱雀", "玄武", "白虎", "青鸾", "饕餮", "貔貅", "獬豸", "13700990", "137 0099"]
SEARCHED = {"q": "麒麟", "text": "麒麟"}
PEOPLE = ["teacher_a", "desk_a", "manager_a"]
# What differs from one request to the next, whoever asks.
VARYING = re.compile(
    rb'value="[\w:-]{17,}"|"now": "[^"]*"|name="csrfmiddlewaretoken"[^>]*>|nonce="[^"]*"|\d+(\.\d+)? ms'
)


@pytest.fixture
def family(world):  # noqa: F811
    """Makes a family of branch B with something to recognise in each field about a person."""
    people, objects = world
    branch, course = people["manager_b"].memberships.get().branch, objects["courses_course"]
    desk = desk_of(branch, name="河西前台")

    def make():
        child = StudentFactory(name="麒麟儿", school="朱雀小学", note="玄武过敏")
        child.branches.set([branch])
        guardian = GuardianFactory(name="白虎妈", phone=PHONE, other_phone=OTHER_PHONE, note="青鸾公司")
        GuardianshipFactory(student=child, guardian=guardian, relation="饕餮亲")
        enrolment = EnrolmentFactory(student=child, branch=branch, course=course)
        sell(enrolment)
        group = ClassGroupFactory(branch=branch, course=course)
        ClassMemberFactory(enrolment=enrolment, class_group=group)
        lesson = LessonFactory(class_group=group, starts_at=NOW, ends_at=at("2030-01-01 10:00"))
        AttendanceFactory(enrolment=enrolment, lesson=lesson)
        _ask(branch, desk, objects["students_channel"])
        _write(branch, child, guardian)

    return make


def _ask(branch, desk, channel):
    enquiry = open_enquiry(
        branch=branch, child_name="麒麟妹", guardian_name="白虎爸", phone=ASKED, note="貔貅街", grade="獬豸班",
        course=None, channel=channel, owner=desk, by=desk, now=NOW,
    )  # fmt: skip
    record_follow_up(enquiry=enquiry, outcome="thinking", text="玄武再说", by=desk, now=NOW, token="b")
    EnquiryChange.objects.create(enquiry=enquiry, kind="touch", at=NOW, reason="青鸾")


def _write(branch, child, guardian):
    OutboundMessage.objects.create(
        branch=branch, dedupe_key="b", kind="note", subject="x", occurrence="x", recipient=f"guardian:{guardian.pk}",
        about=f"student:{child.pk}", due_at=NOW, useful_until=at("2030-01-01 10:00"), not_before=NOW,
        status=Status.FAILED, attempt_count=1, channel="sms", to_phone=PHONE, body="麒麟儿明天上课", provider_sid="SMb",
    )  # fmt: skip
    InboundMessage.objects.create(
        provider_sid="SMc", branch=branch, from_phone=PHONE, body="麒麟儿请假", meaning="text", received_at=NOW
    )


def text_of(response):
    """All that a person could read of it, of a workbook and a PDF too; what varies by itself is left out."""
    kind = response["Content-Type"]
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if kind.startswith("application/vnd"):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            sheets = [name for name in book.namelist() if name.startswith("xl/") and name.endswith(".xml")]
            content = b"".join(book.read(name) for name in sheets)
    elif content.startswith(b"%PDF-1"):
        content = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).encode()
    return VARYING.sub(b"", content).decode() + response.get("Content-Disposition", "")


def readings(client, objects):
    """{address: what it says}, of every page and list, and of every one asked for the family's name."""
    pages = [address(name, objects) for name in PAGES]
    lists = [reverse(f"admin:{model}_changelist") for model in ADMIN]
    said = {}
    for url in [*pages, *lists]:
        response = client.get(url)
        if response.status_code == 200:
            said[url] = text_of(response)
            said[f"{url}?q"] = text_of(client.get(url, SEARCHED))
    return said


@pytest.mark.parametrize("person", PEOPLE)
def test_a_family_of_another_branch_changes_nothing_that_one_can_read(client, world, family, person, caplog):  # noqa: F811
    people, objects = world
    client.force_login(people[person])
    before = readings(client, objects)
    family()

    with caplog.at_level("DEBUG"):
        after = readings(client, objects)

    own = reverse("admin:courses_coursepackage_changelist")  # what was sold them is sold at every branch
    changed = [url for url in before if not url.endswith("?q") and after[url] != before[url] and url != own]
    assert changed == []
    assert [(url, canary) for url, text in after.items() for canary in found_in(text, url)] == []
    assert [canary for canary in CANARIES if canary in caplog.text] == []


def found_in(text, url):
    """A search repeats what was looked for: its own words are no leak."""
    asked = {"麒麟"} if url.endswith("?q") else set()
    return [canary for canary in CANARIES if canary in text and canary not in asked]


def test_who_may_see_the_family_leaves_no_name_or_number_in_logs_and_file_names(client, world, family, caplog):  # noqa: F811
    """The test can fail: the family is in these pages."""
    people, objects = world
    family()
    client.force_login(people["owner"])

    with caplog.at_level("DEBUG"):
        seen = readings(client, objects)

    assert sum("麒麟" in text for url, text in seen.items() if not url.endswith("?q")) > 3
    assert [canary for canary in CANARIES if canary in caplog.text] == []
