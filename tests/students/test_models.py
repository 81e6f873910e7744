import pytest

from students.models import Enquiry, Guardianship, Student
from tests.factories import EnquiryFactory, GuardianFactory, GuardianshipFactory, StudentFactory
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db


def one_guardian_twice():
    first = GuardianshipFactory()
    GuardianshipFactory(student=first.student, guardian=first.guardian, is_main=False)


def two_main_contacts():
    GuardianshipFactory(student=GuardianshipFactory().student)


@pytest.mark.parametrize(
    ("constraint", "make"),
    [("guardianship_once", one_guardian_twice), ("guardianship_one_main", two_main_contacts)],
)
def test_the_database_refuses(constraint, make):
    with refused_by(constraint):
        make()


def test_siblings_share_a_guardian():
    guardian = GuardianFactory()
    children = [GuardianshipFactory(guardian=guardian).student for _ in range(2)]

    assert set(guardian.students.all()) == set(children)


def test_a_child_may_have_several_guardians_and_one_main_contact():
    child = GuardianshipFactory().student
    GuardianshipFactory(student=child, is_main=False, relation="爸爸")

    assert child.guardianships.get(is_main=True).relation == "妈妈"


@pytest.mark.parametrize(
    "text",
    ["田小萍", "小萍", "田　小萍", "txp", "TX", "5678", "138 1234 5678", "138-1234-5678", "+8613812345678", "王女士"],
)
def test_a_child_is_found_as_people_ask_for_it(text):
    child = StudentFactory(name="田小萍")
    GuardianshipFactory(student=child, guardian__name="王女士", guardian__phone="+8613812345678")
    GuardianshipFactory(student__name="李明", guardian__name="李先生", guardian__phone="+8613987654321")

    assert list(Student.objects.matching(text)) == [child]


def test_a_child_of_two_guardians_is_found_once():
    child = StudentFactory()
    for number, is_main in ((1, True), (2, False)):
        GuardianshipFactory(student=child, guardian__phone=f"+861381234567{number}", is_main=is_main)

    assert list(Student.objects.matching("1381234567")) == [child]


def test_a_child_is_found_by_the_latin_letters_of_its_name():
    child = StudentFactory(name="Anna Lee")

    assert list(Student.objects.matching("lee")) == [child]


def test_nobody_is_found_by_digits_that_are_too_few_for_a_phone():
    GuardianshipFactory(guardian__phone="+8613812345678")

    assert not Student.objects.matching("678").exists()


def test_the_initials_follow_a_new_name():
    child = StudentFactory(name="田萍")
    child.name = "李明"
    child.save()

    assert list(Student.objects.matching("lm")) == [child]


def test_told_are_those_who_want_it_and_can_be_reached():
    told = GuardianshipFactory()
    GuardianshipFactory(is_told=False)
    GuardianshipFactory(guardian__phone=None)

    assert list(Guardianship.objects.told()) == [told]


def test_with_guardians_lists_the_main_contact_first(django_assert_num_queries):
    child = StudentFactory()
    second = GuardianshipFactory(student=child, is_main=False)
    main = GuardianshipFactory(student=child)

    with django_assert_num_queries(2):
        found = Student.objects.with_guardians().get(pk=child.pk)
        assert [link.guardian for link in found.guardianships.all()] == [main.guardian, second.guardian]


def test_open_enquiries_are_neither_signed_up_nor_lost():
    asked = EnquiryFactory()
    for stage in (Enquiry.Stage.SIGNED, Enquiry.Stage.LOST):
        EnquiryFactory(stage=stage)

    assert list(Enquiry.objects.open()) == [asked]
