"""A renewal reminder in the school's own words."""

import pytest

from enrolments.models import Enrolment
from messaging.models import MessageTemplate
from messaging.wording import Words, examples_of, wording_named
from renewals.notifications import text_of
from renewals.notifications.accounts import load_accounts
from tests.factories import NOW, CourseFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def write(db):
    def write(key, text, language="zh-hans"):
        facts = {"version": 1, "state": "approved", "written_by": UserFactory(), "written_at": NOW}
        MessageTemplate.objects.create(key=f"renewal_reminder.{key}", text=text, language=language, **facts)

    return write


def said(branch, language):
    return text_of(load_accounts(Enrolment.objects.all(), now=NOW), Words(branch, language))


def test_sentences_of_all_children_and_whom_to_ask_are_the_school_s(branch, learner, write, django_assert_num_queries):
    learner(0, name="田萍", course__name="围棋")
    learner(0, name="田安", course__name="书法")
    write("used_up", "{child}的{course}已上完")
    write("ask", "请问{branch}")
    branch.phone = ""
    branch.save()
    accounts, words = load_accounts(Enrolment.objects.all(), now=NOW), Words(branch, "zh-hans")

    with django_assert_num_queries(1):
        text = text_of(accounts, words)

    assert text.replace(" ", "") == "田安的书法已上完田萍的围棋已上完请问奥体校区"


def test_each_guardian_s_language_has_its_own(branch, learner, write):
    learner(0, name="田萍", course__name="Go")
    write("used_up", "{child}的{course}已上完")

    assert said(branch, "en").startswith("田萍 has used up all lessons of Go.")


@pytest.mark.parametrize("child_count", [1, 3])
def test_preview_offers_children_of_the_branch_who_run_low(
    branch, other_branch, learner, child_count, django_assert_num_queries
):
    course = CourseFactory(name="围棋")
    for number in range(child_count):
        learner(number + 1, name=f"学员{number}", course=course)
    learner(2, name="别处", branch=other_branch)
    asked = {"branch": branch, "language": "en", "now": NOW}

    with django_assert_num_queries(5):
        examples = examples_of(wording_named("renewal_reminder.left"), **asked)

    assert [example.name for example in examples] == [f"学员{number}" for number in range(child_count)]
    assert examples[0].facts | {"child": "学员0", "course": "围棋", "credits": "1"} == examples[0].facts
