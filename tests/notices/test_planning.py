"""Whom a notice is for, who is left out and why, and what it comes to: before anything is sent."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest

from branches.models import Branch
from messaging.consent import How, opt_in, opt_out, refusal, refusals, start_again
from messaging.models import Purpose
from messaging.segments import count_parts
from notices.audience import Audience, children
from notices.letters import plan_notice
from notices.models import Notice
from students.models import Guardianship, Student
from tests.factories import (
    NOW,
    BranchFactory,
    ClassGroupFactory,
    GuardianFactory,
    GuardianshipFactory,
    LessonFactory,
    ScheduleRuleFactory,
    StudentFactory,
    at,
    desk_of,
    sell,
)

pytestmark = pytest.mark.django_db
SERVICE, MARKETING = Purpose.SERVICE, Purpose.MARKETING


def plan(branches, *, purpose=SERVICE, text="元旦放假。", with_names=True, **chosen):
    notice = Notice(text=text, purpose=purpose, with_names=with_names)
    return plan_notice(notice=notice, audience=Audience(branches=list(branches), **chosen), now=NOW)


def told(plan):
    return {letter.guardian.name: letter.names for letter in plan.letters}


def reasons(plan):
    return {one.student.name: one.reason for one in plan.left_out}


def names(audience):
    ids = [student_id for student_id, _branch_id in children(audience, now=NOW)]
    return [Student.objects.get(pk=pk).name for pk in ids]


# --- what it comes to ------------------------------------------------------------------------------------


def test_one_message_per_guardian_whatever_the_number_of_children(branch, family):
    seen = plan([branch])

    assert told(seen) == {"田萍妈妈": ["田芳", "田萍"], "王强妈妈": ["王强"]}
    assert (seen.message_count, seen.family_count, seen.shared_count) == (2, 2, 1)


def test_two_guardians_of_a_child_are_one_family(branch, family):
    GuardianshipFactory(student=family.other, guardian__name="王爸爸", is_main=False)

    seen = plan([branch])

    assert (seen.message_count, seen.family_count) == (3, 2)


def test_sample_is_what_arrives(branch, family):
    seen = plan([branch])

    assert seen.sample.startswith(f"【{branch.sms_signature}】")
    assert "田芳" in seen.sample
    assert "田萍" in seen.sample
    assert seen.sample.endswith("元旦放假。")
    assert "田" not in plan([branch], with_names=False).sample


def test_cost_is_that_of_the_texts_with_the_names_in_them(branch, family):
    Branch.objects.update(sms_part_price_fen=Decimal("5.5"))
    branch.refresh_from_db()
    text = "元" * 50  # with two names more than one part

    seen = plan([branch], text=text)

    texts = [seen.wording.signed(letter.names, letter.branch) for letter in seen.letters]
    assert seen.estimate.part_count == sum(count_parts(text) for text in texts)
    assert seen.estimate.cost_minor == int(Decimal("5.5") * seen.estimate.part_count + Decimal("0.5"))


@pytest.mark.parametrize("family_count", [1, 12])
def test_number_of_queries_does_not_grow(branch, child, family_count, django_assert_num_queries):
    for number in range(family_count):
        child(f"学员{number}")

    with django_assert_num_queries(5):
        seen = plan([branch])
        assert seen.estimate.part_count == family_count


# --- who is left out, and why ----------------------------------------------------------------------------


def no_phone(student):
    student.guardians.update(phone=None)


def nobody(student):
    student.guardianships.all().delete()


def not_told(student):
    student.guardianships.update(is_told=False)


def opted_out(student):
    opt_out(phone=student.guardians.get().phone, purposes=[SERVICE], how=How.REPLY, now=NOW)


@pytest.mark.parametrize(
    ("happens", "reason"),
    [(no_phone, "no_phone"), (nobody, "no_phone"), (not_told, "not_told"), (opted_out, "opted_out")],
)
def test_who_is_left_out_and_why(branch, family, happens, reason):
    happens(family.other)

    seen = plan([branch])

    assert reasons(seen) == {"王强": reason}
    assert list(told(seen)) == ["田萍妈妈"]


def test_offer_needs_a_yes(branch, family):
    opt_in(phone=family.mother.phone, purposes=[MARKETING], branch=branch, by=desk_of(branch), now=NOW)

    seen = plan([branch], purpose=MARKETING)

    assert list(told(seen)) == ["田萍妈妈"]
    assert reasons(seen) == {"王强": "no_consent"}


def test_child_whose_father_opted_out_is_told_through_the_mother(branch, family):
    father = GuardianshipFactory(student=family.other, is_main=False).guardian
    opt_out(phone=father.phone, purposes=[SERVICE], how=How.REPLY, now=NOW)

    assert reasons(plan([branch])) == {}


def test_guardian_with_children_at_two_branches_gets_one_message(branch, other_branch, family):
    brother = StudentFactory(name="田弟", branches=[other_branch])
    GuardianshipFactory(student=brother, guardian=family.mother)

    seen = plan([branch, other_branch], who="all")

    assert sorted(told(seen)["田萍妈妈"]) == ["田弟", "田芳", "田萍"]
    assert seen.message_count == 2


def test_child_of_two_branches_is_named_once(branch, other_branch, family):
    family.other.branches.add(other_branch)

    assert told(plan([branch, other_branch], who="all"))["王强妈妈"] == ["王强"]


def test_opt_out_at_one_branch_does_not_keep_the_other_from_writing(branch, other_branch, family):
    family.other.branches.add(other_branch)
    opt_out(phone=family.other.guardians.get().phone, purposes=[SERVICE], how=How.REPLY, now=NOW, branch=branch)

    seen = plan([branch, other_branch], who="all")

    letter = next(letter for letter in seen.letters if letter.guardian.name == "王强妈妈")
    assert letter.branch == other_branch
    assert reasons(seen) == {}


@pytest.mark.parametrize("seed", range(5))
def test_whatever_the_families_each_guardian_is_told_once_and_each_child_accounted_for(seed):
    """Against the plain rule, child by child."""
    chance = random.Random(seed)
    branches = [BranchFactory() for _ in range(2)]
    guardians = [GuardianFactory(**({"phone": None} if chance.random() < 0.2 else {})) for _ in range(8)]
    students = [StudentFactory(branches=chance.sample(branches, chance.randint(1, 2))) for _ in range(15)]
    for student in students:
        for place, guardian in enumerate(chance.sample(guardians, chance.randint(0, 3))):
            GuardianshipFactory(student=student, guardian=guardian, is_main=place == 0, is_told=chance.random() < 0.7)
    for guardian in guardians:
        if guardian.phone and chance.random() < 0.3:
            where = chance.choice([None, *branches])
            opt_out(phone=guardian.phone, purposes=[SERVICE], how=How.REPLY, now=NOW, branch=where)

    seen = plan(branches, who="all")

    expected = {
        (tie.guardian_id, tie.student_id)
        for tie in Guardianship.objects.filter(is_told=True, guardian__phone__isnull=False).select_related("guardian")
        for place in tie.student.branches.all()
        if not refusal(phone=tie.guardian.phone, branch=place.pk, purpose=SERVICE)
    }
    pairs = [(letter.guardian.pk, student.pk) for letter in seen.letters for student in letter.students]
    assert sorted(pairs) == sorted(expected)
    assert len({letter.guardian.pk for letter in seen.letters}) == len(seen.letters)
    assert {one.student for one in seen.left_out} == set(students) - {
        student for letter in seen.letters for student in letter.students
    }


def test_many_numbers_are_judged_as_one_by_one(branch, other_branch):
    phones = [f"+861380000000{digit}" for digit in range(8)]
    desk = desk_of(branch)
    for number, phone in enumerate(phones[:6]):
        where = [None, branch, other_branch][number % 3]
        opt_in(phone=phone, purposes=[MARKETING], branch=where, by=desk, now=NOW)
        if number > 2:
            opt_out(phone=phone, purposes=[MARKETING], how=How.REPLY, now=NOW, branch=where)
    opt_in(phone=phones[4], purposes=[MARKETING], branch=other_branch, by=desk, now=NOW)
    opt_in(phone=phones[6], purposes=[MARKETING], branch=branch, by=desk, now=NOW)
    opt_out(phone=phones[6], purposes=[MARKETING], how=How.PROVIDER, now=NOW)
    start_again(phone=phones[6], now=NOW, words="START")  # the block is gone, and the last word on offers was a no

    for purpose in (SERVICE, MARKETING):
        no, unasked = refusals(phones=phones, branch_ids={branch.pk, other_branch.pk}, purpose=purpose)
        for phone in phones:
            for place in (branch, other_branch):
                one = refusal(phone=phone, branch=place.pk, purpose=purpose)
                assert bool(one) == ((phone, place.pk) in no | unasked), (phone, place, purpose)


# --- choosing by what people have ------------------------------------------------------------------------


def test_learners_are_those_with_lessons_to_come(branch, family):
    StudentFactory(name="早已离开", branches=[branch])

    assert set(names(Audience(branches=[branch]))) == {"王强", "田芳", "田萍"}
    assert "早已离开" in names(Audience(branches=[branch], who="all"))


def test_class_course_and_subject(branch, family, child):
    other = ClassGroupFactory(branch=branch)
    LessonFactory(class_group=other, starts_at=at("2026-11-28 14:00"))
    child("李明", group=other)

    assert names(Audience(branches=[branch], class_groups=[other])) == ["李明"]
    assert names(Audience(branches=[branch], courses=[other.course])) == ["李明"]
    assert names(Audience(branches=[branch], subjects=[other.course.subject])) == ["李明"]
    assert len(names(Audience(branches=[branch]))) == 4


def test_who_has_left_the_class_is_not_meant(branch, group, family):
    member = group.members.get(enrolment__student=family.other)
    member.left_date = NOW.date() - timedelta(days=1)
    member.save()

    assert "王强" not in names(Audience(branches=[branch], class_groups=[group]))


def test_credits_and_run_out(branch, group, family):
    ScheduleRuleFactory(class_group=group)
    for student, credits in zip([*family.sisters, family.other], [2, 4, 20], strict=True):
        sell(student.enrolments.get(), credits)

    assert set(names(Audience(branches=[branch], credits_at_most=Decimal(4)))) == {"田萍", "田芳"}
    assert names(Audience(branches=[branch], run_out_days=14)) == ["田萍"]
    assert set(names(Audience(branches=[branch], run_out_days=28))) == {"田萍", "田芳"}


def test_owing_is_of_this_branch_and_this_child(branch, other_branch, family):
    lot = sell(family.other.enrolments.get(), 20)
    order = lot.item.order
    type(order).objects.filter(pk=order.pk).update(total_minor=order.total_minor + 100)

    assert names(Audience(branches=[branch], is_owing=True)) == ["王强"]
    type(order).objects.filter(pk=order.pk).update(branch=other_branch)
    assert names(Audience(branches=[branch], is_owing=True)) == []


def test_other_branches_are_left_alone(branch, other_branch, family, child):
    foreign = ClassGroupFactory(branch=other_branch)
    LessonFactory(class_group=foreign, starts_at=at("2026-11-28 14:00"))
    child("河西的孩子", group=foreign)

    assert names(Audience(branches=[other_branch])) == ["河西的孩子"]
    assert Audience(branches=[branch, other_branch]).within({branch.pk}).branches == [branch]
