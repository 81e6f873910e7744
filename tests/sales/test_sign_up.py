"""From an enquiry to a child of the school: nothing typed twice, nobody doubled, nothing lost."""

import pytest
from django.urls import reverse
from django.utils import timezone

from enrolments.services import enrol_student
from students.models import Enquiry, Student
from students.services import sign_up
from tests.factories import (
    NOW,
    BranchFactory,
    ChannelFactory,
    CoursePackageFactory,
    EnquiryFactory,
    GuardianshipFactory,
    StudentFactory,
    desk_of,
    manager_of,
)

PHONE = "+8613812345678"


@pytest.fixture
def desk(branch, client, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    person = desk_of(branch)
    client.force_login(person)
    return person


@pytest.fixture
def package(branch):
    return CoursePackageFactory()


@pytest.fixture
def enquiry(branch, desk, package):
    return EnquiryFactory(
        branch=branch,
        child_name="钱小小",
        grade="一年级",
        guardian_name="钱妈妈",
        phone=PHONE,
        course=package.course,
        channel=ChannelFactory(name="地推"),
        owner=desk,
        note="喜欢下棋",
    )


def address(enquiry):
    return reverse("enquiry_sign_up", args=[enquiry.pk])


def as_shown(response):
    """What the form would send if nobody typed anything."""
    form = response.context["form"]
    return {field.name: field.value() or "" for field in form}


def to_enrol(student, course):
    return reverse("enrol", args=[student.pk], query={"course": course.pk})


def test_the_page_is_sent_as_it_is_shown_and_leads_to_the_course(client, enquiry, desk):
    sent = as_shown(client.get(address(enquiry)))

    response = client.post(address(enquiry), sent)

    student = Student.objects.get()
    assert response["Location"] == to_enrol(student, enquiry.course)
    assert (student.name, student.grade, student.note) == ("钱小小", "一年级", "喜欢下棋")
    assert (student.channel, student.adviser, list(student.branches.all())) == ("地推", desk, [enquiry.branch])
    assert (student.main_guardian.name, student.main_guardian.phone) == ("钱妈妈", PHONE)
    assert client.get(response["Location"]).context["course"] == enquiry.course
    assert client.get(address(enquiry))["Location"] == response["Location"]


def test_what_is_added_and_put_right_stands_on_the_child_and_on_the_enquiry(client, enquiry):
    sent = as_shown(client.get(address(enquiry))) | {
        "child_name": "钱 晓晓",
        "school": "实验小学",
        "gender": "girl",
        "birth_date": "2019-05-01",
        "relation": "外婆",
    }
    assert client.post(address(enquiry), sent).context["form"].errors.keys() == {"relation"}

    client.post(address(enquiry), sent | {"relation": "妈妈"})

    student = Student.objects.get()
    enquiry.refresh_from_db()
    assert (student.name, student.school, student.gender, student.birth_date.year) == (
        "钱晓晓",
        "实验小学",
        "girl",
        2019,
    )
    assert student.guardianships.get().relation == "妈妈"
    assert (enquiry.child_name, enquiry.name_initials, enquiry.student) == ("钱晓晓", "qxx", student)


def test_a_double_click_signs_up_one_child(client, enquiry):
    sent = as_shown(client.get(address(enquiry)))

    answers = {client.post(address(enquiry), sent)["Location"] for _click in range(2)}

    assert len(answers) == Student.objects.count() == 1


@pytest.fixture
def family(enquiry):
    """A guardian with this phone whose children come here: one of the same name, and a sister."""
    children = [StudentFactory(name=name, branches=[enquiry.branch]) for name in ("钱小小", "钱大大")]
    guardian = GuardianshipFactory(student=children[0], guardian__phone=PHONE, guardian__name="李芳").guardian
    GuardianshipFactory(student=children[1], guardian=guardian)
    return children


def test_the_child_of_the_same_name_is_chosen_and_only_completed(client, enquiry, family):
    same, _sister = family
    Student.objects.filter(pk=same.pk).update(grade="二年级")
    page = client.get(address(enquiry))
    sent = as_shown(page) | {"school": "实验小学"}
    assert sent["which"] == str(same.pk)

    client.post(address(enquiry), sent)

    same.refresh_from_db()
    enquiry.refresh_from_db()
    assert Student.objects.count() == 2
    assert (enquiry.student, same.grade, same.school, same.note) == (same, "二年级", "实验小学", "喜欢下棋")


@pytest.mark.parametrize(("which", "children"), [("sister", 2), ("new", 3)])
def test_the_sister_or_another_child_is_one_click(client, enquiry, family, which, children):
    Student.objects.filter(pk=family[0].pk).update(name="钱多多")
    sent = as_shown(client.get(address(enquiry)))
    assert sent["which"] == "new"

    client.post(address(enquiry), sent | {"which": str(family[1].pk) if which == "sister" else "new"})

    enquiry.refresh_from_db()
    assert Student.objects.count() == children
    assert (enquiry.student == family[1]) == (which == "sister")


def test_children_of_another_branch_are_not_named(client, enquiry):
    hidden = GuardianshipFactory(
        student=StudentFactory(name="钱不见", branches=[BranchFactory()]),
        guardian__phone=PHONE,
        guardian__name="李不见",
    ).student

    page = client.get(address(enquiry))

    assert "不见" not in page.content.decode()
    refused = client.post(address(enquiry), as_shown(page) | {"which": str(hidden.pk)})
    enquiry.refresh_from_db()
    assert enquiry.student != hidden
    assert refused.status_code == 302


def test_without_a_phone_it_is_asked_and_its_family_is_shown_then(client, enquiry, family):
    Enquiry.objects.filter(pk=enquiry.pk).update(phone="", child_name="小小")
    sent = as_shown(client.get(address(enquiry)))
    assert client.post(address(enquiry), sent).context["form"].errors.keys() == {"phone"}

    asked = client.post(address(enquiry), sent | {"phone": "138 1234 5678"})
    assert asked.context["form"].errors.keys() == {"which"}
    client.post(address(enquiry), sent | {"phone": "138 1234 5678", "which": str(family[0].pk)})

    enquiry.refresh_from_db()
    assert (enquiry.student, enquiry.phone) == (family[0], PHONE)


def test_another_branch_and_a_colleague_without_the_right_do_not_sign_up(client, enquiry):
    client.force_login(manager_of(BranchFactory()))

    assert client.get(address(enquiry)).status_code == 404
    assert client.post(address(enquiry), {"child_name": "x"}).status_code == 404


# --- the other way round: the child is taken in at the desk ------------------------------------------------


def take_in(client, branch):
    data = {"branch": branch.pk, "phone": PHONE, "guardian_name": "钱妈妈", "name": "钱小小"}
    return client.post(reverse("student_new"), data | {"relation": "妈妈", "token": "t"})


def test_a_child_that_asked_before_is_linked_and_its_sale_signs_the_enquiry(client, enquiry, package, desk, branch):
    response = take_in(client, branch)

    student = Student.objects.get()
    assert response["Location"] == to_enrol(student, enquiry.course)
    assert (student.grade, student.note, student.adviser) == ("一年级", "喜欢下棋", desk)
    enrol_student(
        student=student, branch=branch, package=package, method="cash", sold_by=desk,
        start_date=NOW.date(), now=NOW, token="t",
    )  # fmt: skip
    enquiry.refresh_from_db()
    assert (enquiry.stage, enquiry.student) == (Enquiry.Stage.SIGNED, student)


@pytest.mark.parametrize(
    "facts",
    [
        {"child_name": "钱大大"},
        {"phone": "+8613800000000"},
        {"stage": "lost", "lost_at": NOW, "lost_reason": "price"},
        {"branch": None},
    ],
)
def test_another_child_another_phone_a_lost_one_and_another_branch_stay(client, enquiry, branch, facts):
    if "branch" in facts:
        facts = {"branch": BranchFactory()}
    Enquiry.objects.filter(pk=enquiry.pk).update(**facts)

    take_in(client, branch)

    enquiry.refresh_from_db()
    assert enquiry.student is None


def test_a_second_enquiry_of_a_child_leads_to_the_same_child(enquiry, desk, branch):
    first = sign_up(enquiry=enquiry, by=desk, now=NOW)
    again = EnquiryFactory(branch=branch, child_name="钱小小", phone=PHONE)

    assert sign_up(enquiry=again, by=desk, now=NOW) == first
